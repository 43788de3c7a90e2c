"""Contract: what a consumer expects, and which versions met it (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lineage.slo.evaluate import evaluate
from lineage.slo.indicators.contract import describe
from lineage.slo.status import Status
from tests.support.promises import HOUR, NOON, Lake, event, facet, promise, states

MINUTE = timedelta(minutes=1)
RISK = {"type": "contract", "consumer": "risk-analytics", "settle": "2h"}
MET, MISSED = (
    {"assertion": "not_null", "success": True},
    {"assertion": "amount_in_cents", "success": False, "actual": "3"},
)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """One version, an hour before noon."""
    lake = Lake(tmp_path)
    lake.put(event("COMPLETE", NOON - HOUR, "load"))
    yield lake
    lake.homes.close()


def told(at: datetime, *expectations: dict[str, Any], consumer: str = "risk-analytics", **said: Any) -> dict[str, Any]:
    """A run that held the orders to a contract, and said so in the facet `contract`."""
    run = f"{consumer} {at}"
    body = event(said.pop("type_", "COMPLETE"), at, run, job=f"{consumer}.contract", inputs=["orders"], outputs=())
    body["inputs"][0]["inputFacets"] = {"contract": facet(consumer=consumer, expectations=list(expectations))}
    return body


def judged(lake: Lake, at: datetime = NOON, **sli: Any) -> Status:
    return evaluate(promise(sli=RISK | sli), lake.store, at)


def test_expectations_are_counted(lake: Lake) -> None:
    """Good are those that are met, total those that were evaluated; a version that misses one is BAD."""
    lake.put(told(NOON - 30 * MINUTE, MET, MISSED))

    found = judged(lake)

    assert (found.sli, states(found.occurrences), describe(found.occurrences, NOON)) == (
        Fraction(1, 2),
        "B",
        "1 of 2 expectations of risk-analytics failed: amount_in_cents, since 2026-11-20 11:00 UTC",
    )


def test_each_consumer_has_a_contract_of_its_own(lake: Lake) -> None:
    """What another one expects says nothing: by (producer, consumer)."""
    lake.put(told(NOON - 30 * MINUTE, MET), told(NOON - 20 * MINUTE, MISSED, consumer="marketing"))

    assert [states(judged(lake, consumer=name).occurrences) for name in ("risk-analytics", "marketing")] == ["G", "B"]


def test_what_is_evaluated_again_replaces(lake: Lake) -> None:
    """On the same version the newest word of a job counts."""
    lake.put(told(NOON - 30 * MINUTE, MISSED), told(NOON - 20 * MINUTE, MET))

    assert states(judged(lake).occurrences) == "G"


def test_what_nobody_evaluated_is_unknown(lake: Lake) -> None:
    """PENDING for `settle`, then UNKNOWN; so is what a run did not come to."""
    lake.put(told(NOON - 30 * MINUTE, MISSED, type_="ABORT"))

    assert [states(judged(lake, at).occurrences) for at in (NOON, NOON + 61 * MINUTE)] == ["P", "U"]


def test_warnings_count_only_when_they_are_included(lake: Lake) -> None:
    """As in correctness: severity error, unless the definition takes in others."""
    lake.put(told(NOON - 30 * MINUTE, MET, MISSED | {"severity": "warn"}))
    both = {"include": {"severity": ["error", "warn"]}}

    assert [states(judged(lake, **sli).occurrences) for sli in ({}, both)] == ["G", "B"]
