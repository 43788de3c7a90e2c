"""Metrics: what Prometheus is shown of the SLOs."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lineage.slo.budget import judge
from lineage.slo.metrics import SloCollector
from lineage.slo.spec import DataSLO
from tests.support.promises import NOON, promise, verdicts

FIVE = {"schedule": {"cron": "*/5 * * * *"}, "alerting": {"policy": "mwmb"}}


def scraped(slo: DataSLO | None, letters: str) -> list[str]:
    collector, registry = SloCollector(), CollectorRegistry()
    registry.register(collector)
    if slo is not None:
        collector.show([judge(slo, verdicts(letters), NOON)], {slo.name: slo})
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
        'headwater_slo_alert_state{rule="ladder",severity="page",slo="orders-freshness"} 2.0',
        'headwater_slo_next_due_timestamp_seconds{slo="orders-freshness"} 1.7951769e+09',
    ],
)
def test_figures_have_the_documented_names(line: str) -> None:
    """The names of SLO.md e, and exact fractions without noise."""
    found = scraped(promise(target="0.999"), "GGGB")

    assert [one for one in found if one.split("}")[0] == line.split("}", maxsplit=1)[0]] == [line]


def test_long_words_are_in_one_place() -> None:
    """Product, owner and dataset are labels of info alone, to be joined."""
    slo = promise(labels={"product": "orders", "tier": "critical"})
    carriers = {line.split("{")[0] for line in scraped(slo, "G") if "C0ORDERS1" in line or "dataset=" in line}

    assert carriers == {"headwater_slo_info"}


def test_a_retired_slo_is_gone() -> None:
    """No series of it stays behind."""
    assert scraped(None, "") == []


def test_lost_coverage_freezes_the_alert_state() -> None:
    """3: frozen, neither firing nor inactive."""
    states = {line.split()[-1] for line in scraped(promise(**FIVE), "GUUU") if "alert_state" in line}

    assert states == {"3.0"}


def test_an_unknown_figure_has_no_sample() -> None:
    """0 of 0 is absent, never 1 or 0."""
    assert [line for line in scraped(promise(), "UUU") if "sli_ratio" in line] == []
