"""Verdicts packed into a page per SLO and day: how a page is written, and which pages change when verdicts come in."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

from lineage.database.times import microseconds
from lineage.model import Verdict

DAY_US: Final = 24 * 60 * 60 * 1_000_000
MARK_BYTES: Final = 8

Page = Mapping[str, Verdict]  # by occurrence


def day(verdict: Verdict) -> int:
    """The page of *verdict* is that of this day of its due time, in days since 1970 UTC."""
    return microseconds(verdict.due) // DAY_US


def mark(occurrence: str) -> bytes:
    """What stands for *occurrence* in the marks of its page, so that the page is found without unpacking any."""
    return blake2b(occurrence.encode(), digest_size=MARK_BYTES).digest()


def astray(latest: Page, known: Mapping[int, Page]) -> list[str]:
    """The occurrences of *latest* that are not on the page of their day, and may stand on another."""
    return [occurrence for occurrence, verdict in latest.items() if occurrence not in known.get(day(verdict), {})]


def revised(latest: Page, known: Mapping[int, Page]) -> dict[int, list[Verdict]]:
    """The pages that change when *latest* come in, by day, each by due and occurrence.

    *known* are the pages of their days, and all others on which one of the `astray` may stand.
    """
    changed = {}
    for number in {*known, *map(day, latest.values())}:
        old = known.get(number, {})
        rest = {occurrence: verdict for occurrence, verdict in old.items() if occurrence not in latest}
        new = rest | {occurrence: verdict for occurrence, verdict in latest.items() if day(verdict) == number}
        if new != old:
            changed[number] = sorted(new.values(), key=lambda verdict: (verdict.due, verdict.occurrence))
    return changed


def marks(page: Iterable[Verdict]) -> bytes:
    """The marks of all occurrences on *page*."""
    return b"".join(mark(verdict.occurrence) for verdict in page)


def pack(page: Sequence[Verdict]) -> bytes:
    """*page* as it is stored: zlib of JSON."""
    return zlib.compress(_ENCODER.encode(page))


def unpack(page: bytes) -> list[Verdict]:
    """What `pack` was given."""
    return _DECODER.decode(zlib.decompress(page))


def by_occurrence(page: bytes) -> dict[str, Verdict]:
    """The verdicts of a stored page, by occurrence."""
    return {verdict.occurrence: verdict for verdict in unpack(page)}


def _exact(value: Any) -> str:
    assert isinstance(value, Fraction), "a verdict holds nothing else that JSON lacks"
    return str(value)  # as in 1/3


@lru_cache(maxsize=4096)
def _fraction(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator or 1))


_ENCODER = msgspec.json.Encoder(enc_hook=_exact)
_DECODER = msgspec.json.Decoder(list[Verdict], dec_hook=lambda _type, text: _fraction(text))
