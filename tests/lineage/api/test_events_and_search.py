"""Events as they were stored, and names by their words."""

from __future__ import annotations

from typing import Any

import pytest

from lineage.model import Principal
from tests.support.reading import Reading, dataset, facet, minutes, run_event, run_uuid, whole_run


def test_events_are_listed_newest_first(world: Reading) -> None:
    """Each as the JSON that was sent, and counted in all."""
    for run in (1, 2):
        world.tell(whole_run(run, "load", run * 10, [], []))

    answer = world.get("/events/lineage", limit=2)

    assert [(event["eventType"], event["run"]["runId"]) for event in answer["events"]] == [
        ("COMPLETE", run_uuid(2)),
        ("START", run_uuid(2)),
    ]
    assert answer["totalCount"] == 4


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"before": 20}, ["1 START", "1 COMPLETE"]),
        ({"after": 11, "before": 21}, ["1 COMPLETE", "2 START"]),
        ({"after": 20}, ["2 START", "2 COMPLETE"]),
        ({"runId": run_uuid(2).upper()}, ["2 START", "2 COMPLETE"]),
        ({"offset": 3}, ["2 COMPLETE"]),
    ],
)
def test_events_are_chosen_by_time_and_run(world: Reading, query: dict[str, Any], expected: list[str]) -> None:
    """After includes its instant, before does not; ascending on request."""
    for run in (1, 2):
        world.tell(whole_run(run, "load", run * 10, [], []))
    times = {key: minutes(value).isoformat() for key, value in query.items() if key in ("before", "after")}

    answer = world.get("/events/lineage", sortDirection="asc", **{**query, **times})

    assert [f"{int(event['run']['runId'][-3:])} {event['eventType']}" for event in answer["events"]] == expected


def test_the_status_of_an_event_says_where_it_stands(world: Reading) -> None:
    """By its digest: the place in the ledger, what it is about, and that the graph knows it."""
    digest = world.tell([run_event(1, "load", "COMPLETE", minutes(0), outputs=["orders"])])[0]

    answer = world.get(f"/events/{digest}")

    assert (answer["status"], answer["place"]["seq"], answer["eventType"], answer["job"], answer["runId"]) == (
        "accepted",
        1,
        "COMPLETE",
        "job:af:load",
        run_uuid(1),
    )


def test_the_bytes_of_an_event_are_those_that_were_sent(world: Reading) -> None:
    """For who accepts octets: byte for byte."""
    body = run_event(1, "load", "COMPLETE", minutes(0))
    digest = world.tell([body])[0]

    answer = world.client.get(f"/api/v1/events/{digest}", headers={"Accept": "application/octet-stream"})

    assert (answer.content, answer.headers["content-type"]) == (body, "application/octet-stream")


@pytest.mark.parametrize("digest", ["0" * 64, "abc", "postgres%3A%2F%2Fdw"])
def test_an_event_that_nobody_sent_is_not_found(river: Reading, digest: str) -> None:
    """Neither an unknown digest nor a word that is none."""
    assert river.problem(f"/events/{digest}")[0] == 404


def test_search_answers_as_marquez_does(world: Reading) -> None:
    """Type, name, namespace, time and the id to go on with."""
    world.tell(whole_run(1, "load_orders", 0, [], ["shop.orders"]))

    answer = world.get("/search", q="ORDERS")

    assert answer == {
        "totalCount": 2,
        "next": None,
        "results": [
            {
                "type": kind.upper(),
                "name": name,
                "updatedAt": "2026-11-21T12:01:00Z",
                "namespace": namespace,
                "nodeId": f"{kind}:{namespace}:{name}",
            }
            for kind, namespace, name in [("job", "af", "load_orders"), ("dataset", "pg", "shop.orders")]
        ],
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"filter": "JOB"}, ["load_orders"]),
        ({"filter": "dataset"}, ["shop.orders", "web.orders"]),
        ({"namespace": "s3://b"}, ["web.orders"]),
        ({"sort": "UPDATE_AT", "filter": "DATASET"}, ["web.orders", "shop.orders"]),
        ({"limit": 1}, ["load_orders"]),
        ({"q": "orders nothing"}, []),
    ],
)
def test_search_is_narrowed_and_sorted(world: Reading, query: dict[str, Any], expected: list[str]) -> None:
    """By kind and namespace, by name or by time: sorting really sorts."""
    world.tell([run_event(1, "load_orders", "START", minutes(0), outputs=["shop.orders"])])
    world.tell([run_event(1, "load_orders", "COMPLETE", minutes(9), outputs=[dataset("web.orders", "s3://b")])])

    assert [each["name"] for each in world.get("/search", **{"q": "orders", **query})["results"]] == expected


def test_hits_say_where_the_words_are(world: Reading) -> None:
    """As Marquez passes them on from OpenSearch, with the newest run."""
    world.tell(whole_run(1, "load_orders", 0, [], ["shop.orders"]))

    answer = world.client.get("/api/v2beta/search/jobs", params={"q": "ORD load"}).json()

    assert (run_uuid(1), "COMPLETE", "BATCH", [{"name": ["<em>load</em>_<em>ord</em>ers"]}]) == (
        *(answer["hits"][0][key] for key in ("run_id", "eventType", "type")),
        answer["highlights"],
    )


@pytest.mark.parametrize(("field", "value"), [("filter", "RUN"), ("sort", "SIZE"), ("q", None)])
def test_a_search_that_cannot_be_names_its_field(river: Reading, field: str, value: str | None) -> None:
    """A word that is no kind, no order, or no question at all."""
    query = {"q": "x", field: value}

    assert river.problem("/search", **{key: word for key, word in query.items() if word})[:2] == (400, field)


@pytest.mark.parametrize(
    "path",
    ["/lineage?nodeId=job:a:b", "/namespaces", "/jobs", f"/jobs/runs/{run_uuid(1)}", "/events/lineage", "/search?q=x"],
)
def test_reading_needs_the_read_scope(world: Reading, path: str) -> None:
    """A key that may only ingest is refused, also with a tag of what it may not see."""
    world.principal = Principal("collector", frozenset({"ingest"}))

    answer = world.client.get(f"/api/v1{path}", headers={"If-None-Match": "*"})

    assert answer.status_code == 403


def test_a_trace_is_nodes_and_edges_with_their_proof(world: Reading) -> None:
    """Runs and versions, linked as data flowed, each with the digests of its events."""
    loaded = world.tell(whole_run(1, "load", 0, [], ["orders"], job_facets={"sql": facet(query="SELECT 1")}))

    answer = world.get("/audit/trace", runId=run_uuid(1))

    run, version = answer["nodes"]
    assert (run["id"], run["evidence"], len(run["code"]["sqlDigest"])) == (f"run:{run_uuid(1)}", loaded[::-1], 64)
    assert (version["type"], version["data"]["name"], version["data"]["delivered"]) == (
        "DATASET_VERSION",
        "orders",
        True,
    )
    assert answer["edges"] == [
        {
            "origin": f"run:{run_uuid(1)}",
            "destination": f"dataset:pg:orders#{run_uuid(1)}",
            "type": "WROTE",
            "level": "version",
            "evidence": loaded[::-1],
        }
    ]


def test_a_trace_of_a_dataset_begins_where_it_stood(world: Reading) -> None:
    """By node id and asOf."""
    world.tell(whole_run(1, "load", 0, [], ["orders"]))
    world.tell(whole_run(2, "load", 60, [], ["orders"]))

    answer = world.get("/audit/trace", nodeId="dataset:pg:orders", asOf=minutes(30).isoformat())

    assert answer["root"] == f"run:{run_uuid(1)}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "runId")),
        ({"runId": "x"}, (400, "runId")),
        ({"runId": run_uuid(9)}, (404, None)),
        ({"nodeId": "job:af:load"}, (400, "nodeId")),
        ({"nodeId": "dataset:pg:raw"}, (404, None)),
        ({"nodeId": "dataset:pg:none"}, (404, "nodeId")),
        ({"runId": run_uuid(1), "depth": -1}, (400, "depth")),
    ],
)
def test_a_trace_that_cannot_be_says_why(
    river: Reading, query: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    """No root, a root that is none, or one of which nothing is known."""
    assert river.problem("/audit/trace", **query)[:2] == expected
