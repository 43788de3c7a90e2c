"""What each event said, as rows: one for every mention, moment, touch, facet and declaration, and none twice."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from operator import itemgetter
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

import msgspec

from lineage.database.times import microseconds
from lineage.model import Delta, NodeId, Statistics, Touch
from lineage.store.sqlite.codes import CLAIMED, KIND, OWN, SIDE, STATED, TYPE
from lineage.store.sqlite.ids import Ids

INSERT: Final = {
    "event": "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "mention": "INSERT INTO mention VALUES (?, ?, ?, ?)",
    "moment": "INSERT INTO moment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "touch": "INSERT INTO touch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "facet": "INSERT INTO facet VALUES (?, ?, ?, ?, ?, ?)",
    "carries": "INSERT OR IGNORE INTO carries VALUES (?, ?)",
    "derived": "INSERT INTO derived VALUES (?, ?, ?, ?, ?)",
    "carried": "INSERT OR IGNORE INTO carried VALUES (?, ?, ?)",
    "same_as": "INSERT INTO same_as VALUES (?, ?, ?, ?, ?)",
    "tombstone": "INSERT INTO tombstone VALUES (?, ?, ?, ?)",
    "depends": "INSERT INTO depends VALUES (?, ?, ?)",
}

# How many columns the key has: rows that go in by key touch each page once.
KEYS: Final = {
    "event": 1, "mention": 4, "moment": 4, "touch": 6, "facet": 5, "carries": 2,
    "derived": 4, "carried": 3, "same_as": 5, "tombstone": 3, "depends": 3,
}  # fmt: skip

Row = tuple[Any, ...]


class Fresh(NamedTuple):
    """An event that the store did not hold before this merge."""

    id: int
    received: int
    at: int
    delta: Delta


class Moment(NamedTuple):
    """A row of `moment`, with what the conclusion wants beside it."""

    speaker: int
    type: int
    at: int
    event: int
    digest: bytes
    received: int
    job: int | None = None
    parent: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)
    nominal: tuple[int | None, int | None] = (None, None)


class Listed(NamedTuple):
    """A row of `touch`, as far as a listing is made of it."""

    speaker: int
    dataset: int
    side: int
    type: int
    at: int
    event: int
    digest: bytes


class Batch:
    """The rows of some fresh events. *moments* and *listed* are what conclusions are drawn from."""

    def __init__(self, connection: Connection, ids: Ids) -> None:
        self._connection = connection
        self._ids = ids
        self._rows: defaultdict[str, list[Row]] = defaultdict(list)
        self._carries: set[Row] = set()
        self._carried: set[Row] = set()
        self.moments: list[Moment] = []
        self.listed: list[Listed] = []

    def add(self, event: Fresh) -> None:
        """Take in one event; `Ids.nodes` was asked for all that it names before."""
        delta = event.delta
        run, job, dataset = subject(delta)
        number = {kind: self._ids.node(node) if node else None for kind, node in (("run", run), ("job", job))}
        speaker = number["run"] or number["job"]
        self._rows["event"].append(
            (
                event.id,
                delta.digest,
                KIND[delta.kind],
                TYPE[delta.type] if delta.type else None,
                event.at,
                event.received,
                self._ids.word(self._connection, delta.producer),
                number["run"],
                number["job"],
                self._ids.node(dataset) if dataset else None,
                json.dumps(delta.warnings, ensure_ascii=False) if delta.warnings else None,
            )
        )
        self._rows["mention"] += [(self._ids.node(node), node == job, event.at, event.id) for node in delta.nodes]
        kind = STATED if run is None else TYPE[delta.type or "OTHER"]
        if speaker is not None:
            self.moments += self._moments(event, speaker, kind, number["job"])
            self._touches(event, speaker, kind)
        self._facets(event)
        self._declarations(event, number["job"] or 0)

    def write(self) -> None:
        """Insert all rows."""
        self._rows["moment"] = [(m.speaker, m.type, m.at, m.event, m.job, *m.parent, *m.nominal) for m in self.moments]
        self._rows["carries"], self._rows["carried"] = list(self._carries), list(self._carried)
        for table, statement in INSERT.items():
            if rows := self._rows[table]:
                self._connection.executemany(statement, sorted(rows, key=itemgetter(slice(KEYS[table]))))

    def _moments(self, event: Fresh, speaker: int, kind: int, job: int | None) -> Iterator[Moment]:
        run, at, digest, received = event.delta.run, event.at, event.delta.digest, event.received
        if run is None:
            yield Moment(speaker, kind, at, event.id, digest, received, job)
            return
        parent_run, parent_job, root_run, root_job = (
            self._ids.node(node) if node else None
            for node in (run.parent_run, run.parent_job, run.root_run, run.root_job)
        )
        nominal_start, nominal_end = (
            None if instant is None else microseconds(instant) for instant in (run.nominal_start, run.nominal_end)
        )
        parent, nominal = (parent_run, parent_job, root_run, root_job), (nominal_start, nominal_end)
        yield Moment(speaker, kind, at, event.id, digest, received, job, parent, nominal)
        claims = {root_run: root_job}
        claims[parent_run] = parent_job or claims.get(parent_run)
        for claimed, by in claims.items():
            if claimed is not None and claimed != speaker:
                yield Moment(claimed, CLAIMED, at, event.id, digest, received, by)

    def _touches(self, event: Fresh, speaker: int, kind: int) -> None:
        windowed = _windowed_by(event.delta)
        for touch in _distinct(event.delta.touches):
            listed = Listed(
                speaker, self._ids.node(touch.dataset), SIDE[touch.side], kind, event.at, event.id, event.delta.digest
            )
            self.listed.append(listed)
            self._rows["touch"].append((*listed[:6], *touch.statistics, touch.version, windowed))

    def _facets(self, event: Fresh) -> None:
        rows: dict[Row, int | None] = {}
        for facet in event.delta.facets:
            node, name = self._ids.node(facet.of), self._ids.word(self._connection, facet.name)
            side = OWN if facet.side is None else SIDE[facet.side]
            body = None if facet.deleted else self._ids.body(self._connection, facet.body)
            # A dataset that is both read and written shows its facets twice: the output's stand for what is there now.
            rows[node, side, name, event.at, event.id] = body
            if side == OWN and facet.of.kind != "run":
                self._carries.add((node, name))
        self._rows["facet"] += [(*key, body) for key, body in rows.items()]

    def _declarations(self, event: Fresh, job: int) -> None:
        delta, stamp = event.delta, (event.at, event.id)
        columns = {self._ids.node(seen.dataset): self._ids.columns(self._connection, seen) for seen in delta.columns}
        self._rows["derived"] += [(dataset, job, *stamp, body) for dataset, body in columns.items()]
        self._carried |= {(body, dataset, job) for dataset, body in columns.items()}
        self._rows["same_as"] += {
            (
                self._ids.node(same.alias),
                self._ids.word(self._connection, same.why),
                *stamp,
                self._ids.node(same.dataset),
            )
            for same in delta.aliases
            if same.alias != same.dataset
        }
        tombstones = {self._ids.node(dataset): dropped for dataset, dropped in delta.tombstones}
        self._rows["tombstone"] += [(dataset, *stamp, dropped) for dataset, dropped in tombstones.items()]
        self._rows["depends"] += {
            (self._ids.node(upstream), self._ids.node(downstream), event.id) for upstream, downstream in delta.depends
        }


def subject(delta: Delta) -> tuple[NodeId | None, NodeId | None, NodeId | None]:
    """The run, the job and (of a DatasetEvent) the dataset that an event is an event of."""
    if delta.run is not None:
        return delta.run.run, delta.run.job, None
    kind = "dataset" if delta.kind == "dataset" else "job"
    first = next(node for node in delta.nodes if node.kind == kind)
    return (None, None, first) if kind == "dataset" else (None, first, None)


def named(delta: Delta) -> Iterator[NodeId]:
    """Every dataset, job and run that *delta* names anywhere."""
    yield from delta.nodes
    if run := delta.run:
        yield from (node for node in (run.run, run.parent_run, run.root_run) if node is not None)


def _distinct(touches: tuple[Touch, ...]) -> Iterator[Touch]:
    found: dict[tuple[NodeId, str], Touch] = {}
    for touch in touches:
        before = found.get((touch.dataset, touch.side))
        if before is not None:
            counts = (
                new if new is not None else old for old, new in zip(before.statistics, touch.statistics, strict=True)
            )
            touch = touch._replace(statistics=Statistics(*counts), version=touch.version or before.version)  # noqa: PLW2901
        found[touch.dataset, touch.side] = touch
    return iter(found.values())


class _EmissionPattern(msgspec.Struct):
    mode: str | None = msgspec.field(default=None, name="eventContentMode")


class _JobType(msgspec.Struct):
    processing: str | None = msgspec.field(default=None, name="processingType")
    pattern: _EmissionPattern | None = msgspec.field(default=None, name="emissionPattern")


def _windowed_by(delta: Delta) -> bool | None:
    for facet in delta.facets:
        if facet.name == "jobType" and facet.of.kind == "job" and not facet.deleted:
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
