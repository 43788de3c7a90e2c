"""OPENLINEAGE 4.1 to 4.3: how runs begin, end, are lost, and what counts as a refresh."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lineage.model import dataset_id
from tests.rules.judging import judged
from tests.support.rules import House

AIRFLOW, SPARK, SHOP = "prod-airflow", "spark-prod", "postgres://shop-db:5432"
ORDERS = "shop.mart.orders"


def outcome(house: House, run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = house.get(f"/jobs/runs/{run['id']}/outcome")
    return found


def hour(house: House, begun: int) -> str:
    """Whether ORDERS was fresh in the hour that began then."""
    due = datetime(2026, 11, 20, begun, 15, tzinfo=UTC)
    (found,) = [each for each in judged(house, "freshness", SHOP, ORDERS).occurrences if each.due == due]
    return found.state


# ── 4.1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_events_after_the_end_add_and_change_no_state(house: House) -> None:
    """OTHER and RUNNING behind a COMPLETE bring datasets and facets; the run stays complete and ends when it did."""
    house.tell("events-after-the-end")

    job = house.job(AIRFLOW, "orders.load")
    run = house.run(job["latestRun"]["id"])
    assert ("COMPLETED", "2026-11-20T08:10:00Z", 2, 2, ["externalQuery"]) == (
        run["state"],
        run["endedAt"],
        len(job["inputs"]),
        len(job["outputs"]),
        list(run["facets"]),
    )


def test_a_run_of_nothing_but_other_is_new(house: House) -> None:
    """OTHER may come before START: such a run has not begun; an event without a type is OTHER too."""
    house.tell("only-other")

    (run,) = house.runs(AIRFLOW, "orders.plan")
    assert ("NEW", None) == (run["state"], run["startedAt"])


# ── 4.2 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_starts_at_its_first_start_and_ends_at_its_last_end(house: House) -> None:
    """A notebook starts and completes cell after cell under one run id."""
    house.tell("several-starts")

    (run,) = house.runs(SPARK, "notebook")
    assert ("COMPLETED", "2026-11-20T08:00:10Z", "2026-11-20T08:03:00Z", False) == (
        run["state"],
        run["startedAt"],
        run["endedAt"],
        run["conflict"],
    )


ENDS = {
    "fail_first": ("FAILED", True),
    "abort_last": ("ABORTED", True),
    "all": ("FAILED", True),
    "began_again": ("COMPLETED", False),
    "runs_again": ("RUNNING", False),
}


@pytest.mark.parametrize(("job", "expected"), ENDS.items())
def test_fail_beats_abort_beats_complete_unless_the_run_began_again(
    house: House, job: str, expected: tuple[str, bool]
) -> None:
    """Whatever their times; a START behind the FAIL takes everything before it out of the count."""
    house.tell("ends-in-any-order")

    (run,) = house.runs(AIRFLOW, f"torn.{job}")
    assert expected == (run["state"], run["conflict"])


def test_a_person_who_marks_a_task_failed_is_believed(house: House) -> None:
    """The API server's FAIL carries no datasets, and the worker's COMPLETE follows 0.6 s later: it failed."""
    house.tell("marked-failed-by-hand")

    (run,) = house.runs(AIRFLOW, "orders.load")
    (version,) = house.versions(SHOP, ORDERS)
    assert ("FAILED", False) == (run["state"], version["delivered"])


def test_a_try_that_was_followed_by_another_is_lost(house: House) -> None:
    """A worker that died sends no end; Airflow's next try of the same task closes it."""
    house.tell("orphans")

    found = outcome(house, house.runs(AIRFLOW, "orders.load")[1])
    assert ("LOST", "the job began again, and this run never ended") == (found["state"], found["reason"])


def test_a_run_is_lost_with_the_application_above_it(house: House) -> None:
    """The jobs by which Spark infers schemas never end; their application does."""
    house.tell("orphans")

    found = outcome(house, house.runs(SPARK, "shop.scan")[0])
    assert ("LOST", "shop ended at 2026-11-20 08:25:00 UTC, and this run never did") == (
        found["state"],
        found["reason"],
    )


def test_an_orphan_is_lost_in_the_end_and_delivered_nothing(house: House) -> None:
    """A run alone in the world, a day without a word: lost, and no success of anybody's."""
    house.tell("orphans")

    found = outcome(house, house.runs(AIRFLOW, "orders.alone")[0])
    (version,) = house.versions(SHOP, "shop.mart.alone")
    assert ("LOST", False) == (found["state"], version["delivered"])


def test_a_stream_delivers_by_each_report(house: House) -> None:
    """No end is expected of STREAMING: its newest report with rows is when its output was fresh."""
    house.tell("a-stream-never-ends")

    (version,) = house.versions(SHOP, ORDERS)
    assert ("GOOD", 15) == (hour(house, 9), version["statistics"]["rowCount"])


def test_a_late_event_opens_its_run_again_and_what_was_known_stays_known(house: House) -> None:
    """A FAIL that arrives an hour late turns the run; as known before, it had completed."""
    house.tell("a-batch-before")
    before = house.now[0]
    house.now[0] = before.replace(hour=before.hour + 1)
    house.tell("a-late-failure")

    then, now = (
        house.get("/lineage", nodeId=str(dataset_id(SHOP, ORDERS)), **known)["graph"]
        for known in ({"knownAt": before.isoformat()}, {})
    )
    assert ("COMPLETED", "FAILED") == (_latest(then), _latest(now))


def _latest(graph: list[dict[str, Any]]) -> str:
    (job,) = [node for node in graph if node["type"] == "JOB"]
    state: str = job["data"]["latestRun"]["state"]
    return state


def test_events_of_one_instant_are_told_apart_by_their_bytes(house: House) -> None:
    """A dbt START and COMPLETE share a microsecond, as two runs do; a START of other bytes is kept."""
    house.tell("equal-times")

    runs = [house.runs("prod-dbt", job)[0] for job in ("model.shop.orders", "model.shop.orders.sql.1")]
    kept = [house.get("/events", runId=run["id"])["totalCount"] for run in runs]
    assert (["COMPLETED", "COMPLETED"], [3, 2]) == ([run["state"] for run in runs], kept)


# ── 4.3 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", ["a-failure-is-no-refresh", "a-drop-is-no-refresh", "a-truncate-is-no-refresh"])
def test_what_is_no_refresh_leaves_the_hour_without_a_delivery(house: House, case: str) -> None:
    """The hour from seven was delivered; in the hour from eight the table was only failed upon, dropped or emptied."""
    house.tell(case)

    assert ("GOOD", "BAD") == (hour(house, 7), hour(house, 8))


def test_creating_appending_and_overwriting_refresh(house: House) -> None:
    """All three bring data, at the end of their run."""
    house.tell("what-refreshes")

    assert ["2026-11-20T07:05:00Z", "2026-11-20T06:05:00Z", "2026-11-20T05:05:00Z"] == [
        version["createdAt"] for version in house.versions(SHOP, ORDERS)
    ]
