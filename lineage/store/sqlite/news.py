"""What the newest merges changed: who keeps answers asks here which of them still hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from lineage.store import _news
from lineage.store._codes import instant_or_none
from lineage.store._news import Touched
from lineage.store.answers import News
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of, note_revision

_TALLY: Final = "SELECT what, number FROM tally WHERE what IN ('merges', 'last')"
_NOTE: Final = "INSERT INTO news VALUES (?, ?, ?, ?, ?, ?)"
_FORGET: Final = "DELETE FROM news WHERE number <= ? AND +ripe_at <= ?"  # +: by number, for nearly all have been ripe
_KNOWN: Final = "SELECT EXISTS (SELECT 1 FROM news WHERE (number, last) = (?1, ?2) OR (?1 = 0 AND number = 1))"
_SINCE: Final = """
    SELECT first_at, touched, joined FROM news WHERE number > ?1
    UNION ALL SELECT first_at, touched, joined FROM news WHERE ripe_at > ?2 AND number <= ?1
"""
_ALSO: Final = """
    SELECT also.id, node.id FROM node JOIN node AS also ON also.component = node.component
    WHERE node.id IN (SELECT value FROM json_each(?)) AND node.component IS NOT NULL
"""


def note(connection: Connection, digests: Iterable[bytes], touched: Touched[int]) -> None:
    """Let `Store.revision` change, now that the entries of these *digests* are in.

    What they *touched* is remembered; what is older than KEPT, and was ripe when this was received, is forgotten.
    """
    number, last = note_revision(connection, digests)
    nodes = None if touched.nodes is None else each_of(sorted(touched.nodes))
    row = (number, last, touched.first_at, touched.ripe_at, nodes, each_of(sorted(touched.joined)))
    connection.execute(_NOTE, row)
    connection.execute(_FORGET, (number - _news.KEPT, touched.ripe_at))


def revision(connection: Connection) -> str:
    """Keep the promise of `Store.revision`: how many merges there were, and what the last of them brought."""
    tally = dict(connection.execute(_TALLY).fetchall())
    return f"{tally.get('merges', 0):x}-{tally.get('last', 0):08x}"


def news(connection: Connection, since: str, cut: int) -> News:
    """Keep the promise of `Store.news`."""
    now = revision(connection)
    number, last = (int(part, 16) for part in since.split("-"))
    ((known,),) = connection.execute(_KNOWN, (number, last))
    if not known and now != since:
        return News(now, None)
    rows = connection.execute(_SINCE, (number, cut)).fetchall()
    first = _news.since((at, touched and json.loads(touched), json.loads(joined)) for at, touched, joined in rows)
    if first is None:
        return News(now, None)
    for also, node in connection.execute(_ALSO, (each_of(first),)).fetchall():
        first[also] = min(first[node], first.get(also, first[node]))
    called = names(connection, first)
    return News(now, {called[node]: instant_or_none(None if at == _news.NEVER else at) for node, at in first.items()})
