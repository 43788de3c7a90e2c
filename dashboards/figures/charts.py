"""Charts as Plotly figures: budget, indicator, burn rates, rows, durations. Colours are tokens of the stylesheet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

from plotly import graph_objects as go

from dashboards.figures.axes import (
    LEGEND,
    Spans,
    bands,
    dates,
    figure_json,
    level,
    lines,
    note,
    on_axis,
    squares,
    turning,
    vertical,
)

LINES = ("var(--c1)", "var(--c4)", "var(--c3)", "var(--c5)")
SECONDS_A_MINUTE = 60
SPANS = ("min", "s")  # units of time
CROWD = 200  # points of a line, from which on a dot on each would be a smear


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


class Measure(NamedTuple):
    """What a drawn number is: its *unit*, what it *tells*, *words* below the title, and its dotted *bound*."""

    unit: str
    tells: str = ""
    words: str = ""
    bound: str = ""


class Series(NamedTuple):
    """A named line."""

    name: str
    points: Sequence[tuple[datetime, float | None]]
    threshold: float | None = None


class Beside(NamedTuple):
    """What is shown behind a budget: spans that did not count, and when incidents began."""

    excluded: Spans = ()
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
            x=[on_axis(begin), on_axis(now)],
            y=[100, 0],
            mode="lines",
            line={"color": "var(--line-2)", "width": 1.4, "dash": "dot"},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[on_axis(point.at) for point in points],
            y=[round(100 * point.left, 2) for point in points],
            mode="lines",
            line={"color": "var(--c1)", "width": 2.2, "shape": "hv"},
            fill="tozeroy",
            fillcolor="var(--c1-soft)",
            hovertemplate="%{y:.1f} % left<extra></extra>",
        ),
        *upstream,
    ]
    marks = [note(on_axis(now), 1, "now", yref="paper", yanchor="bottom")]
    middle = begin + (now - begin) * 0.22
    marks.append(note(on_axis(middle), 78, "even spend", yshift=13, xshift=22))
    if points and empty_at is not None and points[-1].left > 0:
        traces += _projection(points[-1], now, empty_at)
        told = f"empty {empty_at:%-d %b %H:%M}"
        marks.append(note(on_axis(now), 0, told, xanchor="right", xshift=-6, yshift=10, color="var(--bad)"))
    return figure_json(
        traces,
        16,
        xaxis={"range": [on_axis(begin), on_axis(right)], "tickformat": "%-d %b"},
        yaxis={"range": [lowest * 1.08 - 4, 104], "ticksuffix": " %"},
        shapes=[
            *bands(beside.excluded),
            *(vertical(at, "var(--bad-fill)", dash="dot") for at, _ in beside.incidents),
            vertical(now),
            level(0, "var(--bad-fill)", dash="solid"),
        ],
        annotations=[
            *marks,
            *(note(on_axis(at), 0.9, name, yref="paper", xanchor="right", xshift=-4) for at, name in beside.incidents),
        ],
    )


def _upstream(points: Sequence[Spent]) -> list[Any]:
    """What would be left without what was lost upstream, from where that began; the band down to what is left is it."""
    began = next(place for place, point in enumerate(points) if point.own > point.left)
    points = points[max(0, began - 1) :]
    return [
        go.Scatter(
            x=[on_axis(point.at) for point in points],
            y=[round(100 * point.left, 2) for point in points],
            mode="lines",
            line={"width": 0, "shape": "hv"},
            hoverinfo="skip",
        ),
        go.Scatter(
            x=[on_axis(point.at) for point in points],
            y=[round(100 * point.own, 2) for point in points],
            mode="lines",
            line={"color": "var(--c3)", "width": 1.6, "dash": "dash", "shape": "hv"},
            fill="tonexty",
            fillcolor="var(--c3-soft)",
            hovertemplate="%{y:.1f} % left without what was lost upstream<extra></extra>",
        ),
    ]


def _projection(last: Spent, now: datetime, empty_at: datetime) -> list[Any]:
    return [
        go.Scatter(
            x=[on_axis(now), on_axis(empty_at)],
            y=[round(100 * last.left, 2), 0],
            mode="lines",
            line={"color": "var(--bad-fill)", "width": 2, "dash": "dash"},
            hovertemplate="at this pace<extra></extra>",
        ),
        go.Scatter(
            x=[on_axis(empty_at)],
            y=[0],
            mode="markers",
            marker={"color": "var(--bad-fill)", "size": 9, "symbol": "x"},
            hoverinfo="skip",
        ),
    ]


def indicator(
    points: Sequence[tuple[datetime, float, bool]], target: float, span: tuple[datetime, datetime], behind: Spans = ()
) -> str:
    """The indicator over *span* in per cent, with the objective, and the points below it marked."""
    points = [points[place] for place in turning([point[1:] for point in points])]
    low = min([100 * value for _, value, _ in points] + [100 * target])
    bottom = max(-2.0, low - max(0.3, (100 - low) * 0.12))
    traces = [
        go.Scatter(
            x=[on_axis(at) for at, _, _ in points],
            y=[round(100 * value, 3) for _, value, _ in points],
            mode="lines",
            line={"color": "var(--c2)", "width": 1.8, "shape": "hv"},
            hovertemplate="%{y:.2f} %<extra></extra>",
        ),
        go.Scatter(
            x=[on_axis(at) for at, _, _ in points],
            y=[round(100 * value, 3) if bad else None for _, value, bad in points],
            mode="markers",
            marker={"color": "var(--bad-fill)", "size": 6, "symbol": "square"},
            hoverinfo="skip",
        ),
    ]
    objective = f"objective {100 * target:g} %"
    return figure_json(
        traces,
        xaxis={"range": [on_axis(edge) for edge in span], "tickformat": "%-d %b"},
        yaxis={"range": [bottom, 100 + (100 - bottom) * 0.05], "ticksuffix": " %"},
        shapes=[*bands(behind), level(100 * target, "var(--bad-fill)")],
        annotations=[note(0, 100 * target, objective, xref="paper", xanchor="left", yanchor="top", color="var(--bad)")],
    )


def rates(series: Sequence[Series], begin: datetime, now: datetime) -> str:
    """Burn rates over time on a log axis, each with its threshold dotted in its colour."""
    floor = 0.1
    traces = [
        go.Scatter(
            x=[on_axis(at) for at, _ in one.points],
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
        legend=LEGEND,
        xaxis={"range": [on_axis(begin), on_axis(now)], "tickformat": "%-d %b"},
        yaxis={"type": "log", "tickvals": ticks, "ticktext": [f"{tick:g}\u00d7" for tick in ticks], "range": [-1, 2.1]},
        shapes=[
            level(one.threshold, LINES[index % len(LINES)])
            for index, one in enumerate(series)
            if one.threshold is not None
        ],
    )


def held(points: Sequence[Held], how: Measure, behind: Spans = ()) -> str:
    """What was measured against what was expected of it."""
    points = [points[place] for place in turning([point[1:] for point in points])]
    known = [(point.at, point.expected) for point in points if point.expected is not None]
    expected = [known[place] for place in turning([height for _, height in known])]
    drawn = measured(points, f"{how.unit} {how.tells}".rstrip())
    bound = []
    if expected:
        dotted = {"width": 1.4, "dash": "dot"}
        drawn.insert(0, lines(expected, "var(--text-3)", f"%{{y:,.4~g}} {how.unit} expected", line=dotted))
    if expected and how.bound:
        kept = all(point.value is None or point.value <= expected[0][1] for point in points)
        side = "top" if kept else "bottom"  # what is highest has no room above it
        bound = [note(0, expected[0][1], how.bound, xref="paper", xanchor="left", yanchor=side)]
    axis = {"tickformat": "~s", "rangemode": "tozero"}
    if how.unit in SPANS:
        axis = {"ticksuffix": f" {how.unit}", "rangemode": "tozero"}  # in ~s 0.05 would read as 50 m
    return figure_json(drawn, xaxis=dates(points), yaxis=axis, shapes=bands(behind), annotations=bound)


def measured(points: Sequence[Held], unit: str, **more: Any) -> list[Any]:
    """The line of what was measured, and a square where that was bad; *more* is what Plotly calls the line."""
    heights = [(point.at, point.value) for point in points]
    dots = {"mode": "lines+markers", "marker": {"size": 4}} if len(points) < CROWD else {"mode": "lines"}
    bad = squares([(point.at, point.value, point.bad) for point in points])
    return [lines(heights, "var(--c1)", f"%{{y:,.4~g}} {unit}", **dots, **more), *bad]


def durations(bars: Sequence[Bar]) -> str:
    """How long runs took, in the unit that suits the longest, coloured by how they ended."""
    longest = max((bar.value for bar in bars), default=0)
    unit, divisor = ("min", SECONDS_A_MINUTE) if longest >= 2 * SECONDS_A_MINUTE else ("s", 1)
    width_ms = (bars[-1].at - bars[0].at).total_seconds() * 1000 / len(bars) * 0.72 if bars else 0
    trace = go.Bar(
        width=width_ms or None,  # of runs that began together Plotly makes one bar
        x=[on_axis(bar.at) for bar in bars],
        y=[round(bar.value / divisor, 2) for bar in bars],
        marker={"color": [TONES[bar.tone] for bar in bars]},
        customdata=[bar.words for bar in bars],
        hovertemplate=f"%{{customdata}}, %{{y:.1f}} {unit}<extra></extra>",
    )
    axis = {"ticksuffix": f" {unit}", "rangemode": "tozero"}
    return figure_json([trace], bargap=0.28, xaxis=dates(bars), yaxis=axis)


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
