"""How much room words take in a drawing, without a font at hand: estimated on the wide side."""

from __future__ import annotations

import unicodedata

NARROW = frozenset("fijlrtI.,:;|!'/()[]{}` ")
WIDE = frozenset("mwMW@%—…")


def width(text: str, size: float) -> float:
    """The width of *text* in px at *size*, as DejaVu Sans, the widest of our fallbacks, would set it."""
    return size * sum(map(_advance, text))


def _advance(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0
    if letter in NARROW:
        return 0.4
    if letter in WIDE or unicodedata.east_asian_width(letter) in "WF":
        return 1.02
    return 0.74 if letter.isupper() else 0.64


def clipped(text: str, room: float, size: float) -> str:
    """*text*, or its beginning before an ellipsis where it needs more than *room* px."""
    return cut(text[::-1], room, size)[::-1]


def cut(text: str, room: float, size: float) -> str:
    """*text*, or its end behind an ellipsis where it needs more than *room* px: names differ at their ends."""
    if width(text, size) <= room:
        return text
    room -= width("…", size)
    kept = len(text)
    while kept and width(text[-kept:], size) > room:
        kept -= 1
    return "…" + text[len(text) - kept :]
