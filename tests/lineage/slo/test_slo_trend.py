"""Latency by day and by path: its trend, and what a trend that is too steep comes to (SLO.md b.4)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Evidence
from lineage.slo.findings import Growth, findings
from lineage.slo.indicators.latency import figures, trend
from lineage.slo.spec import DataSLO, define
from tests.support.promises import NOON, document


def promised(**spec: Any) -> DataSLO:
    """From orders to analytics in ten minutes."""
    said = document(sli={"type": "latency", "percentile": {"threshold": "10m"}}, target="0.95", **spec)
    del said["spec"]["dataset"], said["spec"]["schedule"]
    ends = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "analytics"}}
    said["spec"]["path"] = ends
    return define(said)


PROMISED = promised()


def day(number: int, value: int, path: str = "a1b2c3") -> Verdict:
    """A sample of that day that took so many seconds."""
    due = NOON + timedelta(days=number)
    return Verdict(
        f"{number} {value}", due, VerdictState.GOOD, Fraction(1), Fraction(1), value=Fraction(value), path=path
    )


def test_each_path_has_a_percentile_of_its_own() -> None:
    """Where the way changed within the window, both are shown, and never averaged."""
    found = figures(PROMISED, [day(0, 60), day(0, 80), day(1, 300, "d4e5f6")])

    assert {name: found[name] for name in found if name.startswith("path.")} == {
        "path.a1b2c3.seconds": 80,
        "path.a1b2c3.samples": 2,
        "path.d4e5f6.seconds": 300,
        "path.d4e5f6.samples": 1,
    }


def test_the_trend_is_the_median_slope_of_whole_days() -> None:
    """Ten seconds a day whatever one day took, the newest left out; over 14 days by their median."""
    days = [*(day(number, 300 + 10 * number) for number in range(14) if number != 7), day(7, 9000), day(14, 1)]

    grown = trend(PROMISED, days)

    assert grown == Growth(Fraction(10), Fraction(10 * 14, 370), (NOON - timedelta(hours=12)))


def test_of_few_days_there_is_no_trend() -> None:
    """Fewer than four whole days say nothing, however much they differ."""
    assert trend(PROMISED, [day(number, 100 * number + 1) for number in range(4)]) is None


@pytest.mark.parametrize(("above", "kinds"), [("+37%", ["slower"]), ("0.39", [])])
def test_a_trend_that_is_too_steep_is_found(above: str, kinds: list[str]) -> None:
    """Growth above `ticketAbove` is told; it is no miss, and spends no budget."""
    slo = promised(alerting={"trend": {"ticketAbove": above}})
    days = [day(number, 300 + 10 * number) for number in range(15)]

    found = findings(slo, Evidence(NOON), days, NOON + timedelta(days=15))

    assert [each.kind for each in found] == kinds


def test_only_latency_has_a_trend() -> None:
    """What has no figure of each day cannot promise one."""
    with pytest.raises(ValidationError, match="for latency, of which each day has one; remove it"):
        define(document(alerting={"trend": {"ticketAbove": "+20%"}}))
