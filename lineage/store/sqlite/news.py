"""What the newest merges changed: who keeps answers asks here which of them still hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Final

from lineage.database.times import microseconds
from lineage.model import Entry
from lineage.statements import Statement
from lineage.store._codes import instant_or_none
from lineage.store.answers import News
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of, note_revision

KEPT: Final = 20_000  # merges: at the most some minutes of heavy ingest, and a few MB
NEVER: Final = -(2**62)  # before all

_TALLY: Final = "SELECT what, number FROM tally WHERE what IN ('merges', 'last')"
_NOTE: Final = "INSERT INTO news VALUES (?, ?, ?, ?, ?, ?)"
_FORGET: Final = "DELETE FROM news WHERE number <= ? AND ripe_at <= ?"
_KNOWN: Final = "SELECT EXISTS (SELECT 1 FROM news WHERE (number, last) = (?1, ?2) OR (?1 = 0 AND number = 1))"
_SINCE: Final = """
    SELECT first_at, touched, joined FROM news WHERE number > ?1
    UNION ALL SELECT first_at, touched, joined FROM news WHERE ripe_at > ?2 AND number <= ?1
"""
_ALSO: Final = """
    SELECT also.id, node.id FROM node JOIN node AS also ON also.component = node.component
    WHERE node.id IN (SELECT value FROM json_each(?)) AND node.component IS NOT NULL
"""


@dataclass(slots=True)
class Touched:
    """What one merge touched, in row ids and microseconds; *joined* became one with others, or came apart."""

    nodes: set[int] | None = field(default_factory=set)  # None: any
    joined: set[int] = field(default_factory=set)
    first_at: int | None = None
    ripe_at: int = NEVER

    def by(self, at: int, received: int, nodes: Iterable[int]) -> None:
        """Take in an event and the *nodes* that it names."""
        if self.nodes is not None:
            self.nodes.update(nodes)
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.ripe_at = max(at, received, self.ripe_at)


def decided(entries: Sequence[Entry], statements: Sequence[Statement]) -> Touched:
    """What statements touch: anything."""
    touched = Touched(None if statements else set())
    for entry, statement in zip(entries, statements, strict=True):
        touched.by(microseconds(statement.at), microseconds(entry.received_at), ())
    return touched


def note(connection: Connection, digests: Iterable[bytes], touched: Touched) -> None:
    """Let `Store.revision` change, now that the entries of these *digests* are in.

    What they *touched* is remembered; what is older than KEPT, and was ripe when this was received, is forgotten.
    """
    number, last = note_revision(connection, digests)
    nodes = None if touched.nodes is None else each_of(sorted(touched.nodes))
    row = (number, last, touched.first_at, touched.ripe_at, nodes, each_of(sorted(touched.joined)))
    connection.execute(_NOTE, row)
    connection.execute(_FORGET, (number - KEPT, touched.ripe_at))


def revision(connection: Connection) -> str:
    """Keep the promise of `Store.revision`: how many merges there were, and what the last of them brought."""
    tally = dict(connection.execute(_TALLY).fetchall())
    return f"{tally.get('merges', 0):x}-{tally.get('last', 0):08x}"


def news(connection: Connection, since: str, cut: int) -> News:
    """Keep the promise of `Store.news`."""
    now = revision(connection)
    number, last = (int(part, 16) for part in since.split("-"))
    ((known,),) = connection.execute(_KNOWN, (number, last))
    rows = connection.execute(_SINCE, (number, cut)).fetchall() if known or now == since else [(None, None, None)]
    if any(touched is None for _, touched, _ in rows):
        return News(now, None)
    first: dict[int, int] = {}
    for first_at, touched, joined in rows:
        first |= {node: min(first_at, first.get(node, first_at)) for node in json.loads(touched)}
        first |= dict.fromkeys(json.loads(joined), NEVER)
    for also, node in connection.execute(_ALSO, (each_of(first),)).fetchall():
        first[also] = min(first[node], first.get(also, first[node]))
    called = names(connection, first)
    return News(now, {called[node]: instant_or_none(None if at == NEVER else at) for node, at in first.items()})
