"""Slices of time in place of occurrences: each of a length, good by the share of what was due in it (SLO.md b.7). Pure.

A slice begins where the day of its zone does, or whole lengths later; the last of a day in which the clocks change is
longer or shorter. What is due in [start, end) is its, and it is due itself at its last instant.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lineage.model import Amendment, Verdict, VerdictState
from lineage.slo.calendar import upcoming
from lineage.slo.lasting import plain
from lineage.slo.phrases import count, moment, percent
from lineage.slo.schedules import Schedule
from lineage.slo.spec import DataSLO
from lineage.slo.terms import spell

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
SPAN = timedelta(days=28)  # weekdays alike
SECONDS = len("2026-11-21T05:30:00")
NONE, ONE = Fraction(0), Fraction(1)
JUDGED = frozenset({VerdictState.GOOD, VerdictState.BAD})
OPEN = frozenset({VerdictState.UNKNOWN, VerdictState.PENDING})


class Slice(NamedTuple):
    """[*start*, *end*), in UTC."""

    start: datetime
    end: datetime


class Slicing(NamedTuple):
    """How time is cut: slices of *length* from *begins* on, each day in *zone*; *wanted* is the share of a good one.

    *weighs*: a slice weighs the share that was good, not 1 or 0. *known* is what of it must have been judged.
    """

    length: timedelta
    zone: str
    begins: time
    wanted: Fraction
    weighs: bool
    known: Fraction

    def at(self, at: datetime) -> Slice:
        """The slice that *at* lies in."""
        bounds = self._day(plain(at))
        place = bisect_right(bounds, at)  # an instant that lasts notes the end
        return Slice(bounds[place - 1], bounds[place])

    def within(self, since: datetime, until: datetime) -> list[datetime]:
        """Where each slice begins that lies in [*since*, *until*] as a whole."""
        found: list[datetime] = []
        while since < until:
            bounds = self._day(since)
            found += bounds[bisect_left(bounds, since) : bisect_right(bounds, until) - 1]
            since = bounds[-1]
        return found

    def _day(self, at: datetime) -> tuple[datetime, ...]:
        """The bounds of the slices of the day that *at* lies in."""
        local = at.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        day = local.date() if local.time() >= self.begins else local.date() - DAY
        near = (_bounds(self.length, self.zone, self.begins, each) for each in (day, day - DAY, day + DAY))
        found = next((bounds for bounds in near if bounds[0] <= at < bounds[-1]), None)
        assert found is not None, "days follow each other without a gap"
        return found


@lru_cache(maxsize=8192)
def _bounds(length: timedelta, zone: str, begins: time, day: date) -> tuple[datetime, ...]:
    """Where the slices of *day* begin, and where the last of them ends, in UTC: as many as come nearest to its length.

    A time that the clocks skip is shifted, of one that comes twice the first counts.
    """
    start, end = (datetime.combine(each, begins, ZoneInfo(zone)).astimezone(UTC) for each in (day, day + DAY))
    pieces = max(1, round((end - start) / length))
    return (*(start + place * length for place in range(pieces)), end)


def slicing(slo: DataSLO) -> Slicing | None:
    """How the time of *slo* is cut. On a calendar slices begin where windows do.

    None where occurrences are counted, and of a composite that lacks a member: that nothing is known waits for no end.
    """
    (objective,), (window,) = slo.spec.objectives, slo.spec.time_window
    if objective.time_slice_window is None or slo.unjoined is not None:
        return None
    zone, begins = "UTC", time()
    if window.calendar is not None:
        zone, begins = window.calendar.time_zone, window.calendar.start_time.time()
    weighs = objective.time_slice_target is None
    wanted = slo.target if objective.time_slice_target is None else objective.time_slice_target
    return Slicing(objective.time_slice_window, zone, begins, wanted, weighs, slo.spec.no_data.min_coverage)


def spaced(slo: DataSLO, apart: timedelta | None, now: datetime) -> timedelta | None:
    """The mean distance of what the budget of *slo* counts, where occurrences are *apart*."""
    cut, schedule = slicing(slo), slo.spec.schedule
    if cut is None or apart is None:
        return apart
    if schedule is None or slo.spec.sli.cadence is not None:
        return max(apart, cut.length)
    return _between(cut, schedule, now.year, now.month) or max(apart, cut.length)


@lru_cache(maxsize=512)
def _between(cut: Slicing, schedule: Schedule, year: int, month: int) -> timedelta | None:
    """The mean distance of slices in which something was due in the four weeks before a month; None of one or none."""
    begin = datetime(year, month, 1, tzinfo=UTC)
    found = sorted({cut.at(due).start for due in upcoming(schedule, begin - SPAN, begin)})
    return (found[-1] - found[0]) / (len(found) - 1) if len(found) > 1 else None


def counted(slo: DataSLO, measured: Sequence[Verdict], since: datetime, now: datetime) -> Sequence[Verdict]:
    """What the budget of *slo* counts of *measured*, all that fell due after *since*: them, or their slices, by due.

    A slice that began before *since* is left out, unless *slo* came into force in it.
    """
    cut = slicing(slo)
    if cut is None:
        return measured
    begun, since = slo.spec.effective_from, plain(since)
    whole = cut.at(begun).start - TICK if begun is not None and since == begun - TICK else since
    return [_judged(cut, each, members, slo, now) for each, members in _apart(cut, measured) if each.start > whole]


def _apart(cut: Slicing, measured: Iterable[Verdict]) -> Iterator[tuple[Slice, list[Verdict]]]:
    """The slices in which something was due, by time, each with that."""
    current: Slice | None = None

    def place(verdict: Verdict) -> Slice:
        nonlocal current
        if current is None or not current.start <= verdict.due < current.end:
            current = cut.at(verdict.due)
        return current

    for each, members in groupby(sorted(measured, key=lambda verdict: (verdict.due, verdict.occurrence)), key=place):
        yield each, list(members)


def _judged(cut: Slicing, each: Slice, members: Sequence[Verdict], slo: DataSLO, now: datetime) -> Verdict:
    alike = slo.spec.sli.unit == "occurrences"
    state, share, reason = _outcome(cut, members, alike=alike)
    if now < each.end and state in JUDGED | OPEN:
        state, reason = VerdictState.PENDING, f"it lasts until {moment(each.end)}"
    total = ONE if state in JUDGED else NONE
    good = share if cut.weighs and share is not None else Fraction(state == VerdictState.GOOD)
    made = Verdict(
        f"{each.start.isoformat()[:SECONDS]}Z/{spell(cut.length)}",
        each.end - TICK,
        state,
        good=good * total,
        total=total,
        reason=reason,
        value=share,
        expected=cut.wanted,
        delivered_at=max((one.delivered_at for one in members if one.delivered_at is not None), default=None),
        evidence=tuple(dict.fromkeys(digest for one in members for digest in one.evidence)),
        imported=any(one.imported for one in members),
    )
    return _amended(made, cut, members, alike=alike)


def _outcome(cut: Slicing, members: Sequence[Verdict], *, alike: bool) -> tuple[VerdictState, Fraction | None, str]:
    """What a slice of *members* that is over is, and the share of it that was good.

    Where each weighs one, *alike*, what is open could be good or bad: a slice is judged once neither changes it. Where
    nobody knows how much it weighs the rest is judged, if enough of the slice is known. Of nothing expected it is what
    that is.
    """
    wanted = [one for one in members if one.state in JUDGED or one.state in OPEN]
    if not wanted:
        left_out = next((one for one in members if one.state == VerdictState.EXCLUDED), members[0])
        return left_out.state, None, left_out.reason
    good, total = (
        sum((getattr(one, word) for one in wanted if one.state in JUDGED), NONE) for word in ("good", "total")
    )
    undecided = [one for one in wanted if one.state in OPEN]
    share = good / total if total else None
    reason = _reason(cut, good, total, wanted)
    if alike and not cut.weighs:
        every = total + len(undecided)
        if good >= cut.wanted * every:
            return VerdictState.GOOD, share, reason
        if good + len(undecided) < cut.wanted * every:
            return VerdictState.BAD, share, reason
        known = False
    else:
        known = share is not None and (len(wanted) - len(undecided)) >= cut.known * len(wanted)
    if any(one.state == VerdictState.PENDING for one in undecided):
        return VerdictState.PENDING, share, reason
    if not known or share is None:
        return VerdictState.UNKNOWN, share, reason
    return VerdictState.GOOD if share >= cut.wanted else VerdictState.BAD, share, reason


def _reason(cut: Slicing, good: Fraction, total: Fraction, wanted: Sequence[Verdict]) -> str:
    told = f"{count(good)} of {count(total)} good, {percent(cut.wanted, 3)} wanted"
    if undecided := sum(one.state in OPEN for one in wanted):
        told += f", {undecided} not known"
    first = next((one for one in wanted if one.state != VerdictState.GOOD), None)
    return told if first is None else f"{told}; first {moment(first.due)}: {first.reason}"


def _amended(made: Verdict, cut: Slicing, members: Sequence[Verdict], *, alike: bool) -> Verdict:
    """*made* with what it was before one of *members* became another."""
    changes = [one.amended for one in members if one.amended is not None]
    if not changes or made.state not in JUDGED:
        return made
    before, _, _ = _outcome(cut, [_before(one) for one in members], alike=alike)
    if before == made.state:
        return made
    last = max(changes, key=lambda change: change.at)
    return replace(made, amended=Amendment(before, last.at, last.by, last.because))


def _before(member: Verdict) -> Verdict:
    """*member* as it was before it was amended."""
    if member.amended is None:
        return member
    was = member.amended.was
    total = member.total if was in JUDGED else NONE
    return replace(member, state=was, good=total if was == VerdictState.GOOD else NONE, total=total)
