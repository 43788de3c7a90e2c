"""From the store to evidence: a handful of questions per SLO, however long its window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zlib import crc32

import msgspec

from lineage.model import EventRecord, NodeId, Write
from lineage.slo.ahead import left_out
from lineage.slo.asking import Asked, Pattern, read, rows_told
from lineage.slo.audits import with_audits
from lineage.slo.beats import BEATING, HEARTBEAT, along, beats
from lineage.slo.calendar import occurrences
from lineage.slo.checks import checks, conformance
from lineage.slo.claims import claimed
from lineage.slo.evidence import Ancestry, Delivery, Evidence, Need
from lineage.slo.owning import owning
from lineage.slo.partitions import Partition, read_partitions
from lineage.slo.periods import reach
from lineage.slo.queued import queued
from lineage.slo.schemas import schemas
from lineage.slo.slices import slicing
from lineage.slo.spec import DataSLO
from lineage.slo.upstream import Span, ancestry, backfills, counts_of, reads
from lineage.store.base import Store

OVERWRITES = frozenset({"OVERWRITE", "TRUNCATE", "CREATE"})
DROPS = frozenset({"DROP"})
EMPTIES = frozenset({"DROP", "TRUNCATE"})
NEAR = 4  # writes back from one, among which the other half of its action may be
TICK = timedelta(microseconds=1)
DAY_S = 86_400
ENDED: Mapping[str, Literal["COMPLETE", "FAIL", "ABORT"]] = {"COMPLETE": "COMPLETE", "FAIL": "FAIL", "ABORT": "ABORT"}


class _Lifecycle(msgspec.Struct, rename="camel"):
    lifecycle_state_change: str | None = None


def gather(  # noqa: PLR0913 - what is asked, of what, and over which span by both clocks
    slo: DataSLO, need: Need, store: Store, now: datetime, known_at: datetime, *, beats_since: datetime | None = None
) -> Evidence:
    """What is known of the dataset of *slo*, from as far back as the window and *need* reach.

    Of beats only what was told after *beats_since*, where that is given.

    The window is taken as of the last `renewal`: for a day the same is asked, and what came of it holds until something
    new is told. What is ahead of its receipt is none of it, but counted.
    """
    since = window_of(slo, now)
    begin = window_of(slo, renewal(slo, now)) - need.history
    if slo.spec.schedule is not None:
        begin = occurrences(slo.spec.schedule, begin, begin)[0].start - TICK
    asked = Asked(slo.dataset, store.without_ahead(), begin, now, known_at)
    writes = asked.writes(counts=need.counts)
    deliveries = tuple(_deliveries(asked, writes, counts=need.counts))
    if need.partitions or len({each.job for each in deliveries}) > 1:
        deliveries = tuple(partitioned(asked, deliveries))
    tested = tuple(checks(asked, profiles=need.profiles)) if need.checks else ()
    if need.contract_of is not None:
        tested = tuple(conformance(asked, need.contract_of))
    heard = min((write.heard_at for write in writes), default=None)
    if heard is None:
        heard = store.heard(known_at)
    elif heard > since:
        heard = min([heard, *_heard_before(asked)])
    evidence = Evidence(since, deliveries, tested, heard is not None, heard, asked_from=begin)
    found = _with_more(slo, need, asked, evidence, beats_since)
    spoke = _spoken_of(slo, need, found)
    return replace(found, left_out=left_out(store, spoke, window_of(slo, renewal(slo, now)), known_at))


def _spoken_of(slo: DataSLO, need: Need, evidence: Evidence) -> Iterator[NodeId]:
    """The datasets and jobs of which events are evidence."""
    yield slo.dataset
    yield from filter(None, (need.beside, need.beats_of, need.counted_by))
    if evidence.ancestry is not None:
        yield from evidence.ancestry.deliveries
        yield from (each.emitter for each in evidence.ancestry.beats)


def _heard_before(asked: Asked) -> Iterator[datetime]:
    """When the newest version was heard of that is older than all that is asked for: then nothing since is history."""
    for version in asked.store.versions(asked.dataset, until=asked.since, known_at=asked.known_at, limit=1).items:
        at, known_at = version.written_at, asked.known_at
        for write in asked.store.writes(asked.dataset, since=at - TICK, until=at, known_at=known_at, counts=False):
            yield write.heard_at


def _with_more(slo: DataSLO, need: Need, asked: Asked, evidence: Evidence, beats_since: datetime | None) -> Evidence:
    """*evidence* with what only some indicators need."""
    deliveries = evidence.deliveries
    if need.beside is not None:
        beside = asked.of(need.beside)
        if need.sums:
            return with_audits(evidence, asked, beside)
        waiting = queued(beside) if need.queued else None
        return replace(evidence, beside=tuple(delivered(beside, counts=need.counts)), queued=waiting)
    if need.beats_of is not None:
        return _with_beats(evidence, asked.after(beats_since), need.beats_of)
    if need.counted_by is not None:
        return replace(evidence, beside=tuple(counts_of(asked, need.counted_by, need.reads or ())))
    runs = sorted({each.run for each in deliveries if each.window is None}) if need.backfills else []
    if need.ancestry:
        evidence = replace(evidence, ancestry=_ancestry(slo, asked, deliveries, counts=need.source_rows))
    if need.beats:
        evidence = along(evidence, asked)
    if need.owners:
        evidence = owning(evidence, asked)
    if need.claims:
        evidence = claimed(evidence, asked)
    return replace(
        evidence,
        schemas=tuple(schemas(asked)) if need.schemas else (),
        reads={} if need.reads is None else reads(asked, deliveries, need.reads),
        backfills=backfills(asked.store, runs, Span(asked.since, asked.now, asked.known_at)),
    )


def window_of(slo: DataSLO, now: datetime) -> datetime:
    """Since when *slo* is judged, open: its window, and its length before *now*, and not before it is in force.

    Where slices are counted it is judged from the beginning of one on.
    """
    since, cut = reach(slo, now), slicing(slo)
    since = since if cut is None else cut.at(since + TICK).start - TICK
    return since if slo.spec.effective_from is None else max(since, slo.spec.effective_from - TICK)


def renewal(slo: DataSLO, now: datetime) -> datetime:
    """When *slo* was last read anew: once a day, each at a time of its own, so that no tick reads all of them.

    A composite is read anew with each of its members.
    """
    begins = (timedelta(seconds=crc32(each.name.encode()) % DAY_S) for each in slo.members or (slo,))
    at = now.astimezone(UTC)
    return max((at - each).replace(hour=0, minute=0, second=0, microsecond=0) + each for each in begins)


def _ancestry(slo: DataSLO, asked: Asked, deliveries: Sequence[Delivery], *, counts: bool) -> Ancestry:
    """What happened on the path of *slo* from as far back as *deliveries* of its dataset are."""

    def come(dataset: NodeId) -> Iterable[Delivery]:
        if dataset == slo.dataset:
            return deliveries
        return delivered(asked.of(dataset))

    found = ancestry(slo, asked.store, come, Span(asked.since, asked.now, asked.known_at))
    counted = {source: tuple(delivered(asked.of(source), counts=True)) for source in found.sources} if counts else {}
    return replace(found, counted=counted)


def _with_beats(evidence: Evidence, asked: Asked, emitter: NodeId) -> Evidence:
    """*evidence* with the beats that *emitter* told of, and those that anybody saw in the dataset."""
    sent, seen = asked.facets(HEARTBEAT, of=emitter), asked.facets(HEARTBEAT)
    heard = min((facet.received_at for facet in (*sent, *seen)), default=evidence.observed_since)
    return replace(
        evidence,
        sent=tuple(beats(sent, emitter)),
        seen=tuple(beats(seen, emitter)),
        observed=evidence.observed or heard is not None,
        observed_since=heard,
    )


def delivered(asked: Asked, *, counts: bool = False) -> Iterator[Delivery]:
    """What runs made of a dataset, or reports of a stream told of it, with their rows where *counts*."""
    return _deliveries(asked, asked.writes(counts=counts), counts=counts)


def _deliveries(asked: Asked, writes: Sequence[Write], *, counts: bool) -> Iterator[Delivery]:
    types = asked.job_types({write.job for write in writes})
    streaming = {
        job: its.emission_pattern or Pattern() for job, its in types.items() if its.processing_type == "STREAMING"
    }
    told = asked.events(streaming)
    changes = _changes(asked) if writes else {}
    emptied = {run for run, words in changes.items() if words <= EMPTIES}
    emptied -= {facet.run for facet in asked.facets("outputStatistics") if rows_told(facet)} if emptied else set()
    counted = asked.facets("outputStatistics") if counts and streaming else ()
    rows = {facet.digest: rows_told(facet) for facet in counted}
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
                dropped=write.run in emptied and changes[write.run] == DROPS,
                parent=write.parent,
                events=write.proofs,
                started_at=write.started_at,
                told_at=write.told_at,
            )


def partitioned(asked: Asked, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """*deliveries*, each with what of the dataset it wrote, as all events of its run say, or of a stream its own."""
    told: dict[str | None, set[Partition]] = defaultdict(set)
    for facet in asked.facets("subset"):
        found = read_partitions(facet.body) if facet.side == "output" else None
        told[facet.run].update(found or ())
        told[facet.digest].update(found or ())
    for each in deliveries:
        found_of = told.get(each.run if each.window is None else each.events[0])
        yield each._replace(partitions=tuple(sorted(found_of, key=sorted))) if found_of else each


def _changes(asked: Asked) -> dict[str | None, frozenset[str]]:
    """What each run said that it did to the dataset: DROP, CREATE, OVERWRITE and their like."""
    found: dict[str | None, set[str]] = defaultdict(set)
    for facet in asked.facets("lifecycleStateChange"):
        body = read(facet.body, _Lifecycle)
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
    write: Write, pattern: Pattern, told: Sequence[EventRecord], rows: Mapping[str, int | None]
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
                started_at=write.started_at,
                told_at=event.received_at,
            )
