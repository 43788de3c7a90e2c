"""What people said of two names of datasets: that they are one, or apart, or that events may tell again."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from lineage.database.times import instant
from lineage.model import Entry, NodeId
from lineage.statements import Ruling, Statement, Verdict, told_apart
from lineage.store.sqlite import joining, search
from lineage.store.sqlite.identity import APART, ONE, joined
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of

_RULE: Final = "INSERT OR REPLACE INTO ruling VALUES (?, ?, ?, ?)"
_SAID: Final = """
    SELECT one, other, verdict, at, actor, reason, digest FROM ruling JOIN statement USING (digest)
    WHERE one IN (SELECT value FROM json_each(?1)) OR other IN (SELECT value FROM json_each(?1))
    ORDER BY received DESC, digest DESC
"""
_VERDICT: Final[dict[Verdict, int | None]] = {"one": ONE, "apart": APART, None: None}
_WORD: Final = {code: word for word, code in _VERDICT.items()}


def rule(connection: Connection, ids: Ids, pairs: Iterable[tuple[Entry, Statement]]) -> None:
    """Let what statements say of two names count, once the statements themselves are written."""
    said = [
        (entry.digest, one, other, verdict)
        for entry, statement in pairs
        for one, other, verdict in told_apart(statement)
    ]
    if not said:
        return
    ids.begin(connection)
    search.index(connection, ids.nodes(name for _, *ends, _ in said for name in ends))
    rows = [(*sorted((ids.node(one), ids.node(other))), digest, _VERDICT[what]) for digest, one, other, what in said]
    connection.executemany(_RULE, rows)
    joining.settle(connection, ids, {ids.node(name) for _, *ends, _ in said for name in ends})


def rulings(connection: Connection, dataset: NodeId) -> list[Ruling]:
    """Keep the promise of `Store.rulings`."""
    number = look_up(connection, [dataset]).get(dataset)
    if number is None:
        return []
    rows = connection.execute(_SAID, (each_of(joined(connection, number)),)).fetchall()
    called = names(connection, {end for row in rows for end in row[:2]})
    seen: set[tuple[int, int]] = set()
    found = []
    for one, other, verdict, at, actor, reason, digest in rows:
        first, second = sorted((called[one], called[other]))
        counts = (one, other) not in seen
        found.append(Ruling(first, second, _WORD[verdict], instant(at), actor, reason, counts, digest.hex()))
        seen.add((one, other))
    return found
