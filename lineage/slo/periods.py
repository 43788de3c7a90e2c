"""Windows on a calendar: the month or quarter that an instant lies in, in its zone, with days of 23 and 25 hours.

Alerts look back from now, over as long as the window is: what burns at midnight burns on the first of the month too.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lineage.model import Verdict
from lineage.slo.calendar import upcoming
from lineage.slo.exclusions import Excluded, Exclusion, spans
from lineage.slo.lasting import plain
from lineage.slo.slices import Slicing, slicing
from lineage.slo.spec import DataSLO
from lineage.slo.terms import ALIKE, in_units
from lineage.slo.time_window import Anchor

TICK = timedelta(microseconds=1)
MONTHS = {"M": 1, "Q": 3, "Y": 12}
DAYS = {"d": 1, "w": 7}
YEAR = 12
STILL = 4  # intervals back from the newest verdict on a beat each partition has one, also while it is silent (b.1)


class Period(NamedTuple):
    """One window of a calendar, [*start*, *end*) in UTC; *name* is what a report calls it."""

    start: datetime
    end: datetime
    name: str

    @property
    def length(self) -> timedelta:
        """How long it is, by the clock: a month in which the clocks change has an hour more, or less."""
        return self.end - self.start


def period_at(slo: DataSLO, now: datetime) -> Period | None:
    """The window of *slo* that *now* lies in; None where it rolls."""
    (window,) = slo.spec.time_window
    if window.calendar is None:
        return None
    return _around(window.duration, window.calendar, now)


def begin(slo: DataSLO, now: datetime) -> datetime:
    """Where the window of *slo* begins, open: what was due then lies before it."""
    period = period_at(slo, now)
    return now - slo.window if period is None else _open(slo, period.start)


def until(slo: DataSLO, now: datetime) -> datetime:
    """The last instant up to which the window of *slo* counts what was due: *now*, or less where verdicts settle."""
    period = period_at(slo, now)
    return min(now, _open(slo, period.end)) if period is not None and slo.spec.sli.settles else now


def _open(slo: DataSLO, border: datetime) -> datetime:
    """The last instant at which what is due can be judged before *border*."""
    return border - slo.spec.sli.settles - TICK


def reach(slo: DataSLO, now: datetime) -> datetime:
    """How far back *slo* is judged, open: its window, and as far as alerts look back from *now*."""
    return min(now - slo.window, begin(slo, now))


def length_at(slo: DataSLO, now: datetime) -> timedelta:
    """How long the window of *slo* is at *now*."""
    period = period_at(slo, now)
    return slo.window if period is None else period.length


def ahead(slo: DataSLO, now: datetime, measured: Sequence[Verdict], exclusions: Iterable[Exclusion]) -> int:
    """How many occurrences or slices are yet to fall due in the window of *slo*; 0 where it rolls or nobody can know.

    *measured* are the newest verdicts on occurrences, by due: of beats it is those after them, in each partition an
    interval later. What the calendar of the schedule skips, what is paused and what lies in *exclusions* is none.
    """
    period, cut = period_at(slo, now), slicing(slo)
    if period is None or slo.unit not in ALIKE:
        return 0
    if slo.members and cut is None:
        return sum(ahead(each, now, _of(each, measured), (*exclusions, *each.spec.exclusions)) for each in slo.members)
    begun, last = (_open(slo, border) + TICK for border in (period.start, period.end))
    begun = begun if slo.spec.effective_from is None else max(begun, slo.spec.effective_from)
    excluded, cadence = spans(exclusions, begun, last), slo.spec.sli.cadence
    if cut is not None and cadence is not None and cadence <= cut.length:
        return _slices(cut, cut.at(max(now + TICK, begun)).start, last, tuple(excluded))
    if cadence is not None:
        lasts = newest(slo, measured, cadence).values()
        return sum(_beats(due, begun, last, cadence, excluded) for due in lasts or (begun - TICK,))
    if cut is not None:
        dues = _dues(slo, cut.at(now + TICK).start - TICK, last, begun, excluded)
        return sum(each.end <= last for each in {cut.at(due) for due in dues})
    return len(list(_dues(slo, now, last, begun, excluded))) * slo.spec.sli.grains


def _of(member: DataSLO, measured: Sequence[Verdict]) -> Sequence[Verdict]:
    """Those of *measured*, of a composite, that are of *member*."""
    return [each for each in measured if each.occurrence.startswith(f"{member.name}/")]


def newest(slo: DataSLO, measured: Sequence[Verdict], cadence: timedelta) -> dict[str, datetime]:
    """When the newest of *measured*, by due, was due in each partition that goes on."""
    found: dict[str, datetime] = {}
    for verdict in reversed(measured):
        if verdict.due < measured[-1].due - STILL * cadence:
            break
        found.setdefault(slo.spec.sli.series(verdict.occurrence), verdict.due)
    return found


def _dues(
    slo: DataSLO, after: datetime, end: datetime, begun: datetime, excluded: Sequence[Excluded]
) -> Iterator[datetime]:
    """The deadlines after *after* and before *end*, in force since *begun*, that are not *excluded*."""
    schedule = slo.spec.schedule
    if schedule is None or not slo.spec.sli.by_schedule:
        return
    for due in upcoming(schedule, after, end):
        if due >= begun and not any(each.start <= due < each.end for each in excluded):
            yield due


@lru_cache(maxsize=512)
def _slices(cut: Slicing, start: datetime, end: datetime, excluded: tuple[Excluded, ...]) -> int:
    """How many slices begin at *start* or later, and end by *end*, that are not *excluded* as a whole."""
    found = 0
    while (each := cut.at(start)).end <= end:
        found += not any(out.start <= each.start and each.end <= out.end for out in excluded)
        start = each.end
    return found


def _beats(last: datetime, begun: datetime, end: datetime, interval: timedelta, excluded: Iterable[Excluded]) -> int:
    """How many beats come after *last*, an *interval* apart, from *begun* to *end* and not in what is *excluded*."""

    def before(at: datetime) -> int:
        return max(0, (min(at, end) - TICK - last) // interval)

    found, taken = before(end) - before(begun), max(last, begun)
    for each in excluded:
        found -= max(0, before(each.end) - before(max(each.start, taken)))
        taken = max(taken, each.end)
    return found


@lru_cache(maxsize=4096)
def _boundary(duration: str, anchor: Anchor, place: int) -> datetime:
    """Where the window *place* windows after the one of *anchor* begins, in UTC.

    A day that a month does not have is its last. A time that the clocks skip is shifted, of one that comes twice the
    first counts.
    """
    count, unit = in_units(duration)
    local = anchor.start_time
    if unit in DAYS:
        local += timedelta(days=DAYS[unit] * count * place)
    else:
        years, month = divmod(local.month - 1 + MONTHS[unit] * count * place, YEAR)
        year = local.year + years
        local = local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
    return local.replace(tzinfo=ZoneInfo(anchor.time_zone)).astimezone(UTC)


def _around(duration: str, anchor: Anchor, now: datetime) -> Period:
    count, unit = in_units(duration)
    local = plain(now).astimezone(ZoneInfo(anchor.time_zone)).replace(tzinfo=None)
    first = anchor.start_time
    if unit in DAYS:
        place = (local - first) // timedelta(days=DAYS[unit] * count)
    else:
        place = ((local.year - first.year) * YEAR + local.month - first.month) // (MONTHS[unit] * count)
    bounds = [_boundary(duration, anchor, near) for near in range(place - 1, place + 3)]
    at = bisect_right(bounds, now) - 1
    return _period(bounds[at], bounds[at + 1], duration, anchor)


@lru_cache(maxsize=4096)
def _period(start: datetime, end: datetime, duration: str, anchor: Anchor) -> Period:
    return Period(start, end, _name(start, end, duration, anchor))


def _name(start: datetime, end: datetime, duration: str, anchor: Anchor) -> str:
    """`November 2026`, `Q4 2026`, `2026`; of any other its first and its last day."""
    zone = ZoneInfo(anchor.time_zone)
    first, last = start.astimezone(zone), (end - TICK).astimezone(zone)
    if first.day == 1 and anchor.start_time.day == 1 and not (first.hour or first.minute or first.second):
        if duration == "1M":
            return f"{first:%B %Y}"
        if duration in {"1Q", "3M"} and first.month % 3 == 1:
            return f"Q{first.month // 3 + 1} {first.year}"
        if duration in {"1Y", "12M", "4Q"} and first.month == 1:
            return f"{first.year}"
    return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
