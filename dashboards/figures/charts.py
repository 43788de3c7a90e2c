"""Charts as Plotly figures: budget, indicator, burn rates, rows, durations. Colours are tokens of the stylesheet."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

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
SANS = "Inter, system-ui, sans-serif"
SMALL: Json = {"size": 11, "color": "var(--text-3)"}
LINES = ("var(--c1)", "var(--c4)", "var(--c3)", "var(--c5)")
SECONDS_A_MINUTE = 60
SHORT, BRIEF = timedelta(days=7), timedelta(minutes=10)  # below, an axis needs the hour, or the second


class Bar(NamedTuple):
    """One bar of a strip over time: its tone colours it, its words are told on hover."""

    at: datetime
    value: float
    tone: str
    words: str


class Spent(NamedTuple):
    """How much of the budget was *left* after an occurrence, as a share; below 0 it is overspent.

    *own* is what would be left, had nothing been lost upstream.
    """

    at: datetime
    left: float
    own: float


class Held(NamedTuple):
    """What was measured against what was expected; None where there was nothing."""

    at: datetime
    value: float | None
    expected: float | None
    bad: bool


class Series(NamedTuple):
    """A named line."""

    name: str
    points: Sequence[tuple[datetime, float | None]]
    threshold: float | None = None


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


class Beside(NamedTuple):
    """What is shown behind a budget: spans that did not count, and when incidents began."""

    excluded: Sequence[tuple[datetime, datetime]] = ()
    incidents: Sequence[tuple[datetime, str]] = ()  # with what to call each


def budget(
    points: Sequence[Spent],
    begin: datetime,
    now: datetime,
    empty_at: datetime | None,
    beside: Beside = Beside(),  # noqa: B008 - it is frozen
) -> str:
    """The budget left over the window, the even spend beside it, and where the present pace leads."""
    right = now + (now - begin) * 0.06
    if empty_at is not None:
        right = max(right, min(empty_at, now + (now - begin) * 0.35) + (now - begin) * 0.05)
    lowest = min([0.0, *(100 * point.left for point in points)])
    upstream = _upstream(points) if any(point.own > point.left for point in points) else []
    traces = [
        go.Scatter(
            x=[_x(begin), _x(now)],
            y=[100, 0],
            mode="lines",
            line={"color": "var(--line-2)", "width": 1.4, "dash": "dot"},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[_x(point.at) for point in points],
            y=[round(100 * point.left, 2) for point in points],
            mode="lines",
            line={"color": "var(--c1)", "width": 2.2, "shape": "hv"},
            fill="tozeroy",
            fillcolor="var(--c1-soft)",
            hovertemplate="%{y:.1f} % left<extra></extra>",
        ),
        *upstream,
    ]
    marks = [_note(_x(now), 1, "now", yref="paper", xanchor="right", yanchor="top", xshift=-5)]
    middle = begin + (now - begin) * 0.22
    marks.append(_note(_x(middle), 78, "even spend", yshift=13, xshift=22))
    if points and empty_at is not None and points[-1].left > 0:
        traces += _projection(points[-1], now, empty_at)
        told = f"empty {empty_at:%-d %b %H:%M}"
        marks.append(_note(_x(now), 0, told, xanchor="right", xshift=-6, yshift=10, color="var(--bad)"))
    return figure_json(
        traces,
        16,
        xaxis={"range": [_x(begin), _x(right)], "tickformat": "%-d %b"},
        yaxis={"range": [lowest * 1.08 - 4, 104], "ticksuffix": " %"},
        shapes=[
            *(_band(*span) for span in beside.excluded),
            *(_vertical(at, "var(--bad-fill)", dash="dot") for at, _ in beside.incidents),
            _vertical(now),
            _level(0, "var(--bad-fill)", dash="solid"),
        ],
        annotations=[
            *marks,
            *(_note(_x(at), 0.9, name, yref="paper", xanchor="right", xshift=-4) for at, name in beside.incidents),
        ],
    )


def _upstream(points: Sequence[Spent]) -> list[Any]:
    """What would be left without what was lost upstream; the band down to what is left is that loss."""
    return [
        go.Scatter(
            x=[_x(point.at) for point in points],
            y=[round(100 * point.own, 2) for point in points],
            mode="lines",
            line={"color": "var(--c3)", "width": 1.6, "dash": "dash", "shape": "hv"},
            fill="tonexty",
            fillcolor="var(--c3-soft)",
            hovertemplate="%{y:.1f} % left without what was lost upstream<extra></extra>",
        )
    ]


def _projection(last: Spent, now: datetime, empty_at: datetime) -> list[Any]:
    return [
        go.Scatter(
            x=[_x(now), _x(empty_at)],
            y=[round(100 * last.left, 2), 0],
            mode="lines",
            line={"color": "var(--bad-fill)", "width": 2, "dash": "dash"},
            hovertemplate="at this pace<extra></extra>",
        ),
        go.Scatter(
            x=[_x(empty_at)],
            y=[0],
            mode="markers",
            marker={"color": "var(--bad-fill)", "size": 9, "symbol": "x"},
            hoverinfo="skip",
        ),
    ]


def indicator(points: Sequence[tuple[datetime, float, bool]], target: float, begin: datetime, now: datetime) -> str:
    """The indicator over time in per cent, with the objective, and the points below it marked."""
    low = min([100 * value for _, value, _ in points] + [100 * target])
    bottom = max(-2.0, low - max(0.3, (100 - low) * 0.12))
    traces = [
        go.Scatter(
            x=[_x(at) for at, _, _ in points],
            y=[round(100 * value, 3) for _, value, _ in points],
            mode="lines",
            line={"color": "var(--c2)", "width": 1.8, "shape": "hv"},
            hovertemplate="%{y:.2f} %<extra></extra>",
        ),
        go.Scatter(
            x=[_x(at) for at, _, _ in points],
            y=[round(100 * value, 3) if bad else None for _, value, bad in points],
            mode="markers",
            marker={"color": "var(--bad-fill)", "size": 6, "symbol": "square"},
            hoverinfo="skip",
        ),
    ]
    objective = f"objective {100 * target:g} %"
    return figure_json(
        traces,
        xaxis={"range": [_x(begin), _x(now)], "tickformat": "%-d %b"},
        yaxis={"range": [bottom, 100 + (100 - bottom) * 0.05], "ticksuffix": " %"},
        shapes=[_level(100 * target, "var(--bad-fill)")],
        annotations=[
            _note(0, 100 * target, objective, xref="paper", xanchor="left", yanchor="top", color="var(--bad)")
        ],
    )


def rates(series: Sequence[Series], begin: datetime, now: datetime) -> str:
    """Burn rates over time on a log axis, each with its threshold dotted in its colour."""
    floor = 0.1
    traces = [
        go.Scatter(
            x=[_x(at) for at, _ in one.points],
            y=[None if value is None else round(max(value, floor), 3) for _, value in one.points],
            mode="lines",
            name=one.name,
            line={"color": LINES[index % len(LINES)], "width": 1.8},
            hovertemplate=f"{one.name}: %{{y:.1f}}\u00d7<extra></extra>",
        )
        for index, one in enumerate(series)
    ]
    ticks = [0.1, 0.3, 1, 3, 10, 30, 100]
    return figure_json(
        traces,
        26,
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.16, "font": {"size": 11.5}},
        xaxis={"range": [_x(begin), _x(now)], "tickformat": "%-d %b"},
        yaxis={"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}\u00d7" for tick in ticks], "range": [-1, 2.1]},
        shapes=[
            _level(one.threshold, LINES[index % len(LINES)])
            for index, one in enumerate(series)
            if one.threshold is not None
        ],
    )


def held(points: Sequence[Held], unit: str, share: float | None = None) -> str:
    """What came against what was expected; with *share* the least that is enough, as a band below the expectation."""
    known = [point for point in points if point.expected is not None]
    traces: list[Any] = []
    if known and share is not None:
        edges = [[_least(point, 1) for point in known], [_least(point, share) for point in known]]
        for index, edge in enumerate(edges):
            traces.append(
                go.Scatter(
                    x=[_x(point.at) for point in known],
                    y=edge,
                    mode="lines",
                    line={"width": 0},
                    fill="tonexty" if index else None,
                    fillcolor="var(--band)" if index else None,
                    hoverinfo="skip",
                )
            )
    if known:
        traces.append(
            go.Scatter(
                x=[_x(point.at) for point in known],
                y=[_least(point, 1) for point in known],
                mode="lines",
                line={"color": "var(--line-2)", "width": 1.4, "dash": "dot"},
                hovertemplate=f"%{{y:,.4~g}} {unit} expected<extra></extra>",
            )
        )
    traces.append(
        go.Scatter(
            x=[_x(point.at) for point in points],
            y=[point.value for point in points],
            mode="lines+markers",
            line={"color": "var(--c1)", "width": 1.8},
            marker={
                "size": [8 if point.bad else 4 for point in points],
                "color": ["var(--bad-fill)" if point.bad else "var(--c1)" for point in points],
                "symbol": ["square" if point.bad else "circle" for point in points],
            },
            hovertemplate=f"%{{y:,.4~g}} {unit}<extra></extra>",
        )
    )
    return figure_json(traces, xaxis=_dates(points), yaxis={"tickformat": "~s", "rangemode": "tozero"})


def _least(point: Held, share: float) -> float:
    assert point.expected is not None, "points with an expectation only"
    return round(point.expected * share, 3)


def durations(bars: Sequence[Bar]) -> str:
    """How long runs took, in the unit that suits the longest, coloured by how they ended."""
    longest = max((bar.value for bar in bars), default=0)
    unit, divisor = ("min", SECONDS_A_MINUTE) if longest >= 2 * SECONDS_A_MINUTE else ("s", 1)
    width_ms = (bars[-1].at - bars[0].at).total_seconds() * 1000 / len(bars) * 0.72 if bars else 0
    trace = go.Bar(
        width=width_ms or None,  # of runs that began together Plotly makes one bar
        x=[_x(bar.at) for bar in bars],
        y=[round(bar.value / divisor, 2) for bar in bars],
        marker={"color": [TONES[bar.tone] for bar in bars]},
        customdata=[bar.words for bar in bars],
        hovertemplate=f"%{{customdata}}, %{{y:.1f}} {unit}<extra></extra>",
    )
    axis = {"ticksuffix": f" {unit}", "rangemode": "tozero"}
    return figure_json([trace], bargap=0.28, xaxis=_dates(bars), yaxis=axis)


TONES = {
    "ok": "var(--ok)",
    "warn": "var(--warn-fill)",
    "bad": "var(--bad-fill)",
    "run": "var(--run)",
    "unk": "var(--unk-line)",
}


def burn_points(
    events: Sequence[tuple[datetime, Fraction, Fraction]], target: Fraction, long: timedelta, at: Sequence[datetime]
) -> list[tuple[datetime, float | None]]:
    """The burn rate at each moment of *at* over the *long* before it: bad share over the share that is allowed.

    *events* are (due, good, total) by due. None where the window holds nothing (SLO.md b.7).
    """
    dues = [due for due, _, _ in events]
    totals = [0.0, *accumulate(float(total) for _, _, total in events)]
    bads = [0.0, *accumulate(float(total - good) for _, good, total in events)]
    allowed = float(1 - target)

    def rate(moment: datetime) -> float | None:
        first, last = bisect_right(dues, moment - long), bisect_right(dues, moment)
        total = totals[last] - totals[first]
        return (bads[last] - bads[first]) / total / allowed if total else None

    return [(moment, rate(moment)) for moment in at]


def _dates(points: Sequence[Bar | Held]) -> Json:
    """How the axis below *points* tells time: with the clock where days alone would repeat; once below a lone one."""
    if not points:
        return {}
    first, last = points[0].at, points[-1].at
    if first == last:
        return {"tickvals": [_x(first)], "tickformat": "%-d %b %H:%M"}
    if last - first > SHORT:
        return {"tickformat": "%-d %b"}
    return {"tickformat": "%-d %b %H:%M" if last - first > BRIEF else "%H:%M:%S"}


def _x(at: datetime) -> str:
    """A time as Plotly takes it; its axis knows no zones, and all our times are UTC."""
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _note(x: object, y: float, text: str, *, color: str = "var(--text-3)", **more: Any) -> Json:
    return {"x": x, "y": y, "text": text, "showarrow": False, "font": {**SMALL, "color": color}, **more}


def _band(start: datetime, end: datetime) -> Json:
    where = {"x0": _x(start), "x1": _x(end), "yref": "paper", "y0": 0, "y1": 1}
    return {"type": "rect", **where, "line": {"width": 0}, "fillcolor": "var(--line-2)", "opacity": 0.5}


def _vertical(at: datetime, color: str = "var(--text-3)", *, dash: str = "solid") -> Json:
    line = {"color": color, "width": 1, "dash": dash}
    return {"type": "line", "x0": _x(at), "x1": _x(at), "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _level(y: float, color: str, *, dash: str = "dot") -> Json:
    line = {"color": color, "width": 1.2, "dash": dash}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line}
