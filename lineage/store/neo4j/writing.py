"""Rows and how they are written: some at a time, of those that are alike the newest.

Where there are many rows they are lists, not maps: a driver that packs no names of columns has half as much to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

AT_ONCE: Final = 1000  # rows of one statement

Named = dict[str, Any]  # a row, by the names of its columns


def put(transaction: ManagedTransaction, statement: LiteralString, rows: Sequence[Any]) -> None:
    """Run *statement* for *rows*, some at a time."""
    for start in range(0, len(rows), AT_ONCE):
        transaction.run(statement, rows=rows[start : start + AT_ONCE]).consume()


def places(columns: Iterable[LiteralString], row: LiteralString = "r", first: int = 0) -> LiteralString:
    """The *columns* as a pattern wants them, whose values stand in the list *row* from place *first* on."""
    return ", ".join(f"{column}: {row}[{place}]" for place, column in enumerate(columns, first))


def sets(
    of: LiteralString, columns: Iterable[LiteralString], row: LiteralString = "r", first: int = 0
) -> LiteralString:
    """The *columns* of the node or relationship *of* as SET wants them, likewise."""
    return ", ".join(f"{of}.{column} = {row}[{place}]" for place, column in enumerate(columns, first))


def newest(rows: Iterable[Named], *by: str) -> list[Named]:
    """Of the *rows* that are alike in *by* the one of the newest event."""
    found: dict[tuple[str, ...], Named] = {}
    for row in rows:
        key = tuple(row[column] for column in by)
        if key not in found or (row["at"], row["event"]) > (found[key]["at"], found[key]["event"]):
            found[key] = row
    return [found[key] for key in sorted(found)]
