"""What waits, beside the numbers of an SLO: rows that a copy lacks, records in a queue of dead letters. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

MICROSECOND = timedelta(microseconds=1)
NONE = Fraction(0)


@dataclass(frozen=True, slots=True)
class Backlog:
    """*count* rows or records wait, None where nobody counted; the oldest since *oldest_at*, None where nothing does.

    *reason* says why something is not known.
    """

    count: int | None
    oldest_at: datetime | None
    reason: str = ""

    def age_s(self, at: datetime) -> Fraction | None:
        """For how many seconds the oldest had waited at *at*: 0 where nothing waits, None where nobody knows."""
        if self.oldest_at is None:
            return NONE if self.count == 0 else None
        return max(NONE, Fraction((at - self.oldest_at) // MICROSECOND, 1_000_000))
