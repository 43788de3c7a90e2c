"""Completeness by what was read: a job that writes a row for each that it reads (SLO.md b.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.evaluate import evaluate
from tests.support.promises import HOUR, NOON, Lake, event, facet, promise, states

MINUTE = timedelta(minutes=1)
LAST = (NOON - HOUR, NOON)
SNAPSHOT = {"emissionPattern": {"eventContentMode": "COMPLETE_SNAPSHOT", "windowDuration": 600}}
ACCUMULATIVE = {"emissionPattern": {"eventContentMode": "ACCUMULATIVE"}}
BOTH = {"raw_orders": 1000, "raw_returns": 200}


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty one."""
    lake = Lake(tmp_path)
    yield lake
    lake.homes.close()


def copied(read: dict[str, int | None], wrote: int, at: timedelta = MINUTE, run: str = "copy", **said: Any) -> Any:
    """A run that read so many rows of each, and wrote *wrote*."""
    type_, nominal = said.pop("type_", "COMPLETE"), said.pop("nominal", LAST)
    body = event(type_, NOON + at, run, inputs=read, rows=wrote, nominal=nominal, **said)
    for each in body["inputs"]:
        if (rows := read[each["name"]]) is not None:
            each["inputFacets"] = {"inputStatistics": facet(rowCount=rows)}
    return body


def judged(lake: Lake, *sources: str, **sli: Any) -> Verdict:
    """The occurrence that ends at noon."""
    expected: dict[str, Any] = {"mode": "reconcile"}
    if sources:
        expected["from"] = [{"namespace": "lake", "name": name} for name in sources]
    slo = promise("completeness", sli={"expected": expected} | sli, window="3h")
    return next(each for each in evaluate(slo, lake.store, NOON + HOUR).occurrences if each.due == NOON + 15 * MINUTE)


@pytest.mark.parametrize(("wrote", "letter"), [(800, "B"), (801, "G")])
def test_what_was_read_is_expected(lake: Lake, wrote: int, letter: str) -> None:
    """Good iff 5 times what was written is more than 4 times what the same run read."""
    lake.put(copied({"raw_orders": 1000}, wrote))

    found = judged(lake)

    assert (states([found]), found.reason) == (letter, f"{wrote} rows against 1,000 (read of raw_orders)")


def test_what_several_sources_gave_adds_up(lake: Lake) -> None:
    """Of a union all is expected; `from` names what counts where a table is only looked up."""
    lake.put(copied(BOTH, 1000))

    assert [judged(lake).expected, judged(lake, "raw_orders").expected] == [1200, 1000]


def test_what_nobody_counted_is_unknown(lake: Lake) -> None:
    """One input without a count leaves the sum unknown; so does a source that was not read."""
    lake.put(copied(BOTH | {"raw_returns": None}, 1000))

    found = judged(lake), judged(lake, "raw_refunds"), judged(lake, "raw_orders")

    assert [(states([each]), each.reason) for each in found] == [
        ("U", "orders.load did not say how many rows of raw_returns it read"),
        ("U", "orders.load did not say what it read"),
        ("G", "1,000 rows against 1,000 (read of raw_orders)"),
    ]


def test_what_a_retry_read_counts_once(lake: Lake) -> None:
    """Of the tries of one interval the last is held to what it read itself."""
    lake.put(copied({"raw_orders": 500}, 100, run="first"), copied({"raw_orders": 1000}, 900, 2 * MINUTE, "second"))

    assert (judged(lake).value, judged(lake).expected) == (900, 1000)


def test_what_it_wrote_it_did_not_take_from_elsewhere(lake: Lake) -> None:
    """A MERGE reads its own target, which says nothing of what should have come."""
    lake.put(copied({"raw_orders": 100, "orders": 90_000}, 100))

    assert judged(lake).expected == 100


def test_reports_of_a_stream_are_held_to_their_own_reads(lake: Lake) -> None:
    """Each window by what the same report says that it read; the hour is their sum."""
    told: dict[str, Any] = {"type_": "RUNNING", "nominal": None, "streaming": SNAPSHOT}
    lake.put(*(copied({"raw_orders": 100}, 70 + 10 * place, -place * 10 * MINUTE, **told) for place in (2, 1, 0)))

    assert (judged(lake).value, judged(lake).expected) == (240, 300)


def test_what_a_stream_reads_in_all_cannot_be_told_apart(lake: Lake) -> None:
    """Where counts accumulate over the run there is no telling what the hour should have brought."""
    told: dict[str, Any] = {"nominal": None, "streaming": ACCUMULATIVE}
    lake.put(copied({"raw_orders": 100}, 90, -50 * MINUTE, type_="START", **told))
    lake.put(copied({"raw_orders": 100}, 90, -20 * MINUTE, type_="RUNNING", **told))

    assert (states([judged(lake)]), judged(lake).reason) == (
        "U",
        "orders.load accumulates what it read, which cannot be told apart",
    )


def test_no_run_is_nothing_to_reconcile(lake: Lake) -> None:
    """Freshness's to judge; where absence is zero it is UNKNOWN, for nobody counted what there was to read."""
    lake.put(copied({"raw_orders": 1}, 1, -3 * HOUR, nominal=(NOON - 4 * HOUR, NOON - 3 * HOUR)))

    assert [states([judged(lake, absenceIsZero=zero)]) for zero in (False, True)] == ["N", "U"]


def counted(read: dict[str, int | None], at: timedelta, run: str, **said: Any) -> dict[str, Any]:
    """A run of the probe, which writes nothing."""
    body = copied(read, 0, at, run, job="orders.count", **said)
    body["outputs"] = []
    return body


PROBED = {"expected": {"mode": "reconcile", "probe": "airflow/orders.count"}}


def test_a_probe_may_count_what_there_is(lake: Lake) -> None:
    """What its run for the same interval counted is expected; the last by the close, and its event proves it."""
    lake.put(copied({}, 700))
    lake.put(counted({"raw_orders": 500}, 2 * MINUTE, "first"), counted({"raw_orders": 1000}, 5 * MINUTE, "second"))
    lake.put(counted({"raw_orders": 9000}, 40 * MINUTE, "after the close"))

    found = judged(lake, **PROBED)

    assert (states([found]), found.reason, len(found.evidence)) == (
        "B",
        "700 rows against 1,000 (counted by airflow/orders.count at 2026-11-20 12:05 UTC)",
        2,
    )


def test_a_probe_that_did_not_count_leaves_nothing_known(lake: Lake) -> None:
    """No run of it, one that failed, and one that left out a source."""
    lake.put(copied({}, 700))
    lake.put(counted({"raw_orders": 5}, 2 * MINUTE, "failed", type_="FAIL"))
    lake.put(counted({"raw_orders": 5, "raw_returns": None}, 2 * MINUTE, "half"))

    assert (states([judged(lake, **PROBED)]), judged(lake, **PROBED).reason) == (
        "U",
        "airflow/orders.count did not count what there was",
    )


def test_a_probe_is_a_job() -> None:
    """Named by namespace and name."""
    with pytest.raises(ValidationError, match="names no job; write NAMESPACE/NAME of the probe"):
        promise("completeness", sli={"expected": {"mode": "reconcile", "probe": "count"}})


@pytest.mark.parametrize(
    "said",
    [{"airflow": facet(dagRun={"run_type": "backfill"})}, {"tags": facet(tags=[{"key": "Backfill", "value": "true"}])}],
    ids=["airflow", "tag"],
)
def test_a_run_may_say_that_it_is_a_backfill(lake: Lake, said: dict[str, Any]) -> None:
    """A point that it brought is no history, though it came in its order."""
    slo = promise("completeness", sli={"expected": {"mode": "seasonal", "season": "hour_of_week", "minHistory": 1}})
    other = {"airflow": facet(dagRun={"run_type": "scheduled"}), "tags": facet(tags=[{"key": "team", "value": "web"}])}
    for weeks, rows in ((3, 800), (2, 4000), (1, 800), (0, 700)):
        start = NOON - weeks * timedelta(weeks=1) - HOUR
        body = copied({}, rows, start + HOUR + MINUTE - NOON, f"week {weeks}", nominal=(start, start + HOUR))
        body["run"]["facets"] |= said if rows == 4000 else other
        lake.put(body)

    found = evaluate(slo, lake.store, NOON + HOUR).occurrences

    assert [each.expected for each in found if each.due == NOON + 15 * MINUTE] == [800]
