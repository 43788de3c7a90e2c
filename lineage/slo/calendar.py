"""When data is due: a cron in a zone as intervals, each with its deadline; right on the days the clocks change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from croniter import croniter

from lineage.slo.spec import Schedule

DECEMBER = 12
SECONDS = len("2026-11-21T05:30:00")
LEAP_CYCLE_MONTHS = 12 * 8 + 1  # 29 February returns within eight years, also around 1900 and 2100


class Occurrence(NamedTuple):
    """One expected delivery: the data of [start, end), due at *due*. All UTC. Not *expected*: its date is skipped."""

    start: datetime
    end: datetime
    due: datetime
    expected: bool

    @property
    def name(self) -> str:
        """Its stable name: the nominal start, in UTC."""
        return f"{self.start.isoformat()[:SECONDS]}Z"


def occurrences(schedule: Schedule, since: datetime, now: datetime) -> list[Occurrence]:
    """The occurrences due after *since* that have begun by *now*, by due; the last may be due after *now*.

    Each interval ends where the next begins, so that a day may have 23 or 25 hours (SLO.md b.6).
    """
    first_end = since.astimezone(UTC) - schedule.deadline
    begun = now.astimezone(UTC)
    earlier = next(_starts_back(schedule, first_end))
    later = _starts_on(schedule, first_end)
    found: list[Occurrence] = []
    for start, end in pairwise(chain((earlier,), later)):
        if start > begun:
            break
        found.append(Occurrence(start, end, end + schedule.deadline, _expected(schedule, start)))
    return found


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first deadline after *after* whose date is not skipped."""
    first_end = after.astimezone(UTC) - schedule.deadline
    bounds = pairwise(chain((next(_starts_back(schedule, first_end)),), _starts_on(schedule, first_end)))
    return next(end + schedule.deadline for start, end in bounds if _expected(schedule, start))


def spacing(schedule: Schedule, near: datetime) -> timedelta:
    """The mean distance of occurrences in the 28 days before the month of *near*, or of two where fewer fall there."""
    return _spacing(schedule, near.year, near.month)


@lru_cache(maxsize=512)
def _spacing(schedule: Schedule, year: int, month: int) -> timedelta:
    starts = _starts_back(schedule, datetime(year, month, 1, tzinfo=UTC))
    newest = oldest = next(starts)
    count = 0
    for start in starts:
        oldest, count = start, count + 1
        if newest - start >= timedelta(days=28):
            break
    return (newest - oldest) / count


def _expected(schedule: Schedule, start: datetime) -> bool:
    skip = schedule.calendar.skip
    return not skip or start.astimezone(ZoneInfo(schedule.timezone)).date() not in skip


def _starts_on(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """Starts after *after*, forwards without end."""
    year, month = after.year, after.month
    year, month = (year, month - 1) if month > 1 else (year - 1, DECEMBER)  # a zone behind UTC is still in it
    newest = after
    while True:
        starts = _starts_in(schedule.cron, schedule.timezone, year, month)
        for start in starts[bisect_right(starts, newest) :]:
            newest = start
            yield start
        year, month = (year, month + 1) if month < DECEMBER else (year + 1, 1)


def _starts_back(schedule: Schedule, until: datetime) -> Iterator[datetime]:
    """Starts at or before *until*, backwards."""
    year, month = until.year, until.month
    year, month = (year, month + 1) if month < DECEMBER else (year + 1, 1)  # a zone ahead of UTC is already in it
    oldest = until + timedelta(microseconds=1)
    for _ in range(LEAP_CYCLE_MONTHS * 2):
        starts = _starts_in(schedule.cron, schedule.timezone, year, month)
        for start in reversed(starts):
            if start < oldest:
                oldest = start
                yield start
        year, month = (year, month - 1) if month > 1 else (year - 1, DECEMBER)


@lru_cache(maxsize=4096)
def _starts_in(cron: str, zone_name: str, year: int, month: int) -> tuple[datetime, ...]:
    """The starts of one local month, in UTC, sorted and distinct.

    Cron is asked for local wall time. A time that does not exist is shifted forward by the gap; one that comes twice
    counts once, the first time, except where the hour field is a `*`: what runs every hour runs in both.
    """
    zone = ZoneInfo(zone_name)
    first = datetime(year, month, 1)  # noqa: DTZ001 - wall time, the zone comes below
    after = (first + timedelta(days=31)).replace(day=1)
    folds = (0, 1) if cron.split()[1].startswith("*") else (0,)
    starts: set[datetime] = set()
    for local in croniter(cron, first - timedelta(seconds=1)).all_next(datetime):
        if local >= after:
            break
        # PEP 495: fold 0 reads a missing time with the offset before the gap, which shifts it forward.
        exists = local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
        starts.update(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (folds if exists else (0,)))
    return tuple(sorted(starts))
