"""Weighted: of all rows, how many were there in time, each delivery weighing what it brought (SLO.md b.1, F4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from lineage.model import Verdict, VerdictState
from lineage.slo.calendar import Occurrence, occurrences
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators._baseline import Baseline, Basis, Point, Seasonal
from lineage.slo.indicators._volume import told_apart, volume
from lineage.slo.phrases import count, moment, seconds, span
from lineage.slo.schedules import Schedule

NONE = Fraction(0)


class Weighing(NamedTuple):
    """Rows are in time by the deadline; or, with a *threshold*, when the older or newer end of their interval was.

    Of data that came at once nobody knows how old each row was: its interval's start gives the `upper` bound, its end
    the `lower` one. Rows that nobody counted are as many as *usual*.
    """

    threshold: timedelta | None
    bound: Literal["upper", "lower"]
    usual: Seasonal


class Load(NamedTuple):
    """What came for an occurrence first, up to when it may have come, and how many rows it had by then."""

    occurrence: Occurrence
    deadline: datetime
    first: Delivery | None
    rows: int | None
    events: tuple[str, ...]


def measure(by: Weighing, schedule: Schedule, evidence: Evidence, now: datetime, grace: timedelta) -> list[Verdict]:
    """A verdict for each occurrence due in the window, by due; good and total are rows, *value* the age of the oldest.

    BAD: the rows came too late, or are missing, and weigh what such an occurrence uses to bring. UNKNOWN: nobody
    counted them, nor any before them.
    """
    expected = occurrences(schedule, evidence.since - by.usual.reach, now)
    come = told_apart(evidence.deliveries, evidence.begin, cumulative=True)
    covers = replace(evidence, deliveries=come).covering(expected)
    loads = [_load(by, occurrence, found) for occurrence, found in zip(expected, covers, strict=True)]
    points = [Point(load.occurrence, load.rows, load.occurrence.due) for load in loads]
    alien = [not each.expected or evidence.excludes(each.due) for each in expected]
    usual = Baseline(by.usual, schedule, points, alien)
    return [
        _judge(load, usual.of(place), evidence, waited=max(load.deadline, load.occurrence.due) <= now - grace)
        for place, load in enumerate(loads)
        if evidence.since < load.occurrence.due <= now
    ]


def describe(streak: Sequence[Verdict]) -> str:
    """How much of the data was late, from the unbroken row of BAD verdicts."""
    late = sum((verdict.total - verdict.good for verdict in streak), NONE)
    newest = streak[-1]
    last = "missing still" if newest.delivered_at is None else f"the last delivered {moment(newest.delivered_at)}"
    return f"{count(late)} rows late since {moment(streak[0].due)}, {last}"


def figures(verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:
    """How old the oldest row may have been when it came, in seconds, over all that were judged and came."""
    ages = [verdict.value for verdict in verdicts if verdict.total and verdict.value is not None]
    return {"secondsAtMost": max(ages, default=None)}


def _load(by: Weighing, occurrence: Occurrence, found: Sequence[Delivery]) -> Load:
    oldest = occurrence.start if by.bound == "upper" else occurrence.end
    deadline = occurrence.due if by.threshold is None else oldest + by.threshold
    first = next((delivery for delivery in found if delivery.refresh), None)
    if first is None:
        return Load(occurrence, deadline, None, None, found[-1].events if found else ())
    come = volume(found, max(deadline, first.at))
    return Load(occurrence, deadline, first, come.rows, tuple(dict.fromkeys((*first.events, *come.events))))


def _judge(load: Load, usual: Basis, evidence: Evidence, *, waited: bool) -> Verdict:
    occurrence, first = load.occurrence, load.first
    rows = usual.rows if load.rows is None else Fraction(load.rows)
    state, reason = _outcome(load, rows, evidence, waited=waited)
    if state in {VerdictState.GOOD, VerdictState.BAD} and load.rows is None:
        reason = f"{reason}; estimated by {usual.how}"
    total = rows if rows is not None and state in {VerdictState.GOOD, VerdictState.BAD} else NONE
    return Verdict(
        occurrence.name,
        occurrence.due,
        state,
        good=total if state == VerdictState.GOOD else NONE,
        total=total,
        reason=reason,
        value=None if first is None else seconds(first.at - occurrence.start),
        delivered_at=None if first is None else first.at,
        run=None if first is None else first.run,
        evidence=load.events,
        imported=evidence.imported(occurrence.due),
    )


Outcome = tuple[VerdictState, str]


def _outcome(load: Load, rows: Fraction | None, evidence: Evidence, *, waited: bool) -> Outcome:
    if not load.occurrence.expected:
        return VerdictState.NOT_EXPECTED, load.occurrence.because
    if load.first is None and not waited:
        return VerdictState.PENDING, "due, waiting for an event on its way"
    if load.first is None and not evidence.observed:
        return VerdictState.UNKNOWN, "nothing had been observed by then"
    if rows is None:
        return VerdictState.UNKNOWN, "nobody counted its rows, nor any before it"
    if not rows:
        return VerdictState.NOT_EXPECTED, "there were no rows"
    return _weigh(load, rows)


def _weigh(load: Load, rows: Fraction) -> Outcome:
    occurrence, first, told = load.occurrence, load.first, f"{count(rows)} rows"
    if first is None:
        return VerdictState.BAD, f"{told} not delivered"
    ages = f"{span(first.at - occurrence.end)} to {span(first.at - occurrence.start)} old"
    if first.at <= load.deadline:
        return VerdictState.GOOD, f"{told} came in time, {ages}"
    return VerdictState.BAD, f"{told} came {span(first.at - load.deadline)} late, {ages}"
