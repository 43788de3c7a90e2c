"""Freshness: each delivery by its deadline, each row, each heartbeat in its time, or the data's age (SLO.md b.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator

from lineage.model import Verdict, VerdictState
from lineage.slo.calendar import TICK, Occurrence, occurrences
from lineage.slo.evidence import Delivery, Evidence, Need
from lineage.slo.indicators import _age, _claimed, _heartbeat, _weighted
from lineage.slo.indicators._age import Mark, Rule
from lineage.slo.indicators._baseline import Season, Seasonal
from lineage.slo.indicators._heartbeat import Heartbeat
from lineage.slo.indicators._parts import Partitions, bringing, of_parts, placed, together
from lineage.slo.indicators._weighted import Weighing
from lineage.slo.phrases import moment, seconds, span
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

NONE, ONE = Fraction(0), Fraction(1)
UNITS: Mapping[str | None, str] = {"age": "seconds", "rows": "rows"}  # of all other methods it is occurrences


def _dividing(length: timedelta) -> timedelta:
    if length <= timedelta(0) or timedelta(days=1) % length:
        raise ValueError("a part divides a day, so that parts begin alike on all days; write 5m, 1h or 1d")
    return length


class Spec(Sli):
    """`type: freshness`; *method* says of what: deliveries (`occurrence`), `rows`, beats (`heartbeat`) or time (`age`).

    *metadata_grace* is how long a deadline waits for an event on its way (DECISIONS 25). `age` judges each *part* of
    the time by the seconds in which the newest data, of beats where a `heartbeat` is given, was older than *threshold*;
    with the *watermark* `lastUpdated` by when producers claim that it changed last, which needs no schedule.
    `rows` weighs each delivery by what it brought, or where nobody counted by what such a *season* uses to bring; with
    a *threshold* the *bound* of its rows' ages is held to that, and else the delivery to its deadline.
    """

    judges_absence: ClassVar[bool] = True

    type: Literal["freshness"]
    unit: Literal["occurrences", "seconds", "rows"] = "occurrences"
    method: Literal["occurrence", "heartbeat", "age", "rows"] = "occurrence"
    heartbeat: Heartbeat | None = None
    threshold: Duration | None = None
    part: Annotated[Duration, AfterValidator(_dividing)] = timedelta(hours=1)
    watermark: Literal["delivery", "lastUpdated"] = "delivery"
    bound: Literal["upper", "lower"] | None = None
    season: Season | None = None
    partitions: Partitions | None = None
    metadata_grace: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _by_method(cls, given: Any) -> Any:
        unit = UNITS.get(str(given.get("method"))) if isinstance(given, Mapping) else None
        return {"unit": unit, **given} if unit is not None else given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.method == "heartbeat" and self.heartbeat is None:
            wanted = "heartbeat: {emitter: heartbeat/orders, interval: 1m, threshold: 5m}"
            raise ValueError(f"method: heartbeat needs to know the beats; write {wanted}")
        if self.method in {"occurrence", "rows"} and self.heartbeat is not None:
            raise ValueError("heartbeat stands where deliveries are judged; write method: heartbeat")
        if self.method != "rows" and (self.method == "age") != (self.threshold is not None):
            raise ValueError("how old data may be is threshold, of method: age or rows; write threshold: 26h with age")
        if self.unit != UNITS.get(self.method, "occurrences"):
            raise ValueError("the unit of method: age is seconds, of rows rows, of others occurrences; leave unit out")
        if self.method != "occurrence" and self.partitions is not None:
            raise ValueError("partitions are judged delivery by delivery; leave them out, or write method: occurrence")
        if self.watermark == "lastUpdated" and (self.method != "age" or self.heartbeat is not None):
            raise ValueError("lastUpdated tells how old data is; write method: age with it, and no heartbeat")
        if self.method != "rows" and (self.bound or self.season):
            raise ValueError("bound and season are words of method: rows; leave them out, or write method: rows")
        return self

    def open_for(self, grace: timedelta) -> timedelta | None:
        """A deadline waits for what is on its way; of the others nobody says."""
        return (grace if self.metadata_grace is None else self.metadata_grace) if self.method == "occurrence" else None

    @property
    def asks_schedule(self) -> bool:
        """Where beats say what is expected, or producers when data changed, no schedule is asked for."""
        return self.heartbeat is None and self.watermark == "delivery"

    @property
    def cadence(self) -> timedelta | None:
        """A verdict for each beat, or for each part of the time."""
        if self.method == "age":
            return self.part
        return None if self.heartbeat is None else self.heartbeat.interval

    def series(self, occurrence: str) -> str:
        """Of beats the partition."""
        return _heartbeat.partition_of(occurrence)

    @property
    def grains(self) -> int:
        """One, or one for each partition that is judged by itself."""
        by = self.partitions
        return len(by.required) if by is not None and by.grain == "partition" else 1


def needs(slo: DataSLO) -> Need:
    """Who wrote the dataset and when, or the beats; and for `age` as long before the window as data may be old."""
    spec = _spec(slo)
    if spec.method == "rows":
        return Need(counts=True, history=_weighing(spec).usual.reach)
    patience = spec.threshold or timedelta(0)
    if spec.heartbeat is not None:
        return Need(beats_of=spec.heartbeat.job, history=spec.heartbeat.reach + patience)
    return Need(history=patience, partitions=spec.partitions is not None, claims=spec.watermark == "lastUpdated")


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each occurrence, beat or part of the time due in the window, by due; of `rows` they count those.

    GOOD: available by the deadline. BAD: after it, or not at all once the grace is over. PENDING until then. A late
    delivery stays BAD; its lateness is the value.
    """
    spec = _spec(slo)
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    if spec.method == "rows":
        assert slo.spec.schedule is not None, "`define` asks for it"
        return _weighted.measure(_weighing(spec), slo.spec.schedule, evidence, now, grace)
    if spec.threshold is not None and spec.watermark == "lastUpdated":
        return _claimed.measure(Rule(spec.threshold, spec.part), evidence, now, grace)
    if spec.threshold is not None:
        marks = _deliveries_as_marks(slo, evidence, now) if spec.heartbeat is None else _beats_as_marks(evidence)
        return _age.measure(Rule(spec.threshold, spec.part), marks, evidence, now, grace)
    if spec.heartbeat is not None:
        return _heartbeat.measure(spec.heartbeat, evidence, now, grace)
    return list(_occurrences(slo, evidence, now, now - grace))


def describe(streak: Sequence[Verdict], now: datetime) -> str:
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest = streak[-1]
    if newest.expected:
        return _heartbeat.describe(streak)
    if newest.total != ONE:
        if newest.reason.endswith(_claimed.CLAIMED):
            return f"{_age.describe(streak)}{_claimed.CLAIMED}"
        return _age.describe(streak) if newest.expected is not None else _weighted.describe(streak)
    if of_parts(newest):
        return f"Due {moment(newest.due)}: {newest.reason}"
    if newest.delivered_at is not None:
        return f"Delivered {span(newest.delivered_at - newest.due)} late at {moment(newest.delivered_at)}"
    missing = next(place for place in range(len(streak)) if all(v.delivered_at is None for v in streak[place:]))
    first = streak[missing]
    misses = "" if len(streak) - missing == 1 else f", {len(streak) - missing} deliveries missing"
    return f"Late by {span(now - first.due)}, due {moment(first.due)}{misses}"


def through(slo: DataSLO, evidence: Evidence, now: datetime) -> datetime | None:
    """Up to when the dataset held all data at *now*: the watermark of SLO.md b.1. None of what nothing is known of.

    What a run says of its interval counts, however late it came; one that says nothing brought the last whole interval.
    Of partitions the one that is furthest behind counts.
    """
    if _spec(slo).watermark == "lastUpdated":
        return max((claim.through for claim in evidence.claims if claim.at <= now), default=None)
    if _spec(slo).heartbeat is not None:
        newest_of: dict[str, datetime] = {}
        for beat in evidence.seen:
            if beat.at <= now:
                newest_of[beat.partition] = max(beat.emitted_at, newest_of.get(beat.partition, beat.emitted_at))
        return min(newest_of.values(), default=None)
    come = [delivery for delivery in evidence.deliveries if delivery.refresh and delivery.at <= now]
    named = {delivery.job for delivery in come if delivery.nominal is not None}
    known = [delivery.nominal[1] or delivery.nominal[0] for delivery in come if delivery.nominal is not None]
    known += [delivery.at for delivery in come if delivery.window is not None]
    silent = (each.at for each in come if each.nominal is None and each.window is None and each.job not in named)
    newest = max(silent, default=None)
    if newest is not None and slo.spec.schedule is not None:
        *_, running = occurrences(slo.spec.schedule, newest - TICK, newest - TICK)
        known.append(running.start)
    return max(known, default=None)


def figures(slo: DataSLO, verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:
    """Of `rows`, how old the oldest may have been; of beats in several partitions the share of the worst one."""
    if _spec(slo).method == "rows":
        return _weighted.figures(verdicts)
    return _heartbeat.figures(verdicts) if _spec(slo).method == "heartbeat" else {}


def silent_since(slo: DataSLO, verdicts: Sequence[Verdict]) -> datetime | None:
    """Since when the beats miss of which each has a verdict; None while they come, or nothing waits for any."""
    spec = _spec(slo)
    return (
        None
        if spec.heartbeat is None or spec.method != "heartbeat"
        else _heartbeat.silent_since(spec.heartbeat, verdicts)
    )


def _weighing(spec: Spec) -> Weighing:
    usual = Seasonal(mode="seasonal", season=spec.season or "day_of_week", min_history=1)
    return Weighing(spec.threshold, spec.bound or "upper", usual)


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _deliveries_as_marks(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Mark]:
    """Each delivery brings the data up to the end of the occurrence that it covers, however late it comes."""
    assert slo.spec.schedule is not None, "`define` asks for it"
    expected = occurrences(slo.spec.schedule, evidence.begin, now)
    covers = evidence.covering(expected)
    return [
        Mark(delivery.at, occurrence.end, delivery.events)
        for occurrence, found in zip(expected, covers, strict=True)
        for delivery in found
        if delivery.refresh
    ]


def _beats_as_marks(evidence: Evidence) -> list[Mark]:
    told = [beat for beat in evidence.seen if evidence.timely(beat.at, beat.told_at)]
    beats = _heartbeat.sent(replace(evidence, seen=told))
    return [Mark(beat.seen, beat.at, beat.events) for beat in beats if beat.seen is not None]


def _occurrences(slo: DataSLO, evidence: Evidence, now: datetime, waited_until: datetime) -> Iterator[Verdict]:
    schedule, by = slo.spec.schedule, _spec(slo).partitions
    assert schedule is not None, "`define` asks for it"
    expected = occurrences(schedule, evidence.since, now)
    come = placed(evidence.deliveries, by, schedule, expected)
    for occurrence, found in zip(expected, replace(evidence, deliveries=come).covering(expected), strict=True):
        if occurrence.due > now:
            continue
        if by is None or by.dimension is None:
            yield _judge(occurrence, found, evidence, waited_until)
            continue
        spoke = {value: bringing(found, by, value) for value in by.required}
        parts = {
            value: _doubted(_judge(occurrence, named, evidence, waited_until), silent)
            for value, (named, silent) in spoke.items()
        }
        if by.grain == "dataset":
            yield together(occurrence, parts)
        else:
            yield from (replace(each, occurrence=f"{each.occurrence}/{name}") for name, each in parts.items())


def _doubted(verdict: Verdict, silent: Delivery | None) -> Verdict:
    """*verdict* on a partition, UNKNOWN where it may have come by *silent*, which does not say what it wrote."""
    if verdict.state is not VerdictState.BAD or verdict.delivered_at is not None or silent is None:
        return verdict
    why = f"{silent.job.name} does not say which partitions it wrote"
    return replace(verdict, state=VerdictState.UNKNOWN, total=NONE, reason=why, run=silent.run, evidence=silent.events)


def _judge(occurrence: Occurrence, found: Sequence[Delivery], evidence: Evidence, waited_until: datetime) -> Verdict:
    state, reason, by = _outcome(occurrence, found, evidence, waited_until)
    available = by.at if by is not None and by.refresh else None
    return Verdict(
        occurrence.name,
        occurrence.due,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=ONE if state in {VerdictState.GOOD, VerdictState.BAD} else NONE,
        reason=reason,
        value=None if available is None else seconds(available - occurrence.due),
        expected=None if available is None else NONE,
        delivered_at=available,
        run=None if by is None else by.run,
        evidence=() if by is None else by.events,
        imported=evidence.imported(occurrence.due),
    )


Outcome = tuple[VerdictState, str, Delivery | None]


def _outcome(occurrence: Occurrence, found: Sequence[Delivery], evidence: Evidence, waited_until: datetime) -> Outcome:
    due = occurrence.due
    if not occurrence.expected:
        return VerdictState.NOT_EXPECTED, occurrence.because, None
    first = next((delivery for delivery in found if delivery.refresh), None)
    if first is None:
        return _undelivered(found, evidence, waiting=due > waited_until)
    if first.at <= due:
        return VerdictState.GOOD, f"delivered {span(due - first.at)} before the deadline", first
    return VerdictState.BAD, f"delivered {span(first.at - due)} after the deadline", first


def _undelivered(found: Sequence[Delivery], evidence: Evidence, *, waiting: bool) -> Outcome:
    if waiting:
        return VerdictState.PENDING, "due, waiting for an event on its way", None
    if not evidence.observed:
        return VerdictState.UNKNOWN, "nothing had been observed by then", None
    if not found:
        return VerdictState.BAD, "not delivered, and no run tried", None
    last = found[-1]
    ended = "emptied it" if last.emptied else "failed" if last.state == "FAIL" else "was aborted"
    return VerdictState.BAD, f"not delivered: {last.job.name} {ended} at {moment(last.at)}", last
