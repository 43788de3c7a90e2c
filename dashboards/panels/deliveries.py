"""Deliveries of an SLO as charts: the time of the day at which they came, and how many rows they brought."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.arrivals import Arrival, arrivals
from dashboards.figures.axes import Spans
from dashboards.figures.volumes import Volume, volumes
from lineage.model import Verdict, VerdictState
from lineage.slo.indicators import completeness, freshness

MOST_POINTS = 400
RARELY = timedelta(hours=20)  # between two deadlines, from which on the time of the day says something
JUDGED = (VerdictState.GOOD, VerdictState.BAD)


def arriving(one: Judged, behind: Spans) -> str | None:
    """When deliveries came by the clock, of deadlines that are about a day apart or more."""
    sli, schedule = one.definition.spec.sli, one.definition.spec.schedule
    if not isinstance(sli, freshness.Spec) or sli.method != "occurrence" or schedule is None:
        return None
    judged = [verdict for verdict in one.status.measured if verdict.state in JUDGED][-MOST_POINTS:]
    gaps = [later.due - earlier.due for earlier, later in pairwise(judged)]
    if not gaps or median_low(gaps) < RARELY:
        return None
    return arrivals([_arrival(verdict, schedule.timezone) for verdict in judged], schedule.timezone, behind)


def _arrival(verdict: Verdict, zone: str) -> Arrival:
    came = verdict.delivered_at
    told = "not delivered" if came is None else f"{came.astimezone(ZoneInfo(zone)):%a %-d %b %H:%M} {zone}"
    return Arrival(verdict.due, came, verdict.state == VerdictState.BAD, f"{told}: {verdict.reason}")


def filling(one: Judged, behind: Spans) -> str | None:
    """The rows of a promise of completeness, with the share that is enough and what would be ordinary."""
    sli = one.definition.spec.sli
    if not isinstance(sli, completeness.Spec):
        return None
    enough = sli.good.min_ratio
    told = [verdict for verdict in one.status.measured if verdict.value is not None][-MOST_POINTS:]
    least = f"{say.MINUS}{say.percent(1 - enough, 0)}"
    return volumes([_volume(verdict, enough) for verdict in told], least, behind) if told else None


def _volume(verdict: Verdict, enough: Fraction) -> Volume:
    expected, ordinary, restated = verdict.expected, verdict.ordinary, verdict.restated
    return Volume(
        verdict.due,
        _number(verdict.value),
        _number(expected),
        None if expected is None else round(float(expected * enough), 3),
        None if ordinary is None else (round(float(ordinary[0]), 3), round(float(ordinary[1]), 3)),
        None if restated is None else _number(restated.value),
        verdict.state == VerdictState.BAD,
    )


def _number(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 3)
