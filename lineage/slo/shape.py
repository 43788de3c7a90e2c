"""A status as JSON: one shape for the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction

from lineage.model import Amendment, Restated, Stage, Verdict
from lineage.slo.ahead import LeftOut
from lineage.slo.backlog import Backlog
from lineage.slo.periods import Period
from lineage.slo.spec import DataSLO, indicator
from lineage.slo.status import BurnRate, Status

Number = int | float | None
HOUR_S, DAY_S, MINUTE_S = 3_600, 86_400, 60


def shape(status: Status, slo: DataSLO, listed: Sequence[Verdict] | None = None) -> dict[str, object]:
    """*status* of *slo* as JSON values: counts are exact, ratios the nearest double, times ISO 8601 in UTC.

    Of its occurrences only those *listed* are told one by one; None: all of them. Counts and figures are of all.

    good, bad and total are in the SLI's unit; the other counts are occurrences. 0 of 0 gives null, never 1.
    window is that of the calendar, windowSeconds long by the clock; null where it rolls. burnRates are the tiers that
    speak; burn is what to show, also where the ladder speaks. backlog is what waits, as rows that a copy lacks: null
    where the indicator knows of no such thing, its count null where nobody counted, with the reason.
    """
    counts = status.counts
    return {
        "slo": status.slo,
        "dataset": {"namespace": slo.dataset.namespace, "name": slo.dataset.name},
        "indicator": slo.spec.sli.type,
        "unit": slo.unit,
        "owner": slo.spec.owner.team,
        "description": slo.spec.description,
        "at": stamp(status.at),
        "state": status.state,
        "sentence": status.sentence,
        "target": number(status.target),
        "windowSeconds": status.window_s,
        "window": window_of(status.period),
        "sli": number(status.sli),
        "good": number(status.good),
        "bad": number(status.total - status.good),
        "total": number(status.total),
        "unknown": counts.get("unknown", 0),
        "pending": counts.get("pending", 0),
        "excluded": counts.get("excluded", 0),
        "notExpected": counts.get("not_expected", 0),
        "coverage": number(status.coverage),
        "budget": {
            "allowed": number(status.budget.allowed),
            "spent": number(status.budget.spent),
            "inherited": number(status.budget.inherited),
            "remainingRatio": number(status.budget.remaining_ratio),
        },
        "burnRates": {label(rate.long_s): _rate(rate) for rate in status.burn_rates},
        "burn": {label(rate.long_s): _rate(rate) for rate in status.burn},
        "ladder": status.ladder,
        "findings": [{"kind": each.kind, "at": stamp(each.at), "sentence": each.sentence} for each in status.findings],
        "leftOut": [left_out_of(each) for each in status.left_out],
        "nextDue": stamp(status.next_due),
        "lastDelivery": stamp(status.last_delivery),
        "figures": {name: number(value) for name, value in _figures(status, slo).items()},
        "backlog": _backlog(status.backlog, status.at),
        "occurrenceCount": len(status.occurrences),
        "occurrences": [_occurrence(verdict) for verdict in (status.occurrences if listed is None else listed)],
    }


def left_out_of(left: LeftOut) -> dict[str, object]:
    """*left* as JSON."""
    return {
        "job": None if left.job is None else {"namespace": left.job.namespace, "name": left.job.name},
        "events": left.events,
        "aheadSeconds": left.most.total_seconds(),
        "lastReceivedAt": stamp(left.last),
        "sentence": left.sentence,
    }


def window_of(period: Period | None) -> dict[str, object] | None:
    """*period* as JSON; null where the window rolls."""
    return None if period is None else {"name": period.name, "start": stamp(period.start), "end": stamp(period.end)}


def _figures(status: Status, slo: DataSLO) -> Mapping[str, Fraction | None]:
    """What else the indicator has to show of the window, where it has anything."""
    show = getattr(indicator(slo.spec.sli.type), "figures", None)
    found: Mapping[str, Fraction | None] = show(slo, status.measured) if show is not None else {}
    return found


def _backlog(backlog: Backlog | None, at: datetime) -> dict[str, object] | None:
    if backlog is None:
        return None
    waited = number(backlog.age_s(at))
    return {
        "count": backlog.count,
        "oldestAt": stamp(backlog.oldest_at),
        "oldestAgeSeconds": waited,
        "reason": backlog.reason,
    }


def number(value: Fraction | None) -> Number:
    """A fraction as JSON has numbers: whole ones exactly, others as the nearest double."""
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else float(value)


def stamp(at: datetime | None) -> str | None:
    """`2026-11-21T05:30:00Z`."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def label(seconds: int) -> str:
    """A window as it is named everywhere: `5m`, `1h`, `3d`."""
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "m")):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _rate(rate: BurnRate) -> dict[str, object]:
    return {
        "severity": rate.severity,
        "shortWindow": label(rate.short_s),
        "long": number(rate.long),
        "short": number(rate.short),
        "threshold": number(rate.threshold),
        "firing": rate.firing,
    }


def _amended(amendment: Amendment | None) -> dict[str, object] | None:
    if amendment is None:
        return None
    because = amendment.because
    return {"was": amendment.was.value, "at": stamp(amendment.at), "by": amendment.by, "because": because}


def _restated(restated: Restated | None) -> dict[str, object] | None:
    return None if restated is None else {"value": number(restated.value), "at": stamp(restated.at)}


def made_of(verdict: Verdict) -> dict[str, object]:
    """Of what the figures of *verdict* are made, as JSON, for whoever draws them or asks why."""
    return {
        "stages": [_stage(stage) for stage in verdict.stages],
        "ordinary": None if verdict.ordinary is None else [number(each) for each in verdict.ordinary],
        "rules": [{"name": rule.name, "failed": rule.failed} for rule in verdict.rules],
    }


def _stage(stage: Stage) -> dict[str, object]:
    job = {"namespace": stage.job.namespace, "name": stage.job.name}
    return {"what": stage.what, "job": job, "seconds": number(stage.seconds)}


def _occurrence(verdict: Verdict) -> dict[str, object]:
    return {
        "occurrence": verdict.occurrence,
        "due": stamp(verdict.due),
        "state": verdict.state.value,
        "good": number(verdict.good),
        "total": number(verdict.total),
        "reason": verdict.reason,
        "value": number(verdict.value),
        "expected": number(verdict.expected),
        "deliveredAt": stamp(verdict.delivered_at),
        "run": verdict.run,
        "evidence": list(verdict.evidence),
        "imported": verdict.imported,
        "amended": _amended(verdict.amended),
        "restated": _restated(verdict.restated),
        "path": verdict.path,
        "level": verdict.level,
        **made_of(verdict),
    }
