"""How far a question looks: the events and the words of people up to an event time, a receipt and a lead."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from lineage.database.times import microseconds
from lineage.store._codes import EVER


class Cut(NamedTuple):
    """The events with event time <= *as_of* that were received by *known_at*; all in microseconds.

    And of which the event time is at most *lead* after the receipt. Which names are one, and what is hidden, takes no
    account of it.
    """

    as_of: int = EVER
    known_at: int = EVER
    lead: int = EVER

    @property
    def whole(self) -> bool:
        """True when no event is cut off."""
        return self == (EVER, EVER, EVER)

    @property
    def clocks(self) -> tuple[int, int]:
        """How far it reaches by either clock, whatever the lead."""
        return self.as_of, self.known_at


def cut(as_of: datetime | None, known_at: datetime | None, lead: int = EVER) -> Cut:
    """The cut that a question asks for; None cuts nothing."""
    until, heard = (EVER if each is None else microseconds(each) for each in (as_of, known_at))
    return Cut(until, heard, lead)


def window(since: datetime | None, until: datetime | None, known_at: datetime | None, lead: int) -> dict[str, int]:
    """How a filter names the span since < time <= until, the receipt and the lead: in microseconds; None is open."""
    at = cut(until, known_at, lead)
    begin = -EVER if since is None else microseconds(since)
    return {"since": begin, "until": at.as_of, "known_at": at.known_at, "lead": lead}


def lead_of(by: timedelta) -> int:
    """*by* in microseconds."""
    return by // timedelta(microseconds=1)
