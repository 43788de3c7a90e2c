"""An instant that notes up to when all that is decided by it would be decided alike. Pure.

A judgement of stored events depends on the time of day only where it compares it: is this due, is that still within a
window. `Lasting` is the instant that it is given; afterwards `lasts_until` says when the first of these comparisons
comes out otherwise. Until then the judgement stands, whatever was judged and by which indicator.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, overload

NOTHING = timedelta(0)
TICK = timedelta(microseconds=1)
DECEMBER = 12


class Lasting(datetime):
    """A datetime in UTC. Adding and subtracting a timedelta gives one that moves along, and notes to the same end.

    Who does more than compare, who reads the hour or formats it, depends on this very instant.
    """

    at: datetime
    ahead: timedelta
    first: datetime | None  # the least instant at which a comparison with this one comes out otherwise
    family: list[Lasting]

    def __new__(cls, now: datetime, ahead: timedelta = NOTHING, family: list[Lasting] | None = None) -> Lasting:  # noqa: PYI034 - no subclass of it is made
        """*now*, which is *ahead* of the first of its *family*."""
        at = now.astimezone(UTC)
        made = super().__new__(
            cls, at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, tzinfo=UTC
        )
        made.at, made.ahead, made.first = at, ahead, None
        made.family = [] if family is None else family
        made.family.append(made)
        return made

    @property
    def lasts_until(self) -> datetime | None:
        """From when on the same questions may be answered otherwise; None: never."""
        found = [each.first - each.ahead for each in self.family if each.first is not None]
        return min(found, default=None)

    def _reach(self, other: object) -> None:
        """Note that the answer may be another once this reaches *other*."""
        if type(other) is datetime and other > self.at and (self.first is None or other < self.first):
            self.first = other

    def _pass(self, other: object) -> None:
        """Note that the answer may be another once this is past *other*."""
        if type(other) is datetime and other >= self.at and (self.first is None or other < self.first):
            self.first = other + TICK

    def __lt__(self, other: date, /) -> bool:
        self._reach(other)
        return self.at < plain(other)

    def __le__(self, other: date, /) -> bool:
        self._pass(other)
        return self.at <= plain(other)

    def __gt__(self, other: date, /) -> bool:
        self._pass(other)
        return self.at > plain(other)

    def __ge__(self, other: date, /) -> bool:
        self._reach(other)
        return self.at >= plain(other)

    def __eq__(self, other: object, /) -> bool:
        (self._pass if other == self.at else self._reach)(other)
        return self.at == (plain(other) if isinstance(other, datetime) else other)

    def __hash__(self) -> int:
        return hash(self._now())

    def __add__(self, other: timedelta, /) -> Lasting:
        return Lasting(self.at + other, self.ahead + other, self.family)

    __radd__ = __add__

    @overload  # type: ignore[override]  # typeshed would have Self of both
    def __sub__(self, other: timedelta, /) -> Lasting: ...
    @overload
    def __sub__(self, other: datetime, /) -> timedelta: ...
    def __sub__(self, other: timedelta | datetime, /) -> Lasting | timedelta:
        if isinstance(other, timedelta):
            return Lasting(self.at - other, self.ahead - other, self.family)
        if isinstance(other, Lasting):
            return self.at - other.at
        return self._now() - other

    def __rsub__(self, other: datetime, /) -> timedelta:
        return other - self._now()

    @property
    def year(self) -> int:
        """Of it nothing more is read than when the next begins."""
        self._reach(datetime(self.at.year + 1, 1, 1, tzinfo=UTC))
        return self.at.year

    @property
    def month(self) -> int:
        """Of it nothing more is read than when the next begins."""
        year, month = self.at.year, self.at.month
        self._reach(datetime(year + month // DECEMBER, month % DECEMBER + 1, 1, tzinfo=UTC))
        return month

    def astimezone(self, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # typeshed would have Self
        """In UTC it is itself, elsewhere this very instant."""
        return self if tz is UTC else self._now().astimezone(tz)

    def _now(self) -> datetime:
        """This very instant: what comes of it may be another with the next."""
        self.first = self.at
        return self.at


def plain(at: date) -> datetime:
    """*at* itself, of which nobody notes what comes: for words that are found again at every instant."""
    if type(at) is Lasting:
        return at.at
    assert isinstance(at, datetime), "a date is at no instant"
    return at


def _read(name: str) -> Any:
    """What a datetime has under *name*, of this very instant."""
    return property(lambda self: getattr(self._now(), name))


# All else that a datetime can be asked, read by whoever does more than compare.
for _name in (
    *("day", "hour", "minute", "second", "microsecond", "fold", "date", "time", "timetz", "timestamp", "timetuple"),
    *("utctimetuple", "toordinal", "weekday", "isoweekday", "isocalendar", "isoformat", "ctime", "strftime", "replace"),
    *("__str__", "__repr__", "__format__", "__reduce_ex__"),
):
    setattr(Lasting, _name, _read(_name))
