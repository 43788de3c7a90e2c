"""One hop of column lineage: how bodies and their derivations are found, now or at a time."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from sqlite3 import Connection
from typing import Final

from lineage.model import ColumnEdge, Direction, FieldId, NodeId
from lineage.store import _columns
from lineage.store._columns import Carried, Derivation
from lineage.store._cut import Cut
from lineage.store._identity import Component
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import hidden

_OUTPUTS: Final = "SELECT dataset, job FROM column_now WHERE dataset IN (SELECT value FROM json_each(?))"
_NOW: Final = """
    SELECT column_now.dataset, column_now.job, column_now.at, digest, body
    FROM json_each(?) AS asked CROSS JOIN column_now
        ON column_now.dataset = json_extract(asked.value, '$[0]') AND column_now.job = json_extract(asked.value, '$[1]')
    JOIN event ON event.id = column_now.event
"""
_THEN: Final = """
    SELECT derived.dataset, derived.job, derived.at, digest, body FROM derived JOIN event ON event.id = derived.event
    WHERE derived.dataset = ? AND derived.job = ? AND derived.at <= ? AND received <= ?
    ORDER BY derived.at DESC, digest DESC LIMIT 1
"""
_EDGES: Final = "SELECT derivation.body, target, source_dataset, source, transformations FROM "
_TARGET: Final = f"""
    {_EDGES} json_each(?) AS asked CROSS JOIN derivation
        ON body = json_extract(asked.value, '$[0]') AND target = json_extract(asked.value, '$[1]')
"""
_ALL_TARGETS: Final = f"{_EDGES} derivation WHERE body IN (SELECT value FROM json_each(?))"  # noqa: S608 - of constants
_SOURCE: Final = f"""
    {_EDGES} json_each(?) AS asked CROSS JOIN derivation
        ON source_dataset = json_extract(asked.value, '$[0]') AND source = json_extract(asked.value, '$[1]')
"""
_ALL_SOURCES: Final = f"{_EDGES} derivation WHERE source_dataset IN (SELECT value FROM json_each(?))"  # noqa: S608 - of constants
_CARRIED: Final = "SELECT dataset, job FROM carried WHERE body IN (SELECT value FROM json_each(?))"


def columns(
    connection: Connection, fields: Iterable[FieldId | NodeId], direction: Direction, at: Cut
) -> list[tuple[NodeId | None, ColumnEdge]]:
    """Keep the promise of `Store.columns`."""
    asked = [*fields]
    datasets = {each.dataset if isinstance(each, FieldId) else each for each in asked}
    return _columns.columns(_Asking(connection, at), asked, look_up(connection, datasets), direction)


class _Asking:
    """What the file knows of column lineage, at one cut."""

    def __init__(self, connection: Connection, at: Cut) -> None:
        self._connection = connection
        self._at = at

    def outputs(self, datasets: Collection[int]) -> Iterable[tuple[int, int]]:
        return self._connection.execute(_OUTPUTS, (each_of(datasets),)).fetchall()

    def carriers(self, bodies: Collection[Hashable]) -> Iterable[tuple[int, int]]:
        return self._connection.execute(_CARRIED, (each_of(bodies),)).fetchall()

    def carried(self, outputs: Collection[tuple[int, int]]) -> Iterator[Carried[int]]:
        if self._at.whole:
            rows = self._connection.execute(_NOW, (each_of(outputs),)).fetchall()
        else:
            rows = [row for key in outputs for row in self._connection.execute(_THEN, (*key, *self._at.clocks))]
        return (Carried(*row) for row in rows)

    def of_bodies(
        self, whole: Collection[Hashable], some: Collection[tuple[Hashable, str]]
    ) -> Iterator[Derivation[int]]:
        yield from self._derivations(_ALL_TARGETS, whole)
        yield from self._derivations(_TARGET, some)

    def of_sources(self, whole: Collection[int], some: Collection[tuple[int, str]]) -> Iterator[Derivation[int]]:
        yield from self._derivations(_ALL_SOURCES, whole)
        yield from self._derivations(_SOURCE, some)

    def components(self, datasets: Collection[int]) -> Mapping[int, Component[int]]:
        return components(self._connection, datasets, self._at)

    def hidden(self, nodes: Collection[int]) -> Mapping[int, int]:
        return hidden(self._connection, nodes, self._at)

    def called(self, nodes: Collection[int]) -> Mapping[int, NodeId]:
        return names(self._connection, nodes)

    def _derivations(self, statement: str, asked: Iterable[object]) -> Iterator[Derivation[int]]:
        return (Derivation(*row) for row in self._connection.execute(statement, (each_of(asked),)))
