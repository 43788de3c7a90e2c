"""What alerts and incidents come to, for Prometheus: the engine's own state, never derived a second time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lineage.alerts import incidents, policy
from lineage.alerts.incidents import Incident
from lineage.alerts.inherited import inherited, spans
from lineage.alerts.policy import AlertState
from lineage.alerts.react import said
from lineage.slo.shape import label
from lineage.slo.spec import DataSLO
from lineage.slo.status import BurnRate, Status
from lineage.store.base import Store

INACTIVE, PENDING, FIRING, FROZEN = range(4)
EDGES_S = (15, 60, 300, 900, 1800, 3600, 14400, 43200, 86400)
WHOSE = ("team", "severity")

Labels = tuple[str, ...]
Series = dict[tuple[policy.Rule, str, policy.Severity], int]  # by family of rules, rule and severity


class AlertCollector(Collector):
    """Exposes what `show` last read of the store; `hide` when another process judges."""

    def __init__(self) -> None:
        self._states: Mapping[str, Series] = {}
        self._cases: dict[str, Incident] = {}
        self._lost: Mapping[str, Fraction] = {}
        self._store: Store | None = None

    def show(self, store: Store, statuses: Sequence[Status], definitions: Mapping[str, DataSLO]) -> None:
        """From now on this is how rules and incidents stand. What is resolved is read once. Raises StoreUnavailable."""
        phases = said(store)
        self._states = {
            status.slo: alert_states(definitions[status.slo], status, phases.get(status.slo))
            for status in statuses
            if status.slo in definitions
        }
        if self._store is not store:
            self._store, self._cases = store, {case.id: case for case in incidents.every(store)}
        found = {case.id: case for case in incidents.every(store, "open")}
        left = (id_ for id_, case in self._cases.items() if case.state == "open" and id_ not in found)
        self._cases = self._cases | found | {id_: incidents.one(store, id_) for id_ in left}  # a scrape may be reading
        hurt = spans(self._cases.values())
        lost = {status.slo: inherited(status, hurt[status.slo]) for status in statuses if status.slo in hurt}
        self._lost = {
            status.slo: lost[status.slo] / status.budget.allowed
            for status in statuses
            if status.slo in self._states and lost.get(status.slo) and status.budget.allowed
        }

    def hide(self) -> None:
        """Show nothing."""
        self._states, self._cases, self._lost, self._store = {}, {}, {}, None

    def describe(self) -> Iterator[Metric]:
        """All families, without a sample."""
        yield from (family(name) for name, family in FAMILIES.items())

    def collect(self) -> Iterator[Metric]:
        """All families, those without a sample included."""
        families = {name: family(name) for name, family in FAMILIES.items()}
        for slo, rules in self._states.items():
            for (_, rule, severity), state in rules.items():
                families["headwater_slo_alert_state"].add_metric([slo, rule, severity], state)  # type: ignore[attr-defined]  # a gauge has it
        for slo, share in self._lost.items():
            families["headwater_slo_error_budget_inherited_ratio"].add_metric([slo, "period"], float(share))  # type: ignore[attr-defined]  # and so is this
        for (name, labels), value in _counted(self._cases.values()).items():
            families[name].add_metric(labels, value)  # type: ignore[attr-defined]  # gauges and counters have it
        for name, measure in SPANS.items():
            for labels, lengths in _by_whom(self._cases.values(), measure).items():
                _add_histogram(families[name], labels, lengths)
        yield from families.values()


def alert_states(slo: DataSLO, status: Status, before: AlertState | None) -> Series:
    """How each rule of *slo* stands: 0 inactive, 1 pending, 2 firing, 3 frozen.

    Pending: true and not told, for a guard holds it back, a second look is wanted, or the SLO warms up. What was told
    stays 2 until the engine takes it back, also while coverage is lost: frozen neither fires nor resolves.
    """
    told = before if before is not None and before.phase == "firing" else None
    frozen = status.state == "no_data"
    found: Series = {}
    for family, rule, severity, burning, true in _rules(slo, status):
        speaks = told is not None and family in told.rules and policy.RANK[severity] <= policy.RANK[told.severity]
        if true and speaks and not frozen:
            found[family, rule, severity] = FIRING
        else:
            found[family, rule, severity] = FROZEN if frozen else PENDING if burning else INACTIVE
    if told is not None and not any(
        value == FIRING and severity == told.severity for (_, _, severity), value in found.items()
    ):
        held = [key for key in found if key[0] in told.rules and key[2] == told.severity]
        found |= dict.fromkeys(held or [(told.rules[0], told.rules[0], told.severity)], FIRING)
    return found


def _rules(slo: DataSLO, status: Status) -> Iterator[tuple[policy.Rule, str, policy.Severity, bool, bool]]:
    """Family, rule and severity of each rule that can speak, whether it is true but for its guards, and with them."""
    for rate in status.burn_rates:
        yield "burn", f"burn-{label(rate.long_s)}", rate.severity, _burning(rate), rate.firing
    floor = slo.spec.alerting.instant
    for severity in policy.RANK if not status.burn_rates else () if floor is None else (floor.severity,):
        true = status.ladder == severity
        yield "ladder", "ladder", severity, true, true


def _burning(rate: BurnRate) -> bool:
    return all(each is not None and each > rate.threshold for each in (rate.long, rate.short))


def _counted(cases: Iterable[Incident]) -> Counter[tuple[str, Labels]]:
    """Incidents, those that are open, and how many alerts were told as part of another's."""
    found: Counter[tuple[str, Labels]] = Counter()
    for case in cases:
        found["headwater_incidents", _whose(case)] += 1
        found["headwater_incidents_open", (case.team or "", case.severity)] += case.state == "open"
        if case.kind == "slo":
            found["headwater_alerts_suppressed", (case.team or "",)] += len(case.members) - 1
    return found


def _by_whom(
    cases: Iterable[Incident], measure: Callable[[Incident], timedelta | None]
) -> Mapping[Labels, list[float]]:
    """How long it took, without budgets that run low and data that is to end: nobody mends what goes by time."""
    found: dict[Labels, list[float]] = {}
    for case in cases:
        if case.kind not in {"budget", "ending"} and (length := measure(case)) is not None:
            found.setdefault(_whose(case), []).append(length.total_seconds())
    return found


def _whose(case: Incident) -> Labels:
    """By the severity that it began with: a counter must not move to another series when that rises."""
    return case.team or "", case.began_as or case.severity


def _add_histogram(family: Metric, labels: Labels, spans: Sequence[float]) -> None:
    assert isinstance(family, HistogramMetricFamily), "its name says so"
    ordered = sorted(spans)
    buckets = [(f"{edge:g}", bisect_right(ordered, edge)) for edge in EDGES_S]
    family.add_metric(labels, [*buckets, ("+Inf", len(ordered))], sum(ordered))


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """None where one of the two has not come; what was told before it was detected took no time."""
    return None if start is None or end is None else max(end - start, timedelta(0))


SPANS: Mapping[str, Callable[[Incident], timedelta | None]] = {
    "headwater_incident_detect_seconds": lambda case: _between(case.onset_at, case.detected_at),
    "headwater_incident_notify_seconds": lambda case: _between(case.detected_at, case.notified_at),
    "headwater_incident_ack_seconds": lambda case: _between(case.notified_at, case.acked_at),
    # What was withdrawn was never wrong: nobody mended it.
    "headwater_incident_restore_seconds": lambda case: (
        None if incidents.withdrawn(case) else _between(case.onset_at, case.restored_at)
    ),
}


def _gauge(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: GaugeMetricFamily(name, text, labels=labels)


def _counter(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: CounterMetricFamily(name, text, labels=labels)


def _histogram(text: str) -> Callable[[str], Metric]:
    return lambda name: HistogramMetricFamily(name, text, labels=WHOSE)


FAMILIES: Mapping[str, Callable[[str], Metric]] = {
    "headwater_slo_error_budget_inherited_ratio": _gauge(
        "What of the error budget was lost to something upstream, where any of it was.", "slo", "window"
    ),
    "headwater_slo_alert_state": _gauge("0 inactive, 1 pending, 2 firing, 3 frozen.", "slo", "rule", "severity"),
    "headwater_incidents_open": _gauge("Incidents that are not resolved.", *WHOSE),
    "headwater_incidents": _counter("Incidents, as the store keeps them.", *WHOSE),
    "headwater_incident_detect_seconds": _histogram("From the first bad occurrence until it was seen."),
    "headwater_incident_notify_seconds": _histogram("From when it was seen until somebody was told."),
    "headwater_incident_ack_seconds": _histogram("From when somebody was told until somebody took it up."),
    "headwater_incident_restore_seconds": _histogram("From the first bad occurrence until all was good again."),
    "headwater_alerts_suppressed": _counter("Alerts that were told as part of another's incident.", "team"),
}

ALERTS = AlertCollector()
REGISTRY.register(ALERTS)
