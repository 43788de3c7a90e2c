"""Baseline: how many rows are usual, by what the same season brought before (SLO.md b.8). Exact, and robust."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from lineage.slo.calendar import Occurrence
from lineage.slo.indicators._robust import LEAST, deviations, median, sigma, theil_sen, z_score
from lineage.slo.schedules import SATURDAY, Calendar, Schedule
from lineage.slo.terms import Ratio, Strict

MAD_TO_SIGMA = Fraction(14_826, 10_000)

NOISY = Fraction(1, 5)  # deviations of the baseline, above which -20 % comes on ordinary days
TREND = Fraction(1, 10)  # of the baseline in a week, above which it is followed
WEEK, MONTH = timedelta(days=7), timedelta(days=31)
SUNDAY = 6
SECOND = timedelta(seconds=1)
WEEK_S = WEEK // SECOND


Season = Literal["day_of_week", "hour_of_week", "day_of_month", "business_day"]


class Seasonal(Strict):
    """The median of the last *history* occurrences of the same season; below *min_history* the previous occurrence.

    `business_day` counts the days of a month that are no weekend and that the calendar does not skip. On *holidays*,
    written as a calendar is, as much is usual as on Sundays, and no other day learns from them.
    """

    mode: Literal["seasonal"]
    season: Season = "day_of_week"
    history: int = Field(8, ge=1, le=52)
    min_history: int = Field(4, ge=1, le=52)
    holidays: Calendar = Calendar()

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_history > self.history:
            raise ValueError("minHistory is more than history; write it smaller")
        if self.holidays != Calendar() and self.season not in {"day_of_week", "hour_of_week"}:
            raise ValueError("holidays borrow from Sundays, which only weeks have; write season: day_of_week")
        return self

    @property
    def reach(self) -> timedelta:
        """How far back it looks."""
        return (WEEK if self.season.endswith("_week") else MONTH) * (self.history + 1)


class Robust(Strict):
    """A drop of *min_effect* or more is bad as well when it lies *z_max* robust deviations below the median.

    With *direction* `both` so is a rise.
    """

    z_max: Annotated[Ratio, Field(gt=0)] = Fraction(7, 2)
    direction: Literal["drop", "both"] = "drop"
    min_effect: Annotated[Ratio, Field(ge=0, le=1)] = Fraction(1, 20)


class Basis(NamedTuple):
    """What an occurrence is held against, where that is known, and what made it."""

    rows: Fraction | None
    how: str
    history: tuple[int | Fraction, ...] = ()
    events: tuple[str, ...] = ()  # that prove it, where others than those of the occurrence do


class Point(NamedTuple):
    """An earlier occurrence: its rows by its close, and from when on it is no longer a point to learn from."""

    occurrence: Occurrence
    rows: int | None
    close: datetime
    spoilt_at: datetime | None = None


class Baseline:
    """What is usual, for each of *points*, which follow each other; *alien* ones teach nobody anything."""

    def __init__(self, seasonal: Seasonal, schedule: Schedule, points: Sequence[Point], alien: Sequence[bool]) -> None:
        self._wanted, self._points = seasonal, points
        seasons = _Seasons(seasonal, schedule)
        days = [seasons.local(point.occurrence) for point in points]
        self._seasons = [seasons.of(day) for day in days]
        self._known = [place for place, point in enumerate(points) if point.rows is not None and not alien[place]]
        self._alike: dict[object, list[int]] = {}
        for place in self._known:
            if not seasons.holiday(days[place]):
                self._alike.setdefault(self._seasons[place], []).append(place)

    def of(self, place: int) -> Basis:
        """What the occurrence at *place* is held against; it is itself no part of that, nor is what came later."""
        point = self._points[place]
        alike = self._alike.get(self._seasons[place], [])
        found: list[Point] = []
        oldest = point.occurrence.start - self._wanted.reach  # however far back the evidence happens to go
        for earlier in reversed(alike[: bisect_left(alike, place)]):
            each = self._points[earlier]
            if each.occurrence.start < oldest:
                break
            if each.spoilt_at is None or each.spoilt_at > point.close:
                found.append(each)
            if len(found) == self._wanted.history:
                break
        if len(found) >= self._wanted.min_history:
            return _usual(found, point.occurrence.start)
        before = bisect_left(self._known, place)
        if not before or self._points[self._known[before - 1]].occurrence.start < oldest:
            return Basis(None, "nothing earlier to compare with")
        how = f"low confidence: the one before, as only {len(found)} of the same season are known"
        return Basis(Fraction(self._points[self._known[before - 1]].rows or 0), how)


class _Seasons:
    """What must be alike for one occurrence to be held against another, in the schedule's own zone."""

    def __init__(self, seasonal: Seasonal, schedule: Schedule) -> None:
        self._seasonal, self._schedule, self._zone = seasonal, schedule, ZoneInfo(schedule.timezone)
        self._holidays = seasonal.holidays if seasonal.holidays.skip else None

    def holiday(self, at: datetime) -> bool:
        return self._holidays is not None and self._holidays.skips(at.date())

    def local(self, occurrence: Occurrence) -> datetime:
        return occurrence.start.astimezone(self._zone)

    def of(self, at: datetime) -> object:
        weekday = SUNDAY if self.holiday(at) else at.weekday()
        match self._seasonal.season:
            case "day_of_week":
                return weekday
            case "hour_of_week":
                return weekday, at.hour
            case "day_of_month":
                return at.day
            case "business_day":
                return self._worked(at.date()), sum(
                    self._worked(at.date().replace(day=day + 1)) for day in range(at.day)
                )

    def _worked(self, day: date) -> bool:
        return day.weekday() < SATURDAY and not self._schedule.calendar.skips(day)


def _usual(found: Sequence[Point], at: datetime) -> Basis:
    """The median of *found*, carried on to *at* where they rise or fall by more than a tenth in a week."""
    rows: list[int | Fraction] = [point.rows or 0 for point in found]
    how = f"the median of {len(rows)} of the same season"
    middle = median(rows)
    if slope := _trend(found, middle):
        rows = [
            each + slope * ((at - point.occurrence.start) // SECOND) for each, point in zip(rows, found, strict=True)
        ]
        how, middle = f"{how}, by their trend", median(rows)
    usual = max(middle, Fraction(0))
    if len(rows) >= LEAST and MAD_TO_SIGMA * median(deviations(rows, usual)) > NOISY * usual * usual.denominator:
        how = f"{how}, which are so unlike each other that -20 % is an ordinary day"
    return Basis(usual, how, tuple(rows))


def _trend(found: Sequence[Point], usual: Fraction) -> Fraction | None:
    """By how many rows a second they change, by the median of all pairs (Theil and Sen); None: by no more than TREND.

    No pair changes faster than the whole range between two neighbours: that alone rules most out.
    """
    if len(found) < LEAST or not usual:
        return None
    heights = [each.rows or 0 for each in found]
    if max(heights) == min(heights):
        return None
    points = [((each.occurrence.start - found[-1].occurrence.start) // SECOND, each.rows or 0) for each in found]
    apart = min(abs(one[0] - other[0]) for one, other in pairwise(points))
    if (max(heights) - min(heights)) * WEEK_S <= TREND * usual * apart:
        return None
    slope = theil_sen(points)
    return slope if abs(slope) * WEEK_S > TREND * usual else None


def ordinary(robust: Robust, basis: Basis) -> tuple[Fraction, Fraction] | None:
    """From and up to how many rows lie within `zMax` deviations of the expected ones; None: too little is known."""
    spread = sigma(basis.history) if len(basis.history) >= LEAST else None
    if spread is None or basis.rows is None:
        return None
    reach = robust.z_max * spread
    return max(Fraction(0), basis.rows - reach), basis.rows + reach


def outlying(robust: Robust, rows: int, basis: Basis) -> bool:
    """Whether *rows* lie so far from the median, and by so much, that somebody should look (SLO.md b.8).

    Of fewer than four points, and where two deviations of 0 leave z undefined, the plain ratio alone decides.
    """
    if len(basis.history) < LEAST or not basis.rows:
        return False
    effect = robust.min_effect * basis.rows
    dropped, rose = rows <= basis.rows - effect, robust.direction == "both" and rows >= basis.rows + effect
    if not dropped and not rose:
        return False
    score = z_score(Fraction(rows), basis.history)
    return score is not None and abs(score) >= robust.z_max
