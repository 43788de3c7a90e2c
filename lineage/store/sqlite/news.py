"""What the newest merges changed: who keeps answers asks here which of them still hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Connection
from typing import Final

from lineage.model import NodeId
from lineage.store._codes import instant_or_none
from lineage.store.answers import News
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of, note_revision

KEPT: Final = 20_000  # merges: at the most some minutes of heavy ingest, and a few MB

_TALLY: Final = "SELECT what, number FROM tally WHERE what IN ('merges', 'last')"
_NOTE: Final = "INSERT INTO news VALUES (?, ?, ?, ?, ?, ?)"
_FORGET: Final = "DELETE FROM news WHERE number <= ?"
_KNOWN: Final = "SELECT EXISTS (SELECT 1 FROM news WHERE (number, last) = (?1, ?2) OR (?1 = 0 AND number = 1))"
_SINCE: Final = "SELECT first_at, ripe_at, touched, joined FROM news WHERE number > ? ORDER BY number"
_ALSO: Final = """
    SELECT also.id, node.id FROM node JOIN node AS also ON also.component = node.component
    WHERE node.id IN (SELECT value FROM json_each(?)) AND node.component IS NOT NULL
"""


@dataclass(slots=True)
class Touched:
    """What one merge touched, in row ids and microseconds; *joined* became one with others, or came apart."""

    nodes: set[int] = field(default_factory=set)
    joined: set[int] = field(default_factory=set)
    first_at: int | None = None
    ripe_at: int | None = None

    def by(self, at: int, received: int, nodes: Iterable[int]) -> None:
        """Take in an event and the *nodes* that it names."""
        self.nodes.update(nodes)
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.ripe_at = max(at, received, self.ripe_at or at)


def note(connection: Connection, digests: Iterable[bytes], touched: Touched | None) -> None:
    """Let `Store.revision` change, now that the entries of these *digests* are in.

    What they *touched* is remembered, None for anything; what is older than KEPT is forgotten.
    """
    number, last = note_revision(connection, digests)
    row: tuple[object, ...] = (None, None, None, None)
    if touched is not None:
        row = (touched.first_at, touched.ripe_at, each_of(sorted(touched.nodes)), each_of(sorted(touched.joined)))
    connection.execute(_NOTE, (number, last, *row))
    connection.execute(_FORGET, (number - KEPT,))


def revision(connection: Connection) -> str:
    """Keep the promise of `Store.revision`: how many merges there were, and what the last of them brought."""
    tally = dict(connection.execute(_TALLY).fetchall())
    return f"{tally.get('merges', 0):x}-{tally.get('last', 0):08x}"


def news(connection: Connection, since: str) -> News:
    """Keep the promise of `Store.news`."""
    now = revision(connection)
    if now == since:
        return News(now, {})
    number, last = (int(part, 16) for part in since.split("-"))
    ((known,),) = connection.execute(_KNOWN, (number, last))
    rows = connection.execute(_SINCE, (number,)).fetchall() if known else []
    if not rows or any(touched is None for _, _, touched, _ in rows):
        return News(now, None)
    first: dict[int, int | None] = {}
    for first_at, _, touched, joined in rows:
        first |= {node: _least(first_at, first.get(node, first_at)) for node in json.loads(touched)}
        first |= dict.fromkeys(json.loads(joined))
    for also, node in connection.execute(_ALSO, (each_of(first),)).fetchall():
        first[also] = _least(first[node], first.get(also, first[node]))
    ripe_at = max((ripe for _, ripe, _, _ in rows if ripe is not None), default=None)
    return News(now, _by_name(connection, first), instant_or_none(ripe_at))


def _by_name(connection: Connection, first: dict[int, int | None]) -> dict[NodeId, datetime | None]:
    return {node: instant_or_none(first[number]) for number, node in names(connection, first).items()}


def _least(one: int | None, other: int | None) -> int | None:
    """The least of both; None is less than all."""
    return None if one is None or other is None else min(one, other)
