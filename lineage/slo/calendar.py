"""When data is due: a cron in a zone as intervals, each with its deadline; right on the days the clocks change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

from croniter import croniter

from lineage.slo.schedules import Schedule

DECEMBER = 12
TICK = timedelta(microseconds=1)
SECONDS = len("2026-11-21T05:30:00")
LEAP_CYCLE_MONTHS = 12 * 8 + 1  # 29 February returns within eight years, also around 1900 and 2100


class Occurrence(NamedTuple):
    """One expected delivery: the data of [start, end), due at *due*. All UTC. Not *expected*: *because* says why."""

    start: datetime
    end: datetime
    due: datetime
    expected: bool
    because: str = ""

    @property
    def name(self) -> str:
        """Its stable name: the nominal start, in UTC."""
        return f"{self.start.isoformat()[:SECONDS]}Z"


def occurrences(schedule: Schedule, since: datetime, now: datetime) -> list[Occurrence]:
    """The occurrences due after *since* that have begun by *now*, by start; the last may be due after *now*.

    Each interval ends where the next begins, so that a day may have 23 or 25 hours (SLO.md b.6).
    """
    begun = now.astimezone(UTC)
    found: list[Occurrence] = []
    for occurrence in _occurrences(schedule, since):
        if occurrence.start > begun:
            break
        found.append(occurrence)
    return found


def next_due(schedule: Schedule, after: datetime) -> datetime:
    """The first deadline after *after* of an occurrence that is expected."""
    return next(occurrence.due for occurrence in _occurrences(schedule, after) if occurrence.expected)


def upcoming(schedule: Schedule, after: datetime, end: datetime) -> Iterator[datetime]:
    """The deadlines after *after* and before *end* of the occurrences that are expected."""
    for occurrence in takewhile(lambda each: each.start < end, _occurrences(schedule, after)):
        if occurrence.expected and occurrence.due < end:
            yield occurrence.due


def _occurrences(schedule: Schedule, since: datetime) -> Iterator[Occurrence]:
    """The occurrences due after *since*, by start, without end."""
    versions = _versions(schedule)
    first_end = since.astimezone(UTC) - max(version.deadline for version in versions)
    for start, end in pairwise(_starts(versions, first_end)):
        version = _in_force(versions, start)
        if _in_force(versions, end) is not version:  # the last of its schedule may end before the next one's begins
            end = min(end, next(_starts_on(version, start)))  # noqa: PLW2901 - the same end, seen by its own schedule
        due = end + version.deadline
        if due > since:
            yield Occurrence(start, end, due, *_expected(version, start, due))


def _versions(schedule: Schedule) -> list[Schedule]:
    """The schedules, newest first."""
    found: list[Schedule] = []
    each: Schedule | None = schedule
    while each is not None:
        found.append(each)
        each = each.before
    return found


def _in_force(versions: Sequence[Schedule], at: datetime) -> Schedule:
    """Of *versions*, newest first, the one that holds at *at*; the oldest has held from the beginning."""
    return next((each for each in versions[:-1] if each.valid_from is not None and each.valid_from <= at), versions[-1])


def _starts(versions: Sequence[Schedule], until: datetime) -> Iterator[datetime]:
    """The last start at or before *until* and those after it, each of the schedule that is in force then."""
    at = _in_force(versions, until)
    yield _last(versions[versions.index(at) :], until)
    newest = until
    for place in range(versions.index(at), -1, -1):
        ends = versions[place - 1].valid_from if place else None
        for start in _starts_on(versions[place], newest):
            if ends is not None and start >= ends:
                break
            yield start
        newest = newest if ends is None else ends - TICK


def _last(versions: Sequence[Schedule], until: datetime) -> datetime:
    newest = next(_starts_back(versions[0], until))
    since = versions[0].valid_from
    if len(versions) == 1 or since is None or newest >= since:
        return newest
    return _last(versions[1:], since - TICK)


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


def _expected(schedule: Schedule, start: datetime, due: datetime) -> tuple[bool, str]:
    calendar = schedule.calendar
    if calendar.skip and calendar.skips(start.astimezone(ZoneInfo(schedule.timezone)).date()):
        return False, "the calendar skips this date"
    pause = next((each for each in schedule.paused if each.start <= due < each.start + each.duration), None)
    return pause is None, "" if pause is None else f"paused: {pause.reason}"


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
        for start in reversed(starts[: bisect_left(starts, oldest)]):
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
