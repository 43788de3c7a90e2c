"""How the SLOs stand, for Prometheus: read from the newest statuses at each scrape, so that a retired SLO is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from fractions import Fraction

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from lineage.slo.budget import Count, Tally
from lineage.slo.shape import label
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.terms import parse_duration

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SEVERITIES = ("page", "ticket")
INACTIVE, FIRING, FROZEN = 0, 2, 3
INFO = ("slo", "product", "team", "tier", "sli", "dataset", "owner_channel", "budgeting")


class SloCollector(Collector):
    """Exposes SLO.md e's names for what `show` was last given; ratios are the nearest double of exact fractions."""

    def __init__(self) -> None:
        self._shown: Sequence[tuple[DataSLO, Status]] = ()

    def show(self, statuses: Sequence[Status], definitions: Mapping[str, DataSLO]) -> None:
        """From now on these, and no other, are the SLOs."""
        self._shown = [(definitions[status.slo], status) for status in statuses if status.slo in definitions]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families, those without a sample included: dashboards can tell zero SLOs from no Headwater."""
        shown = self._shown
        families = {name: _family(name, *described) for name, described in FAMILIES.items()}
        for slo, status in shown:
            for name, labels, value in _samples(slo, status):
                if value is not None:
                    families[name].add_metric([slo.name, *labels], float(value))
        yield from families.values()


FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "info": ("What an SLO is about; join with group_left.", INFO[1:]),
    "objective_ratio": ("The share that must be good.", ()),
    "window_seconds": ("The length of the rolling window.", ()),
    "sli_ratio": ("Good of total.", ("window",)),
    "burn_rate": ("How many times faster than it can afford the budget is spent.", ("window",)),
    "error_budget_remaining_ratio": ("What is left of the error budget; below 0 it is overspent.", ("window",)),
    "window_events": ("Judged, in the unit of the SLI.", ("window",)),
    "window_bad_events": ("Judged and bad, in the unit of the SLI.", ("window",)),
    "coverage_ratio": ("Judged of what could have been.", ("window",)),
    "alert_state": ("0 inactive, 2 firing, 3 frozen for lack of coverage.", ("rule", "severity")),
    "next_due_timestamp_seconds": ("When the next delivery is due.", ()),
    "last_delivery_timestamp_seconds": ("When the dataset was last delivered.", ()),
    "rows_delivered": ("Rows of the newest judged occurrence.", ()),
    "rows_expected": ("Rows that the newest judged occurrence was held to.", ()),
}

Sample = tuple[str, tuple[str, ...], Fraction | float | None]


def _family(name: str, text: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"headwater_slo_{name}", text, labels=["slo", *labels])


def _samples(slo: DataSLO, status: Status) -> Iterator[Sample]:
    labels, owner = slo.metadata.labels, slo.spec.owner
    channel = next((f"{word}:{to}" for word, to in owner.channel.items()), "")
    about = (labels.get("product", ""), owner.team, labels.get("tier", ""), slo.spec.sli.type)
    yield "info", (*about, str(slo.dataset), channel, slo.spec.budgeting_method), 1
    yield "objective_ratio", (), status.target
    yield "window_seconds", (), status.window_s
    tally = Tally(status.occurrences)
    period = tally.count(0, len(tally.ordered))
    yield from _windowed("period", period, status.target)
    for window in WINDOWS:
        inside = tally.count(*tally.window(parse_duration(window), status.at))
        yield from _windowed(window, inside, status.target)
    yield "error_budget_remaining_ratio", ("period",), status.budget.remaining_ratio
    yield "window_events", ("period",), period.total
    yield "window_bad_events", ("period",), period.bad
    yield from _alerts(status)
    yield "next_due_timestamp_seconds", (), _seconds(status.next_due)
    yield "last_delivery_timestamp_seconds", (), _seconds(status.last_delivery)
    if slo.spec.sli.type == "completeness":
        for newest in [verdict for verdict in status.occurrences if verdict.total][-1:]:
            yield "rows_delivered", (), newest.value
            yield "rows_expected", (), newest.expected


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _windowed(window: str, counted: Count, target: Fraction) -> Iterator[Sample]:
    yield "sli_ratio", (window,), counted.sli
    yield "burn_rate", (window,), counted.burn(target)
    yield "coverage_ratio", (window,), counted.coverage


def _alerts(status: Status) -> Iterator[Sample]:
    frozen = status.state == "no_data"
    for rate in status.burn_rates:
        state = FROZEN if frozen else FIRING if rate.firing else INACTIVE
        yield "alert_state", (f"burn-{label(rate.long_s)}", rate.severity), state
    for severity in SEVERITIES:
        state = FROZEN if frozen else FIRING if status.ladder == severity else INACTIVE
        yield "alert_state", ("ladder", severity), state


SLOS = SloCollector()
REGISTRY.register(SLOS)
