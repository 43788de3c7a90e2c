"""What one event says, and what all events of a run come to: the shapes between projection and store."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from lineage.model.ids import EventType, FieldId, NodeId, RunState, Side


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
    """One event listed *dataset* among the inputs or outputs of *by*, a run (RunEvent) or a job (JobEvent).

    *by* may also be another job than the event's, one of which a `lineage` facet says what it reads or writes. *told*
    marks what such a facet says, whether it is listed beside or not.
    """

    by: NodeId
    dataset: NodeId
    side: Side
    statistics: Statistics = Statistics()
    version: str | None = None  # the explicit version facet: an Iceberg snapshot, a Delta version
    told: bool = False


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


class MadeOf(NamedTuple):
    """One event said explicitly what *job* made *target* of: a `lineage` facet (OPENLINEAGE 2.2, 2.3).

    For each (job, target) the newest event that speaks decides, and what the job's runs merely list is no longer taken
    for a source of *target*; an event without the facet says nothing. *sources* are datasets, sorted; none at all: the
    target has no tracked upstream. None takes back what was said before: lists count again. *target* None: of every
    target of the job. Whoever is named is among the nodes of its delta.
    """

    job: NodeId
    target: NodeId | None
    sources: tuple[NodeId, ...] | None


class SameAs(NamedTuple):
    """*alias* and *dataset* are one thing, says *why*: symlink, rename, or `rule: ` and the rule.

    Neither needs to be among the nodes of its delta: what no event names is no dataset, and only joins those that are.
    """

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
    only_columns: tuple[NodeId, ...] = ()  # datasets among *nodes* that the event names nowhere but in column lineage
    made_of: tuple[MadeOf, ...] = ()
    aliases: tuple[SameAs, ...] = ()
    depends: tuple[tuple[NodeId, NodeId], ...] = ()  # control flow: (upstream job, downstream job)
    tombstones: tuple[tuple[NodeId, bool], ...] = ()  # (dataset, dropped?): a DROP sets it, a later CREATE lifts it
    warnings: tuple[str, ...] = ()


class Listing(NamedTuple):
    """All that a run's events say about one dataset on one side, already merged over those events.

    *told*: one of them said so explicitly, in a `lineage` facet.
    """

    dataset: NodeId
    side: Side
    types: frozenset[str]  # the types of the events that listed it
    first_at: datetime
    last_at: datetime
    told: bool = False


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
