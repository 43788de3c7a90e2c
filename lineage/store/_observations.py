"""What each event said, as rows: one for every mention, moment, touch, facet and declaration, and none twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from lineage.database.times import microseconds
from lineage.model import ColumnsSeen, Delta, Entry, NodeId, RunSeen, Statistics, Touch
from lineage.store._codes import CLAIMED, EVERY, KIND, OWN, SIDE, STATED, TYPE

TABLES: Final = (
    *("event", "mention", "moment", "touch", "facet", "carries", "derived", "carried", "made_of", "same_as"),
    *("tombstone", "depends"),
)
NOBODY: Final = (None, None, None, None)  # neither parent nor root

Row = tuple[Any, ...]
Ref = TypeVar("Ref")  # what stands for a dataset, job, run or event in the rows of one store: an id, a key


class Called(Protocol[Ref]):
    """What stands for nodes in the rows of one store, and who they are."""

    def node(self, node: NodeId, /) -> Ref:
        """What stands for *node*."""

    def name(self, node: Ref, /) -> NodeId:
        """What `node` was given."""


class Names(Called[Ref], Protocol[Ref]):
    """What stands for nodes, words and bodies in the rows of one store."""

    def word(self, text: str, /) -> Any:
        """What stands for a facet's name, a producer or a reason."""

    def body(self, body: bytes, /) -> Any:
        """What stands for a facet's body, equal for equal bodies."""

    def columns(self, seen: ColumnsSeen, /) -> Any:
        """What stands for a column lineage body, by its digest."""


class Fresh(NamedTuple, Generic[Ref]):
    """An event that the store did not hold before this merge."""

    id: Ref
    received: int
    at: int
    delta: Delta


class Moment(NamedTuple, Generic[Ref]):
    """A row of `moment`, with what the conclusion wants beside it."""

    speaker: Ref
    type: int
    at: int
    event: Ref
    digest: bytes
    received: int
    job: Ref | None = None
    parent: tuple[Ref | None, ...] = NOBODY  # run and job of the parent, run and job of the root
    nominal: tuple[int | None, int | None] = (None, None)


class Listed(NamedTuple, Generic[Ref]):
    """A row of `touch`, as far as a listing is made of it."""

    speaker: Ref
    dataset: Ref
    side: int
    type: int
    at: int
    event: Ref
    digest: bytes
    told: bool


class Batch(Generic[Ref]):
    """The rows of some fresh events, by table. *moments* and *listed* are what conclusions are drawn from."""

    def __init__(self, ids: Names[Ref]) -> None:
        self._ids = ids
        self._rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        self._carries: set[Row] = set()
        self._carried: set[Row] = set()
        self.moments: list[Moment[Ref]] = []
        self.listed: list[Listed[Ref]] = []

    def add(self, event: Fresh[Ref]) -> None:
        """Take in one event; the names know all that it names."""
        ids, delta = self._ids, event.delta
        run_id, job_id, dataset_id = subject(delta)
        run, job, dataset = (None if node is None else ids.node(node) for node in (run_id, job_id, dataset_id))
        self._rows["event"].append(
            (
                event.id,
                delta.digest,
                KIND[delta.kind],
                TYPE[delta.type] if delta.type else None,
                event.at,
                event.received,
                ids.word(delta.producer),
                run,
                job,
                dataset,
                json.dumps(delta.warnings, ensure_ascii=False) if delta.warnings else None,
            )
        )
        unlisted = set(map(ids.node, delta.only_columns))
        self._rows["mention"] += [
            (number, number == job, event.at, event.id, number not in unlisted) for number in map(ids.node, delta.nodes)
        ]
        if delta.run is not None and run is not None:
            self._run_moments(event, delta.run, run, job)
            self._touches(event, run, TYPE[delta.type or "OTHER"])
        elif job is not None:
            self.moments.append(Moment(job, STATED, event.at, event.id, delta.digest, event.received, job))
            self._touches(event, job, STATED)
        self._told_of_others(event)
        self._facets(event)
        self._declarations(event, job or 0)

    def rows(self) -> dict[str, list[Row]]:
        """The rows of each table; no two of one have one key."""
        moments = [(m.speaker, m.type, m.at, m.event, m.job, *m.parent, *m.nominal) for m in self.moments]
        return self._rows | {"moment": moments, "carries": list(self._carries), "carried": list(self._carried)}

    def _run_moments(self, event: Fresh[Ref], run: RunSeen, speaker: Ref, job: Ref | None) -> None:
        at, digest, received = event.at, event.delta.digest, event.received
        kind = TYPE[event.delta.type or "OTHER"]
        family = (run.parent_run, run.parent_job, run.root_run, run.root_job)
        parent = (
            NOBODY if family == NOBODY else tuple(None if node is None else self._ids.node(node) for node in family)
        )
        nominal = (
            None if run.nominal_start is None else microseconds(run.nominal_start),
            None if run.nominal_end is None else microseconds(run.nominal_end),
        )
        self.moments.append(Moment(speaker, kind, at, event.id, digest, received, job, parent, nominal))
        parent_run, parent_job, root_run, root_job = parent
        claims = {root_run: root_job}
        claims[parent_run] = parent_job or claims.get(parent_run)
        for claimed, by in claims.items():
            if claimed is not None and claimed != speaker:
                self.moments.append(Moment(claimed, CLAIMED, at, event.id, digest, received, by))

    @property
    def spoken(self) -> set[tuple[Any, Any]]:
        """The jobs and targets of which something was said explicitly."""
        return {(job, target) for job, target, *_ in self._rows["made_of"]}

    def _told_of_others(self, event: Fresh[Ref]) -> None:
        """What the event says that other jobs read and write counts as if they had said it, without a run."""
        for by in others(event.delta):
            job = self._ids.node(by)
            self.moments.append(Moment(job, STATED, event.at, event.id, event.delta.digest, event.received, job))
            self._touches(event, job, STATED)

    def _touches(self, event: Fresh[Ref], speaker: Ref, kind: int) -> None:
        touches = _distinct(touch for touch in event.delta.touches if self._ids.node(touch.by) == speaker)
        if not touches:
            return
        at, number, digest = event.at, event.id, event.delta.digest
        windowed, rows = _windowed_by(event.delta), self._rows["touch"]
        for touch in touches:
            dataset, side = self._ids.node(touch.dataset), SIDE[touch.side]
            self.listed.append(Listed(speaker, dataset, side, kind, at, number, digest, touch.told))
            counts = (*touch.statistics, touch.version, windowed, touch.told)
            rows.append((speaker, dataset, side, kind, at, number, *counts))

    def _facets(self, event: Fresh[Ref]) -> None:
        node_of, word, body_of = self._ids.node, self._ids.word, self._ids.body
        at, number, carries = event.at, event.id, self._carries
        rows: dict[tuple[Ref, int, Any], Row] = {}
        for of, facet, body, side, deleted in event.delta.facets:
            node, name = node_of(of), word(facet)
            on = OWN if side is None else SIDE[side]
            # A dataset that is both read and written shows its facets twice: the output's stand for what is there now.
            rows[node, on, name] = (node, on, name, at, number, None if deleted else body_of(body))
            if on == OWN and of.kind != "run":
                carries.add((node, name))
        self._rows["facet"] += rows.values()

    def _declarations(self, event: Fresh[Ref], job: Ref | int) -> None:
        ids, delta, stamp = self._ids, event.delta, (event.at, event.id)
        if not (delta.columns or delta.made_of or delta.aliases or delta.tombstones or delta.depends):
            return
        columns = {ids.node(seen.dataset): ids.columns(seen) for seen in delta.columns}
        self._rows["derived"] += [(dataset, job, *stamp, body) for dataset, body in columns.items()]
        self._carried |= {(body, dataset, job) for dataset, body in columns.items()}
        self._rows["made_of"] += _statements(ids, delta, stamp)
        self._rows["same_as"] += {
            (ids.node(same.alias), ids.word(same.why), *stamp, ids.node(same.dataset))
            for same in delta.aliases
            if same.alias != same.dataset
        }
        tombstones = {ids.node(dataset): dropped for dataset, dropped in delta.tombstones}
        self._rows["tombstone"] += [(dataset, *stamp, dropped) for dataset, dropped in tombstones.items()]
        self._rows["depends"] += {(ids.node(before), ids.node(after), event.id) for before, after in delta.depends}


def earliest(entries: Sequence[Entry], deltas: Sequence[Delta]) -> dict[bytes, tuple[int, Delta]]:
    """The distinct events among *deltas*, by digest, each with the earliest receipt of its entries."""
    found: dict[bytes, tuple[int, Delta]] = {}
    for entry, delta in zip(entries, deltas, strict=True):
        received = microseconds(entry.received_at)
        before = found.get(delta.digest)
        if before is None or received < before[0]:
            found[delta.digest] = (received, delta)
    return found


def subject(delta: Delta) -> tuple[NodeId | None, NodeId | None, NodeId | None]:
    """The run, the job and (of a DatasetEvent) the dataset that an event is an event of."""
    if delta.run is not None:
        return delta.run.run, delta.run.job, None
    kind = "dataset" if delta.kind == "dataset" else "job"
    first = next(node for node in delta.nodes if node.kind == kind)
    return (None, None, first) if kind == "dataset" else (None, first, None)


def others(delta: Delta) -> Iterable[NodeId]:
    """The jobs of which *delta* says what they read or write, beside its own speaker."""
    run, job, _ = subject(delta)
    own = run or job
    return dict.fromkeys(touch.by for touch in delta.touches if touch.by != own)


def named(delta: Delta) -> Iterator[NodeId]:
    """Every dataset, job and run that *delta* names anywhere."""
    yield from delta.nodes
    for job, target, sources in delta.made_of:
        yield from (job, *(sources or ()), *([target] if target else ()))
    for same in delta.aliases:
        yield same.dataset
        yield same.alias
    if run := delta.run:
        yield from (node for node in (run.run, run.parent_run, run.root_run) if node is not None)


def _statements(ids: Names[Ref], delta: Delta, stamp: tuple[int, Ref]) -> Iterator[Row]:
    for job, target, sources in {said[:2]: said for said in delta.made_of}.values():
        assert target is not None or sources is None, "what is said of every target can only take back"
        listed = None if sources is None else json.dumps(sorted(ids.node(source) for source in sources))
        yield ids.node(job), EVERY if target is None else ids.node(target), *stamp, listed


def _distinct(touches: Iterable[Touch]) -> Collection[Touch]:
    found: dict[tuple[NodeId, str], Touch] = {}
    for touch in touches:
        key = (touch.dataset, touch.side)
        found[key] = _both(found[key], touch) if key in found else touch
    return found.values()


def _both(first: Touch, second: Touch) -> Touch:
    counts = (b if b is not None else a for a, b in zip(first.statistics, second.statistics, strict=True))
    return second._replace(
        statistics=Statistics(*counts), version=second.version or first.version, told=first.told or second.told
    )


class _EmissionPattern(msgspec.Struct):
    mode: str | None = msgspec.field(default=None, name="eventContentMode")


class _JobType(msgspec.Struct):
    processing: str | None = msgspec.field(default=None, name="processingType")
    pattern: _EmissionPattern | None = msgspec.field(default=None, name="emissionPattern")


def _windowed_by(delta: Delta) -> bool | None:
    for facet in delta.facets:
        if facet.name == "jobType" and facet.of in subject(delta) and not facet.deleted:
            return _windowed(facet.body)
    return None


@lru_cache(maxsize=1024)
def _windowed(body: bytes) -> bool | None:
    # DECISIONS 11: STREAMING with COMPLETE_SNAPSHOT sends the counts of a window at a time.
    try:
        job_type = msgspec.json.decode(body, type=_JobType)
    except msgspec.DecodeError:
        return None
    mode = job_type.pattern.mode if job_type.pattern else None
    return job_type.processing == "STREAMING" and mode == "COMPLETE_SNAPSHOT"
