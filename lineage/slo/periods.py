"""Windows on a calendar: the month or quarter that an instant lies in, in its zone, with days of 23 and 25 hours.

Alerts look back from now, over as long as the window is: what burns at midnight burns on the first of the month too.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

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
    return now - slo.window if period is None else _open(slo, period.start)


def until(slo: DataSLO, now: datetime) -> datetime:
    """The last instant up to which the window of *slo* counts what was due: *now*, or less where verdicts settle."""
    period = period_at(slo, now)
    return min(now, _open(slo, period.end)) if period is not None and slo.settles else now


def _open(slo: DataSLO, border: datetime) -> datetime:
    return last_before(slo, border) - TICK


def last_before(slo: DataSLO, border: datetime) -> datetime:
    """What is due before it can be judged before *border*."""
    return border - slo.settles


def reach(slo: DataSLO, now: datetime) -> datetime:
    """How far back *slo* is judged, open: its window, and as far as alerts look back from *now*."""
    return min(now - slo.window, begin(slo, now))


def length_at(slo: DataSLO, now: datetime) -> timedelta:
    """How long the window of *slo* is at *now*."""
    period = period_at(slo, now)
    return slo.window if period is None else period.length


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
