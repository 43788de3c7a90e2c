"""All of /metrics: names as Prometheus wants them, few labels, few series, and docs/metrics.md beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric

from collectors.transports import kafka
from lineage import telemetry
from lineage.alerts.metrics import ALERTS, AlertCollector
from lineage.slo.budget import judge
from lineage.slo.metrics import SLOS, SloCollector
from lineage.slo.spec import DataSLO, define
from lineage.slo.status import Status
from tests.support.promises import NOON, Lake, document, verdicts

DOCS = Path(__file__).parent.parent.parent / "docs" / "metrics.md"
MINUTE = timedelta(minutes=1)
ONE = Fraction(1)
FORBIDDEN = {"run", "run_id", "version", "column", "error", "message", "user", "actor", "hash", "digest", "rows"}


def declared() -> Mapping[str, tuple[str, tuple[str, ...], str]]:
    """Name as it is scraped, type, labels and help of every metric of the program."""
    found: dict[str, tuple[str, tuple[str, ...], str]] = {}
    own = [each for module in (telemetry, kafka) for each in vars(module).values()]
    for each in own:
        if isinstance(each, Counter | Gauge | Histogram):
            (family,) = each.describe()
            found[_scraped(family)] = (family.type, tuple(each._labelnames), family.documentation)
    for collector in (SLOS, ALERTS):
        for family in collector.describe():
            found[_scraped(family)] = (family.type, tuple(family._labelnames), family.documentation)  # type: ignore[attr-defined]  # the library keeps them there
    return found


def _scraped(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_the_documentation_is_the_program() -> None:
    """Each metric has its row, in order, with type, labels and meaning; there is no other row."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|", DOCS.read_text(), flags=re.MULTILINE)
    wanted = [
        (name, type_, ", ".join(f"`{label}`" for label in labels), text)
        for name, (type_, labels, text) in sorted(declared().items())
    ]

    assert sorted(rows) == wanted


@pytest.mark.parametrize("name", declared())
def test_names_follow_the_conventions(name: str) -> None:
    """Ours, lower case, without a colon; `_total` on counters alone; a unit is a base unit and stands last."""
    type_, labels, _ = declared()[name]

    assert re.fullmatch(r"headwater(_[a-z0-9]+)+", name)
    assert (name.endswith("_total"), FORBIDDEN & set(labels)) == (type_ == "counter", set())
    assert not re.search(r"(milli|micro)seconds|minutes|hours|percent|_ms\b", name)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty store."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def fullest(**sli: Any) -> tuple[DataSLO, Status]:
    """Beats in every window, all tiers, a floor beside them, and all times known that the indicator tells."""
    said = document(sli=sli, schedule={"cron": "*/5 * * * *"}, alerting={"policy": "mwmb", "instant": {"below": "0.5"}})
    said["spec"]["sli"] = sli
    slo = define(said)
    counted = [replace(each, value=ONE, expected=ONE) for each in verdicts("GB" * 4032, NOON, 5 * MINUTE)]
    through = NOON if sli["type"] == "freshness" else None
    return slo, replace(judge(slo, counted, NOON), through=through, last_delivery=NOON)


@pytest.mark.parametrize(
    "sli",
    [
        {"type": "freshness"},
        {"type": "completeness", "expected": {"mode": "contract", "rows": 1000}},
        {"type": "schema_stability"},
        {"type": "correctness", "unit": "records"},
    ],
)
def test_an_slo_costs_forty_series_at_most(lake: Lake, sli: dict[str, Any]) -> None:
    """1 000 SLOs are 40 000 series; a histogram of latency, where there is one, adds sixteen."""
    slo, status = fullest(**sli)
    slos, alerts, registry = SloCollector(), AlertCollector(), CollectorRegistry()
    for collector in (slos, alerts):
        registry.register(collector)
    slos.show([status], {slo.name: slo})
    alerts.show(lake.store, [status], {slo.name: slo})

    found = [line for line in generate_latest(registry).decode().splitlines() if f'slo="{slo.name}"' in line]
    assert 30 < len(found) <= 40
