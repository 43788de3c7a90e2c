"""How a page says times, spans, shares and counts: UTC, `2 h 31 m`, `99.61 %`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from markupsafe import Markup, escape

from lineage.slo import phrases
from lineage.slo.phrases import span

NOTHING, MINUS, TIMES = "\u2013", "\u2212", "\u00d7"
MILLION = 1_000_000
KIB = 1024
DAY_S = 86_400


def when(at: datetime | None, now: datetime) -> Markup:
    """The clock time of *at*, with the day where it is not today's; the whole of it and how long ago in the title."""
    if at is None:
        return Markup("\u2013")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(), f"{exact(at)}, {ago(at, now)}", day_and_time(at, now)
    )


def since(at: datetime | None, now: datetime) -> Markup:
    """How long ago *at* was, with the whole of it in the title."""
    if at is None:
        return Markup("\u2013")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.astimezone(UTC).isoformat(), exact(at), ago(at, now)
    )


def exact(at: datetime) -> str:
    """`2026-11-21 08:30:12 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day_and_time(at: datetime, now: datetime) -> str:
    """`08:30` today, `yesterday 06:58`, `12 Nov 06:58`, `12 Nov 2024` when the year is another."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    if at.year != now.year:
        return f"{at.day} {at:%b %Y}"
    days = (now.date() - at.date()).days
    day = {0: "", 1: "yesterday ", -1: "tomorrow "}.get(days, f"{at.day} {at:%b} ")
    return f"{day}{at:%H:%M}"


def ago(at: datetime, now: datetime) -> str:
    """`14 m ago`, `in 2 h 5 m`, `now`: one unit beyond a day, two below."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 1:
        return "now"
    told = lasting(abs(seconds))
    if abs(seconds) >= DAY_S:
        told = " ".join(told.split()[:2])
    return f"{told} ago" if seconds > 0 else f"in {told}"


def lasting(seconds: float) -> str:
    """`2 h 31 m`: a span of *seconds* in its two largest units."""
    return span(timedelta(seconds=seconds))


def percent(share: Fraction | None, places: int = 2) -> str:
    """`99.61 %`, as `phrases.percent` says it, so that 99.999 % never reads as met; a dash for None."""
    return NOTHING if share is None else phrases.percent(share, places).replace("-", MINUS)


def count(number: int | Fraction | None) -> str:
    """`192,441`, `21.0 M`; a fraction with two decimals at most; a dash for None."""
    if number is None:
        return NOTHING
    if abs(float(number)) >= 10 * MILLION:
        return f"{float(number) / MILLION:,.1f} M"
    if number.denominator == 1:
        return f"{int(number):,}"
    return f"{float(number):,.2f}".rstrip("0")


def size(octets: int | None) -> str:
    """`4.2 MiB`; a dash for None."""
    if octets is None:
        return NOTHING
    if octets < KIB:
        return f"{octets} B"
    power = min(int(math.log(octets, KIB)), 4)
    return f"{octets / KIB**power:,.1f} {'KMGT'[power - 1]}iB"


def times(rate: Fraction | None) -> str:
    """A burn rate as `12.4` and the sign; a dash for None."""
    return NOTHING if rate is None else f"{float(rate):.1f}{TIMES}"


def short(word: str, length: int = 13) -> str:
    """A run id or digest by its ends, `c7e1a2b4…04f2`; a word that fits stays."""
    return word if len(word) <= length else f"{word[: length - 5]}…{word[-4:]}"


def soft(name: str) -> Markup:
    """*name* with places to break behind its joints, for names are long and columns are not."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[./_:-])(?=.)", name))


def inside(words: str) -> str:
    """*words* as they stand within a sentence: `at risk`, `no SLO`."""
    return words[:1].lower() + words[1:]


def some(number: int, one: str, many: str | None = None) -> str:
    """`1 dataset`, `3 datasets`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
