"""Freshness by claims: the age of data by the `lastUpdated` that its producers tell of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.evaluate import evaluate
from lineage.slo.evidence import Claim, Evidence
from lineage.slo.indicators.freshness import describe, measure, through
from lineage.slo.spec import DataSLO, define
from tests.support.promises import DAY, HOUR, NOON, Lake, document, event, facet, promise, states

SINCE = NOON - 4 * HOUR
MINUTE = timedelta(minutes=1)


def claiming(**sli: Any) -> DataSLO:
    """Data that may be two hours old, without a schedule."""
    wanted = {"type": "freshness", "method": "age", "threshold": "2h", "watermark": "lastUpdated"}
    said = document(sli=wanted | sli, window="4h")
    del said["spec"]["schedule"]
    return define(said)


def claim(at: datetime, ago: timedelta = timedelta(0)) -> Claim:
    """At *at* it was said that the data had changed so long ago."""
    return Claim(at, at - ago, f"event {at}", at)


def measured(*claims: Claim) -> list[Verdict]:
    """The four hours before NOON, and what was claimed in the two before them."""
    evidence = Evidence(SINCE, claims=claims, asked_from=SINCE - 2 * HOUR)
    return measure(claiming(), evidence, NOON + 2 * MINUTE)


def bad_seconds(found: list[Verdict]) -> Fraction:
    return sum((verdict.total - verdict.good for verdict in found), Fraction(0))


def test_the_age_is_that_of_what_was_claimed() -> None:
    """Each hour somebody says that the data changed 70 minutes ago: before the next word it is 130 minutes old."""
    found = measured(*(claim(SINCE + place * HOUR, 70 * MINUTE) for place in range(-1, 4)))

    assert (states(found), int(bad_seconds(found))) == ("BBBB", 4 * 600)


def test_the_reason_says_that_it_is_a_claim() -> None:
    """Weaker evidence is told as such, of GOOD and of BAD, and in the message."""
    found = measured(claim(SINCE - MINUTE))

    assert [
        found[0].reason,
        found[-1].reason,
        describe(found[-2:], NOON),
    ] == [
        "the data was young enough for 1 h, by the lastUpdated that its producers claim",
        "the data was too old for 1 h of 1 h, by the lastUpdated that its producers claim",
        "Too old for 2 h, last delivered 2026-11-20 07:59 UTC, by the lastUpdated that its producers claim",
    ]


def test_before_the_first_claim_nothing_is_known() -> None:
    """That nobody claims anything is no sign of age; a part that has begun by then is UNKNOWN whole."""
    assert [states(measured()), states(measured(claim(SINCE + 90 * MINUTE)))] == ["UUUU", "UUGB"]


def test_an_older_claim_moves_nothing_back() -> None:
    """Of several producers the one that knows of the newest change is believed."""
    assert states(measured(claim(SINCE - MINUTE), claim(SINCE + HOUR), claim(SINCE + 2 * HOUR, DAY)))[2] == "G"


@given(st.lists(st.tuples(st.integers(-120, 240), st.integers(0, 400)), min_size=1, max_size=8))
def test_the_seconds_are_exact(told: list[tuple[int, int]]) -> None:
    """Minute by minute: too old is each minute that begins two hours or more after the newest claimed change."""
    found = measured(claim(SINCE - 2 * HOUR), *(claim(SINCE + at * MINUTE, ago * MINUTE) for at, ago in told))
    marks = [(-120, -120), *((at, at - ago) for at, ago in told)]

    old = sum(minute - max(upto for at, upto in marks if at <= minute) >= 120 for minute in range(240))

    assert bad_seconds(found) == 60 * old


def test_up_to_when_the_data_is_known_to_be_there_is_what_was_claimed() -> None:
    """For `/metrics` and the page."""
    evidence = Evidence(SINCE, claims=(claim(NOON - HOUR, 5 * MINUTE), claim(NOON + HOUR)))

    assert through(claiming(), evidence, NOON) == NOON - HOUR - 5 * MINUTE


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty lake."""
    found = Lake(tmp_path)
    yield found
    found.homes.close()


def looked(at: datetime, run: str, claimed: str, kind: str = "COMPLETE", side: str = "inputs") -> dict[str, Any]:
    """A run that tells when the orders changed last."""
    said = event(kind, at, run, job=f"orders.{side}", inputs=("orders",), outputs=("orders",))
    said["inputs" if side == "outputs" else "outputs"] = []
    said[side][0]["facets"] = {"dataQualityMetrics": facet(lastUpdated=claimed, columnMetrics={})}
    return said


def test_what_events_claim_is_believed_up_to_their_own_time(lake: Lake) -> None:
    """Nobody knows of a change to come; and what says no zone says nothing."""
    lake.put(looked(NOON - HOUR, "a", "2030-01-01T00:00:00Z"), looked(NOON, "b", "2026-11-20T11:59:00"))

    assert evaluate(claiming(), lake.store, NOON + MINUTE).through == NOON - HOUR


def test_a_run_that_failed_claims_in_vain(lake: Lake) -> None:
    """What it would have changed is not there."""
    lake.put(looked(NOON - HOUR, "a", "2026-11-20T10:50:00Z"))
    lake.put(looked(NOON, "b", "2026-11-20T12:00:00Z", "FAIL", "outputs"))

    assert evaluate(claiming(), lake.store, NOON + MINUTE).through == NOON - HOUR - 10 * MINUTE


def test_the_last_claim_before_the_window_counts(lake: Lake) -> None:
    """What changed last long ago is old, and not unknown."""
    lake.put(looked(NOON - 30 * HOUR, "a", "2026-11-19T05:00:00Z"))

    assert states(evaluate(claiming(), lake.store, NOON + 2 * MINUTE).occurrences) == "BBBB"


FAULTS: dict[str, dict[str, Any]] = {
    "of deliveries": {"watermark": "lastUpdated"},
    "beside beats": {
        "method": "age",
        "threshold": "2h",
        "watermark": "lastUpdated",
        "heartbeat": {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"},
    },
}


@pytest.mark.parametrize("sli", FAULTS.values(), ids=FAULTS.keys())
def test_a_claim_is_a_watermark_of_age(sli: dict[str, Any]) -> None:
    """Whichever tells the age is chosen by name, and one alone."""
    with pytest.raises(ValidationError, match="write method: age with it, and no heartbeat"):
        promise(sli=sli)
