"""Runs and versions as bars, strips and rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboards import say
from dashboards.figures.charts import Bar, Held
from dashboards.states import RUN
from lineage.model import Run, Version


def began(run: Run) -> datetime:
    """When the run began, as well as that is known."""
    return run.started_at or run.nominal_start or run.last_at


def lasted(run: Run, now: datetime) -> float:
    """Seconds that the run took, or has taken until *now* while it runs."""
    if run.duration_s is not None:
        return run.duration_s
    end = now if run.state == "RUNNING" else run.last_at
    return max(0.0, (end - began(run)).total_seconds())


def duration(run: Run, now: datetime) -> str:
    """`9 m 54 s` in words; with `so far` while it runs."""
    told = precise(lasted(run, now))
    return f"{told} so far" if run.state == "RUNNING" else told


def precise(seconds: float) -> str:
    """A duration as `2 h 31 m`; below an hour with its seconds, below ten seconds with a tenth."""
    if seconds < 10:  # noqa: PLR2004 - a tenth matters below
        return f"{seconds:.1f} s"
    if seconds < 3600:  # noqa: PLR2004 - an hour
        minutes, rest = divmod(int(seconds), 60)
        return f"{minutes} m {rest} s" if minutes else f"{rest} s"
    return say.lasting(seconds)


def bars(runs: Sequence[Run], now: datetime) -> list[Bar]:
    """The runs, oldest first, as bars of their duration."""
    return [
        Bar(began(run), lasted(run, now), RUN[run.state].tone, RUN[run.state].word)
        for run in sorted(runs, key=lambda run: (began(run), run.id))
    ]


def volumes(versions: Sequence[Version]) -> list[Held]:
    """Rows per delivered version, oldest first."""
    return [
        Held(version.written_at, version.statistics.rows, None, bad=False)
        for version in sorted(versions, key=lambda version: version.written_at)
        if version.delivered and version.statistics.rows is not None
    ]
