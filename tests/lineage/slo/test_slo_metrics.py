"""Metrics: what Prometheus is shown of the SLOs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lineage.model import Rule, Verdict
from lineage.slo.backlog import Backlog
from lineage.slo.budget import judge
from lineage.slo.metrics import SloCollector
from lineage.slo.spec import DataSLO, define
from tests.support.promises import HOUR, NOON, document, promise, verdicts

FIVE: dict[str, Any] = {"schedule": {"cron": "*/5 * * * *"}, "alerting": {"policy": "mwmb"}}


def scraped(slo: DataSLO | None, judged: str | Sequence[Verdict]) -> list[str]:
    collector, registry = SloCollector(), CollectorRegistry()
    registry.register(collector)
    if slo is not None:
        known: dict[str, Any] = {"through": NOON - HOUR, "last_delivery": NOON - HOUR}
        known |= {"backlog": Backlog(12, NOON - HOUR)} if slo.spec.path is not None else {}
        found = verdicts(judged) if isinstance(judged, str) else judged
        collector.show([replace(judge(slo, found, NOON), **known)], {slo.name: slo})
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(
    "line",
    [
        'headwater_slo_objective_ratio{slo="orders-freshness"} 0.999',
        'headwater_slo_window_seconds{slo="orders-freshness"} 2.4192e+06',
        'headwater_slo_sli_ratio{slo="orders-freshness",window="period"} 0.75',
        'headwater_slo_burn_rate{slo="orders-freshness",window="period"} 250.0',
        'headwater_slo_sli_ratio{slo="orders-freshness",window="1h"} 0.0',
        'headwater_slo_burn_rate{slo="orders-freshness",window="1h"} 1000.0',
        'headwater_slo_burn_rate{slo="orders-freshness",window="1d"} 250.0',
        'headwater_slo_coverage_ratio{slo="orders-freshness",window="period"} 1.0',
        'headwater_slo_error_budget_remaining_ratio{slo="orders-freshness",window="period"} -249.0',
        'headwater_slo_window_events{slo="orders-freshness",window="period"} 4.0',
        'headwater_slo_window_bad_events{slo="orders-freshness",window="period"} 1.0',
        'headwater_slo_data_age_seconds{slo="orders-freshness"} 3600.0',
        'headwater_slo_last_delivery_timestamp_seconds{slo="orders-freshness"} 1.7951724e+09',
        'headwater_slo_next_due_timestamp_seconds{slo="orders-freshness"} 1.7951769e+09',
    ],
)
def test_figures_have_the_documented_names(line: str) -> None:
    """The names of SLO.md e, and exact fractions without noise."""
    found = scraped(promise(target="0.999"), "GGGB")

    assert [one for one in found if one.split("}")[0] == line.split("}", maxsplit=1)[0]] == [line]


def unscheduled(type_: str, **spec: Any) -> DataSLO:
    """A promise of that type, without a schedule."""
    said = document(sli={"type": type_, **spec.pop("sli")})
    del said["spec"]["schedule"]
    if "path" in spec:
        del said["spec"]["dataset"]
    return define(said | {"spec": said["spec"] | spec})


def test_a_copy_has_a_lag_and_no_age() -> None:
    """By the name of the copy and of its original; how old its data is depends on the original."""
    ends = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "copy"}}
    slo = unscheduled("replication_lag", sli={"threshold": "5m"}, path=ends)
    wanted = 'replica="dataset:lake:copy",slo="orders-freshness",source="dataset:lake:orders"'

    found = [line for line in scraped(slo, "GB") if "_lag_" in line or "_age_" in line]

    assert found == [
        f"headwater_replication_lag_seconds{{{wanted}}} 3600.0",
        f"headwater_replication_lag_rows{{{wanted}}} 12.0",
    ]


def test_an_audit_counts_the_partitions_that_differ() -> None:
    """Those whose newest audit is bad."""
    slo = unscheduled("copy_audit", sli={"original": {"namespace": "lake", "name": "raw"}})

    found = [line for line in scraped(slo, "GB") if "_audit_" in line]

    assert found == ['headwater_copy_audit_mismatch_partitions{slo="orders-freshness"} 1.0']


@pytest.mark.parametrize(("letters", "state"), [("G", 0), ("GB", 1), ("GP", 2), ("GU", 3), ("GX", 4), ("GN", 5)])
def test_the_newest_occurrence_has_a_number(letters: str, state: int) -> None:
    """Whatever became of it, so that a timeline of scrapes has no holes."""
    found = [line for line in scraped(promise(), letters) if "occurrence_state" in line]

    assert found == [f'headwater_slo_occurrence_state{{slo="orders-freshness"}} {state}.0']


def test_records_that_failed_have_bounds() -> None:
    """Of the 100 of a version at least 5 and at most 8; of assertions there is one number alone, the SLI."""
    rules = (Rule("not_null", 5), Rule("unique", 3))
    checked = [replace(each, good=Fraction(92), total=Fraction(100), rules=rules) for each in verdicts("B")]

    found = {
        unit: [line for line in scraped(promise("correctness", sli={"unit": unit}), checked) if "failed_ratio" in line]
        for unit in ("records", "assertions")
    }

    assert found == {
        "records": [
            'headwater_slo_failed_ratio{bound="least",slo="orders-correctness"} 0.05',
            'headwater_slo_failed_ratio{bound="most",slo="orders-correctness"} 0.08',
        ],
        "assertions": [],
    }


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"sli": {"type": "contract", "consumer": "risk"}}, "risk"),
        ({"consumer": [{"team": "growth"}, {"team": "risk"}]}, "growth risk"),
        ({}, ""),
    ],
)
def test_info_names_who_relies_on_it(changes: dict[str, Any], wanted: str) -> None:
    """Whose contract it is, else whom the definition names."""
    (info,) = [line for line in scraped(promise(**changes), "G") if line.startswith("headwater_slo_info")]

    assert f'consumer="{wanted}"' in info


def test_long_words_are_in_one_place() -> None:
    """Product, owner and dataset are labels of info alone, to be joined."""
    slo = promise(labels={"product": "orders", "tier": "critical"})
    carriers = {line.split("{")[0] for line in scraped(slo, "G") if "C0ORDERS1" in line or "dataset=" in line}

    assert carriers == {"headwater_slo_info"}


def test_a_retired_slo_is_gone() -> None:
    """No series of it stays behind, of gauges, counters or histograms."""
    slo, other = promise(), promise(name="others")
    seen = [judge(each, verdicts("GB"), NOON) for each in (slo, other)]
    collector, registry = SloCollector(), CollectorRegistry()
    registry.register(collector)
    collector.show(seen, {slo.name: slo, other.name: other})

    collector.show(seen[1:], {other.name: other})

    text = generate_latest(registry).decode()
    assert (slo.name in text, other.name in text) == (False, True)


def test_who_does_not_judge_shows_nothing() -> None:
    """A follower has no series: what the leader says is said once."""
    slo, collector, registry = promise(), SloCollector(), CollectorRegistry()
    registry.register(collector)
    collector.show([judge(slo, verdicts("GB"), NOON)], {slo.name: slo})

    collector.hide()

    assert slo.name not in generate_latest(registry).decode()


def test_an_unknown_figure_has_no_sample() -> None:
    """0 of 0 is absent, never 1 or 0."""
    assert [line for line in scraped(promise(), "UUU") if "sli_ratio" in line] == []
