"""Freshness: did each expected delivery come by its deadline (SLO.md b.1, F2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from lineage.model import Verdict, VerdictState
from lineage.slo.calendar import Occurrence, occurrences
from lineage.slo.evidence import Delivery, Evidence, Need, covering
from lineage.slo.phrases import moment, span
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

MICROSECOND = timedelta(microseconds=1)
NONE, ONE = Fraction(0), Fraction(1)


class Spec(Sli):
    """`type: freshness`; *metadata_grace* is how long a deadline waits for an event on its way (DECISIONS 25)."""

    type: Literal["freshness"]
    unit: Literal["occurrences"] = "occurrences"
    method: Literal["occurrence"] = "occurrence"
    metadata_grace: Duration | None = None


def needs(slo: DataSLO) -> Need:
    """Who wrote the dataset and when, in the window alone."""
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return Need()


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each occurrence due in the window, by due. A late delivery stays BAD; its lateness is the value.

    GOOD: available by the deadline. BAD: after it, or not at all once the grace is over. PENDING until then.
    """
    spec, schedule = slo.spec.sli, slo.spec.schedule
    assert isinstance(spec, Spec), "the word chose this file"
    assert schedule is not None, "`define` asks for it"
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    expected = occurrences(schedule, evidence.since, now)
    covers = covering(expected, evidence.deliveries)
    return [
        _judge(occurrence, found, evidence, now - grace)
        for occurrence, found in zip(expected, covers, strict=True)
        if occurrence.due <= now
    ]


def describe(streak: Sequence[Verdict], now: datetime) -> str:
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest = streak[-1]
    if newest.delivered_at is not None:
        return f"Delivered {span(newest.delivered_at - newest.due)} late at {moment(newest.delivered_at)}"
    missing = next(place for place in range(len(streak)) if all(v.delivered_at is None for v in streak[place:]))
    first = streak[missing]
    misses = "" if len(streak) - missing == 1 else f", {len(streak) - missing} deliveries missing"
    return f"Late by {span(now - first.due)}, due {moment(first.due)}{misses}"


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
        value=None if available is None else Fraction((available - occurrence.due) // MICROSECOND, 1_000_000),
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
        return VerdictState.NOT_EXPECTED, "the calendar skips this date", None
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
