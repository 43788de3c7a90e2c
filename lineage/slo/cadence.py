"""How often data comes, from when it came: a schedule to propose, never used unless a person writes it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lineage.slo.evidence import Delivery
from lineage.slo.terms import spell

LEAST = 5  # deliveries; of fewer nobody can tell
STEADY = 0.8  # of the gaps, within a tenth of the period of a multiple of it: what was missed leaves a longer one
TOLERANCE = 0.1
RETRY = 0.25  # of the middle gap: what follows that closely is the same delivery again
MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MONTH = timedelta(days=30)
PERIODS = (
    *(number * MINUTE for number in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(number * HOUR for number in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY, WEEK, MONTH),
)
DEADLINES = tuple(number * MINUTE for number in (1, 5, 15, 30, 60, 120, 180, 240, 360, 720))
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
BEGINNING = datetime(1970, 1, 1)  # noqa: DTZ001 - wall time


class Cadence(NamedTuple):
    """A schedule that fits what came; *about* says it for a person, as `every day at 02:10 Europe/Berlin`."""

    cron: str
    timezone: str
    deadline: timedelta
    about: str

    @property
    def schedule(self) -> dict[str, str]:
        """As a definition writes it."""
        return {"cron": self.cron, "timezone": self.timezone, "deadline": spell(self.deadline)}

    @property
    def sentence(self) -> str:
        """What to tell an author who wrote none."""
        written = f'{{cron: "{self.cron}", timezone: {self.timezone}, deadline: {spell(self.deadline)}}}'
        return f"data comes about {self.about}; write schedule: {written}"


def infer(deliveries: Iterable[Delivery], zones: Sequence[str] = ()) -> Cadence | None:
    """What *deliveries* look like; None where they are few, or come as they like.

    Of *zones*, and UTC, the one in whose wall time they are most alike: where the clocks changed, that tells, and else
    it is the first. Where runs name their interval, the schedule is exactly theirs.
    """
    came = sorted((each for each in deliveries if each.refresh and each.window is None), key=lambda each: each.at)
    named = [each for each in came if each.nominal is not None]
    exact = len(named) * 2 > len(came)
    begun = [each.nominal[0].astimezone(UTC) for each in named if each.nominal] if exact else [each.at for each in came]
    times = _apart(begun)
    period = _period([later - earlier for earlier, later in pairwise(times)]) if len(times) >= LEAST else None
    if period is None:
        return None
    zone = min((*zones, "UTC"), key=lambda each: _spread(_phases(times, period, each))) if period >= DAY else "UTC"
    phases = _phases(times, period, zone)
    offset = _offset(phases, period, exact=exact)
    lags = [_lag(each, period) for each in named] if exact else [phase - offset for phase in phases]
    at = _middle(_phases([each.at for each in came], period, zone))
    newest = times[-1].astimezone(ZoneInfo(zone))
    return Cadence(_cron(offset, period, newest), zone, _deadline(lags, period), _about(at, period, newest, zone))


def _middle(spans: Iterable[timedelta]) -> timedelta:
    ordered = sorted(spans)
    return ordered[len(ordered) // 2]


def _apart(times: Iterable[datetime]) -> list[datetime]:
    """*times* by time, without what follows one as closely as a retry does."""
    ordered = sorted(set(times))
    close = RETRY * _middle([later - earlier for earlier, later in pairwise(ordered)]) if len(ordered) > 1 else MINUTE
    kept: list[datetime] = []
    for time in ordered:
        if not kept or time - kept[-1] > close:
            kept.append(time)
    return kept


def _period(gaps: Sequence[timedelta]) -> timedelta | None:
    """The usual span that nearly all *gaps* are a multiple of, and the middle one is."""
    middle = _middle(gaps)
    period = min(PERIODS, key=lambda each: abs(each - middle))
    steady = sum(abs(gap - max(1, round(gap / period)) * period) <= TOLERANCE * period for gap in gaps)
    return period if abs(middle - period) <= TOLERANCE * period and steady >= STEADY * len(gaps) else None


def _phases(times: Sequence[datetime], period: timedelta, zone: str) -> list[timedelta]:
    """How far into its period, or its local day, each is, seen from the first one so that midnight is no wall."""
    size = min(period, DAY)
    found = [(time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - BEGINNING) % size for time in times]
    return [found[0] + (each - found[0] + size / 2) % size - size / 2 for each in found]


def _spread(phases: Sequence[timedelta]) -> timedelta:
    """The mean distance from the middle."""
    middle = _middle(phases)
    return sum((abs(each - middle) for each in phases), timedelta(0)) / len(phases)


def _offset(phases: Sequence[timedelta], period: timedelta, *, exact: bool) -> timedelta:
    """Where in its period an interval begins: as runs say, else on the hour before all but the earliest few came."""
    if exact:
        return _middle(phases)
    early = sorted(phases)[len(phases) // 20]
    return early // HOUR * HOUR if period > HOUR else timedelta(0)


def _lag(delivery: Delivery, period: timedelta) -> timedelta:
    """How long after the end of its interval it came."""
    assert delivery.nominal is not None, "only those that have one are asked"
    start, end = delivery.nominal
    return max(delivery.at - (end or start + period), timedelta(0))


def _cron(offset: timedelta, period: timedelta, newest: datetime) -> str:
    hour, minute = divmod(offset % min(period, DAY) // MINUTE, 60)
    if period < HOUR:
        return "* * * * *" if period == MINUTE else f"*/{period // MINUTE} * * * *"
    if period < DAY:
        every = period // HOUR
        hours = "*" if every == 1 else f"*/{every}" if not hour else f"{hour}-23/{every}"
        return f"{minute} {hours} * * *"
    if period == DAY:
        return f"{minute} {hour} * * *"
    return f"{minute} {hour} * * {newest.isoweekday() % 7}" if period == WEEK else f"{minute} {hour} {newest.day} * *"


def _deadline(lags: Sequence[timedelta], period: timedelta) -> timedelta:
    """Twice what nineteen of twenty took, rounded up to a usual span that is shorter than the period."""
    slow = sorted(lags)[len(lags) * 19 // 20]
    usual = [each for each in DEADLINES if each < period] or [MINUTE]
    return next((each for each in usual if each >= 2 * slow), usual[-1])


def _about(at: timedelta, period: timedelta, newest: datetime, zone: str) -> str:
    if period < HOUR:
        return "every minute" if period == MINUTE else f"every {period // MINUTE} minutes"
    if period < DAY:
        return "every hour" if period == HOUR else f"every {period // HOUR} hours"
    hour, minute = divmod(at % DAY // MINUTE, 60)
    when = f"at {hour:02}:{minute:02} {zone}"
    if period == DAY:
        return f"every day {when}"
    return (
        f"every {WEEKDAYS[newest.isoweekday() % 7]} {when}"
        if period == WEEK
        else f"each month, on day {newest.day} {when}"
    )
