"""When data is expected: cron in a zone, days that are skipped, pauses, and the schedules before (SLO.md b.6, c.2)."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Self

from croniter import CroniterBadDateError, croniter
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lineage.slo.terms import Duration, Instant, Strict, Zone
from lineage.slo.time_window import positive

SATURDAY = 5


def _cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):  # noqa: PLR2004 - minute hour day month weekday
        raise ValueError(f"{text!r} is not a cron expression; write five fields, as in 0 2 * * *")
    try:
        croniter(text).get_next()
    except CroniterBadDateError:
        raise ValueError(f"{text!r} names a date that never comes; write one that does, as in 0 2 * * *") from None
    return text


def _skipped(day: object) -> object:
    if day == "holidays":
        raise ValueError("which days these are stands in a file beside an SLO's, and this text has none; write 12-25")
    if day == "weekends" or isinstance(day, date):
        return day
    if isinstance(day, str) and re.fullmatch(r"\d\d-\d\d", day):
        date.fromisoformat(f"2000-{day}")
        return day
    try:
        return date.fromisoformat(str(day))
    except ValueError:
        raise ValueError(f"{day!r} is no day; write 2026-12-25, 12-25 for every year, or weekends") from None


class Calendar(Strict):
    """Local dates whose occurrences are not expected: days, days of every year as `12-25`, and `weekends`."""

    skip: tuple[Annotated[date | str, BeforeValidator(_skipped)], ...] = ()

    def skips(self, day: date) -> bool:
        """Whether nothing is expected of *day*."""
        if day in self.skip or f"{day:%m-%d}" in self.skip:
            return True
        return day.weekday() >= SATURDAY and "weekends" in self.skip


class Pause(Strict):
    """From *start* on, for *duration*, the job was stopped on purpose: what falls due is not expected, and why."""

    start: Instant
    duration: Annotated[Duration, AfterValidator(positive)]
    reason: str = Field(min_length=1)


class Schedule(Strict):
    """When data is expected: intervals between two cron times in a zone, each due *deadline* after its end.

    In force from *valid_from*; until then what stands in *before* was. An occurrence keeps the schedule that made it.
    """

    cron: Annotated[str, AfterValidator(_cron)]
    timezone: Zone = "UTC"
    calendar: Calendar = Calendar()
    deadline: Duration
    paused: tuple[Pause, ...] = ()
    valid_from: Instant | None = None
    before: Schedule | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        earlier = self.before
        if earlier is None:
            return self
        if self.valid_from is None or (earlier.valid_from is not None and earlier.valid_from >= self.valid_from):
            raise ValueError(
                "a schedule with one before it says since when; write validFrom, later than that of before"
            )
        return self

    def after(self, earlier: Schedule, now: datetime | None) -> Schedule:
        """This schedule in force from *now*, *earlier* until then; one that says itself since when is left as it is.

        One that is like *earlier*, but for what was before that, has been in force since *earlier* was. Without *now* a
        new one is as if it had always been.
        """
        if self.valid_from is not None:
            return self
        if self == earlier.model_copy(update={"valid_from": None, "before": None}):
            return earlier
        if now is None:
            return self
        return self.model_copy(update={"valid_from": now, "before": earlier})
