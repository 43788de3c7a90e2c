"""Run by run, what a figure was made of: the runs and dataset versions behind it, each with the events that say so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from lineage.errors import NotFound
from lineage.facets import read
from lineage.model import NodeId, Run, Side, Use, Version, run_id
from lineage.store.base import Store
from lineage.views import incomplete

MAX_RUNS = 500
DEPTH = 10

Level = Literal["version", "as_of", "none"]

_EVIDENCE = 100  # digests shown per row, the newest; `events` of a run tells how many there are
_SCAN = 1_000  # versions looked through for the one that an input names
_MOMENT = timedelta(microseconds=1)
_OF_RUNS = ("externalQuery", "extractionError", "processing_engine")


class Read(NamedTuple):
    """The version of a dataset that a run read, and how sure that is.

    `version`: the run named the version that it read, and a run is known that wrote it (or none, and *version* is
    None). `as_of`: the last one delivered before the run began. `none`: none was.
    """

    version: Version | None
    level: Level


@dataclass(frozen=True, slots=True)
class Code:
    """What the job said of its code at that run: the SHA-256 of its SQL text, and where its source is kept."""

    sql_digest: str | None = None
    source_url: str | None = None
    source_version: str | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """What the run said of where it was carried out: the query by its id in *query_source*, and the engine."""

    query_id: str | None = None
    query_source: str | None = None
    engine: str | None = None
    engine_version: str | None = None


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run of the ancestry, *hop* datasets away. *evidence* names its newest events, of *events* in all.

    *incomplete* is why its producer could not read all that it did, and it may have read and written more; else empty.
    """

    run: Run
    hop: int
    code: Code
    events: int
    evidence: tuple[str, ...]
    execution: Execution = Execution()
    incomplete: str = ""


@dataclass(frozen=True, slots=True)
class TracedVersion:
    """A version of the ancestry. Without *version* its writer is not known: a source, or *named* by its reader only."""

    dataset: NodeId
    hop: int
    version: Version | None = None
    named: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A run read a version, or wrote it; *evidence* names the newest events of the run that list the dataset."""

    run: str
    version: str  # a key of Trace.versions
    side: Side
    level: Level
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The ancestry of a run. *truncated*: there are more runs than the budget has; *frontier* are those to go on from.

    Runs by id, each as it stood when its version was read; versions by `dataset:NAMESPACE:NAME#RUN`, with the reader's
    word for RUN where the writer is not known, and without it for a source.
    """

    root: str
    runs: Mapping[str, TracedRun]
    versions: Mapping[str, TracedVersion]
    links: tuple[Link, ...]
    truncated: bool = False
    frontier: tuple[str, ...] = ()


def trace_dataset(  # noqa: PLR0913 - a question has this many sides
    store: Store,
    dataset: NodeId,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    depth: int = DEPTH,
    max_runs: int = MAX_RUNS,
) -> Trace:
    """The ancestry of the version of *dataset* that was in force at *as_of*, of all it was made of. Raises NotFound."""
    last = store.versions(dataset, until=as_of, known_at=known_at, delivered=True, limit=1).items
    if not last:
        when = f" by {as_of.isoformat()}" if as_of else ""
        raise NotFound(f"no run is known to have delivered {dataset}{when}; its observations are in the lineage")
    version: Version = last[0]
    return _trace(_Tracing(store, known_at, max_runs), version.run.id, version.made_of, depth)


def trace(
    store: Store, run: str, *, known_at: datetime | None = None, depth: int = DEPTH, max_runs: int = MAX_RUNS
) -> Trace:
    """The ancestry of *run*: what it read, the runs that wrote that, and so on, up to *depth* datasets away.

    A run that reads what it writes read the version before its own; a run is followed once, however often it is met.
    Of *run* itself all that it read counts; a run before it is left only to what it made the version of that it was met
    by, where explicit lineage says so (`Version.made_of`). Raises NotFound.
    """
    return _trace(_Tracing(store, known_at, max_runs), run, None, depth)


def _trace(tracing: _Tracing, run: str, made_of: tuple[NodeId, ...] | None, depth: int) -> Trace:
    found = tracing.store.runs(ids=[run], known_at=tracing.known_at).items
    if not found:
        raise NotFound(f"run {run} is not known; the runs of a job are listed under /api/v1/namespaces/…/jobs/…/runs")
    root: Run = found[0]
    tracing.arrive(root, 0)
    for use in tracing.uses(root, "output"):
        tracing.link(root, use.dataset, "output", tracing.meet(use.dataset, 0, tracing.written(root, use), use.version))
    here = [Met(root, made_of)]
    for hop in range(1, depth + 1):
        here = [writer for reader in here for writer in tracing.follow(*reader, hop)]
    return Trace(
        root=root.id,
        runs=tracing.runs,
        versions=tracing.versions,
        links=tuple(tracing.links[key] for key in sorted(tracing.links)),
        truncated=bool(tracing.frontier),
        frontier=tuple(sorted(tracing.frontier)),
    )


def read_version(store: Store, run: Run, use: Use, known_at: datetime | None = None) -> Read:
    """The version of its input that *run* read, from a version facet or else from the order of times."""
    if use.version is not None:
        for version in _back_from(store, use.dataset, use.last_at, known_at, delivered=None):
            if version.explicit == use.version and version.run.id != run.id:
                return Read(version, "version")
    for version in _back_from(store, use.dataset, run.started_at or use.first_at, known_at, delivered=True):
        if version.run.id != run.id:
            contradicted = use.version is not None and version.explicit is not None
            return Read(None, "version") if contradicted else Read(version, "as_of")
    return Read(None, "none" if use.version is None else "version")


def _back_from(
    store: Store, dataset: NodeId, until: datetime, known_at: datetime | None, *, delivered: bool | None
) -> Iterator[Version]:
    """Versions of *dataset*, newest first: those of the day before *until*, and only then all, which may be many."""
    day, most = until - timedelta(days=1), _SCAN if delivered is None else 2
    yield from store.versions(dataset, since=day, until=until, known_at=known_at, delivered=delivered, limit=most).items
    yield from store.versions(dataset, until=until, known_at=known_at, delivered=delivered, limit=most).items


class Met(NamedTuple):
    """A run that was met by a version it wrote, and what it made that of; None: all that it read."""

    run: Run
    made_of: tuple[NodeId, ...] | None


@dataclass(slots=True)
class _Tracing:
    """What has been found so far, and the questions that find more. *followed* are inputs of runs, each linked once."""

    store: Store
    known_at: datetime | None
    max_runs: int
    runs: dict[str, TracedRun] = field(default_factory=dict)
    versions: dict[str, TracedVersion] = field(default_factory=dict)
    links: dict[tuple[str, Side, str], Link] = field(default_factory=dict)
    frontier: set[str] = field(default_factory=set)
    met: dict[str, set[tuple[NodeId, ...] | None]] = field(default_factory=dict)
    followed: set[tuple[str, NodeId]] = field(default_factory=set)

    def follow(self, reader: Run, made_of: tuple[NodeId, ...] | None, hop: int) -> Iterator[Met]:
        """Link *reader* to what it read, as far as *made_of* goes; yield the runs that wrote it."""
        before = self.met.setdefault(reader.id, set())
        if None in before or made_of in before:
            return
        before.add(made_of)
        for use in self.uses(reader, "input"):
            if (reader.id, use.dataset) in self.followed or (made_of is not None and use.dataset not in made_of):
                continue
            self.followed.add((reader.id, use.dataset))
            read = read_version(self.store, reader, use, self.known_at)
            key = self.meet(use.dataset, hop, read.version, use.version)
            self.link(reader, use.dataset, "input", key, read.level)
            if read.version is None:
                continue
            writer = read.version.run
            if writer.id not in self.runs:
                if len(self.runs) >= self.max_runs:
                    self.frontier.add(writer.id)
                    continue
                self.arrive(writer, hop)
            self.link(writer, use.dataset, "output", key)
            yield Met(writer, read.version.made_of)

    def arrive(self, run: Run, hop: int) -> None:
        """Take *run* in, with its evidence and its code."""
        page = self.store.events(run=run.id, known_at=self.known_at, limit=_EVIDENCE)
        evidence = tuple(each.digest for each in page.items)
        asked = self.store.newest_facets([run_id(run.id)], _OF_RUNS, known_at=self.known_at)
        told = asked.get(run_id(run.id), {})
        self.runs[run.id] = TracedRun(
            run, hop, self._code(run), page.total, evidence, _execution(told), incomplete(told)
        )

    def meet(self, dataset: NodeId, hop: int, version: Version | None, named: str | None) -> str:
        """Take a version in; answer its key."""
        word = version.run.id if version else named
        key = f"{dataset}#{word}" if word else str(dataset)
        self.versions.setdefault(key, TracedVersion(dataset, hop, version, named))
        return key

    def link(self, run: Run, dataset: NodeId, side: Side, version: str, level: Level = "version") -> None:
        """Say that *run* read or wrote *version*, once, with the events that prove it."""
        if (run.id, side, version) in self.links:
            return
        page = self.store.events(run=run.id, dataset=dataset, known_at=self.known_at, limit=_EVIDENCE)
        evidence = tuple(each.digest for each in page.items)
        self.links[run.id, side, version] = Link(run.id, version, side, level, evidence)

    def uses(self, run: Run, side: Side) -> list[Use]:
        """What *run* really read or wrote, by dataset."""
        uses = self.store.uses(run=run.id, side=side, known_at=self.known_at)
        return sorted((use for use in uses if use.effective), key=lambda use: use.dataset)

    def written(self, run: Run, use: Use) -> Version | None:
        """The version that *run* made of its output."""
        began, ended = _span(run)
        page = self.store.versions(use.dataset, since=began, until=ended, known_at=self.known_at, limit=_SCAN)
        return next((version for version in page.items if version.run.id == run.id), None)

    def _code(self, run: Run) -> Code:
        began, ended = _span(run)
        bodies: dict[str, bytes] = {}
        for record in self.store.facet_history(
            run.job, ["sql", "sourceCodeLocation"], since=began, until=ended, known_at=self.known_at
        ):
            if record.run == run.id:
                bodies.setdefault(record.name, record.body)
        query = read(bodies.get("sql"), _Sql).query
        location = read(bodies.get("sourceCodeLocation"), _SourceCodeLocation)
        digest = hashlib.sha256(query.encode()).hexdigest() if query is not None else None
        return Code(digest, location.url, location.version)


class _ExternalQuery(msgspec.Struct, rename="camel"):
    external_query_id: str | None = None
    source: str | None = None


class _ProcessingEngine(msgspec.Struct):
    name: str | None = None
    version: str | None = None


def _execution(told: Mapping[str, bytes]) -> Execution:
    query = read(told.get("externalQuery"), _ExternalQuery)
    engine = read(told.get("processing_engine"), _ProcessingEngine)
    return Execution(query.external_query_id, query.source, engine.name, engine.version)


class _Sql(msgspec.Struct):
    query: str | None = None


class _SourceCodeLocation(msgspec.Struct):
    url: str | None = None
    version: str | None = None


def _span(run: Run) -> tuple[datetime | None, datetime]:
    """A window, open below, that holds the events of *run*; without START nobody knows when it began."""
    began = run.started_at and run.started_at - _MOMENT
    return began, max(run.last_at, run.ended_at or run.last_at)
