"""One hop of column lineage: for each output dataset and job the newest body speaks, now or at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from sqlite3 import Connection
from typing import Final, NamedTuple

from lineage.model import WHOLE, ColumnEdge, Direction, FieldId, NodeId
from lineage.store._codes import read_transformations
from lineage.store._cut import Cut
from lineage.store._identity import all_names, hidden_since
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
_CARRIED: Final = "SELECT body, dataset, job FROM carried WHERE body IN (SELECT value FROM json_each(?))"


class _Derivation(NamedTuple):
    body: int
    target: str
    source_dataset: int
    source: str
    transformations: str


class _Speaking(NamedTuple):
    """The body that speaks for an output dataset and a job."""

    canonical: int
    job: int
    body: int


def columns(
    connection: Connection, fields: Iterable[FieldId | NodeId], direction: Direction, at: Cut
) -> list[tuple[NodeId | None, ColumnEdge]]:
    """Keep the promise of `Store.columns`."""
    asked: defaultdict[NodeId, set[str | None]] = defaultdict(set)
    for each in fields:
        dataset, column = (each.dataset, each.name or None) if isinstance(each, FieldId) else (each, None)
        asked[dataset].add(column)
    numbered = look_up(connection, asked)
    parts = components(connection, numbered.values(), at)
    wanted: defaultdict[int, set[str | None]] = defaultdict(set)
    for dataset, number in numbered.items():
        for member in parts[number].members:
            wanted[member] |= asked[dataset]
    found: set[tuple[_Speaking, _Derivation]] = set()
    if direction != "down":
        found.update(_up(connection, wanted, at))
    if direction != "up":
        found.update(_down(connection, wanted, at))
    return _canonical(connection, found, at)


def _up(connection: Connection, wanted: dict[int, set[str | None]], at: Cut) -> Iterator[tuple[_Speaking, _Derivation]]:
    outputs = connection.execute(_OUTPUTS, (each_of(wanted),)).fetchall()
    speaking = _speaking(connection, outputs, at)
    parts = components(connection, wanted, at)
    targets: defaultdict[int, set[str | None]] = defaultdict(set)
    for member, part in parts.items():
        targets[part.canonical] |= {WHOLE} | wanted[member]
    by_body = defaultdict(set)
    for each in speaking:
        by_body[each.body].add(each)
    whole = {each.body for each in speaking if None in targets[each.canonical]}
    some = [(each.body, target) for each in speaking if each.body not in whole for target in targets[each.canonical]]
    for statement, keys in ((_ALL_TARGETS, each_of(whole)), (_TARGET, each_of(some))):
        for row in connection.execute(statement, (keys,)):
            yield from ((each, _Derivation(*row)) for each in by_body[row[0]])


def _down(
    connection: Connection, wanted: dict[int, set[str | None]], at: Cut
) -> Iterator[tuple[_Speaking, _Derivation]]:
    whole = {member for member, columns in wanted.items() if None in columns}
    some = [
        (member, column) for member, columns in wanted.items() if member not in whole for column in (WHOLE, *columns)
    ]
    found = {
        _Derivation(*row)
        for statement, keys in ((_ALL_SOURCES, each_of(whole)), (_SOURCE, each_of(some)))
        for row in connection.execute(statement, (keys,))
    }
    carried = connection.execute(_CARRIED, (each_of({each.body for each in found}),)).fetchall()
    by_body = defaultdict(set)
    for each in _speaking(connection, [row[1:] for row in carried], at):
        by_body[each.body].add(each)
    for derivation in found:
        yield from ((each, derivation) for each in by_body[derivation.body])


def _speaking(connection: Connection, outputs: Collection[tuple[int, int]], at: Cut) -> set[_Speaking]:
    """What speaks for each (dataset, job); of a dataset with several names, the newest under any of them."""
    parts = components(connection, {dataset for dataset, _ in outputs}, at)
    distinct = {part.canonical: part.members for part in parts.values()}
    canonical = {member: number for number, members in distinct.items() for member in members}
    asked = {(parts[dataset].canonical, job) for dataset, job in outputs}
    keys = {(member, job) for number, job in asked for member in distinct[number]}
    if at.whole:
        rows = connection.execute(_NOW, (each_of(keys),)).fetchall()
    else:
        rows = [row for key in keys for row in connection.execute(_THEN, (*key, *at))]
    newest: dict[tuple[int, int], tuple[tuple[int, bytes], set[int]]] = {}
    for dataset, job, time, digest, body in rows:
        stamp, bodies = newest.get((canonical[dataset], job), ((time, digest), set()))
        if (time, digest) >= stamp:  # one event may speak of a dataset under two names
            newest[canonical[dataset], job] = ((time, digest), {body} | (bodies if stamp == (time, digest) else set()))
    return {_Speaking(*key, body) for key, (_, bodies) in newest.items() for body in bodies}


def _canonical(
    connection: Connection, found: Collection[tuple[_Speaking, _Derivation]], at: Cut
) -> list[tuple[NodeId | None, ColumnEdge]]:
    ids = {number for each, _ in found for number in (each.canonical, each.job)}
    sources = {derivation.source_dataset for _, derivation in found}
    parts = components(connection, sources | {each.canonical for each, _ in found}, at)
    hid = hidden(connection, ids | all_names(parts), at)
    unseen = {number for number, part in parts.items() if hidden_since(part, hid) is not None}
    called = names(connection, ids | {part.canonical for part in parts.values()})
    together: defaultdict[tuple[int, FieldId, FieldId], set[tuple[str, str, bool]]] = defaultdict(set)
    for each, derivation in found:
        if each.job in hid or each.canonical in unseen or derivation.source_dataset in unseen:
            continue
        source = FieldId(called[parts[derivation.source_dataset].canonical], derivation.source)
        target = FieldId(called[each.canonical], derivation.target)
        together[each.job, source, target].update(read_transformations(derivation.transformations))
    edges = [
        (called.get(job), ColumnEdge(source, target, tuple(sorted(how))))
        for (job, source, target), how in together.items()
    ]
    return sorted(edges, key=lambda pair: (pair[1], pair[0] or ("", "", "")))
