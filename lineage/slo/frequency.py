"""How often an SLO has something to judge, by what its definition says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil

from lineage.model import Verdict
from lineage.slo.calendar import spacing
from lineage.slo.schedules import Schedule
from lineage.slo.spec import DataSLO
from lineage.slo.tiers import SECOND

MINUTE_S = 60


def apart(slo: DataSLO, window: Sequence[Verdict], now: datetime) -> timedelta | None:
    """The mean distance of what *slo* judges: by its cadence or its schedule, else by the verdicts in *window*.

    Of a composite it is that of all its members together. None while it cannot be known.
    """
    if slo.members:
        return _together([apart(each, (), now) for each in slo.members]) or _mean(window)
    if slo.spec.sli.cadence is not None:
        return slo.spec.sli.cadence
    if slo.spec.schedule is not None:
        return spacing(slo.spec.schedule, now)
    return _mean(window)


def schedules(slo: DataSLO) -> Iterator[Schedule]:
    """Its own, or those of its members."""
    for each in slo.members or (slo,):
        if each.spec.schedule is not None:
            yield each.spec.schedule


def _together(apart: Sequence[timedelta | None]) -> timedelta | None:
    """The distance of what comes *apart* each, in whole minutes; None where it is not known of one."""
    known = [each for each in apart if each]
    if len(known) < len(apart):
        return None
    mean = 1 / sum((Fraction(1, max(1, each // SECOND)) for each in known), Fraction(0))
    return timedelta(minutes=ceil(mean / MINUTE_S)) if mean > MINUTE_S else timedelta(seconds=ceil(mean))


def _mean(window: Sequence[Verdict]) -> timedelta | None:
    return (window[-1].due - window[0].due) / (len(window) - 1) if len(window) > 1 else None
