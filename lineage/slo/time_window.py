"""The window of an objective: one that rolls, or those of a calendar in a zone, as OpenSLO writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema, model_validator

from lineage.slo.terms import Strict, Zone, in_units, parse_duration, spell

WALL_TIME = "%Y-%m-%d %H:%M:%S"
ON_CALENDAR = "dwMQY"  # what a calendar has, of the letters of a duration


def positive(span: timedelta) -> timedelta:
    """*span*, which is longer than nothing. Raises ValueError."""
    if span <= timedelta(0):
        raise ValueError("a window must be longer than nothing; write 28d")
    return span


_length = cache(parse_duration)


def _window_length(given: object) -> str:
    positive(span := parse_duration(given))
    return str(given).strip() if isinstance(given, str) else spell(span)


def _wall_time(given: object) -> object:
    if type(given) is date:
        return datetime(given.year, given.month, given.day)  # noqa: DTZ001 - wall time, the zone stands beside it
    if isinstance(given, datetime) and given.tzinfo is None:
        return given.replace(microsecond=0)
    try:
        return datetime.strptime(str(given), WALL_TIME)  # noqa: DTZ007 - as above
    except ValueError:
        raise ValueError(
            f"{str(given)!r} is no start; write it as 2026-01-01 00:00:00, in the time of timeZone"
        ) from None


class Anchor(Strict):
    """Where one of the windows on a calendar begins, in the wall time of a zone; the others lie before and after."""

    start_time: Annotated[
        datetime,
        BeforeValidator(_wall_time),
        PlainSerializer(lambda at: at.strftime(WALL_TIME)),
        WithJsonSchema({"type": "string", "examples": ["2026-01-01 00:00:00"]}),
    ]
    time_zone: Zone


class TimeWindow(Strict):
    """The window over which the objective holds: it rolls, or it is one of those of a *calendar* (SLO.md b.7).

    *duration* is as written; of a rolling one in days, hours or minutes.
    """

    duration: Annotated[
        str,
        BeforeValidator(_window_length),
        WithJsonSchema({"type": "string", "pattern": r"^\s*\d+[mhdwMQY]\s*$", "examples": ["28d", "1M"]}),
    ]
    is_rolling: bool
    calendar: Anchor | None = None

    @property
    def length(self) -> timedelta:
        """How long it is: on a calendar about, where a month is 30 days."""
        return _length(self.duration)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.is_rolling == (self.calendar is not None):
            wanted = "isRolling: true, or false with calendar: {startTime: 2026-01-01 00:00:00, timeZone: UTC}"
            raise ValueError(f"a window rolls or has a calendar; write {wanted}")
        if self.calendar is not None and in_units(self.duration)[1] not in ON_CALENDAR:
            minutes = " (m is a minute, M a month)" if self.duration.endswith("m") else ""
            wanted = "write whole d, w, M, Q or Y, as in 1M"
            raise ValueError(f"a calendar has no windows of {self.duration}{minutes}; {wanted}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _rolling_alike(cls, given: Any) -> Any:
        """A rolling month is 30 days, however it is written."""
        rolls = isinstance(given, Mapping) and (given.get("isRolling", given.get("is_rolling")) is True)
        if not rolls:
            return given
        try:
            return {**given, "duration": spell(parse_duration(given["duration"]))}
        except (KeyError, ValueError):
            return given
