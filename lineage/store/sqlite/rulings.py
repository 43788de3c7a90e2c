"""What people said of two names of datasets: that they are one, or apart, or that events may tell again."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from lineage.model import Entry
from lineage.statements import Statement, told_apart
from lineage.store.sqlite import joining, search
from lineage.store.sqlite.identity import APART, ONE
from lineage.store.sqlite.ids import Ids

_RULE: Final = "INSERT OR REPLACE INTO ruling VALUES (?, ?, ?, ?)"
_VERDICT: Final = {"one": ONE, "apart": APART, None: None}


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
    rows = [
        (*sorted((ids.node(one), ids.node(other))), digest, _VERDICT[verdict]) for digest, one, other, verdict in said
    ]
    connection.executemany(_RULE, rows)
    joining.settle(connection, ids, {name for row in rows for name in row[:2]})
