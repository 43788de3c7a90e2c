"""`GET /api/v1/lineage`: Marquez's shape, our meaning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.events import bodies
from tests.support.reading import NOON, Reading, dataset, facet, minutes, run_event, run_uuid, whole_run

# Names that break routers, splitters and readers.
NAMES = [
    ("postgres://dw:5432", "shop.public.orders"),
    ("file", "/data/a b/c:d.parquet"),
    ("s3://bucket", "key=1/part-0,1;2"),
    ("ns:with:colons", "name:with:colons"),
    ("naïve", 'it\'s "quoted" & <b>'),
    ("بيانات", "جدول الطلبات"),
    ("🚰", "🧪 orders"),
    ("x", "n" * 300),
    ("100%", "a+b?c#d%2F"),
]


def ids(answer: Any) -> list[str]:
    return [node["id"] for node in answer["graph"]]


def test_the_answer_has_the_shape_that_clients_know(world: Reading) -> None:
    """Nodes by id, with their edges in the direction in which data flows."""
    world.tell(whole_run(1, "load", 0, ["raw"], ["orders"]))

    answer = world.get("/lineage", nodeId="dataset:pg:orders", depth=1)

    into = {"origin": "job:af:load", "destination": "dataset:pg:orders"}
    out = {"origin": "dataset:pg:raw", "destination": "job:af:load"}
    assert [(node["id"], node["type"], node["inEdges"], node["outEdges"]) for node in answer["graph"]] == [
        ("dataset:pg:orders", "DATASET", [into], []),
        ("dataset:pg:raw", "DATASET", [], [out]),
        ("job:af:load", "JOB", [out], [into]),
    ]


def test_data_is_a_whole_dataset_or_job(world: Reading) -> None:
    """A client that draws the graph needs no further question."""
    world.tell(
        whole_run(1, "load", 0, ["raw"], [dataset("orders", schema=facet(fields=[{"name": "id", "type": "INT"}]))])
    )

    data = {node["id"]: node["data"] for node in world.get("/lineage", nodeId="job:af:load")["graph"]}

    assert data["dataset:pg:orders"]["fields"] == [{"name": "id", "type": "INT", "tags": [], "description": None}]
    assert data["job:af:load"]["inputs"] == [{"namespace": "pg", "name": "raw"}]
    assert data["job:af:load"]["latestRun"]["state"] == "COMPLETED"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"depth": 0}, ["dataset:pg:orders"]),
        ({"depth": 1, "direction": "up"}, ["dataset:pg:orders", "dataset:pg:staged", "job:af:load"]),
        ({"depth": 1, "direction": "down"}, ["dataset:pg:orders", "dataset:pg:report_table", "job:af:report"]),
        (
            {"depth": 2, "direction": "UP"},
            ["dataset:pg:orders", "dataset:pg:raw", "dataset:pg:staged", "job:af:load", "job:af:stage"],
        ),
    ],
)
def test_depth_and_direction(river: Reading, query: dict[str, Any], expected: list[str]) -> None:
    """Depth counts datasets, up and down are asked apart."""
    assert ids(river.get("/lineage", nodeId="dataset:pg:orders", **query)) == expected


def test_without_a_depth_it_is_twenty_and_both_ways(river: Reading) -> None:
    """Marquez's default, enough for most rivers."""
    assert len(ids(river.get("/lineage", nodeId="dataset:pg:orders"))) == 7


@pytest.mark.parametrize(("namespace", "name"), NAMES)
def test_any_name_is_found_by_its_node_id(world: Reading, namespace: str, name: str) -> None:
    """A nodeId is split where something is known; namespace and name always work."""
    world.tell(whole_run(1, "load", 0, [], [dataset(name, namespace)]))

    by_id = world.get("/lineage", nodeId=f"dataset:{namespace}:{name}", depth=1)
    by_name = world.get("/lineage", namespace=namespace, name=name, depth=1)

    assert by_id == by_name
    assert ids(by_id) == [f"dataset:{namespace}:{name}", "job:af:load"]


def test_a_job_is_found_by_namespace_and_name(river: Reading) -> None:
    """`type` says what the names name."""
    assert ids(river.get("/lineage", namespace="af", name="load", type="JOB", depth=0)) == ["job:af:load"]


def test_an_exact_name_beats_a_likelier_split(world: Reading) -> None:
    """Where Marquez would split is not where this dataset is: what is known decides."""
    world.tell(whole_run(1, "load", 0, [], [dataset("c", "a:b")]))

    assert ids(world.get("/lineage", nodeId="dataset:a:b:c", depth=0)) == ["dataset:a:b:c"]


def test_as_of_shows_what_had_been_seen_by_then(river: Reading) -> None:
    """A job that began to read later is not in the lineage of before."""
    answer = river.get("/lineage", nodeId="dataset:pg:orders", asOf=minutes(15).isoformat())

    assert "job:af:report" not in ids(answer)


def test_as_of_shows_the_run_that_was_the_latest_then(world: Reading) -> None:
    """The latest run of a job is that of the instant asked for."""
    world.tell(whole_run(1, "load", 0, ["raw"], ["orders"]))
    world.tell(whole_run(2, "load", 60, ["raw"], ["orders"]))

    answer = world.get("/lineage", nodeId="job:af:load", depth=0, asOf=minutes(30).isoformat())

    assert answer["graph"][0]["data"]["latestRun"]["id"] == run_uuid(1)


def test_known_at_leaves_out_what_arrived_later(world: Reading) -> None:
    """An event of noon that arrived a day later was not known in the evening."""
    world.tell(whole_run(1, "load", 0, ["raw"], ["orders"]), received_at=minutes(5))
    world.tell(whole_run(2, "late", 0, ["other"], ["orders"]), received_at=NOON + timedelta(days=1))

    answer = world.get("/lineage", nodeId="dataset:pg:orders", knownAt=minutes(300).isoformat())

    assert ids(answer) == ["dataset:pg:orders", "dataset:pg:raw", "job:af:load"]


def test_lookback_forgets_what_is_long_ago(world: Reading) -> None:
    """Only what was observed within the lookback before asOf speaks."""
    world.tell(whole_run(1, "old", 0, ["raw"], ["orders"]))
    world.tell(whole_run(2, "new", 600, ["staged"], ["orders"]))

    answer = world.get(
        "/lineage", nodeId="dataset:pg:orders", asOf=minutes(660).isoformat(), lookback="PT2H", direction="up"
    )

    assert ids(answer) == ["dataset:pg:orders", "dataset:pg:staged", "job:af:new"]


def test_a_cut_answer_says_where_to_go_on(river: Reading) -> None:
    """`truncated` and a frontier, within maxNodes."""
    answer = river.get("/lineage", nodeId="dataset:pg:raw", maxNodes=3)

    assert (answer["truncated"], len(answer["graph"]), answer["frontier"]) == (True, 3, ["dataset:pg:staged"])


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 400, "nodeId"),
        ({"nodeId": "orders"}, 400, "nodeId"),
        ({"nodeId": "dataset:pg:nothing"}, 404, "nodeId"),
        ({"namespace": "pg"}, 400, "name"),
        ({"namespace": "pg", "name": "orders", "type": "table"}, 400, "type"),
        ({"nodeId": "dataset:pg:orders", "depth": -1}, 400, "depth"),
        ({"nodeId": "dataset:pg:orders", "depth": "deep"}, 400, "depth"),
        ({"nodeId": "dataset:pg:orders", "direction": "sideways"}, 400, "direction"),
        ({"nodeId": "dataset:pg:orders", "asOf": "yesterday"}, 400, "asOf"),
        ({"nodeId": "dataset:pg:orders", "lookback": "long"}, 400, "lookback"),
        ({"nodeId": "dataset:pg:orders", "maxNodes": 0}, 400, "maxNodes"),
    ],
)
def test_a_question_that_cannot_be_answered_names_its_field(
    river: Reading, query: dict[str, Any], status: int, field: str
) -> None:
    """problem+json, never a stack, never FastAPI's own shape."""
    assert river.problem("/lineage", **query)[:2] == (status, field)


def test_an_unchanged_graph_is_not_sent_again(world: Reading) -> None:
    """The ETag of an answer makes the next one 304, until an event arrives."""
    world.tell(whole_run(1, "load", 0, ["raw"], ["orders"]))
    url = "/api/v1/lineage?nodeId=dataset:pg:orders"
    etag = world.client.get(url).headers["etag"]
    before = world.client.get(url, headers={"If-None-Match": f'"other", {etag}'})

    world.tell([run_event(9, "audit", "COMPLETE", minutes(30), inputs=["orders"])])
    after = world.client.get(url, headers={"If-None-Match": etag})

    assert (before.status_code, before.content, after.status_code) == (304, b"", 200)


def test_symlinked_names_are_one_node(world: Reading) -> None:
    """Whatever name is asked for, the graph speaks of the one dataset, and tells its other names."""
    links = facet(identifiers=[{"namespace": "hive", "name": "shop.orders", "type": "TABLE"}])
    world.tell(whole_run(1, "load", 0, ["raw"], [dataset("/warehouse/orders", "file", symlinks=links)]))
    world.tell(whole_run(2, "report", 10, [dataset("shop.orders", "hive")], []))

    by_path = world.get("/lineage", nodeId="dataset:file:/warehouse/orders")
    by_table = world.get("/lineage", nodeId="dataset:hive:shop.orders")

    assert by_path == by_table
    assert len(ids(by_path)) == 4


def mirrored(world: Reading) -> None:
    """One run copies a to x and b to y, and says so."""
    world.tell(bodies("explicit/two-flows-in-one-job"))


@pytest.mark.parametrize("granularity", ["job", "dataset", "run"])
def test_two_flows_in_one_job_make_no_false_edge(world: Reading, granularity: str) -> None:
    """OpenLineage 4359: up from x there is a, and no b."""
    mirrored(world)

    found = world.get("/lineage", nodeId="dataset:lake:x", granularity=granularity)

    assert {"dataset:lake:a", "dataset:lake:x"} == {name for name in ids(found) if name.startswith("dataset:")}


def test_an_edge_from_a_job_says_what_the_dataset_was_made_of(world: Reading) -> None:
    """Asked of the job itself, all its flows are there; `madeOf` tells them apart."""
    mirrored(world)

    found = world.get("/lineage", nodeId="job:etl:mirror")

    assert {"dataset:lake:x": ["dataset:lake:a"], "dataset:lake:y": ["dataset:lake:b"]} == {
        edge["destination"]: edge["madeOf"]
        for node in found["graph"]
        for edge in node["outEdges"]
        if node["type"] == "JOB"
    }
