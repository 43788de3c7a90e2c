"""How the SLOs stand, for Prometheus: read from the newest statuses at each scrape, so that a retired SLO is gone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import accumulate

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lineage.model import VerdictState, dataset_id
from lineage.slo.budget import Count, Tally
from lineage.slo.closed import Closed, Latencies, Totals
from lineage.slo.drift import Weight
from lineage.slo.indicators import contract, copy_audit, correctness
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.terms import parse_duration

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")  # the longest last
COVERED = ("1h", "1d")  # of coverage, beside the whole period: a series for each window would tell little more
COPY = ("replica", "source")
INFO = ("slo", "product", "team", "tier", "sli", "dataset", "owner_channel", "budgeting", "consumer")
STATES = tuple(VerdictState)

Shown = Sequence[tuple[DataSLO, Status]]
Labels = tuple[str, ...]
Sample = tuple[str, Labels, Fraction | float | None]


class SloCollector(Collector):
    """Exposes SLO.md e's names for what `show` was last given; ratios are the nearest double of exact fractions."""

    def __init__(self) -> None:
        self._shown: Shown = ()
        self._closed = Closed()
        self._standing: dict[str, tuple[Status, list[Sample]]] = {}

    def show(
        self, statuses: Sequence[Status], definitions: Mapping[str, DataSLO], judged_last: datetime | None = None
    ) -> None:
        """From now on these, and no other, are the SLOs; what closed since they were last shown is counted.

        Of those that were not shown yet what was due since anybody *judged_last*; without that nothing.
        """
        self._closed.look(statuses, definitions, judged_last)
        self._standing = {}
        self._shown = [(definitions[status.slo], status) for status in statuses if status.slo in definitions]

    def hide(self) -> None:
        """From now on another process judges: nothing is shown, and counting begins anew."""
        self._closed.forget()
        self._shown, self._standing = (), {}

    def describe(self) -> Iterator[Metric]:
        """All families, without a sample."""
        yield from (family(name) for name, family in FAMILIES.items())

    def collect(self) -> Iterator[Metric]:
        """All families, those without a sample included: dashboards can tell zero SLOs from no Headwater."""
        families = {name: family(name) for name, family in FAMILIES.items()}
        for slo, status in self._shown:
            totals = self._closed.totals.get(slo.name, Totals())
            for name, labels, value in (*self._stands(slo, status), *_counted(totals)):
                if value is not None:
                    families[f"headwater_{name}"].add_metric([slo.name, *labels], float(value))  # type: ignore[attr-defined]  # gauges and counters have it
            if totals.latencies is not None:
                _add_histogram(families["headwater_slo_e2e_latency_seconds"], slo.name, totals.latencies)
        yield from families.values()

    def _stands(self, slo: DataSLO, status: Status) -> Sequence[Sample]:
        """What *status* says, made once: adding up its windows costs more than to scrape it."""
        last, samples = self._standing.get(slo.name, (None, []))
        if last is not status:
            samples = list(_samples(slo, status))
            self._standing[slo.name] = status, samples
        return samples


def _gauge(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: GaugeMetricFamily(name, text, labels=["slo", *labels])


def _counter(text: str, *labels: str) -> Callable[[str], Metric]:
    return lambda name: CounterMetricFamily(name, text, labels=["slo", *labels])


def _histogram(text: str) -> Callable[[str], Metric]:
    return lambda name: HistogramMetricFamily(name, text, labels=["slo"])


FAMILIES: Mapping[str, Callable[[str], Metric]] = {
    "headwater_slo_info": _gauge("What an SLO is about; join with group_left.", *INFO[1:]),
    "headwater_slo_objective_ratio": _gauge("The share that must be good."),
    "headwater_slo_window_seconds": _gauge("The length of the window; on a calendar that of the current one."),
    "headwater_slo_sli_ratio": _gauge("Good of total.", "window"),
    "headwater_slo_burn_rate": _gauge("How many times faster than it can afford the budget is spent.", "window"),
    "headwater_slo_error_budget_remaining_ratio": _gauge(
        "What is left of the error budget; below 0 it is overspent.", "window"
    ),
    "headwater_slo_window_events": _gauge("Judged, in the unit of the SLI.", "window"),
    "headwater_slo_window_bad_events": _gauge("Judged and bad, in the unit of the SLI.", "window"),
    "headwater_slo_coverage_ratio": _gauge("Judged of what could have been.", "window"),
    "headwater_slo_sli_events": _counter("Closed, in the unit of the SLI."),
    "headwater_slo_sli_bad_events": _counter("Closed and bad, in the unit of the SLI."),
    "headwater_slo_sli_unknown_events": _counter("Occurrences of which nothing was known when they closed."),
    "headwater_slo_sli_corrected_events": _counter("Occurrences that were judged anew after they had closed."),
    "headwater_slo_data_age_seconds": _gauge("How far back lies what the dataset holds all data up to."),
    "headwater_slo_next_due_timestamp_seconds": _gauge("When the next delivery is due."),
    "headwater_slo_last_delivery_timestamp_seconds": _gauge("When the dataset was last delivered."),
    "headwater_slo_e2e_latency_seconds": _histogram("From the source to the end of the path, of what arrived."),
    "headwater_slo_occurrence_state": _gauge(
        "The newest occurrence: 0 good, 1 bad, 2 pending, 3 unknown, 4 excluded, 5 not expected."
    ),
    "headwater_slo_failed_ratio": _gauge(
        "Of the records in the window, at least and at most how many failed: one may have failed several rules.",
        "bound",
    ),
    "headwater_slo_rows_delivered": _gauge("Rows of the newest judged occurrence."),
    "headwater_slo_rows_expected": _gauge("Rows that the newest judged occurrence was held to."),
    "headwater_slo_schema_changes": _counter("Deliveries that changed the columns, by what that breaks.", "class"),
    "headwater_copy_audit_mismatch_partitions": _gauge(
        "Partitions in which a copy differs, by the newest audit of each."
    ),
    "headwater_replication_lag_seconds": _gauge("For how long a copy has lacked what its original has.", *COPY),
    "headwater_replication_lag_rows": _gauge("Rows that its original has and a copy lacks.", *COPY),
}


def _samples(slo: DataSLO, status: Status) -> Iterator[Sample]:
    labels, owner = slo.metadata.labels, slo.spec.owner
    channel = next((f"{word}:{to}" for word, to in owner.channel.items()), "")
    about = (labels.get("product", ""), owner.team, labels.get("tier", ""), slo.spec.sli.type)
    yield "slo_info", (*about, str(slo.dataset), channel, slo.spec.budgeting_method, _consumer(slo)), 1
    yield "slo_objective_ratio", (), status.target
    yield "slo_window_seconds", (), status.window_s
    yield from _windows(status)
    yield "slo_error_budget_remaining_ratio", ("period",), status.budget.remaining_ratio
    yield "slo_window_events", ("period",), status.total
    yield "slo_window_bad_events", ("period",), status.total - status.good
    yield from _behind(slo, status)
    yield "slo_next_due_timestamp_seconds", (), _seconds(status.next_due)
    yield "slo_last_delivery_timestamp_seconds", (), _seconds(status.last_delivery)
    if status.occurrences:
        yield "slo_occurrence_state", (), STATES.index(status.occurrences[-1].state)
    if isinstance(slo.spec.sli, correctness.Spec) and slo.spec.sli.unit == "records":
        yield from _bounds(slo, status)
    if isinstance(slo.spec.sli, copy_audit.Spec):
        yield "copy_audit_mismatch_partitions", (), copy_audit.figures(slo, status.measured)["partitionsThatDiffer"]
    if slo.spec.sli.type == "completeness":
        for newest in [verdict for verdict in status.measured if verdict.total][-1:]:
            yield "slo_rows_delivered", (), newest.value
            yield "slo_rows_expected", (), newest.expected


def _consumer(slo: DataSLO) -> str:
    """Who relies on it: of a contract whose it is, else whom the definition names."""
    if isinstance(slo.spec.sli, contract.Spec):
        return slo.spec.sli.consumer
    return " ".join(each.team for each in slo.spec.consumer)


def _bounds(slo: DataSLO, status: Status) -> Iterator[Sample]:
    figures = correctness.figures(slo, status.measured)
    records = sum((verdict.total for verdict in status.measured), Fraction(0))
    for bound, name in (("least", "failedAtLeast"), ("most", "failedAtMost")):
        failed = figures[name]
        yield "slo_failed_ratio", (bound,), failed / records if failed is not None and records else None


def _behind(slo: DataSLO, status: Status) -> Iterator[Sample]:
    """How old the data is; of a copy how far it is behind, for how old its data is depends on the original."""
    if slo.spec.path is None or slo.spec.sli.type != "replication_lag":
        through = status.through
        age = None if through is None else max(0.0, (status.at - through) / timedelta(seconds=1))
        yield "slo_data_age_seconds", (), age
    elif status.backlog is not None:
        sources = " ".join(str(dataset_id(each.namespace, each.name)) for each in slo.spec.path.sources)
        ends = str(slo.dataset), sources
        yield "replication_lag_seconds", ends, status.backlog.age_s(status.at)
        yield "replication_lag_rows", ends, None if status.backlog.count is None else Fraction(status.backlog.count)


def _windows(status: Status) -> Iterator[Sample]:
    """The period as the status has it, and the windows from its end, of which only the newest verdicts are added up."""
    yield "slo_sli_ratio", ("period",), status.sli
    yield "slo_burn_rate", ("period",), Count(status.good, status.total, 0, 0).burn(status.target)
    yield "slo_coverage_ratio", ("period",), status.coverage
    begin = status.at - parse_duration(WINDOWS[-1])
    tally = Tally(status.occurrences[bisect_right(status.occurrences, begin, key=lambda verdict: verdict.due) :])
    for window in WINDOWS:
        counted = tally.count(*tally.window(parse_duration(window), status.at))
        yield "slo_sli_ratio", (window,), counted.sli
        yield "slo_burn_rate", (window,), counted.burn(status.target)
        if window in COVERED:
            yield "slo_coverage_ratio", (window,), counted.coverage


def _counted(totals: Totals) -> Iterator[Sample]:
    yield "slo_sli_events", (), totals.events
    yield "slo_sli_bad_events", (), totals.bad
    yield "slo_sli_unknown_events", (), totals.unknown
    yield "slo_sli_corrected_events", (), totals.corrected
    if totals.changes is not None:
        yield from (("slo_schema_changes", (weight.value,), totals.changes[weight]) for weight in Weight)


def _add_histogram(family: Metric, slo: str, told: Latencies) -> None:
    assert isinstance(family, HistogramMetricFamily), "its name says so"
    edges = [*(f"{edge:g}" for edge in told.edges), "+Inf"]
    family.add_metric([slo], list(zip(edges, accumulate(told.counts), strict=True)), float(told.sum))


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


SLOS = SloCollector()
REGISTRY.register(SLOS)
