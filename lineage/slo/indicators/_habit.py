"""Habit: which jobs use to write to a queue or quarantine, so that their silence says that nothing went there."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from lineage.model import NodeId
from lineage.slo.evidence import Delivery

HISTORY = timedelta(days=28)  # before it was silent, in which a job must have written there


class Habit:
    """What *aside*, all that went into the queue or quarantine, tells of the jobs that wrote it.

    Only what was before a moment says how it was then: what a job does later changes no verdict.
    """

    def __init__(self, aside: Iterable[Delivery]) -> None:
        self._times: defaultdict[NodeId, list[datetime]] = defaultdict(list)
        for each in sorted(aside, key=lambda each: each.at):
            self._times[each.job].append(each.at)

    def has(self, job: NodeId, at: datetime) -> bool:
        """Whether *job* wrote there at *at* or in the four weeks before."""
        times = self._times.get(job, ())
        place = bisect_right(times, at)
        return place > 0 and times[place - 1] > at - HISTORY
