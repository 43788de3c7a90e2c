"""Clocks that are ahead: what they told is no evidence, of no kind, and the SLO says that it was left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.errors import NotFound
from lineage.model import job_id
from lineage.slo.ahead import LeftOut
from lineage.slo.composites import join
from lineage.slo.evaluate import evaluate
from lineage.slo.explain import explain, lines_of, shape_of
from lineage.slo.shape import shape
from lineage.slo.spec import DataSLO
from tests.support.composites import composite
from tests.support.promises import DAY, HOUR, NOON, Lake, event, facet, promise

MINUTE = timedelta(minutes=1)
NOW = NOON + 50 * MINUTE
DUE = (NOON - HOUR, NOON)
BEATS = {"emitter": "heartbeat/orders", "interval": "10m", "threshold": "15m"}
ALONG = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "report"}}
PROMISES = {
    "freshness": promise(window="1h"),
    "completeness": promise("completeness", window="1h"),
    "correctness": promise("correctness", window="1h"),
    "job success": promise(sli={"type": "job_success"}, window="1h"),
    "schema": promise(sli={"type": "schema_stability"}, window="1h"),
    "heartbeat": promise(sli={"method": "heartbeat", "heartbeat": BEATS}, window="1h"),
    "latency": promise(
        sli={"type": "latency", "percentile": {"threshold": "75m"}}, path=ALONG, dataset=ALONG["to"], window="1h"
    ),
}


def beat(at: int) -> dict[str, Any]:
    """The emitter's word on the beat of that many minutes after noon."""
    body = event("RUNNING", NOON + at * MINUTE, "beats", job="orders", outputs=("orders",))
    body["job"]["namespace"] = "heartbeat"
    emitted = (NOON + at * MINUTE).isoformat()
    body["outputs"][0]["facets"] = {"heartbeat": facet(source="heartbeat/orders", seq=at, emittedAt=emitted)}
    return body


def narrowed() -> dict[str, Any]:
    """A run that tells of fewer columns than any before."""
    body = event("COMPLETE", NOON + 40 * MINUTE, "narrow", rows=1)
    body["outputs"][0].setdefault("facets", {})["schema"] = facet(fields=[{"name": "id", "type": "int"}])
    return body


FAILED = [{"assertion": "unique", "success": False, "column": "id", "actual": "3"}]
AHEAD = [
    event("FAIL", NOON + 40 * MINUTE, f"load {DUE[0]}", nominal=DUE),
    event("COMPLETE", NOON + 41 * MINUTE, "more", nominal=DUE, rows=5),
    event("COMPLETE", NOON + 42 * MINUTE, "test", job="orders.test", inputs=["orders"], outputs=[], assertions=FAILED),
    event("COMPLETE", NOON + 43 * MINUTE, "report", job="report", inputs=["orders"], outputs=["report"]),
    beat(44),
    narrowed(),
]


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A delivery in time, its check and a beat."""
    found = Lake(tmp_path)
    wide = event("COMPLETE", NOON - 55 * MINUTE, "wide", nominal=(NOON - 2 * HOUR, NOON - HOUR), rows=1000)
    wide["outputs"][0].setdefault("facets", {})["schema"] = facet(
        fields=[{"name": "id", "type": "int"}, {"name": "sum", "type": "int"}]
    )
    passed = [FAILED[0] | {"success": True, "actual": "0"}]
    found.put(wide, beat(0))
    found.runs(DUE[0], 1)
    found.put(
        event(
            "COMPLETE",
            NOON + 7 * MINUTE,
            "checked",
            job="orders.test",
            inputs=["orders"],
            outputs=[],
            assertions=passed,
        )
    )
    yield found
    found.homes.close()


@pytest.mark.parametrize("slo", PROMISES.values(), ids=PROMISES.keys())
def test_what_is_ahead_is_no_evidence_of_any_kind(lake: Lake, slo: DataSLO) -> None:
    """Ends, writes, rows, checks, beats, columns and passages: the status is as if nobody had told of them."""
    before = evaluate(slo, lake.store, NOW)
    lake.put(*AHEAD, received_at=NOON + 8 * MINUTE)

    assert before == replace(evaluate(slo, lake.store, NOW), left_out=())


@pytest.mark.parametrize("slo", PROMISES.values(), ids=PROMISES.keys())
def test_told_in_time_the_same_would_count(lake: Lake, slo: DataSLO) -> None:
    """Or the rule above would hold of nothing."""
    before = evaluate(slo, lake.store, NOW)
    for body in AHEAD:
        lake.put(body)

    assert before != evaluate(slo, lake.store, NOW)


def test_five_minutes_ahead_is_a_clock_like_others(lake: Lake) -> None:
    """The second that is more than that is not."""
    end = event("COMPLETE", NOON + 20 * MINUTE, "late", nominal=(NOON, NOON + HOUR))
    lake.put(end, received_at=NOON + 15 * MINUTE)
    lake.put(event("COMPLETE", NOON + 21 * MINUTE, "ahead"), received_at=NOON + 15 * MINUTE + timedelta(seconds=59))

    assert evaluate(promise(window="1h"), lake.store, NOW).last_delivery == NOON + 20 * MINUTE


def test_an_import_of_history_is_not_ahead(lake: Lake) -> None:
    """Its receipts are after its events."""
    lake.put(event("COMPLETE", NOON - 5 * DAY, "old"), received_at=NOW)

    assert evaluate(promise(window="28d"), lake.store, NOW).left_out == ()


def test_a_status_says_who_was_left_out_and_by_how_much(lake: Lake) -> None:
    """By job; also before the time comes that the events claim."""
    lake.put(*AHEAD, received_at=NOON + 8 * MINUTE)
    lake.put(event("RUNNING", NOON + 9 * DAY, "far"), received_at=NOON + 9 * MINUTE)
    found = evaluate(promise(window="1h"), lake.store, NOON + 10 * MINUTE).left_out

    assert LeftOut(job_id("airflow", "orders.load"), 4, 9 * DAY - 9 * MINUTE, NOON + 9 * MINUTE) in found


def test_a_composite_says_once_what_several_members_left_out(lake: Lake) -> None:
    """Whose events they are, and not how many SLOs would have been judged by them."""
    lake.put(AHEAD[0], received_at=NOON + 8 * MINUTE)
    found = {name: promise(window="1h") for name in ("eu", "us")}

    assert [1] == [left.events for left in evaluate(join(composite("eu", "us"), found), lake.store, NOW).left_out]


def test_what_was_received_before_the_window_is_no_longer_spoken_of(lake: Lake) -> None:
    """However far ahead its time is."""
    lake.put(event("RUNNING", NOON + 9 * DAY, "far"), received_at=NOON)

    assert evaluate(promise(window="1h"), lake.store, NOON + 2 * DAY).left_out == ()


def test_explain_says_what_was_left_out(lake: Lake) -> None:
    """In a line, and in the answer."""
    lake.put(AHEAD[0], received_at=NOON + 8 * MINUTE)
    slo = promise(window="1h")
    status = evaluate(slo, lake.store, NOW)
    explained = explain(slo, status, "newest", lake.store)
    sentence = (
        "1 event of orders.load was left out, the last received 2026-11-20 12:08 UTC: "
        "the clock of who sent them is up to 32 m ahead"
    )
    said = {
        "job": {"namespace": "airflow", "name": "orders.load"},
        "events": 1,
        "aheadSeconds": 1920.0,
        "lastReceivedAt": "2026-11-20T12:08:00Z",
        "sentence": sentence,
    }

    assert (f"  left out   {sentence}" in list(lines_of(explained)), [said], [said]) == (
        True,
        shape_of(explained)["leftOut"],
        shape(status, slo)["leftOut"],
    )


def test_who_was_left_out_is_told_where_nothing_is_judged(lake: Lake) -> None:
    """For then that may be the reason."""
    lake.put(AHEAD[0], received_at=NOON + 8 * MINUTE)
    slo = promise(window="1h")
    status = replace(evaluate(slo, lake.store, NOW), occurrences=())

    with pytest.raises(NotFound, match=r"; 1 event of orders\.load was left out, the last received"):
        explain(slo, status, "newest", lake.store)
