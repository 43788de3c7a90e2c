"""How the SLOs stand, for Prometheus: read from the newest statuses at each scrape, so that a retired SLO is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lineage.slo.budget import Count, Tally
from lineage.slo.closed import Closed, Latencies, Totals
from lineage.slo.drift import Weight
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.terms import parse_duration

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
COVERED = ("1h", "1d")  # of coverage, beside the whole period: a series for each window would tell little more
INFO = ("slo", "product", "team", "tier", "sli", "dataset", "owner_channel", "budgeting")

Shown = Sequence[tuple[DataSLO, Status]]
Labels = tuple[str, ...]
Sample = tuple[str, Labels, Fraction | float | None]


class SloCollector(Collector):
    """Exposes SLO.md e's names for what `show` was last given; ratios are the nearest double of exact fractions."""

    def __init__(self) -> None:
        self._shown: Shown = ()
        self._closed = Closed()

    def show(self, statuses: Sequence[Status], definitions: Mapping[str, DataSLO]) -> None:
        """From now on these, and no other, are the SLOs; what closed since they were last shown is counted."""
        self._closed.look(statuses, definitions)
        self._shown = [(definitions[status.slo], status) for status in statuses if status.slo in definitions]

    def hide(self) -> None:
        """From now on another process judges: nothing is shown, and counting begins anew."""
        self._closed.forget()
        self._shown = ()

    def describe(self) -> Iterator[Metric]:
        """All families, without a sample."""
        yield from (family(name) for name, family in FAMILIES.items())

    def collect(self) -> Iterator[Metric]:
        """All families, those without a sample included: dashboards can tell zero SLOs from no Headwater."""
        families = {name: family(name) for name, family in FAMILIES.items()}
        totals = self._closed.totals
        for slo, status in self._shown:
            for name, labels, value in _samples(slo, status, totals.get(slo.name, Totals())):
                if value is not None:
                    families[name].add_metric([slo.name, *labels], float(value))  # type: ignore[attr-defined]  # gauges and counters have it
            if (told := totals.get(slo.name, Totals()).latencies) is not None:
                _add_histogram(families["e2e_latency_seconds"], slo.name, told)
        yield from families.values()


def _gauge(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: GaugeMetricFamily(f"headwater_slo_{name}", text, labels=["slo", *labels])


def _counter(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: CounterMetricFamily(f"headwater_slo_{name}", text, labels=["slo", *labels])


def _histogram(text: str) -> Callable[[str], Metric]:
    return lambda name: HistogramMetricFamily(f"headwater_slo_{name}", text, labels=["slo"])


FAMILIES: Mapping[str, Callable[[str], Metric]] = {
    "info": _gauge("What an SLO is about; join with group_left.", *INFO[1:]),
    "objective_ratio": _gauge("The share that must be good."),
    "window_seconds": _gauge("The length of the rolling window."),
    "sli_ratio": _gauge("Good of total.", "window"),
    "burn_rate": _gauge("How many times faster than it can afford the budget is spent.", "window"),
    "error_budget_remaining_ratio": _gauge("What is left of the error budget; below 0 it is overspent.", "window"),
    "window_events": _gauge("Judged, in the unit of the SLI.", "window"),
    "window_bad_events": _gauge("Judged and bad, in the unit of the SLI.", "window"),
    "coverage_ratio": _gauge("Judged of what could have been.", "window"),
    "sli_events": _counter("Closed, in the unit of the SLI."),
    "sli_bad_events": _counter("Closed and bad, in the unit of the SLI."),
    "sli_unknown_events": _counter("Occurrences of which nothing was known when they closed."),
    "sli_corrected_events": _counter("Occurrences that were judged anew after they had closed."),
    "data_age_seconds": _gauge("How far back lies what the dataset holds all data up to."),
    "next_due_timestamp_seconds": _gauge("When the next delivery is due."),
    "last_delivery_timestamp_seconds": _gauge("When the dataset was last delivered."),
    "e2e_latency_seconds": _histogram("From the source to the end of the path, of what arrived."),
    "rows_delivered": _gauge("Rows of the newest judged occurrence."),
    "rows_expected": _gauge("Rows that the newest judged occurrence was held to."),
    "schema_changes": _counter("Deliveries that changed the columns, by what that breaks.", "class"),
}


def _samples(slo: DataSLO, status: Status, totals: Totals) -> Iterator[Sample]:
    labels, owner = slo.metadata.labels, slo.spec.owner
    channel = next((f"{word}:{to}" for word, to in owner.channel.items()), "")
    about = (labels.get("product", ""), owner.team, labels.get("tier", ""), slo.spec.sli.type)
    yield "info", (*about, str(slo.dataset), channel, slo.spec.budgeting_method), 1
    yield "objective_ratio", (), status.target
    yield "window_seconds", (), status.window_s
    yield from _windows(status)
    yield "error_budget_remaining_ratio", ("period",), status.budget.remaining_ratio
    yield "window_events", ("period",), status.total
    yield "window_bad_events", ("period",), status.total - status.good
    yield from _counted(totals)
    yield "data_age_seconds", (), None if status.through is None else _since(status.through, status.at)
    yield "next_due_timestamp_seconds", (), _seconds(status.next_due)
    yield "last_delivery_timestamp_seconds", (), _seconds(status.last_delivery)
    if slo.spec.sli.type == "completeness":
        for newest in [verdict for verdict in status.occurrences if verdict.total][-1:]:
            yield "rows_delivered", (), newest.value
            yield "rows_expected", (), newest.expected


def _windows(status: Status) -> Iterator[Sample]:
    tally = Tally(status.occurrences)
    counts: dict[str, Count] = {
        window: tally.count(*tally.window(parse_duration(window), status.at)) for window in WINDOWS
    }
    counts["period"] = tally.count(0, len(tally.ordered))
    for window, counted in counts.items():
        yield "sli_ratio", (window,), counted.sli
        yield "burn_rate", (window,), counted.burn(status.target)
        if window in {*COVERED, "period"}:
            yield "coverage_ratio", (window,), counted.coverage


def _counted(totals: Totals) -> Iterator[Sample]:
    yield "sli_events", (), totals.events
    yield "sli_bad_events", (), totals.bad
    yield "sli_unknown_events", (), totals.unknown
    yield "sli_corrected_events", (), totals.corrected
    if totals.changes is not None:
        yield from (("schema_changes", (weight.value,), totals.changes[weight]) for weight in Weight)


def _add_histogram(family: Metric, slo: str, told: Latencies) -> None:
    assert isinstance(family, HistogramMetricFamily), "its name says so"
    edges = [*(f"{edge:g}" for edge in told.edges), "+Inf"]
    family.add_metric([slo], list(zip(edges, accumulate(told.counts), strict=True)), float(told.sum))


def _since(through: datetime, at: datetime) -> float:
    return (at - through) / timedelta(seconds=1)


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


SLOS = SloCollector()
REGISTRY.register(SLOS)
