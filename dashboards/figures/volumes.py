"""Rows of each delivery against what was expected: the least that is enough, what is ordinary, what came afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from dashboards.figures.axes import LEGEND, Spans, bands, dates, figure_json, lines, turning
from dashboards.figures.charts import Held, measured


class Volume(NamedTuple):
    """The *rows* of a delivery by its close, and what they are held to; None where nobody knows.

    *ordinary* is from and up to what they are nothing unusual, *restated* what they have become since the close.
    """

    at: datetime
    rows: float | None
    expected: float | None
    least: float | None
    ordinary: tuple[float, float] | None
    restated: float | None
    bad: bool


def volumes(points: Sequence[Volume], enough: str, behind: Spans = ()) -> str:
    """The rows, the band of ordinary ones, and dashed what is *enough*, as a share in words, and what was restated."""
    held = [Held(point.at, point.rows, point.expected, bad=point.bad) for point in points]
    drawn = [
        *_ordinary(points),
        _level([(point.at, point.expected) for point in points], "var(--text-3)", "expected", "dot"),
        _level([(point.at, point.least) for point in points], "var(--warn)", enough, "dash"),
        *measured(held, "rows", name="delivered"),
        *_restated(points),
    ]
    return figure_json(
        drawn,
        26,
        showlegend=True,
        legend=LEGEND,
        xaxis=dates(points),
        yaxis={"tickformat": "~s", "rangemode": "tozero"},
        shapes=bands(behind),
    )


def _level(points: Sequence[tuple[datetime, float | None]], color: str, name: str, dash: str) -> Any:
    kept = [points[place] for place in turning([height for _, height in points])]
    return lines(kept, color, f"%{{y:,.4~g}} rows {name}", name=name, line={"width": 1.4, "dash": dash})


def _ordinary(points: Sequence[Volume]) -> list[Any]:
    known = [(point.at, *point.ordinary) for point in points if point.ordinary is not None]
    if not known:
        return []
    low = lines([(at, edge) for at, edge, _ in known], "var(--c1)", "%{y:,.4~g} rows at the least are ordinary")
    high = lines([(at, edge) for at, _, edge in known], "var(--c1)", "%{y:,.4~g} rows at the most are ordinary")
    for edge in (low, high):
        edge.line = {"width": 0}
    low.showlegend = False
    high.fill, high.fillcolor, high.name = "tonexty", "var(--c1-soft)", "ordinary"
    return [low, high]


def _restated(points: Sequence[Volume]) -> list[Any]:
    """From what was there at the close to what there is now, for each that was restated."""
    later = [(point.at, point.rows, point.restated) for point in points if point.restated is not None]
    if not later:
        return []
    ends = [end for at, rows, now in later for end in ((at, rows), (at, now), (at, None))]
    hollow = {"symbol": "circle-open", "size": 8, "color": "var(--c3)"}
    style = {"line": {"width": 1.4, "dash": "dash"}, "mode": "lines+markers", "marker": hollow, "name": "restated"}
    return [lines(ends, "var(--c3)", "%{y:,.4~g} rows, restated", **style)]
