"""Times as they are kept in SQLite: whole microseconds since 1970 UTC, which sort, compare and come back exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """*at*, which is aware, as it is kept."""
    return (at - EPOCH) // MICROSECOND


def instant(microseconds: int) -> datetime:
    """What was kept as *microseconds*, in UTC. Raises OverflowError outside the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=microseconds)
