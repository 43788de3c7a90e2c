"""`GET /api/v1/column-lineage`: columns behind columns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.events import bodies
from tests.support.reading import Reading, dataset, facet, minutes, whole_run


def derived(name: str, source: str, **columns: str) -> dict[str, Any]:
    """A dataset whose columns come of columns of *source*."""
    return dataset(
        name,
        schema=facet(fields=[{"name": column, "type": "INT"} for column in columns]),
        columnLineage=facet(
            fields={
                column: {
                    "inputFields": [
                        {
                            "namespace": "pg",
                            "name": source,
                            "field": of,
                            "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}],
                        }
                    ]
                }
                for column, of in columns.items()
            }
        ),
    )


def told(world: Reading) -> None:
    """Raw.a > staged.b > orders.c, and raw.x > staged.y."""
    world.tell(whole_run(1, "stage", 0, ["raw"], [derived("staged", "raw", b="a", y="x")]))
    world.tell(whole_run(2, "load", 10, ["staged"], [derived("orders", "staged", c="b")]))


def ids(answer: Any) -> list[str]:
    return [node["id"].removeprefix("datasetField:pg:") for node in answer["graph"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"nodeId": "dataset:pg:orders"}, ["orders:c", "raw:a", "staged:b"]),
        ({"nodeId": "dataset:pg:orders", "depth": 1}, ["orders:c", "staged:b"]),
        ({"nodeId": "datasetField:pg:staged:b"}, ["raw:a", "staged:b"]),
        ({"nodeId": "datasetField:pg:staged:b", "withDownstream": "True"}, ["orders:c", "raw:a", "staged:b"]),
        ({"nodeId": "job:af:stage", "withDownstream": "False"}, ["raw:a", "raw:x", "staged:b", "staged:y"]),
    ],
)
def test_columns_of_a_field_a_dataset_or_a_job(world: Reading, query: dict[str, Any], expected: list[str]) -> None:
    """Upstream, and downstream on request in Python's spelling too."""
    told(world)

    assert ids(world.get("/column-lineage", **query)) == expected


def test_a_column_tells_what_it_is_made_of(world: Reading) -> None:
    """Type, inputs and transformation, with edges as the data flows."""
    told(world)

    node = world.get("/column-lineage", nodeId="datasetField:pg:orders:c")["graph"][0]

    assert node["data"] == {
        "namespace": "pg",
        "dataset": "orders",
        "datasetVersion": None,
        "field": "c",
        "fieldType": "INT",
        "transformationDescription": "IDENTITY",
        "transformationType": "DIRECT",
        "inputFields": [
            {
                "namespace": "pg",
                "dataset": "staged",
                "datasetVersion": None,
                "field": "b",
                "transformationDescription": "IDENTITY",
                "transformationType": "DIRECT",
            }
        ],
    }
    assert node["inEdges"] == [{"origin": "datasetField:pg:staged:b", "destination": "datasetField:pg:orders:c"}]


def filtered(name: str, source: str, *columns: str) -> dict[str, Any]:
    """A dataset with the columns of *source*, masked, which as a whole depends on its column `ok`."""
    indirect = [{"type": "INDIRECT", "subtype": "FILTER"}]
    masked = [{"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}]
    field = {"namespace": "pg", "name": source}
    return dataset(
        name,
        schema=facet(fields=[{"name": column, "type": "INT"} for column in columns]),
        columnLineage=facet(
            fields={each: {"inputFields": [{**field, "field": each, "transformations": masked}]} for each in columns},
            dataset=[{**field, "field": "ok", "transformations": indirect}],
        ),
    )


def test_what_affects_all_columns_is_said_once(world: Reading) -> None:
    """It leads to the node of the dataset, which leads to those of its columns that are in the answer."""
    world.tell(whole_run(1, "load", 0, ["raw"], [filtered("orders", "raw", "a", "b")]))

    graph = world.get("/column-lineage", nodeId="datasetField:pg:orders:a")["graph"]

    whole = graph[0]
    assert ("dataset:pg:orders", "DATASET", "*") == (whole["id"], whole["type"], whole["data"]["field"])
    assert [("ok", "INDIRECT")] == [
        (each["field"], each["transformationType"]) for each in whole["data"]["inputFields"]
    ]
    assert [{"origin": "dataset:pg:orders", "destination": "datasetField:pg:orders:a"}] == whole["outEdges"]
    assert ["orders:a", "raw:a", "raw:ok"] == ids({"graph": graph[1:]})


def test_a_column_that_affects_a_whole_dataset_is_followed_on(world: Reading) -> None:
    """Downstream it goes on from every column of that dataset."""
    world.tell(whole_run(1, "load", 0, ["raw"], [filtered("orders", "raw", "a", "b")]))
    world.tell(whole_run(2, "sum", 10, ["orders"], [derived("sums", "orders", total="b")]))

    graph = world.get("/column-lineage", nodeId="datasetField:pg:raw:ok", withDownstream=True)["graph"]

    assert ["dataset:pg:orders", "orders:b", "raw:ok", "sums:total"] == ids({"graph": graph})


def test_the_answer_for_a_wide_dataset_stays_small(world: Reading) -> None:
    """300 columns that all depend on 300 are some hundred edges, not ninety thousand."""
    names = [f"c{number}" for number in range(300)]
    wide = filtered("wide", "raw", *names)
    whole = wide["facets"]["columnLineage"]["dataset"]
    wide["facets"]["columnLineage"]["dataset"] = [{**whole[0], "field": name} for name in names]
    world.tell(whole_run(1, "load", 0, ["raw"], [wide]))

    graph = world.get("/column-lineage", nodeId="dataset:pg:wide")["graph"]

    assert (601, 900) == (len(graph), sum(len(node["inEdges"]) for node in graph))


def test_masking_is_told(world: Reading) -> None:
    """Where a transformation masks, and only there."""
    world.tell(whole_run(1, "load", 0, ["raw"], [filtered("orders", "raw", "a")]))

    graph = world.get("/column-lineage", nodeId="dataset:pg:orders")["graph"]

    assert [None, True] == [node["data"]["inputFields"][0].get("masking") for node in graph[:2]]


def test_a_column_that_the_schema_does_not_know_is_marked(world: Reading) -> None:
    """Its lineage is kept, under the name that was sent; parts of a column are known with it."""
    orders = derived("orders", "raw", total="a", **{"lines.sku": "b", "_0": "c"})
    orders["facets"]["schema"]["fields"] = [{"name": name, "type": "INT"} for name in ("total", "lines", "day", "id")]
    world.tell(whole_run(1, "load", 0, ["raw"], [orders]))

    graph = world.get("/column-lineage", nodeId="dataset:pg:orders")["graph"]

    assert ["_0"] == [node["data"]["field"] for node in graph if node["data"].get("unresolved")]


def sources(answer: Any, node: str) -> list[tuple[str, str, bool]]:
    (found,) = (each for each in answer["graph"] if each["id"] == node)
    return [(each["namespace"], each["field"], each.get("masking", False)) for each in found["data"]["inputFields"]]


def test_column_lineage_ends_at_the_dataset_that_the_inputs_name(world: Reading) -> None:
    """Spark says s3 in its inputs and s3a in its column lineage (OpenLineage 2938)."""
    world.tell(bodies("handmade/spark-s3a-beside-s3"))

    answer = world.get("/column-lineage", nodeId="dataset:s3://lake:gold/totals")

    assert [[("s3://lake", "amount", False)], [("s3://lake", "order_id", False)]] == [
        sources(answer, node) for node in ("datasetField:s3://lake:gold/totals:total", "dataset:s3://lake:gold/totals")
    ]


def test_what_spark_copies_under_every_column_is_told_of_the_whole(world: Reading) -> None:
    """What is left under a column is its own, and still masked where it was."""
    world.tell(bodies("handmade/spark-copies-indirect"))

    answer = world.get("/column-lineage", nodeId="dataset:s3://lake:silver/customers")

    assert [[("s3://lake", "email", True)], [], 4] == [
        sources(answer, "datasetField:s3://lake:silver/customers:email_hash"),
        sources(answer, "datasetField:s3://lake:silver/customers:loaded_by"),
        len(sources(answer, "dataset:s3://lake:silver/customers")),
    ]


def test_a_dataset_that_only_column_lineage_names_says_so(world: Reading) -> None:
    """The source of a Delta MERGE stands in no list."""
    world.tell(whole_run(1, "merge", 0, [], [derived("orders", "staged", id="id")]))

    assert [True, None] == [
        world.get(f"/namespaces/pg/datasets/{name}").get("seenOnlyInColumnLineage") for name in ("staged", "orders")
    ]


def test_columns_as_they_were_known(world: Reading) -> None:
    """What was received after knownAt says nothing."""
    told(world)

    assert world.problem("/column-lineage", nodeId="dataset:pg:orders", knownAt="2020-01-01T00:00:00Z")[0] == 404


def test_a_version_shows_the_columns_of_its_day(world: Reading) -> None:
    """What is behind `#` is a version, and later column lineage says nothing of it."""
    old, new = (derived("orders", "raw", c=source) for source in ("before", "after"))
    old["facets"]["version"] = facet(datasetVersion="v1")
    world.tell(whole_run(1, "load", 0, ["raw"], [old]))
    world.tell(whole_run(2, "load", 60, ["raw"], [new]))

    assert ids(world.get("/column-lineage", nodeId="dataset:pg:orders#v1")) == ["orders:c", "raw:before"]


def test_a_name_may_hold_a_hash(world: Reading) -> None:
    """What is known under the whole text is not a version."""
    world.tell(whole_run(1, "load", 0, ["raw"], [derived("orders#2", "raw", c="a")]))

    assert ids(world.get("/column-lineage", nodeId="dataset:pg:orders#2")) == ["orders#2:c", "raw:a"]


def test_a_dataset_shows_its_column_lineage(world: Reading) -> None:
    """The object of the dataset itself tells one hop."""
    told(world)

    shown = world.get("/namespaces/pg/datasets/orders")["columnLineage"]

    assert [(each["name"], [field["field"] for field in each["inputFields"]]) for each in shown] == [("c", ["b"])]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, (400, "nodeId")),
        ({"nodeId": "dataset:pg:none"}, (404, None)),
        ({"nodeId": "datasetField:pg:orders:none"}, (404, None)),
        ({"nodeId": "dataset:pg:orders#none"}, (404, None)),
        ({"nodeId": "dataset:pg:orders#v", "withDownstream": True}, (400, "withDownstream")),
        ({"nodeId": "dataset:pg:orders", "asOf": minutes(-5).isoformat()}, (404, None)),
    ],
)
def test_a_column_that_nobody_knows_is_said(world: Reading, query: dict[str, Any], expected: Any) -> None:
    """problem+json, with the field where one is wrong."""
    told(world)

    assert world.problem("/column-lineage", **query)[:2] == expected
