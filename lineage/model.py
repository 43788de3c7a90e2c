"""The vocabulary: what the graph is made of, what the ledger keeps, what a verdict says. No behaviour, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal, NamedTuple

Kind = Literal["dataset", "job", "run"]
Direction = Literal["up", "down", "both"]
Side = Literal["input", "output"]
EventType = Literal["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]
RunState = Literal["NEW", "RUNNING", "COMPLETE", "FAIL", "ABORT"]

TERMINAL: frozenset[str] = frozenset({"COMPLETE", "FAIL", "ABORT"})


class NodeId(NamedTuple):
    """Who a dataset, job or run is. A run has its id as name and no namespace.

    A tuple, so that millions of them hash and compare at C speed.
    """

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        """The id as Marquez's clients spell it: `dataset:NAMESPACE:NAME`, `run:UUID`."""
        return f"run:{self.name}" if self.kind == "run" else f"{self.kind}:{self.namespace}:{self.name}"


def dataset_id(namespace: str, name: str) -> NodeId:
    """The id of a dataset."""
    return NodeId("dataset", namespace, name)


def job_id(namespace: str, name: str) -> NodeId:
    """The id of a job."""
    return NodeId("job", namespace, name)


def run_id(run: str) -> NodeId:
    """The id of a run; *run* is a UUID in lower case with dashes."""
    return NodeId("run", "", run)


class FieldId(NamedTuple):
    """A column of a dataset; *dataset* is a dataset's NodeId."""

    dataset: NodeId
    name: str


# ── What one event says: observations only (DECISIONS 5). ────────────────────────────────────────────────────────────


class FacetSeen(NamedTuple):
    """One event carried this facet of this entity.

    *side* is None for the entity's own facets; "input" or "output" marks inputFacets and outputFacets, which describe
    one run's use of the dataset and never become the dataset's current state (OPENLINEAGE 2.7).
    """

    of: NodeId
    name: str
    body: bytes  # the JSON value as received; b"" when deleted
    side: Side | None = None
    deleted: bool = False


class Statistics(NamedTuple):
    """Counts that an input or output facet gave; None where it was silent."""

    rows: int | None = None
    bytes: int | None = None
    files: int | None = None


class Touch(NamedTuple):
    """One event listed *dataset* among the inputs or outputs of *by*, a run (RunEvent) or a job (JobEvent)."""

    by: NodeId
    dataset: NodeId
    side: Side
    statistics: Statistics = Statistics()
    version: str | None = None  # the explicit version facet: an Iceberg snapshot, a Delta version


class ColumnEdge(NamedTuple):
    """*target* is derived from *source*; transformations as (type, subtype, masking), sorted."""

    source: FieldId
    target: FieldId
    transformations: tuple[tuple[str, str, bool], ...] = ()


class ColumnsSeen(NamedTuple):
    """One event carried column lineage for *dataset*; *digest* names its body, so equal bodies expand once."""

    dataset: NodeId
    digest: bytes
    edges: tuple[ColumnEdge, ...]


class SameAs(NamedTuple):
    """*alias* and *dataset* are one thing, says *why*: symlink, rename or an alias rule."""

    dataset: NodeId
    alias: NodeId
    why: str


class RunSeen(NamedTuple):
    """What a RunEvent says of its run beyond its type and time; None where it is silent."""

    run: NodeId
    job: NodeId
    parent_run: NodeId | None = None
    parent_job: NodeId | None = None
    root_run: NodeId | None = None
    root_job: NodeId | None = None
    nominal_start: datetime | None = None
    nominal_end: datetime | None = None


class Delta(NamedTuple):
    """Everything one event says about the world: the one shape that stores merge.

    It holds observations, never conclusions: what follows from several events of a run is `projection.resolve`'s.
    *digest* is the SHA-256 of the stored bytes; it is the evidence of every row that comes of this delta.
    """

    digest: bytes
    kind: Literal["run", "dataset", "job"]
    type: EventType | None
    at: datetime  # event time, aware, UTC
    producer: str
    nodes: tuple[NodeId, ...]  # every dataset and job named, in order of first mention
    run: RunSeen | None = None
    facets: tuple[FacetSeen, ...] = ()
    touches: tuple[Touch, ...] = ()
    columns: tuple[ColumnsSeen, ...] = ()
    aliases: tuple[SameAs, ...] = ()
    depends: tuple[tuple[NodeId, NodeId], ...] = ()  # control flow: (upstream job, downstream job)
    tombstones: tuple[tuple[NodeId, bool], ...] = ()  # (dataset, dropped?): a DROP sets it, a later CREATE lifts it
    warnings: tuple[str, ...] = ()


# ── What follows from all events of one run. ─────────────────────────────────────────────────────────────────────────


class Listing(NamedTuple):
    """All that a run's events say about one dataset on one side, already merged over those events."""

    dataset: NodeId
    side: Side
    types: frozenset[str]  # the types of the events that listed it
    first_at: datetime
    last_at: datetime


class Moment(NamedTuple):
    """One event of a run, as far as its state needs it."""

    type: str
    at: datetime
    digest: bytes


class RunObserved(NamedTuple):
    """What the store knows of one run when it asks for a conclusion.

    *moments* holds every START, COMPLETE, FAIL and ABORT in event-time order (ties by digest); RUNNING and OTHER, which
    may be thousands for a streaming run, appear only in *first_at*, *last_at* and *types*. *types* holds the types of
    all its events, so that a run of which only OTHER was seen is NEW; left empty, such a run counts as RUNNING.
    """

    run: NodeId
    moments: tuple[Moment, ...]
    first_at: datetime
    last_at: datetime
    listings: tuple[Listing, ...]
    types: frozenset[str] = frozenset()


class RunConclusion(NamedTuple):
    """What a run came to: its state by DECISIONS 8 and the datasets it really read and wrote.

    *effective* holds (dataset, side) pairs; a listing absent from it stays an observation and is no edge.
    """

    state: RunState
    started_at: datetime | None
    ended_at: datetime | None
    conflict: bool  # terminal events contradicted each other
    effective: frozenset[tuple[NodeId, Side]]


# ── What a store answers. ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Node:
    """A dataset or job as a store knows it. *facets* are undecoded JSON values, newest by event time."""

    id: NodeId
    canonical: NodeId
    first_at: datetime
    last_at: datetime
    facets: Mapping[str, bytes] = field(default_factory=dict)
    aliases: tuple[NodeId, ...] = ()  # the other raw identities of the same dataset
    dropped_at: datetime | None = None


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
    `projection.resolve` refused.
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


@dataclass(frozen=True, slots=True)
class Version:
    """What one run made of one dataset (DECISIONS 7). Delivered only when the run resolved to COMPLETE.

    *written_at* is the run's end when it completed, else the newest observation.
    """

    dataset: NodeId
    run: Run
    written_at: datetime
    delivered: bool
    statistics: Statistics = Statistics()
    explicit: str | None = None  # the version facet's word for it
    schema_digest: str | None = None  # hex; equal digests mean equal schema facets

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


@dataclass(frozen=True, slots=True)
class Edge:
    """A lineage edge between a job and a dataset, in the direction in which data flows.

    *evidence* names events that prove it (hex digests, newest first, at most three).
    """

    source: NodeId
    target: NodeId
    first_at: datetime
    last_at: datetime
    runs: int = 0
    evidence: tuple[str, ...] = ()


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
class Page:
    """Some of the answers, and how many there are in all under the same filter."""

    items: Sequence[Any]  # of one type, which the promise that returns it names
    total: int


# ── The ledger. ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be appended; *digest* is the SHA-256 of *body*.

    *redaction* marks that the body was changed at the door: the hex HMAC of what was received, under the server's key
    (DECISIONS 2).
    """

    kind: Literal["event", "statement"]
    body: bytes
    digest: bytes
    principal: str
    redaction: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in the ledger. *duplicate* is True when an append found the same event already there."""

    writer: str
    seq: int
    kind: Literal["event", "statement"]
    digest: bytes
    received_at: datetime
    principal: str
    redaction: str | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the door answers for one body. `accepted` and `duplicate` mean: durable. *digest* is hex.

    A dead-lettered body was refused with *reason*, and so was a forbidden one, of which nothing is kept;
    *field* names the place in the event where there is one.
    """

    status: Literal["accepted", "duplicate", "dead-lettered", "forbidden"]
    digest: str
    reason: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: the name of a key, or `anonymous` while no key exists; scopes are ingest, read and admin.

    *namespaces* are those whose events it may bring (see `lineage.auth.may_bring`); None: all.
    """

    name: str
    scopes: frozenset[str]
    namespaces: tuple[str, ...] | None = None


# ── Verdicts. ────────────────────────────────────────────────────────────────────────────────────────────────────────


class VerdictState(StrEnum):
    """What became of one expected occurrence. UNKNOWN never counts as good (invariant 7)."""

    GOOD = "GOOD"
    BAD = "BAD"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    EXCLUDED = "EXCLUDED"
    NOT_EXPECTED = "NOT_EXPECTED"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one occurrence: what was due when, what came, and the events that prove it.

    *good* and *total* are in the SLI's own unit (occurrences, rows, records, assertions); both are 0 unless the state
    is GOOD or BAD. *value* is the measured figure (lateness in s, rows, share) and *expected* what it was held against.
    """

    occurrence: str  # stable name: the nominal start in ISO 8601, or the run that was checked
    due: datetime
    state: VerdictState
    good: Fraction = Fraction(0)
    total: Fraction = Fraction(0)
    reason: str = ""  # one sentence for a person
    value: Fraction | None = None
    expected: Fraction | None = None
    delivered_at: datetime | None = None
    run: str | None = None
    evidence: tuple[str, ...] = ()  # hex digests of events
    imported: bool = False  # due before Headwater observed (DECISIONS 24)
