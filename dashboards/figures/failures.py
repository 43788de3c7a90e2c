"""How much of each version failed, in per cent: between two bounds where one thing may fail several rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from dashboards.figures.axes import Spans, bands, dates, figure_json, level, lines, note, squares, turning


class Failed(NamedTuple):
    """The share of a version that failed: at *least*, at *most*, and as it was *counted*."""

    at: datetime
    least: float
    most: float
    counted: float
    bad: bool


def failures(points: Sequence[Failed], allowed: float, behind: Spans = ()) -> str:
    """What failed, the band of what may have where that is not known exactly, and the share that is *allowed* to."""
    points = [points[place] for place in turning([point[1:] for point in points])]
    words = f"{100 * allowed:.3g} % may fail"
    return figure_json(
        [
            *(_band(points) if any(point.least != point.most for point in points) else ()),
            lines([(point.at, 100 * point.counted) for point in points], "var(--c4)", "%{y:.4~g} % counted"),
            *squares([(point.at, 100 * point.counted, point.bad) for point in points]),
        ],
        xaxis=dates(points),
        yaxis={"ticksuffix": " %", "rangemode": "tozero"},
        shapes=[*bands(behind), level(100 * allowed, "var(--bad-fill)")],
        annotations=[note(0, 100 * allowed, words, xref="paper", xanchor="left", yanchor="bottom", color="var(--bad)")],
    )


def _band(points: Sequence[Failed]) -> list[Any]:
    least = lines([(point.at, 100 * point.least) for point in points], "var(--c4)", "at least %{y:.4~g} %")
    most = lines([(point.at, 100 * point.most) for point in points], "var(--c4)", "at most %{y:.4~g} %")
    for edge in (least, most):
        edge.line = {"width": 0}
    most.fill, most.fillcolor = "tonexty", "var(--c4-soft)"
    return [least, most]
