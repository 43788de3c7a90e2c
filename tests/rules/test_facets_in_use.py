"""OPENLINEAGE 2: what each facet is for, beyond being kept: a figure, a mark, a node, a line on a page."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from lineage.model import dataset_id
from tests.rules.judging import judged
from tests.support.rules import House

AIRFLOW, SHOP = "prod-airflow", "postgres://shop-db:5432"
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
    assert [1, 2, 1, 3] == list(map(int, (strict.good, strict.total, wide.good, wide.total)))


def test_dbt_reports_a_test_that_it_skipped_as_failed(house: House) -> None:
    """A singular test that never ran, for its model failed, comes as `fail` without an actual value: no result."""
    house.tell("dbt/1.11.16-duckdb")

    found = judged(house, "correctness", DUCK, "shop.main.customer_revenue", unit="assertions", sources=["test"])
    assert [(1, 1)] == [(int(verdict.good), int(verdict.total)) for verdict in found.occurrences]


UNREAD = "1 of 2 statements could not be read: cannot parse"


def test_a_run_that_was_not_read_whole_is_incomplete(house: House) -> None:
    """extractionError: the run says so, and so do the edges of its job, where marks are asked for."""
    house.tell("run-facets")

    run = house.run(house.runs(AIRFLOW, "orders.load")[0]["id"])
    graph = house.get("/lineage", nodeId=str(dataset_id(SHOP, ORDERS)), marks=True)["graph"]
    assert (UNREAD, [True, True]) == (
        run["incomplete"],
        [edge.get("incomplete", False) for node in graph for edge in node["outEdges"]],
    )


def test_a_trace_tells_where_a_run_was_carried_out(house: House) -> None:
    """The id of the query at its engine, the engine itself, and whether all of the run was read."""
    house.tell("run-facets")

    run = house.runs(AIRFLOW, "orders.load")[0]["id"]
    (traced,) = [node for node in house.get("/audit/trace", runId=run)["nodes"] if node["id"] == f"run:{run}"]
    assert (["01b2c3d4-0000-1111-0000-000000000001", "snowflake", "Airflow", "3.3.2"], UNREAD) == (
        list(traced["execution"].values()),
        traced["incomplete"],
    )


def test_a_trace_tells_which_code_ran(house: House) -> None:
    """The version of sourceCodeLocation, and the digest of the SQL."""
    house.tell("job-facets")

    run = house.runs(AIRFLOW, "orders.load")[0]["id"]
    (traced,) = [node for node in house.get("/audit/trace", runId=run)["nodes"] if node["id"] == f"run:{run}"]
    assert ("4f2a", 64) == (traced["code"]["sourceCodeVersion"], len(traced["code"]["sqlDigest"]))


def test_a_moment_that_is_told_again_in_other_bytes_is_counted(house: House) -> None:
    """DECISIONS 2: two STARTs of one instant are both kept, and the run says so; START and COMPLETE are two moments."""
    house.tell("equal-times")

    runs = [house.runs("prod-dbt", job)[0]["id"] for job in ("model.shop.orders", "model.shop.orders.sql.1")]
    assert [1, 0] == [house.run(run).get("toldAgain", 0) for run in runs]


# ── 2.3, 2.6 Datasets. ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tag_goes_where_the_values_of_its_column_go(house: House) -> None:
    """Over two jobs, also one that does not say how; not through a hash, nor to what a filter merely chose by it."""
    house.tell("tags-of-columns")

    node = "dataset:postgres://shop-db:5432:shop.public.customers"
    graph = house.get("/column-lineage", nodeId=node, withDownstream=True)["graph"]
    tags = {
        each["data"]["field"]: [*each["data"].get("tags", ()), *each["data"].get("inheritedTags", ())]
        for each in graph
        if "tags" in each["data"] or "inheritedTags" in each["data"]
    }
    came = {"tag": "pii:email", "from": [f"datasetField:{SHOP}:shop.public.customers:email"]}
    assert {"email": ["pii:email"], "contact": [came], "recipient": [came]} == tags


def test_impact_reaches_dashboards(house: House) -> None:
    """An exposure of dbt reads the dataset that names it, however far down; one that the newest facet drops is gone."""
    house.tell("exposures")

    source = dataset_id(SHOP, "shop.staging.orders")
    graph = house.get("/lineage", nodeId=str(source), direction="down")["graph"]
    (board,) = [node["data"] for node in graph if "EXPOSURE" in str(node["data"]["facets"])]
    assert (("exposure.shop.exec_dashboard", "https://bi.example.org/d/1", [ORDERS]), True) == (
        (board["name"], board["location"], [read["name"] for read in board["inputs"]]),
        (ORDERS, "exposure.shop.exec_dashboard") in house.edges(source),
    )


DEPTHS = {"up": (20, "up"), "one hop": (1, "down"), "two hops": (2, "down"), "by datasets": (20, "down")}


@pytest.mark.parametrize(("asked", "expected"), [("up", 0), ("one hop", 0), ("two hops", 1), ("by datasets", 0)])
def test_an_exposure_is_as_far_as_a_dataset_beyond_it(house: House, asked: str, expected: int) -> None:
    """Nothing of it is seen upstream, nearer than its depth, or where only datasets are asked for."""
    house.tell("exposures")

    depth, direction = DEPTHS[asked]
    level = "dataset" if asked == "by datasets" else "job"
    source = dataset_id(SHOP, "shop.staging.orders")
    graph = house.get("/lineage", nodeId=str(source), direction=direction, depth=depth, granularity=level)["graph"]
    assert expected == sum("exposure." in node["id"] for node in graph)


def test_a_tag_that_a_person_gave_goes_as_far(house: House) -> None:
    """Tags of columns by the API count as those of facets do."""
    house.tell("tags-of-columns")

    path = f"/api/v1/namespaces/{quote(SHOP, '')}/datasets/shop.public.customers/fields/city/tags/place"
    assert house.client.post(path).status_code < 300

    graph = house.get("/column-lineage", nodeId=f"datasetField:{SHOP}:shop.staging.customers:city")["graph"]
    assert [["place"]] == [
        [each["tag"] for each in node["data"]["inheritedTags"]] for node in graph if "inheritedTags" in node["data"]
    ]
