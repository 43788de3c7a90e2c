"""The example estate: what it tells is valid, always the same, and holds the incident it promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from lineage.estate.history import history, live
from lineage.estate.pipelines import STREAMS
from lineage.estate.story import MISSING_SHOP, Story
from lineage.estate.world import TABLES
from lineage.events import parse_event

NOW = datetime(2026, 11, 21, 10, 44, tzinfo=UTC)
WEEK = Story(NOW, days=7)


@cache
def week() -> tuple[bytes, ...]:
    return tuple(history(WEEK))


def decoded(bodies: tuple[bytes, ...] | list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(body) for body in bodies]


def test_the_same_story_tells_the_same_events() -> None:
    """No dice: two tellings are equal to the byte."""
    assert tuple(history(WEEK)) == week()


def test_history_ends_now_and_runs_forward() -> None:
    """Events come by event time, and none is of the future."""
    times = [datetime.fromisoformat(event["eventTime"]) for event in decoded(week())]

    assert times == sorted(times)
    assert times[-1] <= NOW


def test_every_event_is_accepted_without_a_warning() -> None:
    """The estate's producers are exemplary."""
    assert {warning for body in week() for warning in parse_event(body).warnings} == set()


def test_every_table_of_the_world_is_used() -> None:
    """About 40 datasets in three domains, each read or written by something."""
    named = {(d["namespace"], d["name"]) for e in decoded(week()) for d in e["inputs"] + e["outputs"]}

    assert named == {(table.namespace, table.name) for table in TABLES.values()}


def test_the_settlements_have_failed_since_the_story_says_so() -> None:
    """The task fails three times an hour from `broken_since` on, and nothing else fails."""
    failed = [e for e in decoded(week()) if e["eventType"] == "FAIL"]

    assert {e["job"]["name"] for e in failed} == {"settlements.load_settlements", "settlements"}
    assert all(datetime.fromisoformat(e["eventTime"]) > WEEK.broken_since for e in failed)


@pytest.mark.parametrize("minute", [0, 7, 30, 59])
def test_the_incident_is_there_whenever_the_demo_starts(minute: int) -> None:
    """At any minute of the hour, three hours of revenue are missing at least."""
    story = Story(NOW.replace(minute=minute), days=1)

    runs = [e for e in decoded(history(story)) if e["job"]["name"] == "revenue_hourly" and e["eventType"] == "COMPLETE"]

    last = max(datetime.fromisoformat(e["eventTime"]) for e in runs)
    assert story.now - last > timedelta(hours=3)


def test_what_comes_live_goes_on_where_history_ended() -> None:
    """Two stretches tell what one would: no event twice, none left out (services report a window a stretch)."""
    middle, end = NOW + timedelta(minutes=20), NOW + timedelta(hours=2)

    def pipelines(bodies: list[bytes]) -> list[bytes]:
        return [body for body in bodies if json.loads(body)["eventType"] != "RUNNING"]

    whole = pipelines(live(WEEK, NOW, end))
    assert pipelines(live(WEEK, NOW, middle)) + pipelines(live(WEEK, middle, end)) == whole
    assert not set(whole) & set(week())


def test_column_lineage_names_columns_that_exist() -> None:
    """Every input field is a column of its dataset."""
    columns = {(t.namespace, t.name): {name for name, _ in t.columns} for t in TABLES.values()}
    sources = [
        source
        for event in decoded(week())
        for output in event["outputs"]
        for lineage in [output["facets"].get("columnLineage", {"fields": {}})]
        for field in [*lineage["fields"].values(), {"inputFields": lineage.get("dataset", [])}]
        for source in field["inputFields"]
    ]

    assert sources
    assert [s for s in sources if s["field"] not in columns[s["namespace"], s["name"]]] == []


def test_a_consumer_was_once_sent_too_few_orders() -> None:
    """Growth, on the day of the missing shop; controlling never."""
    story = Story(NOW, days=MISSING_SHOP + 1)
    told = [
        (facets["contract"]["consumer"], expectation["success"])
        for event in decoded(history(story))
        for dataset in event["inputs"]
        if "contract" in (facets := dataset.get("inputFacets", {}))
        for expectation in facets["contract"]["expectations"]
    ]

    assert [consumer for consumer, met in told if not met] == ["data-growth"]
    assert {consumer for consumer, _ in told} == {"data-growth", "finance-controlling"}


def test_one_application_was_killed_and_never_ended() -> None:
    """Beside the services that run on, its run and that of its first step are all that began and did not end."""
    begun = {e["run"]["runId"]: e["job"]["name"] for e in decoded(week()) if e["eventType"] == "START"}
    ended = {e["run"]["runId"] for e in decoded(week()) if e["eventType"] in {"COMPLETE", "FAIL"}}
    old = {
        e["run"]["runId"] for e in decoded(week()) if datetime.fromisoformat(e["eventTime"]) < NOW - timedelta(days=1)
    }
    services = {stream.name for stream in STREAMS}

    lost = {name for run, name in begun.items() if run in old - ended and name not in services}
    assert {"customer_value", "customer_value.build_features"} == lost
