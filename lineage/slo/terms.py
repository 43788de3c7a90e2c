"""The words every definition shares: strict models, durations as `28d`, ratios without float noise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SerializationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"

# OpenSLO's letters: m is a minute, M a month. In a rolling window a month is 30 days, a quarter 90, a year 365.
UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "M": timedelta(days=30),
    "Q": timedelta(days=90),
    "Y": timedelta(days=365),
}
LONGEST = timedelta(days=36_500)
ALIKE = frozenset({"occurrences", "slices"})  # units of which each verdict is one, judged or not
MOST_DIGITS = 12  # more are above it in any unit
MOST_ZEROS = 100  # that the exponent of a number adds
FIRST_YEAR, LAST_YEAR = 1900, 2999  # of an instant: no span that is added to it, or taken away, leaves the calendar


class Strict(BaseModel):
    """A part of a definition: camelCase as written, snake_case in Python, frozen, and nothing that it does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True, arbitrary_types_allowed=True
    )


class Sli(Strict):
    """What every indicator's own Spec derives from: *type* names its file, *unit* what good and total count."""

    needs_schedule: ClassVar[bool] = True
    takes_schedule: ClassVar[bool] = True
    needs_path: ClassVar[bool] = False
    tells_trend: ClassVar[bool] = False  # its file has a `trend`
    judges_absence: ClassVar[bool] = False  # BAD is also that of which nothing was heard

    type: str
    unit: str = "occurrences"

    @property
    def asks_schedule(self) -> bool:
        """Whether a definition of it must have a schedule: as all of its kind do, unless the indicator says."""
        return self.needs_schedule

    @property
    def cadence(self) -> timedelta | None:
        """The distance of its verdicts where it is not the schedule's; None: as the schedule says, if there is one."""
        return None

    def open_for(self, grace: timedelta) -> timedelta | None:  # noqa: ARG002 - who knows it asks for the grace
        """How long after it was due an occurrence may be judged otherwise because time goes on; None: nobody says."""
        return None

    @property
    def by_schedule(self) -> bool:
        """Whether each occurrence of the schedule has a verdict, where a definition has one."""
        return self.asks_schedule

    @property
    def settles(self) -> timedelta:
        """How long after it is due a verdict can be given, and no earlier: it is of the window in which that is."""
        return timedelta(0)

    @property
    def grains(self) -> int:
        """How many verdicts an occurrence of the schedule has."""
        return 1

    def series(self, occurrence: str) -> str:  # noqa: ARG002 - for those that have several
        """Which of several rows of verdicts, each with the cadence, *occurrence* is of."""
        return ""

    def remark(self, target: Fraction) -> str | None:  # noqa: ARG002 - for those that have something to say
        """One sentence on what is odd about it beside *target*; None: nothing is."""
        return None


def parse_duration(value: object) -> timedelta:
    """`5m`, `28d`, `1M` as a span of time. Raises ValueError that says what to write instead."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d+)([mhdwMQY])", value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write a whole number and one of m h d w M Q Y, as in 5m or 28d")
    unit = UNITS[match[2]]
    if len(match[1]) > MOST_DIGITS or (span := int(match[1])) > LONGEST // unit:
        raise ValueError(f"{value!r} is too long; the longest duration is {spell(LONGEST)}")
    return span * unit


def in_units(text: str) -> tuple[int, str]:
    """`3M` as 3 and `M`: for a calendar, on which a month has no length of its own. *text* is a duration."""
    return int(text[:-1]), text[-1]


def spell(span: timedelta) -> str:
    """*span* as a definition spells it, in days, hours or minutes, whichever divides it: `28d`, `90m`."""
    for letter in ("d", "h", "m"):
        if span and span % UNITS[letter] == timedelta(0):
            return f"{span // UNITS[letter]}{letter}"
    return f"{span // UNITS['m']}m"


def parse_ratio(value: object) -> Fraction:
    """A share as the exact fraction that was written: 0.999 is 999/1000. Raises ValueError."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal | float):
        raise ValueError(f"{value!r} is not a number; write it as in 0.999")  # noqa: TRY004 - pydantic wants ValueError
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number; write it as in 0.999") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a number; write it as in 0.999")
    if not -MOST_ZEROS < int(number.as_tuple().exponent) < MOST_ZEROS:  # 1e999999999 is a number of gigabytes
        raise ValueError(f"{value!r} is not a number that anybody means; write it as in 0.999")
    return Fraction(number)


def plain(ratio: Fraction) -> str:
    """*ratio* as a plain decimal; it came of one, so that this is exact (up to 28 digits)."""
    return format((Decimal(ratio.numerator) / Decimal(ratio.denominator)).normalize(), "f")


def _as_decimal(ratio: Fraction, info: SerializationInfo) -> Decimal | str:
    return plain(ratio) if info.mode == "json" else Decimal(plain(ratio))


def _share(ratio: Fraction) -> Fraction:
    if not 0 <= ratio <= 1:
        raise ValueError("a share lies between 0 and 1; write 0.9")
    return ratio


def _in_utc(at: datetime) -> datetime:
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise ValueError(f"lies before {FIRST_YEAR} or after {LAST_YEAR}; write an instant as 2026-11-01T00:00:00Z")
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no IANA time zone; write one as Europe/Berlin or UTC") from None
    return name


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(spell, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+[mhdwMQY]\s*$", "examples": ["5m", "28d"]}),
]
Ratio = Annotated[
    Fraction,
    BeforeValidator(parse_ratio),
    PlainSerializer(_as_decimal),
    WithJsonSchema({"type": ["number", "string"], "examples": [0.999]}),
]
Share = Annotated[Ratio, AfterValidator(_share)]
Instant = Annotated[
    datetime,
    AfterValidator(_in_utc),
    # A date alone is its beginning, which `format: date-time` would not take.
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d{4}-\d\d-\d\d", "examples": ["2026-11-01T00:00:00Z"]}),
]
Zone = Annotated[str, AfterValidator(_zone)]
