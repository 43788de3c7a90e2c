"""Age: for how long was the newest data older than it may be (SLO.md b.1, F3). Integrated, never sampled."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import NamedTuple

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Evidence
from lineage.slo.phrases import moment, seconds, span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = timedelta(0)

Interval = tuple[datetime, datetime]  # [start, end)


class Mark(NamedTuple):
    """From *at* on, all data up to *through* was there."""

    at: datetime
    through: datetime
    events: tuple[str, ...] = ()


class Rule(NamedTuple):
    """Data may be *threshold* old; a verdict is for one *part* of the time, from one of its multiples to the next."""

    threshold: timedelta
    part: timedelta


def measure(rule: Rule, marks: Iterable[Mark], evidence: Evidence, now: datetime, grace: timedelta) -> list[Verdict]:
    """A verdict for each part of the time that ended in the window, by due; good and total are its seconds.

    Excluded time is in neither. A part that ended within *grace*, and whose last word may be on its way, is PENDING. Of
    what nobody delivered the age counts from where the evidence begins: the promise was kept until then, for all that
    is known.
    """
    ordered = sorted(marks)
    old = list(_too_old(ordered, rule.threshold, evidence.begin, now))
    newest = list(accumulate(ordered, _newer))
    return [
        _judge(part, _near(old, part), _at(part[1], newest, ordered), evidence, waiting=part[1] > now - grace)
        for part in _parts(evidence.since, now, rule.part)
    ]


def _newer(one: Mark, other: Mark) -> Mark:
    return max(one, other, key=lambda mark: (mark.through, mark.at))


def _at(at: datetime, newest: Sequence[Mark], ordered: Sequence[Mark]) -> Mark | None:
    """The mark that was the newest *at* that time."""
    place = bisect_right(ordered, at, key=lambda mark: mark.at)
    return newest[place - 1] if place else None


def _near(old: Sequence[Interval], part: Interval) -> Sequence[Interval]:
    """Those of *old*, apart and by time, that may touch *part*."""
    first = bisect_right(old, part[0], key=lambda each: each[1])
    return old[first : bisect_left(old, part[1], key=lambda each: each[0])]


def _too_old(marks: Sequence[Mark], threshold: timedelta, begin: datetime, end: datetime) -> Iterator[Interval]:
    """When the age was above *threshold*, between *begin* and *end*: apart, and by time.

    Between two deliveries the watermark stands still and the age grows by a second a second.
    """
    at = through = begin
    for mark in (*marks, Mark(end, end)):
        bad = (max(at, through + threshold), mark.at)
        if bad[0] < bad[1]:
            yield bad
        at, through = max(at, mark.at), max(through, mark.through)


def _parts(since: datetime, now: datetime, length: timedelta) -> Iterator[Interval]:
    """The multiples of *length* that end in (since, now]."""
    end = EPOCH + length * ((since - EPOCH) // length + 1)
    while end <= now:
        yield end - length, end
        end += length


def _judge(
    part: Interval, old: Sequence[Interval], newest: Mark | None, evidence: Evidence, *, waiting: bool
) -> Verdict:
    counted = list(without([part], [(taken.start, taken.end) for taken in evidence.excluded]))
    total = sum((end - start for start, end in counted), NOTHING)
    bad = sum((end - start for start, end in _both(counted, old)), NOTHING)
    state, reason = _outcome(bad, total, evidence, waiting=waiting)
    judged = state in {VerdictState.GOOD, VerdictState.BAD}
    return Verdict(
        f"{part[0].isoformat().removesuffix('+00:00')}Z",
        part[1],
        state,
        good=seconds(total - bad) if judged else Fraction(0),
        total=seconds(total) if judged else Fraction(0),
        reason=reason,
        value=seconds(bad) if judged else None,
        expected=Fraction(0) if judged else None,
        delivered_at=None if newest is None else newest.at,
        evidence=() if newest is None else newest.events,
        imported=evidence.imported(part[1]),
    )


def _outcome(bad: timedelta, total: timedelta, evidence: Evidence, *, waiting: bool) -> tuple[VerdictState, str]:
    if not total:
        return VerdictState.EXCLUDED, "excluded"
    if not evidence.observed:
        return VerdictState.UNKNOWN, "nothing had been observed by then"
    if bad and waiting:
        return VerdictState.PENDING, "over, waiting for an event on its way"
    if bad:
        return VerdictState.BAD, f"the data was too old for {span(bad)} of {span(total)}"
    return VerdictState.GOOD, f"the data was young enough for {span(total)}"


def describe(streak: Sequence[Verdict]) -> str:
    """What is wrong, from the unbroken row of BAD verdicts: for how long, and since when data came."""
    bad = sum((verdict.value or Fraction(0) for verdict in streak), Fraction(0))
    newest = streak[-1]
    last = "nothing delivered" if newest.delivered_at is None else f"last delivered {moment(newest.delivered_at)}"
    return f"Too old for {span(timedelta(seconds=float(bad)))}, {last}"


def without(spans: Iterable[Interval], taken: Sequence[Interval]) -> Iterator[Interval]:
    """What is left of *spans* less all that is *taken*, by time; *taken* may overlap."""
    for start, end in spans:
        at = start
        for cut_start, cut_end in sorted(taken):
            if cut_end <= at or cut_start >= end:
                continue
            if cut_start > at:
                yield at, cut_start
            at = max(at, cut_end)
        if at < end:
            yield at, end


def _both(some: Iterable[Interval], others: Sequence[Interval]) -> Iterator[Interval]:
    for start, end in some:
        for other_start, other_end in others:
            if max(start, other_start) < min(end, other_end):
                yield max(start, other_start), min(end, other_end)
