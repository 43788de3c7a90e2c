"""Small drawings in a line of text: strips of occurrences and runs, meters, bars with a tick."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

STRIP_WIDTH, STRIP_HEIGHT = 200.0, 34.0
LONGEST, BRIEF = 84, 28  # cells of a strip
RATE_WIDTH, RATE_MOST = 112.0, 30.0


class Cell(NamedTuple):
    """One cell of a strip: *height* is a share of the strip's, *words* are told on hover."""

    tone: str
    words: str
    height: float = 1.0


def strip(cells: Sequence[Cell], label: str, *, brief: bool = False) -> Markup:
    """One bar a cell, oldest first; of more than LONGEST the newest. *label* is what it says without eyes.

    A *brief* one, for lists, has BRIEF cells and no words.
    """
    cells = cells[-(BRIEF if brief else LONGEST) :]
    step = STRIP_WIDTH / max(len(cells), 12)
    bars = Markup("").join(_brief(cells, step) if brief else (_bar(cell, step, at) for at, cell in enumerate(cells)))
    return Markup(
        '<svg class="spark" viewBox="0 0 200 34" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(label, bars)


def _bar(cell: Cell, step: float, place: int) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"><title>{}</title></rect>').format(
        cell.tone,
        f"{place * step:.2f}",
        f"{STRIP_HEIGHT * (1 - _tall(cell)):.1f}",
        f"{step * 0.76:.2f}",
        f"{STRIP_HEIGHT * _tall(cell):.1f}",
        cell.words,
    )


def _brief(cells: Sequence[Cell], step: float) -> list[Markup]:
    """One path for each tone: a list of many SLOs is mostly strips, and a rectangle is four times as long."""
    drawn: dict[str, list[str]] = {}
    for place, cell in enumerate(cells):
        top = STRIP_HEIGHT * (1 - _tall(cell))
        drawn.setdefault(cell.tone, []).append(f"M{place * step:.1f} 34V{top:.0f}h{step * 0.76:.1f}V34")
    return [Markup('<path class="{}" d="{}"/>').format(tone, "".join(bars)) for tone, bars in drawn.items()]


def _tall(cell: Cell) -> float:
    return max(0.12, min(1.0, cell.height))


def meter(share: float | None, tone: str, label: str) -> Markup:
    """How much of something is left, from 0 to 1; an empty one for None."""
    width = 0.0 if share is None else 100 * max(0.0, min(1.0, share))
    return Markup(
        '<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="tr" width="100" height="8" rx="1"/><rect class="{}" width="{}" height="8" rx="1"/></svg>'
    ).format(label, tone, f"{width:.1f}")


def rate(value: float, threshold: float, tone: str) -> Markup:
    """A burn rate as a bar on a log scale, with a tick at its threshold."""

    def along(number: float) -> float:
        return RATE_WIDTH * min(1.0, math.log1p(max(number, 0.0)) / math.log1p(max(RATE_MOST, threshold * 1.2)))

    return Markup(
        '<svg viewBox="0 0 112 16" aria-hidden="true"><rect class="tr" y="4" width="112" height="8" rx="2"/>'
        '<rect class="{}" y="4" width="{}" height="8" rx="2"/>'
        '<rect class="th" x="{}" y="1" width="1.5" height="14"/></svg>'
    ).format(tone, f"{along(value):.1f}", f"{along(threshold):.1f}")


def span(start: float, length: float, tone: str) -> Markup:
    """A bar from *start* on, both shares of the whole: one stage of several that follow each other."""
    return Markup(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="tr" width="100" height="10" rx="1"/><rect class="{}" x="{}" width="{}" height="10"/></svg>'
    ).format(tone, f"{100 * start:.1f}", f"{max(0.6, 100 * length):.1f}")


def bar(share: float, tone: str = "f") -> Markup:
    """A bar of *share*, from 0 to 1; its number stands beside it."""
    return Markup(
        '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="tr" width="100" height="10" rx="1"/><rect class="{}" width="{}" height="10" rx="1"/></svg>'
    ).format(tone, f"{100 * max(0.0, min(1.0, share)):.1f}")
