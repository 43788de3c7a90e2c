"""The story of the example estate: when it begins, what once went wrong, how many rows a table gets.

No dice: names and times decide, so that the same story tells the same events.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from lineage.estate.world import TABLES

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY_TO_SUNDAY = (1.0, 0.98, 1.0, 1.03, 1.12, 0.86, 0.8)

# What is remembered of the last four weeks, as (days ago, hours of the day).
LATE_ACQUIRER = (17, (9, 10))
LATE_WAREHOUSE = 12
MISSING_SHOP = 15
WRONG_SIGNS = (9, (13, 14))
BLOCKED_TRACKER = (4, (16, 17, 18))
KILLED_DRIVER = 6

HOURLY_FILES = frozenset({"raw.orders", "raw.payments", "raw.sessions", "stg.payments", "stg.settlements"})


@dataclass(frozen=True, slots=True)
class Story:
    """When the example begins, when it is *now*, and since when the settlements do not load any more."""

    now: datetime
    days: int = 28

    @property
    def begin(self) -> datetime:
        """Midnight UTC, *days* ago."""
        return (self.now - self.days * DAY).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def broken_since(self) -> datetime:
        """The first hour whose settlements did not load; at *now* three later ones are overdue as well."""
        return self.now.replace(minute=0, second=0, microsecond=0) - 4 * HOUR

    def days_ago(self, at: datetime) -> int:
        """How many calendar days (UTC) *at* lies before *now*."""
        return (self.now.date() - at.date()).days

    def remembers(self, at: datetime, what: tuple[int, tuple[int, ...]]) -> bool:
        """Whether *at* lies in one of the hours of *what*."""
        days, hours = what
        return self.days_ago(at) == days and at.hour in hours

    def delay(self, pipeline: str, nominal: datetime) -> timedelta:
        """How much later than planned the run of *pipeline* for *nominal* starts."""
        if pipeline in {"settlements", "revenue_hourly"} and self.remembers(nominal, LATE_ACQUIRER):
            return timedelta(minutes=74)
        if pipeline == "warehouse" and self.days_ago(nominal) == LATE_WAREHOUSE:
            return timedelta(hours=2, minutes=20)
        return timedelta(seconds=round(20 * chance(pipeline, nominal)))

    def rows(self, key: str, nominal: datetime) -> int:
        """How many rows the table *key* gets for the interval that begins at *nominal*."""
        table = TABLES[key]
        hourly = table.kind == "TOPIC" or key in HOURLY_FILES
        curve = 1 + 0.55 * math.sin((nominal.hour - 9) / 24 * 2 * math.pi) if hourly else 1.0
        noise = 0.97 + 0.06 * chance(key, nominal)
        return round(table.rows * MONDAY_TO_SUNDAY[nominal.weekday()] * curve * noise * self._slump(key, nominal))

    def _slump(self, key: str, nominal: datetime) -> float:
        if key in {"sessions.v1", "raw.sessions"} and self.remembers(nominal, BLOCKED_TRACKER):
            return 0.52
        if key == "mart.orders_daily" and self.days_ago(nominal) == MISSING_SHOP:
            return 0.71
        return 1.0


def chance(*of: object) -> float:
    """A number in [0, 1) that is always the same for the same words."""
    return zlib.crc32(repr(of).encode()) / 2**32
