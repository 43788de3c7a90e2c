"""At which time of the day each delivery came, against its deadline, by the clocks of its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, floor
from typing import NamedTuple
from zoneinfo import ZoneInfo

from plotly import graph_objects as go

from dashboards.figures.axes import Spans, bands, dates, figure_json, lines, on_axis

HOUR = timedelta(hours=1)
STEPS = (1, 2, 3, 6, 12, 24, 48, 96)  # hours between two marks of the axis
MOST_MARKS = 7
MARGIN = 0.25  # hours, so that no point stands on the edge


class Arrival(NamedTuple):
    """When something was due, *at*, and when it was *delivered*; None: it has not come. *words* tell it on hover."""

    at: datetime
    delivered: datetime | None
    bad: bool
    words: str


def arrivals(points: Sequence[Arrival], zone: str, behind: Spans = ()) -> str:
    """A point for each delivery, a cross on the deadline for what has not come, and the deadline as a line.

    Hours are those of the clock in *zone*, from the midnight before the deadline on: 25 is one in the night after it.
    So nothing seems to move when the clocks change.
    """
    local = ZoneInfo(zone)
    deadlines = [clock(point.at, point.at, local) for point in points]
    heights = [clock(point.delivered or point.at, point.at, local) for point in points]
    scatter = go.Scatter(
        x=[on_axis(point.at) for point in points],
        y=[round(height, 3) for height in heights],
        mode="markers",
        marker={
            "size": [8 if point.bad else 5 for point in points],
            "color": ["var(--bad-fill)" if point.bad else "var(--c2)" for point in points],
            "symbol": ["x" if point.delivered is None else "square" if point.bad else "circle" for point in points],
        },
        customdata=[point.words for point in points],
        hovertemplate="%{customdata}<extra></extra>",
    )
    due = [(point.at, height) for point, height in zip(points, deadlines, strict=True)]
    dotted = {"width": 1.4, "dash": "dot", "shape": "hvh"}
    deadline = lines(due, "var(--bad-fill)", "its deadline", line=dotted)
    marks = _marks([*heights, *deadlines])
    axis = {"tickvals": marks, "ticktext": [f"{mark % 24:02d}:00" for mark in marks], "range": [marks[0], marks[-1]]}
    return figure_json([deadline, scatter], xaxis=dates(points), yaxis=axis, shapes=bands(behind))


def clock(at: datetime, due: datetime, local: ZoneInfo) -> float:
    """Hours on the clock in *local* at *at*, from the midnight that began the day of *due*."""
    midnight = due.astimezone(local).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return (at.astimezone(local).replace(tzinfo=None) - midnight) / HOUR


def _marks(heights: Sequence[float]) -> list[int]:
    """Whole hours around *heights*, at a step that leaves few of them."""
    low, high = floor(min(heights) - MARGIN), ceil(max(heights) + MARGIN)
    step = next((step for step in STEPS if (high - low) / step < MOST_MARKS), STEPS[-1])
    return list(range(low // step * step, high + step, step))
