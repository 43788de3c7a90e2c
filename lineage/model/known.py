"""What a store answers: nodes, runs, versions, edges, graphs and their history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from lineage.model.ids import EventType, NodeId, RunState, Side
from lineage.model.observed import Statistics

AHEAD: Final = timedelta(minutes=5)  # how far an event may be ahead of its receipt to be judged by (SLO.md b.0)


@dataclass(frozen=True, slots=True)
class Node:
    """A dataset or job as a store knows it. *facets* are undecoded JSON values, newest by event time.

    *dropped_at* is when a dataset was dropped: the newest DROP, unless a later CREATE, or a COMPLETE of a run that did
    not drop it itself and lists it as an output, shows that it is there.
    """

    id: NodeId
    canonical: NodeId
    first_at: datetime
    last_at: datetime
    facets: Mapping[str, bytes] = field(default_factory=dict)
    aliases: tuple[NodeId, ...] = ()  # the other raw identities of the same dataset
    dropped_at: datetime | None = None
    only_in_columns: bool = False  # a dataset that events name nowhere but in column lineage, as a source
    hidden_at: datetime | None = None  # somebody hid it then, under all its names, and no event named it since


@dataclass(frozen=True, slots=True)
class Run:
    """A run and what it came to. *last_at* is the newest event time of it, whatever its type."""

    id: str
    job: NodeId
    state: RunState
    last_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    nominal_start: datetime | None = None
    nominal_end: datetime | None = None
    parent_run: str | None = None
    parent_job: NodeId | None = None
    root_run: str | None = None
    root_job: NodeId | None = None
    conflict: bool = False

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, or None while either is unknown."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Use:
    """A run's (or, without runs, a job's) use of a dataset: all its observations merged by DECISIONS 11.

    *first_at* and *last_at* are event times of the observations; *effective* is False for a listing that
    `projection.resolve` refused. Of an output, *made_of* names the datasets (canonical, sorted) that explicit lineage
    says it was made of: in the run's own events, else as its job had said by then; None: all that the run read.
    """

    run: str | None
    job: NodeId
    dataset: NodeId
    side: Side
    first_at: datetime
    last_at: datetime
    statistics: Statistics = Statistics()
    version: str | None = None
    effective: bool = True
    made_of: tuple[NodeId, ...] | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What one run made of one dataset (DECISIONS 7). Delivered only when the run resolved to COMPLETE.

    *written_at* is the run's end when it completed, else the newest observation. *made_of* as of Use.
    """

    dataset: NodeId
    run: Run
    written_at: datetime
    delivered: bool
    statistics: Statistics = Statistics()
    explicit: str | None = None  # the version facet's word for it
    schema_digest: str | None = None  # hex; equal digests mean equal schema facets
    made_of: tuple[NodeId, ...] | None = None

    @property
    def id(self) -> str:
        """The version's name in URLs and answers: the explicit version when there is one, else the run id."""
        return self.explicit or self.run.id


class Write(NamedTuple):
    """A version as far as judging a promise needs it: what one run made of one dataset, and what proves it.

    *written_at* as of Version. *rows* is None where nobody counted, or nobody asked. *proofs* are the events that ended
    the run in its state, newest first, at most three (hex digests); *heard_at* is the first receipt of an event of it.
    """

    run: str
    job: NodeId
    state: RunState
    written_at: datetime
    nominal_start: datetime | None
    nominal_end: datetime | None
    rows: int | None
    proofs: tuple[str, ...]
    heard_at: datetime
    started_at: datetime | None = None
    parent: str | None = None  # the run that it ran in
    told_at: datetime | None = None  # the first receipt of a proof; None where there is none


@dataclass(frozen=True, slots=True)
class Edge:
    """A lineage edge between a job and a dataset, in the direction in which data flows.

    *evidence* names events that prove it (hex digests, newest first, at most three). *stale* is
    a mark that `lineage.views` makes: the job has left the dataset behind; so is *incomplete*: the producer could not
    read all that the job's newest run did, and there may be edges beside this one. On an edge from a job, *made_of*
    names the datasets (canonical, sorted) that explicit lineage says the target was made of; None: all that it reads.
    """

    source: NodeId
    target: NodeId
    first_at: datetime
    last_at: datetime
    runs: int = 0
    evidence: tuple[str, ...] = ()
    stale: bool = False
    incomplete: bool = False
    made_of: tuple[NodeId, ...] | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """The answer of a walk. *hops* gives each node's distance in dataset hops, negative upstream.

    *truncated* says that a budget ended the walk; *frontier* then names the nodes from which to go on.
    """

    root: NodeId
    nodes: Mapping[NodeId, Node]
    edges: tuple[Edge, ...]
    hops: Mapping[NodeId, int]
    truncated: bool = False
    frontier: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Where an event stands and what it is about; the bytes are the ledger's."""

    digest: str  # hex SHA-256
    kind: Literal["run", "dataset", "job"]
    type: EventType | None
    at: datetime
    received_at: datetime
    producer: str
    run: str | None = None
    job: NodeId | None = None
    dataset: NodeId | None = None
    warnings: tuple[str, ...] = ()

    @property
    def ahead(self) -> timedelta | None:
        """By how much its own time was after its receipt, where that is more than AHEAD; else None."""
        lead = self.at - self.received_at
        return lead if lead > AHEAD else None


@dataclass(frozen=True, slots=True)
class FacetRecord:
    """One dated row of a facet's history; *run* is the run whose event carried it."""

    of: NodeId
    name: str
    side: Side | None
    body: bytes
    at: datetime
    received_at: datetime
    digest: str  # hex digest of the event that carried it
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Events declared that *alias* and *dataset* are one, from *first_at* to *last_at*; *why* as in SameAs.

    *counts* is False where a newer declaration of the same alias and reason led elsewhere; *cut* is True where it
    counts and people keep the two apart, or others that it would bring together. *evidence* names the newest events
    that said so (hex digests, newest first, at most three).
    """

    alias: NodeId
    dataset: NodeId
    why: str
    counts: bool
    first_at: datetime
    last_at: datetime
    evidence: tuple[str, ...]
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """*unwritten*, which is read, may be *written*: they differ but by *differs* (case, scheme, host, catalog)."""

    unwritten: NodeId
    written: NodeId
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the answers, and how many there are in all under the same filter."""

    items: Sequence[Any]  # of one type, which the promise that returns it names
    total: int
