"""Runs and versions as bars, strips and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from dashboards import say
from dashboards.figures.charts import Bar, Held
from dashboards.states import LOST, RUN, Look
from lineage.model import Run, Version
from lineage.outcomes import outcomes
from lineage.store.base import Store
from lineage.views import Outcome


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


class Came:
    """What some runs come to at a moment, as pages say it; a run that is none of them is what its events say."""

    def __init__(self, store: Store, runs: Iterable[Run], now: datetime) -> None:
        self._outcomes = outcomes(store, runs, now)
        self._now = now

    def look(self, run: Run) -> Look:
        """The state of *run*: also lost, silent, or repaired by what Airflow knew."""
        came = self._to(run)
        if came.state == "LOST":
            return LOST[came.mark]
        look = RUN[came.state]
        return look._replace(word=f"{look.word}, as Airflow says") if came.mark == "repaired" else look

    def why(self, run: Run) -> str:
        """Why its state is another than its events say, in a sentence; empty where it is not."""
        return self._to(run).why

    def succeeded(self, run: Run) -> bool:
        """Whether it came to a good end."""
        return self._to(run).state == "COMPLETE"

    def is_open(self, run: Run) -> bool:
        """Whether it may still come to an end of its own."""
        return self._to(run).state in ("NEW", "RUNNING")

    def needs_a_look(self, run: Run) -> bool:
        """Whether it came to nothing good without saying so: nothing is heard of it, or Airflow saw it fail."""
        came = self._to(run)
        return came.mark in ("lost", "silent") or (came.mark == "repaired" and came.state != "COMPLETE")

    def duration(self, run: Run) -> str:
        """`9 m 54 s` in words; with `so far` while it runs; of a run that never ended, as long as it was heard of."""
        return duration(run, self._now) if self.is_open(run) or run.ended_at else precise(self.lasted(run))

    def lasted(self, run: Run) -> float:
        """Seconds that the run took, has taken while it runs, or was heard of if it is lost."""
        return lasted(run, self._now if self.is_open(run) else run.last_at)

    def _to(self, run: Run) -> Outcome:
        return self._outcomes.get(run.id) or Outcome(run.state)


def bars(runs: Sequence[Run], came: Came) -> list[Bar]:
    """The runs, oldest first, as bars of their duration."""
    return [
        Bar(began(run), came.lasted(run), look.tone, look.word)
        for run in sorted(runs, key=lambda run: (began(run), run.id))
        for look in (came.look(run),)
    ]


def volumes(versions: Sequence[Version]) -> list[Held]:
    """Rows per delivered version, oldest first."""
    return [
        Held(version.written_at, version.statistics.rows, None, bad=False)
        for version in sorted(versions, key=lambda version: version.written_at)
        if version.delivered and version.statistics.rows is not None
    ]
