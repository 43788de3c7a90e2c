"""The charts of an SLO: its budget over the window, its indicator by hour or day, its burn rates, what was measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate

from dashboards import say
from dashboards.current import Judged
from dashboards.figures.axes import turning
from dashboards.figures.charts import Beside, Held, Measure, Series, Spent, budget, burn_points, held, indicator, rates
from dashboards.panels.deliveries import arriving, filling
from dashboards.panels.diagnosis import empty_at
from dashboards.panels.rules import failing
from lineage.alerts.incidents import Incident
from lineage.alerts.inherited import Span, upstream
from lineage.model import Verdict, VerdictState
from lineage.slo.status import Status

MOST_POINTS = 700  # of a chart; a screen has not more columns to spare
RATE_POINTS = 160
MOST_MARKS = 6  # incidents named in a chart; more would lie on each other
MOST_LINES = 4  # of a chart (UI 4.1)
HOURLY_FROM = 3 * 24  # judged occurrences in the window from which the indicator is shown by the hour
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE_S = 60
IN_MINUTES = 2 * MINUTE_S  # from which on a chart shows minutes; what is all below it is told in seconds
RATE_SPAN = timedelta(days=7)
BESIDE = {"arrivals": arriving, "rows": filling, "failures": failing}


MEASURED = {
    "freshness": Measure("min", "late", "against the deadline; below 0 is early", "deadline"),
    "freshness heartbeat": Measure("min", "", "until each beat was seen", "threshold"),
    "freshness rows": Measure("min", "old at most", "that the oldest row of each delivery was old", "threshold"),
    "freshness age": Measure("min", "too old", "of each part in which the data was too old"),
    "latency": Measure("min", "", "on the way", "threshold"),
    "replication_lag": Measure("min", "too far behind", "of each part in which the copy was too far behind"),
    "dead_letters": Measure("records", "refused", "that were refused"),
}


def figures(one: Judged, incidents: Iterable[Incident] = (), hurt: Sequence[Span] = ()) -> dict[str, str]:
    """The figures by name, those that have something to show; *incidents* are marked where the budget is.

    *hurt* is when something upstream broke: what was spent then is told apart.
    """
    status = one.status
    verdicts = [verdict for verdict in status.occurrences if verdict.total]
    if not verdicts:
        return {}
    begin = status.since
    aside = excluded(status.measured)
    made = {"sli": indicator(_by_time(verdicts, status), float(status.target), (begin, status.at), aside)}
    if status.budget.allowed:
        begun = [(case.onset_at, case.id) for case in incidents if begin < case.onset_at <= status.at]
        beside = Beside(aside, begun[:MOST_MARKS])
        made["budget"] = budget(
            spent(verdicts, status.budget.allowed, hurt), begin, status.at, empty_at(status), beside
        )
    burnt = _rates(verdicts, status)
    if any(value for series in burnt for _, value in series.points):  # where nothing burns, the tile says so
        made["rates"] = rates(burnt, max(begin, status.at - RATE_SPAN), status.at)
    for name, drawn_of in BESIDE.items():
        if (drawing := drawn_of(one, aside)) is not None:
            made[name] = drawing
    how = drawn(one)
    if how is not None and made.keys().isdisjoint(BESIDE):
        points = measured(one)
        if any(point.value or how.bound for point in points):  # a line of noughts on the axis would say nothing
            made["measured"] = held(points, how, aside)
    return made


def excluded(occurrences: Sequence[Verdict]) -> list[tuple[datetime, datetime]]:
    """The spans that did not count: of unbroken rows of EXCLUDED, from the due time before the first to the last's."""
    spans: list[tuple[datetime, datetime]] = []
    for before, one in zip([None, *occurrences], occurrences, strict=False):
        if one.state is not VerdictState.EXCLUDED:
            continue
        start = one.due if before is None else before.due
        joined = spans[-1][0] if spans and spans[-1][1] == start else None
        if joined is not None:
            spans.pop()
        spans.append((joined or start, one.due))
    return spans


def spent(verdicts: Sequence[Verdict], allowed: Fraction, hurt: Sequence[Span] = ()) -> list[Spent]:
    """What was left of *allowed* after each verdict, as a share; thinned to MOST_POINTS, the last always kept."""
    bad = accumulate(verdict.total - verdict.good for verdict in verdicts)
    above = accumulate(upstream(verdict, hurt) for verdict in verdicts)
    points = [
        Spent(verdict.due, float(1 - gone / allowed), float(1 - (gone - inherited) / allowed))
        for verdict, gone, inherited in zip(verdicts, bad, above, strict=True)
    ]
    points = [points[place] for place in turning([point[1:] for point in points])]
    step = max(1, len(points) // MOST_POINTS)
    return points[:1] + points[1:-1:step] + points[-1:] if len(points) > 1 else points


def _by_time(verdicts: Sequence[Verdict], status: Status) -> list[tuple[datetime, float, bool]]:
    """Good over total by hour where there are many occurrences, else by day of UTC."""
    unit = HOUR if len(verdicts) >= HOURLY_FROM * (status.window_s / DAY.total_seconds()) / 3 else DAY
    buckets: defaultdict[datetime, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    for verdict in verdicts:
        start = verdict.due.replace(minute=0, second=0, microsecond=0)
        bucket = buckets[start if unit is HOUR else start.replace(hour=0)]
        bucket[0] += verdict.good
        bucket[1] += verdict.total
    return [(at, float(good / total), good / total < status.target) for at, (good, total) in sorted(buckets.items())]


def _rates(verdicts: Sequence[Verdict], status: Status) -> list[Series]:
    """The rates over the last days; with their thresholds where it is they that speak, and not the ladder."""
    events = [(verdict.due, verdict.good, verdict.total) for verdict in verdicts]
    begin = max(status.since, status.at - RATE_SPAN)
    moments = [begin + (status.at - begin) * step / RATE_POINTS for step in range(RATE_POINTS + 1)]
    tiers = {rate.long_s: rate for rate in reversed(status.burn)}  # of equal windows the first stays
    return [
        Series(
            say.lasting(long_s),
            burn_points(events, status.target, timedelta(seconds=long_s), moments),
            float(rate.threshold) if status.burn_rates else None,
        )
        for long_s, rate in sorted(tiers.items())[:MOST_LINES]
    ]


def drawn(one: Judged) -> Measure | None:
    """How the figures of the indicator, or of its method, are shown; None: they are worth no drawing."""
    sli = one.definition.spec.sli
    how = MEASURED.get(f"{sli.type} {getattr(sli, 'method', '')}", MEASURED.get(sli.type))
    if how is None or how.unit != "min":
        return how
    seen = [number for verdict in one.status.measured for number in (verdict.value, verdict.expected)]
    longest = max((abs(number) for number in seen if number is not None), default=IN_MINUTES)
    return how if longest >= IN_MINUTES else how._replace(unit="s")


def measured(one: Judged) -> list[Held]:
    """What was measured against what was expected, of the indicators whose figures are worth a drawing."""
    if (how := drawn(one)) is None:
        return []
    scale = MINUTE_S if how.unit == "min" else 1
    return [
        Held(
            verdict.due,
            float(verdict.value / scale),
            None if verdict.expected is None else float(verdict.expected / scale),
            bad=verdict.state is VerdictState.BAD,
        )
        for verdict in one.status.measured[-MOST_POINTS:]
        if verdict.value is not None
    ]
