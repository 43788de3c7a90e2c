"""How far a question looks: the events and the words of people up to an event time and a receipt."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from lineage.database.times import microseconds
from lineage.store._codes import EVER


class Cut(NamedTuple):
    """The events with event time <= *as_of* that were received by *known_at*; both in microseconds."""

    as_of: int = EVER
    known_at: int = EVER

    @property
    def whole(self) -> bool:
        """True when no event is cut off."""
        return self == (EVER, EVER)


def cut(as_of: datetime | None, known_at: datetime | None) -> Cut:
    """The cut that a question asks for; None cuts nothing."""
    return Cut(EVER if as_of is None else microseconds(as_of), EVER if known_at is None else microseconds(known_at))


def window(since: datetime | None, until: datetime | None, known_at: datetime | None) -> dict[str, int]:
    """How a filter names the span since < time <= until, and the receipt: in microseconds; None is open."""
    at = cut(until, known_at)
    return {"since": -EVER if since is None else microseconds(since), "until": at.as_of, "known_at": at.known_at}
