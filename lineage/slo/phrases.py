"""How a verdict says times, spans, counts and shares."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache

MICROSECOND = timedelta(microseconds=1)
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def moment(at: datetime) -> str:
    """`2026-11-21 05:30 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(length: timedelta) -> str:
    """`2 h 31 m`: the two largest units; parts of a second are dropped."""
    rest = max(0, int(length.total_seconds()))
    if rest < UNITS[-1][0]:
        return f"{rest} s"
    parts: list[tuple[int, str]] = []
    for size, unit in UNITS:
        parts.append((rest // size, unit))
        rest %= size
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


@lru_cache(maxsize=4096)
def seconds(length: timedelta) -> Fraction:
    """*length* in seconds, exactly."""
    return Fraction(length // MICROSECOND, 1_000_000)


def count(number: Fraction | int) -> str:
    """`68,000`: a whole number with separators; a fraction is rounded down."""
    return f"{math.floor(number):,}"


def percent(share: Fraction, places: int = 1) -> str:
    """`97.5 %`: at most so many decimals, rounded down so that it never flatters; pages and lines say it alike."""
    scale = 10**places
    parts = math.floor(share * 100 * scale)
    whole, rest = divmod(abs(parts), scale)
    decimals = f"{rest:0{places}}".rstrip("0") if places else ""
    return f"{'-' if parts < 0 else ''}{whole}{f'.{decimals}' if decimals else ''} %"


def opened(words: str) -> str:
    """*words* as a sentence begins: with a capital, the rest as it is."""
    return words[:1].upper() + words[1:]
