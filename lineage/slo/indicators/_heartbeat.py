"""Beats: was each heartbeat seen in the dataset in time (SLO.md b.1, F1). Absence becomes bad when it is due."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise, takewhile
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator

from lineage.model import NodeId, Verdict, VerdictState, job_id
from lineage.slo.evidence import Beat, Evidence
from lineage.slo.phrases import opened, seconds, span
from lineage.slo.terms import Duration, Strict

NONE, ONE = Fraction(0), Fraction(1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SILENT = 2  # intervals without a beat: then it is the emitter that fails, not the path


def _emitter(text: str) -> str:
    if not all(text.partition("/")):
        raise ValueError(f"{text!r} names no emitter; write NAMESPACE/NAME of its job, as in heartbeat/orders")
    return text


class Heartbeat(Strict):
    """Who sends the beats and how often, and how long one may take to be seen in the dataset."""

    emitter: Annotated[str, AfterValidator(_emitter)]
    interval: Duration
    threshold: Duration
    on_silent_emitter: Literal["unknown", "bad"] = "unknown"

    @property
    def job(self) -> NodeId:
        """The job whose events tell of each beat that is sent."""
        namespace, _, name = self.emitter.partition("/")
        return job_id(namespace, name)

    @property
    def reach(self) -> timedelta:
        """How long before it is due a beat, and the one before it, were sent."""
        return self.threshold + (SILENT + 1) * self.interval


class Sent(NamedTuple):
    """A beat: when it was sent, when it was first seen (None: not yet), and the events that say so."""

    at: datetime
    seen: datetime | None
    events: tuple[str, ...]
    partition: str


def measure(spec: Heartbeat, evidence: Evidence, now: datetime, grace: timedelta) -> list[Verdict]:
    """A verdict for each beat due in the window, by due, and for each that was expected and never sent.

    GOOD: seen within the threshold. BAD: later, or not at all once the *grace* is over; PENDING until then. Where
    nothing was sent for more than two intervals it is the emitter that fails: UNKNOWN, unless the definition says bad.
    """
    told = [beat for beat in evidence.seen if evidence.timely(beat.emitted_at + spec.threshold, beat.told_at)]
    waited_until = now - grace
    found = [_judge(beat, spec, evidence, waited_until) for beat in sent(replace(evidence, seen=told))]
    found += [_silence(at, where, spec, evidence) for at, where in _missing(spec, evidence, waited_until)]
    inside = (verdict for verdict in found if evidence.since < verdict.due <= now)
    return sorted(inside, key=lambda verdict: (verdict.due, verdict.occurrence))


def sent(evidence: Evidence) -> Iterator[Sent]:
    """Every beat that was told of, once: the earliest word on when it was sent, and on when it was seen.

    One that was seen was sent, also where the emitter's own event was lost. What was seen *through* a beat holds for
    all before it in its partition.
    """
    first: dict[tuple[str, int], Beat] = {}
    for beat in (*evidence.sent, *evidence.seen):
        before = first.get((beat.partition, beat.seq))
        if before is None or (beat.emitted_at, beat.at, beat.event) < (before.emitted_at, before.at, before.event):
            first[beat.partition, beat.seq] = beat
    exactly, through = _sightings(evidence.seen)
    for (partition, seq), beat in first.items():
        seen = min((s for s in (exactly.get((partition, seq)), _through(through[partition], seq)) if s), default=None)
        if seen is None:
            yield Sent(beat.emitted_at, None, (beat.event,), partition)
        else:
            yield Sent(beat.emitted_at, seen[0], tuple(dict.fromkeys((beat.event, seen[1]))), partition)


Sighting = tuple[datetime, str]


def _sightings(
    seen: Iterable[Beat],
) -> tuple[dict[tuple[str, int], Sighting], defaultdict[str, tuple[list[int], list[Sighting]]]]:
    """When each beat was first seen by itself; and by partition, ascending, when first all up to a beat were."""
    exactly: dict[tuple[str, int], Sighting] = {}
    whole: dict[tuple[str, int], Sighting] = {}
    for beat in seen:
        kept = whole if beat.through else exactly
        place, sighting = (beat.partition, beat.seq), (beat.at, beat.event)
        kept[place] = min(kept.get(place, sighting), sighting)
    through: defaultdict[str, tuple[list[int], list[Sighting]]] = defaultdict(lambda: ([], []))
    for (partition, seq), sighting in sorted(whole.items(), reverse=True):
        seqs, earliest = through[partition]
        seqs.append(seq)
        earliest.append(min(sighting, earliest[-1]) if earliest else sighting)
    for seqs, earliest in through.values():
        seqs.reverse()
        earliest.reverse()
    return exactly, through


def _through(told: tuple[list[int], list[Sighting]], seq: int) -> Sighting | None:
    place = bisect_left(told[0], seq)
    return told[1][place] if place < len(told[1]) else None


def _missing(spec: Heartbeat, evidence: Evidence, until: datetime) -> Iterator[tuple[datetime, str]]:
    """When a beat was expected and none was sent: on the grid of whole intervals, so that no later beat renames one."""
    times: defaultdict[str, list[datetime]] = defaultdict(list)
    for beat in (*evidence.sent, *evidence.seen):
        times[beat.partition].append(beat.emitted_at)
    begin = evidence.since - spec.threshold
    for partition, told in (times or {"": []}).items():
        ordered = sorted(at for at in told if at <= until)
        first = ordered[bisect_right(ordered, begin) - 1] if ordered and ordered[0] <= begin else begin
        ends = (first, *ordered[bisect_right(ordered, first) :], until)
        for before, after in pairwise(ends):
            if after - before > SILENT * spec.interval:
                asked = max(before, begin - spec.interval / 2)  # of those before it none falls due in the window
                yield from ((at, partition) for at in _grid(asked, after, spec.interval))


def _grid(before: datetime, after: datetime, every: timedelta) -> Iterator[datetime]:
    at = EPOCH + every * ((before + every / 2 - EPOCH) // every + 1)
    while at < after - every / 2:
        yield at
        at += every


def _judge(beat: Sent, spec: Heartbeat, evidence: Evidence, waited_until: datetime) -> Verdict:
    due = beat.at + spec.threshold
    took = None if beat.seen is None else beat.seen - beat.at
    state, reason = _outcome(took, spec.threshold, waiting=due > waited_until)
    return Verdict(
        _name(beat.at, beat.partition),
        due,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=NONE if state == VerdictState.PENDING else ONE,
        reason=_of(beat.partition, reason),
        value=None if took is None else seconds(took),
        expected=seconds(spec.threshold),
        delivered_at=beat.seen,
        evidence=beat.events,
        imported=evidence.imported(due),
    )


def _outcome(took: timedelta | None, threshold: timedelta, *, waiting: bool) -> tuple[VerdictState, str]:
    if took is not None:
        return VerdictState.GOOD if took <= threshold else VerdictState.BAD, f"the beat was seen after {span(took)}"
    if waiting:
        return VerdictState.PENDING, "due, waiting for an event on its way"
    return VerdictState.BAD, f"the beat was not seen within {span(threshold)}"


def _silence(at: datetime, partition: str, spec: Heartbeat, evidence: Evidence) -> Verdict:
    bad = spec.on_silent_emitter == "bad" and evidence.observed
    due = at + spec.threshold
    return Verdict(
        _name(at, partition),
        due,
        VerdictState.BAD if bad else VerdictState.UNKNOWN,
        total=ONE if bad else NONE,
        reason=_of(partition, f"{spec.emitter} sent no beat"),
        expected=seconds(spec.threshold),
        imported=evidence.imported(due),
    )


def describe(streak: Sequence[Verdict]) -> str:
    """What is wrong, from the unbroken row of BAD verdicts: the newest, and since when, counted from its sending."""
    newest, first = streak[-1], streak[0]
    sent_at = first.due - timedelta(seconds=float(first.expected or 0))
    more = f", {len(streak)} in a row" if len(streak) > 1 else ""
    return f"{opened(newest.reason)}{more}, since {sent_at:%Y-%m-%d %H:%M} UTC"


def by_partition(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """*verdicts* on beats by the partition that they speak of, which is empty where there are none."""
    found: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[partition_of(verdict.occurrence)].append(verdict)
    return found


def silent_since(spec: Heartbeat, verdicts: Sequence[Verdict]) -> datetime | None:
    """When the beats should have been sent that miss at the end of *verdicts*, in any partition; None: they come."""
    begun, unknown = [], VerdictState.UNKNOWN
    few = [verdict for verdict in verdicts if verdict.state is unknown]  # of as many as there are minutes
    for partition in {partition_of(verdict.occurrence) for verdict in few if _is_missing(verdict)}:
        newest_first = (verdict for verdict in reversed(verdicts) if partition_of(verdict.occurrence) == partition)
        missing = list(takewhile(_is_missing, newest_first))
        begun += [missing[-1].due - spec.threshold] if missing else []
    return min(begun, default=None)


def _is_missing(verdict: Verdict) -> bool:
    return verdict.state is VerdictState.UNKNOWN and not verdict.evidence


def partition_of(occurrence: str) -> str:
    """Of which partition *occurrence* is, by its name; empty where there are none."""
    return occurrence.partition("#")[2]


def figures(verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:
    """Of several partitions the share of good beats of the one that has the least."""
    shares = {
        partition: sum((each.good for each in found), NONE) / total
        for partition, found in by_partition(verdicts).items()
        if (total := sum((each.total for each in found), NONE))
    }
    worst = min(shares, key=lambda each: (shares[each], each), default="")
    return {f"partition.{worst}.sli": shares[worst]} if len(shares) > 1 else {}


def _of(partition: str, reason: str) -> str:
    return f"partition {partition}: {reason}" if partition else reason


def _name(at: datetime, partition: str) -> str:
    return f"{at.astimezone(UTC).isoformat().removesuffix('+00:00')}Z{f'#{partition}' if partition else ''}"
