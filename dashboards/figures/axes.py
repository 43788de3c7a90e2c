"""What all charts share: the figure as JSON, the axis of time, and what is drawn across it. Colours are tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from plotly import graph_objects as go

Json = dict[str, Any]  # Plotly's own shapes

AXIS: Json = {
    "gridcolor": "var(--grid)",
    "zeroline": False,
    "linecolor": "var(--line-2)",
    "tickfont": {"color": "var(--text-3)", "size": 11},
    "ticks": "",
    "showspikes": False,
}
LEGEND: Json = {"orientation": "h", "x": 0, "y": 1.16, "font": {"size": 11.5}}
Spans = Sequence[tuple[datetime, datetime]]
SANS = "Inter, system-ui, sans-serif"
SMALL: Json = {"size": 11, "color": "var(--text-3)"}
SHORT, BRIEF = timedelta(days=7), timedelta(minutes=10)  # below, an axis needs the hour, or the second


class Timed(Protocol):
    """A point of a chart."""

    @property
    def at(self) -> datetime:
        """When it is."""


def figure_json(traces: Sequence[Any], height_margin: int = 8, **layout: Any) -> str:
    """The figure as JSON for `<script type="application/json">`: `<` is escaped, numbers are plain arrays."""
    x, y = layout.pop("xaxis", {}), layout.pop("yaxis", {})
    base: Json = {
        "template": "none",
        "margin": {"l": 48, "r": 16, "t": height_margin, "b": 26},
        "font": {"family": SANS, "size": 12, "color": "var(--text-2)"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": "var(--raised)",
            "bordercolor": "var(--line-2)",
            "font": {"color": "var(--text)", "size": 12},
        },
        "dragmode": "zoom",
        "xaxis": {**AXIS, "type": "date", "showgrid": False, "nticks": 6, **x},
        "yaxis": {**AXIS, "fixedrange": True, "nticks": 6, **y},
        **layout,
    }
    figure = go.Figure(list(traces), base).to_plotly_json()
    return json.dumps(figure, separators=(",", ":")).replace("<", "\\u003c")


def lines(points: Sequence[tuple[datetime, float | None]], color: str, words: str, **more: Any) -> Any:
    """A line through *points*, told as *words* on hover; *more* is what Plotly calls it."""
    line = {"color": color, "width": 1.8, **more.pop("line", {})}
    return go.Scatter(
        x=[on_axis(at) for at, _ in points],
        y=[height for _, height in points],
        mode=more.pop("mode", "lines"),
        line=line,
        hovertemplate=f"{words}<extra></extra>",
        **more,
    )


def squares(points: Sequence[tuple[datetime, float | None, bool]]) -> list[Any]:
    """A square on each of *points* that is bad; the line that they stand on tells them on hover. None of none."""
    bad = [(at, height) for at, height, is_bad in points if is_bad and height is not None]
    if not bad:
        return []
    return [
        go.Scatter(
            x=[on_axis(at) for at, _ in bad],
            y=[height for _, height in bad],
            mode="markers",
            marker={"size": 8, "color": "var(--bad-fill)", "symbol": "square"},
            hoverinfo="skip",
            showlegend=False,
        )
    ]


def turning(heights: Sequence[object]) -> list[int]:
    """The places of *heights* at which a line through them turns, and both ends: all others say nothing."""
    last = len(heights) - 1
    return [
        place
        for place, height in enumerate(heights)
        if place in (0, last) or height != heights[place - 1] or height != heights[place + 1]
    ]


def dates(points: Sequence[Timed]) -> Json:
    """How the axis below *points* tells time: with the clock where days alone would repeat; once below a lone one."""
    if not points:
        return {}
    first, last = points[0].at, points[-1].at
    if first == last:
        return {"tickvals": [on_axis(first)], "tickformat": "%-d %b %H:%M"}
    if last - first > SHORT:
        return {"tickformat": "%-d %b"}
    return {"tickformat": "%-d %b %H:%M" if last - first > BRIEF else "%H:%M:%S"}


def on_axis(at: datetime) -> str:
    """A time as Plotly takes it; its axis knows no zones, and all our times are UTC."""
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def note(x: object, y: float, text: str, *, color: str = "var(--text-3)", **more: Any) -> Json:
    """Words in a chart, at *x* and *y*."""
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {**SMALL, "color": color}, **more}


def bands(spans: Spans) -> list[Json]:
    """Grey behind each of *spans*, from the top of the chart to its bottom: what was due then does not count."""
    return [_band(*span) for span in spans]


def _band(start: datetime, end: datetime) -> Json:
    where = {"x0": on_axis(start), "x1": on_axis(end), "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "rect", **where, "line": {"width": 0}, "fillcolor": "var(--line-2)", "opacity": 0.5}


def vertical(at: datetime, color: str = "var(--text-3)", *, dash: str = "solid") -> Json:
    """A line at the time *at*."""
    line = {"color": color, "width": 1, "dash": dash}
    return {"type": "line", "x0": on_axis(at), "x1": on_axis(at), "yref": "paper", "y0": 0, "y1": 1, "line": line}


def level(y: float, color: str, *, dash: str = "dot") -> Json:
    """A line at the height *y*."""
    line = {"color": color, "width": 1.2, "dash": dash}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line}
