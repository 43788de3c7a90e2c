"""OPENLINEAGE 2: what each facet is for, beyond being kept: a figure, a mark, a node, a line on a page."""

from __future__ import annotations

from tests.rules.judging import judged
from tests.support.rules import House

SHOP = "postgres://shop-db:5432"
ORDERS = "shop.mart.orders"
DUCK = "duckdb:///srv/demo/dbt/proj/shop.duckdb"


# ── 2.1 Runs. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_tests_speak_of_what_their_run_read(house: House) -> None:
    """Of four, on START and at the end: one passed, one failed; a warning counts where asked for, `skip` nowhere."""
    house.tell("tests-that-name-no-dataset")

    (strict,) = judged(house, "correctness", SHOP, ORDERS, unit="assertions").occurrences
    (wide,) = judged(
        house, "correctness", SHOP, ORDERS, unit="assertions", include={"severity": ["error", "warn"]}
    ).occurrences
    assert (1, 2, 1, 3) == (strict.good, strict.total, wide.good, wide.total)


def test_dbt_reports_a_test_that_it_skipped_as_failed(house: House) -> None:
    """A singular test that never ran, for its model failed, comes as `fail` without an actual value: no result."""
    house.tell("dbt/1.11.16-duckdb")

    found = judged(house, "correctness", DUCK, "shop.main.customer_revenue", unit="assertions", sources=["test"])
    assert [(1, 1)] == [(verdict.good, verdict.total) for verdict in found.occurrences]
