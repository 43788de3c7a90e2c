"""Windows on a calendar: the month or quarter that an instant lies in, in its zone, with days of 23 and 25 hours.

Alerts look back from now, over as long as the window is: what burns at midnight burns on the first of the month too.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lineage.slo.calendar import upcoming
from lineage.slo.exclusions import Excluded, Exclusion, spans
from lineage.slo.lasting import plain
from lineage.slo.spec import DataSLO
from lineage.slo.terms import in_units
from lineage.slo.time_window import Anchor

TICK = timedelta(microseconds=1)
MONTHS = {"M": 1, "Q": 3, "Y": 12}
DAYS = {"d": 1, "w": 7}
YEAR = 12


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
    return now - slo.window if period is None else period.start - TICK


def reach(slo: DataSLO, now: datetime) -> datetime:
    """How far back *slo* is judged, open: its window, and as far as alerts look back from *now*."""
    back, period = now - slo.window, period_at(slo, now)
    return back if period is None or back <= period.start - TICK else period.start - TICK


def length_at(slo: DataSLO, now: datetime) -> timedelta:
    """How long the window of *slo* is at *now*."""
    period = period_at(slo, now)
    return slo.window if period is None else period.length


def ahead(slo: DataSLO, now: datetime, last: datetime | None, exclusions: Iterable[Exclusion]) -> int:
    """How many occurrences are yet to fall due in the window of *slo*; 0 where it rolls, or nobody can know.

    *last* is when the newest of it was due: of beats it is those after that, each an interval later. What the calendar
    of the schedule skips, what is paused and what lies in *exclusions* is none of them.
    """
    period, schedule, sli = period_at(slo, now), slo.spec.schedule, slo.spec.sli
    if period is None or sli.unit != "occurrences":
        return 0
    begun = period.start if slo.spec.effective_from is None else max(period.start, slo.spec.effective_from)
    excluded = spans(exclusions, begun, period.end)
    if sli.cadence is not None:
        return _beats(last or begun, period.end, sli.cadence, excluded)
    if schedule is None or not sli.asks_schedule:
        return 0
    dues = (due for due in upcoming(schedule, now, period.end) if due >= begun)
    return sum(not any(each.start <= due < each.end for each in excluded) for due in dues) * sli.grains


def _beats(last: datetime, end: datetime, interval: timedelta, excluded: Iterable[Excluded]) -> int:
    """How many beats come after *last*, an *interval* apart, before *end* and not in what is *excluded*."""

    def before(at: datetime) -> int:
        return max(0, (min(at, end) - TICK - last) // interval)

    found, taken = before(end), last
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
