"""One hop of column lineage: for each output dataset and job the newest body speaks, under whichever name.

A body is the column lineage of a dataset as some event carried it; what it says are derivations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, Protocol

from lineage.model import WHOLE, ColumnEdge, Direction, FieldId, NodeId
from lineage.store._codes import read_transformations
from lineage.store._identity import Component, all_names, hidden_since
from lineage.store._observations import Ref


class Derivation(NamedTuple, Generic[Ref]):
    """What *body* says of one column *target*."""

    body: Hashable
    target: str
    source_dataset: Ref
    source: str
    transformations: str


class Carried(NamedTuple, Generic[Ref]):
    """The newest *body* that events of *job* carried for *dataset*, by that name."""

    dataset: Ref
    job: Ref
    at: int
    digest: Any  # of the event: bytes or text, of one kind in one store
    body: Hashable


class _Speaking(NamedTuple, Generic[Ref]):
    """The body that speaks for an output dataset and a job."""

    canonical: Ref
    job: Ref
    body: Hashable


class Asking(Protocol[Ref]):
    """What one store knows of column lineage, at the cut that is asked about; each is one question for many."""

    def outputs(self, datasets: Collection[Ref]) -> Iterable[tuple[Ref, Ref]]:
        """Each of *datasets* with the jobs that ever told what it is derived from."""

    def carriers(self, bodies: Collection[Hashable]) -> Iterable[tuple[Ref, Ref]]:
        """The datasets, each with a job, for which *bodies* were ever carried."""

    def carried(self, outputs: Collection[tuple[Ref, Ref]]) -> Iterable[Carried[Ref]]:
        """What is carried for *outputs*, pairs of a dataset and a job, as far as there is anything."""

    def of_bodies(
        self, whole: Collection[Hashable], some: Collection[tuple[Hashable, str]]
    ) -> Iterable[Derivation[Ref]]:
        """All derivations of some bodies, and those of a body and a target column."""

    def of_sources(self, whole: Collection[Ref], some: Collection[tuple[Ref, str]]) -> Iterable[Derivation[Ref]]:
        """All derivations from some datasets, and those from a dataset and a column."""

    def components(self, datasets: Collection[Ref]) -> Mapping[Ref, Component[Ref]]:
        """The component of each of *datasets*."""

    def hidden(self, nodes: Collection[Ref]) -> Mapping[Ref, int]:
        """Those of *nodes* that are hidden, and since when."""

    def called(self, nodes: Collection[Ref]) -> Mapping[Ref, NodeId]:
        """Who *nodes* are; what stands for no job is nobody."""


def columns(
    asking: Asking[Ref], fields: Iterable[FieldId | NodeId], numbered: Mapping[NodeId, Ref], direction: Direction
) -> list[tuple[NodeId | None, ColumnEdge]]:
    """Keep the promise of `Store.columns`; *numbered* are the datasets of *fields* that are known."""
    parts = asking.components(set(numbered.values()))
    wanted: defaultdict[Ref, set[str | None]] = defaultdict(set)
    for each in fields:
        dataset, column = (each.dataset, each.name or None) if isinstance(each, FieldId) else (each, None)
        if dataset in numbered:
            for member in parts[numbered[dataset]].members:
                wanted[member].add(column)
    found: set[tuple[_Speaking[Ref], Derivation[Ref]]] = set()
    if direction != "down":
        found.update(_up(asking, wanted))
    if direction != "up":
        found.update(_down(asking, wanted))
    return _drawn(asking, found)


def _up(asking: Asking[Ref], wanted: Mapping[Ref, set[str | None]]) -> Iterator[tuple[_Speaking[Ref], Derivation[Ref]]]:
    speaking = _speaking(asking, asking.outputs(wanted.keys()))
    targets: defaultdict[Ref, set[str | None]] = defaultdict(lambda: {WHOLE})
    for member, part in asking.components(wanted.keys()).items():
        targets[part.canonical] |= wanted[member]
    by_body = _by_body(speaking)
    whole = {each.body for each in speaking if None in targets[each.canonical]}
    some = {
        (each.body, target)
        for each in speaking
        if each.body not in whole
        for target in targets[each.canonical]
        if target is not None
    }
    for derivation in asking.of_bodies(whole, some):
        yield from ((each, derivation) for each in by_body[derivation.body])


def _down(
    asking: Asking[Ref], wanted: Mapping[Ref, set[str | None]]
) -> Iterator[tuple[_Speaking[Ref], Derivation[Ref]]]:
    whole = {member for member, names in wanted.items() if None in names}
    some = {
        (member, name)
        for member, names in wanted.items()
        if member not in whole
        for name in (WHOLE, *names)
        if name is not None
    }
    found = set(asking.of_sources(whole, some))
    by_body = _by_body(_speaking(asking, asking.carriers({each.body for each in found})))
    for derivation in found:
        yield from ((each, derivation) for each in by_body[derivation.body])


def _by_body(speaking: Iterable[_Speaking[Ref]]) -> defaultdict[Hashable, set[_Speaking[Ref]]]:
    found: defaultdict[Hashable, set[_Speaking[Ref]]] = defaultdict(set)
    for each in speaking:
        found[each.body].add(each)
    return found


def _speaking(asking: Asking[Ref], outputs: Iterable[tuple[Ref, Ref]]) -> set[_Speaking[Ref]]:
    """What speaks for each (dataset, job); of a dataset with several names, the newest under any of them."""
    pairs = set(outputs)
    parts = asking.components({dataset for dataset, _ in pairs})
    distinct = {part.canonical: part.members for part in parts.values()}
    canonical = {member: name for name, members in distinct.items() for member in members}
    asked = {(parts[dataset].canonical, job) for dataset, job in pairs}
    newest: dict[tuple[Ref, Ref], list[Carried[Ref]]] = {}
    for each in asking.carried({(member, job) for name, job in asked for member in distinct[name]}):
        several = newest.setdefault((canonical[each.dataset], each.job), [each])
        if (each.at, each.digest) > (several[0].at, several[0].digest):
            several[:] = [each]
        elif (each.at, each.digest) == (several[0].at, several[0].digest):
            several.append(each)  # one event may speak of a dataset under two names
    return {_Speaking(*key, each.body) for key, several in newest.items() for each in several}


def _drawn(
    asking: Asking[Ref], found: Collection[tuple[_Speaking[Ref], Derivation[Ref]]]
) -> list[tuple[NodeId | None, ColumnEdge]]:
    ends = {end for each, _ in found for end in (each.canonical, each.job)}
    sources = {derivation.source_dataset for _, derivation in found}
    parts = asking.components(sources | {each.canonical for each, _ in found})
    hid = asking.hidden(ends | all_names(parts))
    unseen = {name for name, part in parts.items() if hidden_since(part, hid) is not None}
    called = asking.called(ends | {part.canonical for part in parts.values()})
    together: defaultdict[tuple[Ref, FieldId, FieldId], set[tuple[str, str, bool]]] = defaultdict(set)
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
