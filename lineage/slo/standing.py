"""One SLO between two readings: while nothing new is told, only what time can change is judged anew."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta

from lineage.slo.budget import Tally
from lineage.slo.evaluate import Basis, as_of, concluded, counted_by, verdicts
from lineage.slo.gather import window_of
from lineage.slo.lasting import Lasting
from lineage.slo.renewed import same
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

TICK = timedelta(microseconds=1)


class Standing:
    """How *slo* stands by what was *read*, at *now* and then at instants that ascend.

    *status* is what `judged` says, and as good at every instant before *until*; None: for ever.
    """

    def __init__(self, slo: DataSLO, read: Basis, now: datetime, grace: timedelta) -> None:
        self._slo, self._read, self._grace = slo, read, grace
        self._tally = Tally(())
        self._measure(now, None)
        self._conclude(now)

    def turn(self, now: datetime) -> None:
        """Judge as of *now*."""
        if self.until is None or now < self.until:
            return
        if self._measured_until is not None and self._measured_until <= now:
            open_for = _open_for(self._slo, self._grace)
            self._measure(now, None if open_for is None else self._measured_at - open_for - TICK)
        self._conclude(now)

    def _measure(self, now: datetime, cut: datetime | None) -> None:
        """Judge what is due after *cut*, None: all; before it all is as it was, or has left the window."""
        lasting = Lasting(now)
        found, _ = verdicts(self._slo, self._read, lasting, self._grace, cut)
        found.sort(key=lambda verdict: (verdict.due, verdict.occurrence))
        place = 0 if cut is None else bisect_right(self._tally.dues, cut)
        self._tally.end_with(place, same(self._tally.ordered[place:], found))
        self._measured_at, self._measured_until = now, lasting.lasts_until

    def _conclude(self, now: datetime) -> None:
        lasting = Lasting(now)
        since = self._tally.after = window_of(self._slo, lasting)
        by = self._read._replace(evidence=as_of(self._slo, self._read, lasting, self._grace))
        members = self._tally.ordered[bisect_right(self._tally.dues, since) :]
        counts = counted_by(self._slo, by, members, since, lasting)
        tally = self._tally if counts is members else Tally(counts)
        self.status: Status = concluded(self._slo, by, self._tally, tally, lasting)
        ends = (each for each in (self._measured_until, lasting.lasts_until) if each is not None)
        self.until: datetime | None = min(ends, default=None)


def _open_for(slo: DataSLO, grace: timedelta) -> timedelta | None:
    """How long after it was due an occurrence of *slo*, or of any of its members, may be judged otherwise by time."""
    found = [each.spec.sli.open_for(grace) for each in slo.members or (slo,)]
    known = [each for each in found if each is not None]
    return max(known) if len(known) == len(found) else None
