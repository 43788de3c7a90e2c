"""From the store to evidence: a handful of questions per SLO, however long its window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Literal, TypeVar

import msgspec

from lineage.model import EventRecord, FacetRecord, NodeId, Run, Write, job_id, run_id
from lineage.slo.calendar import occurrences
from lineage.slo.drift import Columns, read_columns
from lineage.slo.evidence import Ancestry, Assertion, Beat, Check, Delivery, Evidence, Need, SchemaTold
from lineage.slo.spec import DataSLO
from lineage.slo.upstream import Span, ancestry
from lineage.store.base import Store

ALL = 1_000_000  # more than any window holds of one dataset
EVENTS_NAMED = 3
OVERWRITES = frozenset({"OVERWRITE", "TRUNCATE", "CREATE"})
EMPTIES = frozenset({"DROP", "TRUNCATE"})
NEAR = 4  # writes back from one, among which the other half of its action may be
TICK = timedelta(microseconds=1)
HEARTBEAT, BEATING = "heartbeat", "HEARTBEAT"  # the facet of a beat, and the jobType of who only sends or sees beats
ENDED: Mapping[str, Literal["COMPLETE", "FAIL", "ABORT"]] = {"COMPLETE": "COMPLETE", "FAIL": "FAIL", "ABORT": "ABORT"}

Body = TypeVar("Body")


class _Pattern(msgspec.Struct, rename="camel"):
    event_content_mode: str | None = None
    window_duration: int | None = None


class _JobType(msgspec.Struct, rename="camel"):
    job_type: str | None = None
    processing_type: str | None = None
    integration: str | None = None
    emission_pattern: _Pattern | None = None


class _Statistics(msgspec.Struct, rename="camel"):
    row_count: int | None = None


class _Lifecycle(msgspec.Struct, rename="camel"):
    lifecycle_state_change: str | None = None


class _Heartbeat(msgspec.Struct, rename="camel"):
    source: str
    seq: int
    emitted_at: datetime
    partition: str = ""
    through: bool = False


class _Found(msgspec.Struct):
    """One assertion as it was sent: nothing of it is certain to have its type (OPENLINEAGE 2)."""

    assertion: object = None
    success: object = None
    column: object = None
    severity: object = None
    name: object = None
    actual: object = None


class _Assertions(msgspec.Struct):
    assertions: list[_Found] = msgspec.field(default_factory=list)


class _Test(msgspec.Struct):
    """One of the `test` run facet; `skip`, and any other word, is no result."""

    name: object = None
    status: object = None
    severity: object = None
    actual: object = None


class _Tests(msgspec.Struct):
    tests: list[_Test] = msgspec.field(default_factory=list)


def gather(slo: DataSLO, need: Need, store: Store, now: datetime, known_at: datetime) -> Evidence:
    """What is known of the dataset of *slo*, from as far back as the window and *need* reach."""
    since = now - slo.window
    if slo.spec.effective_from is not None:
        since = max(since, slo.spec.effective_from - TICK)
    begin = since - need.history
    if slo.spec.schedule is not None:
        begin = occurrences(slo.spec.schedule, begin, begin)[0].start - TICK
    asked = _Asked(slo.dataset, store, begin, now, known_at)
    writes = asked.writes(counts=need.counts)
    deliveries = tuple(_deliveries(asked, writes, counts=need.counts))
    observed = bool(deliveries) or store.heard(known_at)
    checks = tuple(_checks(asked)) if need.checks else ()
    heard = min((write.heard_at for write in writes), default=None)
    evidence = Evidence(since, deliveries, checks, observed, heard, asked_from=begin)
    if need.beside is not None:
        return replace(evidence, beside=tuple(asked.of(need.beside).deliveries(counts=need.counts)))
    if need.schemas:
        return replace(evidence, schemas=tuple(_schemas(asked)))
    if need.ancestry:
        return replace(evidence, ancestry=_ancestry(slo, asked, deliveries))
    return evidence if need.beats_of is None else _with_beats(evidence, asked, need.beats_of)


def _ancestry(slo: DataSLO, asked: _Asked, deliveries: Sequence[Delivery]) -> Ancestry:
    """What happened on the path of *slo* from as far back as *deliveries* of its dataset are."""

    def delivered(dataset: NodeId) -> Iterable[Delivery]:
        if dataset == slo.dataset:
            return deliveries
        return asked.of(dataset).deliveries(counts=False)

    return ancestry(slo, asked.store, delivered, Span(asked.since, asked.now, asked.known_at))


class _Asked:
    """The store under one dataset, span and pair of clocks."""

    def __init__(self, dataset: NodeId, store: Store, since: datetime, now: datetime, known_at: datetime) -> None:
        self.dataset, self.store, self.since, self.now, self.known_at = dataset, store, since, now, known_at

    def of(self, dataset: NodeId) -> _Asked:
        """The same of another dataset."""
        return _Asked(dataset, self.store, self.since, self.now, self.known_at)

    def deliveries(self, *, counts: bool) -> Iterator[Delivery]:
        return _deliveries(self, self.writes(counts=counts), counts=counts)

    def writes(self, *, counts: bool) -> list[Write]:
        return self.store.writes(self.dataset, since=self.since, until=self.now, known_at=self.known_at, counts=counts)

    def events(self, jobs: Iterable[NodeId]) -> dict[str, list[EventRecord]]:
        """The events of *jobs* by run, newest first."""
        by_run: dict[str, list[EventRecord]] = defaultdict(list)
        for job in sorted(jobs):
            page = self.store.events(job=job, since=self.since, until=self.now, known_at=self.known_at, limit=ALL)
            for event in page.items:
                by_run[event.run or ""].append(event)
        return by_run

    def facets(self, *names: str, of: NodeId | None = None) -> list[FacetRecord]:
        return self.store.facet_history(
            of or self.dataset, names, since=self.since, until=self.now, known_at=self.known_at, limit=ALL
        )

    def job_types(self, jobs: Iterable[NodeId]) -> dict[NodeId, _JobType]:
        """What each job said last of how it works."""
        newest = self.store.newest_facets(jobs, ["jobType"], until=self.now, known_at=self.known_at)
        return {job: _read(found["jobType"], _JobType) or _JobType() for job, found in newest.items()}

    def tests(self) -> dict[str, list[_Test]]:
        """What each run that read the dataset said last of its tests; the facet itself names no dataset."""
        uses = self.store.uses(
            dataset=self.dataset, side="input", since=self.since, until=self.now, known_at=self.known_at, limit=ALL
        )
        readers = {run_id(use.run) for use in uses if use.run is not None and use.effective}
        newest = self.store.newest_facets(readers, ["test"], until=self.now, known_at=self.known_at) if readers else {}
        told = {run.name: _read(found["test"], _Tests) for run, found in newest.items()}
        return {run: body.tests for run, body in told.items() if body is not None}

    def runs(self, ids: Iterable[str]) -> dict[str, Run]:
        page = self.store.runs(ids=sorted(ids), known_at=self.known_at, limit=ALL)
        return {run.id: run for run in page.items}


def _schemas(asked: _Asked) -> Iterator[SchemaTold]:
    """What runs told of the columns; equal bodies are read once."""
    read: dict[bytes, Columns | None] = {}
    for facet in asked.facets("schema"):
        if facet.run is not None:
            if facet.body not in read:
                read[facet.body] = read_columns(facet.body)
            yield SchemaTold(facet.run, facet.at, read[facet.body], facet.digest)


def _with_beats(evidence: Evidence, asked: _Asked, emitter: NodeId) -> Evidence:
    """*evidence* with the beats that *emitter* told of, and those that anybody saw in the dataset."""
    sent, seen = asked.facets(HEARTBEAT, of=emitter), asked.facets(HEARTBEAT)
    source = f"{emitter.namespace}/{emitter.name}"
    heard = min((facet.received_at for facet in (*sent, *seen)), default=evidence.observed_since)
    return replace(
        evidence,
        sent=tuple(_beats(sent, source)),
        seen=tuple(_beats(seen, source)),
        observed=evidence.observed or heard is not None,
        observed_since=heard,
    )


def _beats(facets: Iterable[FacetRecord], source: str) -> Iterator[Beat]:
    for facet in facets:
        body = _read(facet.body, _Heartbeat)
        if body is not None and body.source == source and body.emitted_at.tzinfo is not None:
            yield Beat(
                body.seq, body.emitted_at, facet.at, facet.digest, body.partition, body.through, facet.received_at
            )


def _deliveries(asked: _Asked, writes: Sequence[Write], *, counts: bool) -> Iterator[Delivery]:
    types = asked.job_types({write.job for write in writes})
    streaming = {
        job: its.emission_pattern or _Pattern() for job, its in types.items() if its.processing_type == "STREAMING"
    }
    told = asked.events(streaming)
    changes = _changes(asked) if writes else {}
    emptied = {run for run, words in changes.items() if words <= EMPTIES}
    emptied -= {facet.run for facet in asked.facets("outputStatistics") if _rows(facet)} if emptied else set()
    counted = asked.facets("outputStatistics") if counts and streaming else ()
    rows = {facet.digest: _rows(facet) for facet in counted}
    by_spark = {job for job, its in types.items() if its.integration == "SPARK"}
    beating = {job for job, its in types.items() if its.job_type == BEATING}
    for write in _actions(writes, by_spark) if counts else writes:
        if write.job in beating:
            continue  # a beat on the way of the data is no delivery of data
        if write.job in streaming:
            yield from _reports(write, streaming[write.job], told.get(write.run, ()), rows)
        elif write.state in ENDED:
            yield Delivery(
                write.written_at,
                write.run,
                write.job,
                ENDED[write.state],
                None if write.nominal_start is None else (write.nominal_start, write.nominal_end),
                rows=write.rows,
                overwrites=bool(changes.get(write.run, frozenset()) & OVERWRITES),
                emptied=write.run in emptied,
                events=write.proofs,
                started_at=write.started_at,
                told_at=write.told_at,
            )


def _changes(asked: _Asked) -> dict[str | None, frozenset[str]]:
    """What each run said that it did to the dataset: DROP, CREATE, OVERWRITE and their like."""
    found: dict[str | None, set[str]] = defaultdict(set)
    for facet in asked.facets("lifecycleStateChange"):
        body = _read(facet.body, _Lifecycle)
        if body is not None and body.lifecycle_state_change:
            found[facet.run].add(body.lifecycle_state_change)
    return {run: frozenset(words) for run, words in found.items()}


def _actions(writes: Sequence[Write], by_spark: Collection[NodeId]) -> list[Write]:
    """*writes* with one for each action, newest first as they come.

    Of a CTAS, or a write to JDBC or Kafka, Spark tells as two runs, one round the other under one application, with the
    same rows (OPENLINEAGE 4.5): the newer one stays, with the rows of either.
    """
    kept: list[Write] = []
    for write in writes:
        near = range(len(kept) - 1, max(-1, len(kept) - 1 - NEAR), -1) if write.job in by_spark else ()
        place = next((at for at in near if _is_one(kept[at], write)), None)
        if place is None:
            kept.append(write)
        elif kept[place].rows is None:
            kept[place] = kept[place]._replace(rows=write.rows)
    return kept


def _is_one(newer: Write, older: Write) -> bool:
    if newer.parent is None or newer.parent != older.parent or newer.started_at is None:
        return False
    same = newer.rows == older.rows or None in (newer.rows, older.rows)
    return newer.started_at < older.written_at and newer.state == older.state and same


def _reports(
    write: Write, pattern: _Pattern, told: Sequence[EventRecord], rows: Mapping[str, int | None]
) -> Iterator[Delivery]:
    """Each RUNNING and COMPLETE of a streaming run is a delivery (SLO.md b.0); windows add up as DECISIONS 11 says."""
    for event in told:
        if event.type in {"RUNNING", "COMPLETE"}:
            yield Delivery(
                event.at,
                write.run,
                write.job,
                window=timedelta(seconds=pattern.window_duration or 0),
                rows=rows.get(event.digest),
                sums=pattern.event_content_mode == "COMPLETE_SNAPSHOT",
                cumulative=pattern.event_content_mode == "ACCUMULATIVE",
                events=(event.digest,),
                told_at=event.received_at,
            )


def _checks(asked: _Asked) -> Iterator[Check]:
    facets = asked.facets("dataQualityAssertions")
    by_run: dict[str, list[FacetRecord]] = defaultdict(list)
    for facet in facets:
        by_run[facet.run or facet.digest].append(facet)
    tests = asked.tests()
    runs = asked.runs({*(facet.run for facet in facets if facet.run is not None), *tests})
    for name, all_told in by_run.items():
        run = runs.get(name)
        job = job_id("", name) if run is None else run.job
        state = "COMPLETE" if run is None else run.state
        # Great Expectations sends no START, and all validations of one action under one run id.
        report = run is not None and run.started_at is None
        for told in _by_time(all_told) if report else [all_told]:
            begun = run.started_at if run is not None and run.started_at is not None else told[-1].at
            events = tuple(facet.digest for facet in told[:EVENTS_NAMED])
            found = _assertions(told, state)
            found += _tested(tests.pop(name, ()), state, {assertion.name for assertion in found})
            yield Check(name, job, begun, tuple(found), events, report)
    yield from _test_runs(asked, {runs[name]: found for name, found in tests.items() if name in runs})


def _test_runs(asked: _Asked, tests: Mapping[Run, Sequence[_Test]]) -> Iterator[Check]:
    """Runs that tell of tests in their own facet alone, as those of dbt's singular tests do."""
    events = asked.events({run.job for run in tests}) if tests else {}
    for run, told in tests.items():
        proofs = tuple(event.digest for event in events.get(run.id, ())[:EVENTS_NAMED])
        yield Check(run.id, run.job, run.started_at or run.last_at, tuple(_tested(told, run.state, ())), proofs)


def _tested(told: Iterable[_Test], state: str, known: Collection[str]) -> list[Assertion]:
    """What a run's own facet says of tests, each name once, without those that are *known* as assertions already.

    The rules are those of assertions: dbt reports a test that it skipped as `fail`, without an actual value.
    """
    if state not in {"COMPLETE", "FAIL"}:
        return []
    found: dict[str, Assertion] = {}
    for test in told:
        passed = {"pass": True, "fail": False}.get(str(test.status))
        one = _assertion(_Found(test.name, passed, None, test.severity, test.name, test.actual), state)
        if one is not None and one.name not in known and (one.name not in found or not one.passed):
            found[one.name] = one._replace(source="test")
    return list(found.values())


def _by_time(facets: Sequence[FacetRecord]) -> list[list[FacetRecord]]:
    return [list(together) for _, together in groupby(facets, key=attrgetter("at"))]


def _assertions(told: Sequence[FacetRecord], state: str) -> list[Assertion]:
    """What a run found, each assertion once: dbt sends all of them on START and end, in facets and in inputFacets.

    Only a run that came to COMPLETE or FAIL has evaluated anything (OPENLINEAGE 4). The newest event speaks; where one
    event says both, it failed.
    """
    if state not in {"COMPLETE", "FAIL"}:
        return []
    newest: dict[tuple[str, str | None, str], tuple[datetime, Assertion]] = {}
    for facet in told:
        body = _read(facet.body, _Assertions)
        for found in body.assertions if body is not None else ():
            assertion = _assertion(found, state)
            if assertion is None:
                continue
            key = (str(found.assertion), assertion.column, assertion.name)
            before = newest.get(key)
            if before is None or (facet.at, not assertion.passed) > (before[0], not before[1].passed):
                newest[key] = (facet.at, assertion)
    return [assertion for _, assertion in newest.values()]


def _assertion(found: _Found, state: str) -> Assertion | None:
    """*found* where it was evaluated: `"<<non-serializable: bool>>"` is no result, nor is what dbt skipped.

    A test skipped because its model failed comes as a failure without an actual value in a run that failed.
    """
    if not isinstance(found.success, bool):
        return None
    if not found.success and found.actual is None and state == "FAIL":
        return None
    column = found.column if isinstance(found.column, str) else None
    name = found.name if isinstance(found.name, str) else f"{found.assertion}{f'({column})' if column else ''}"
    return Assertion(name, column, found.severity if isinstance(found.severity, str) else "error", found.success)


def _rows(facet: FacetRecord) -> int | None:
    body = _read(facet.body, _Statistics)
    return None if body is None else body.row_count


def _read(body: bytes, shape: type[Body]) -> Body | None:
    """A facet as *shape*; None where it is absent, deleted or of other types: a foreign facet proves nothing."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        return None
