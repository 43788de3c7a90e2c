"""Samples of latency by beats: what went the way of the data, and when it was seen at its end (SLO.md b.4, level 1)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

from lineage.model import NodeId, Stage
from lineage.slo.evidence import Beats, Evidence
from lineage.slo.indicators._heartbeat import SILENT, Sent, sent
from lineage.slo.indicators._journeys import Journeys, Sample, travelled
from lineage.slo.passage import Arrived, Level, Passage
from lineage.slo.phrases import seconds
from lineage.slo.shape import stamp

NEVER = datetime.max.replace(tzinfo=UTC)
LIVELY = timedelta(days=1)  # for so long after a beat was seen, others are expected

Span = tuple[datetime, datetime]  # both ends within
Way = tuple[Arrived, Passage]


class Beaten:
    """The beats that went along a *path*.

    A source is measured by beats while they are sent into it and seen at the end: from the second one on, until none
    was sent for more than two intervals, or none seen for a day. Where only beats are believed, they count seen or not.
    """

    def __init__(self, path: Journeys) -> None:
        self._beats, self._origin = path.ancestry.beats, path.origin
        self._begin, self._threshold = path.ancestry.begin, path.threshold
        self._alone = path.believed is Level.BEAT
        self._seen = {of.emitter: _joined((beat.at, beat.at + LIVELY) for beat in of.seen) for of in self._beats}
        self._sent = {of.emitter: _joined(_expecting(of)) for of in self._beats}
        self._ways = {source: [*_ways(path, source)] for of in self._beats for source in of.sources}
        self._reached = {
            source: [*accumulate((passage.version.at for _, passage in ways), max)]
            for source, ways in self._ways.items()
        }

    def measures(self, source: NodeId, at: datetime) -> bool:
        """Whether it is beats that tell how long what *source* has *at* that time takes."""
        return any(
            source in of.sources
            and _within(self._sent[of.emitter], at)
            and (self._alone or _within(self._seen[of.emitter], at))
            for of in self._beats
        )

    def samples(self) -> Iterator[list[Sample]]:
        """Of each emitter and partition what came, by the looks that saw it first, and what is on its way.

        The origin of a look is when the oldest of its beats was sent, or the newest; of the oldest all are told, for
        what took too long counts by itself.
        """
        for of in self._beats:
            by = {beat.event: beat.by for beat in of.seen}
            partitions: defaultdict[str, list[Sent]] = defaultdict(list)
            for beat in sent(Evidence(self._begin, sent=of.sent, seen=of.seen)):
                partitions[beat.partition].append(beat)
            for beats in partitions.values():
                counted = [beat for beat in beats if self._counts(of, beat)]
                yield [
                    Sample(_name(of, beat), beat.at, of.emitter, beat.events)
                    if beat.seen is None
                    else self._landed(of, beat, beat.seen, by[beat.events[-1]])
                    for beat in (self._newest(counted) if self._origin == "newest" else counted)
                ]

    def _counts(self, of: Beats, beat: Sent) -> bool:
        """Whether somebody looked for *beat* when it was sent, or saw it in time all the same."""
        in_time = beat.seen is not None and beat.seen - beat.at <= self._threshold
        return in_time or self._alone or _within(self._seen[of.emitter], beat.at)

    def _newest(self, beats: Sequence[Sent]) -> list[Sent]:
        """Of each look at *beats* the newest that it saw, and of the late those that were the newest sent when due.

        And those that others had overtaken by then, for they may be lost.
        """
        ordered = sorted(beats, key=_order)
        looks = {(beat.seen, beat.events[-1]): beat for beat in ordered if beat.seen is not None}
        found, following, overtaken_at = [], NEVER, NEVER
        for beat in reversed(ordered):
            due, seen = beat.at + self._threshold, beat.seen or NEVER
            late = seen > due and (following > due or overtaken_at <= due)
            if late or (beat.seen is not None and looks[beat.seen, beat.events[-1]] is beat):
                found.append(beat)
            following, overtaken_at = beat.at, min(overtaken_at, seen)
        return found

    def _landed(self, of: Beats, beat: Sent, at: datetime, by: NodeId | None) -> Sample:
        name, told = _name(of, beat), beat.events[::-1]  # from the end back to the source
        for source in sorted(of.sources):
            ways, place = self._ways[source], bisect_left(self._reached[source], beat.at)
            if place == len(ways) or ways[place][0].delivery.at > at:
                continue
            arrived, passage = ways[place]
            stages = [*travelled(passage, passage.version, beat.at)]
            if at > arrived.delivery.at:
                stages.append(Stage("seen by", by or of.emitter, seconds(at - arrived.delivery.at)))
            events = tuple(dict.fromkeys((told[0], *passage.events, told[-1])))
            run = arrived.delivery.run
            return Sample(name, beat.at, of.emitter, events, at, run, Level.BEAT, passage.path, tuple(stages))
        return Sample(name, beat.at, of.emitter, told, at, level=Level.BEAT)


def _order(beat: Sent) -> tuple[datetime, tuple[str, ...]]:
    return beat.at, beat.events


def _name(of: Beats, beat: Sent) -> str:
    partition = f"#{beat.partition}" if beat.partition else ""
    return f"{of.emitter.namespace}/{of.emitter.name}@{stamp(beat.at)}{partition}"


def _ways(path: Journeys, source: NodeId) -> Iterator[Way]:
    """The versions that brought something of *source*, by time, and by which way."""
    for arrived in path.come:
        passage = (arrived.oldest if path.origin == "oldest" else arrived.newest).get(source)
        if passage is not None and not arrived.backfill:
            yield arrived, passage


def _expecting(of: Beats) -> Iterator[Span]:
    """From each beat on, but the first of its partition, as long as the next may take: two intervals by its numbers."""
    told: defaultdict[str, set[tuple[datetime, int]]] = defaultdict(set)
    for beat in (*of.sent, *of.seen):
        told[beat.partition].add((beat.emitted_at, beat.seq))
    for beats in told.values():
        for (before, first), (after, second) in pairwise(sorted(beats)):
            if first < second:
                yield after, after + min(SILENT * ((after - before) // (second - first)), LIVELY)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """*spans* by time, one of those that touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _within(spans: Sequence[Span], at: datetime) -> bool:
    place = bisect_right(spans, at, key=lambda span: span[0])
    return place > 0 and at <= spans[place - 1][1]
