"""OPENLINEAGE 1.1 and 2: what the facets of runs, jobs, datasets and their uses come to in answers."""

from __future__ import annotations

import json

import pytest

from lineage.model import dataset_id
from tests.support.rules import House

AIRFLOW, SPARK, SHOP = "prod-airflow", "spark-prod", "postgres://shop-db:5432"
ORDERS, STAGED = "shop.mart.orders", "shop.staging.orders"


# ── 1.1 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_jobs_and_datasets_speak_without_a_run(house: House) -> None:
    """A JobEvent declares edges, whatever eventType it carries; a DatasetEvent describes; neither makes a run."""
    house.tell("events-of-jobs-and-datasets")

    runs = house.runs(AIRFLOW, "orders.declared")
    fields = house.dataset(SHOP, "shop.public.customers")["fields"]
    assert ([("orders.declared", ORDERS), (STAGED, "orders.declared")], [], ["id"]) == (
        house.edges(dataset_id(SHOP, ORDERS)),
        runs,
        [field["name"] for field in fields],
    )


# ── 2.1 Runs. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_nominal_time_may_be_of_no_width(house: House) -> None:
    """Airflow 3's cron triggers name an instant; it is shown as it was named."""
    house.tell("run-facets")

    (run,) = house.runs(AIRFLOW, "orders.load")
    assert ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00Z", "2026-11-20T08:00:05Z") == (
        run["nominalStartTime"],
        run["nominalEndTime"],
        run["startedAt"],
    )


def test_without_a_nominal_time_the_start_dates_a_run(house: House) -> None:
    """Runs by hand and by assets have none."""
    house.tell("no-nominal-time")

    (run,) = house.runs(AIRFLOW, "orders.on_event")
    assert (None, "2026-11-20T08:07:00Z") == (run["nominalStartTime"], run["createdAt"])


def test_parent_and_root_make_the_hierarchy(house: House) -> None:
    """Both are known before they ever speak."""
    house.tell("run-facets")

    (run,) = house.runs(AIRFLOW, "orders.load")
    above = [house.runs(AIRFLOW, job)[0]["id"] for job in ("orders", "nightly")]
    assert above == [run["parentRunId"], run["rootRunId"]]


def test_what_a_child_forwards_of_its_parent_is_no_truth(house: House) -> None:
    """Since 1-2-0 the parent facet may carry facets: they are not the parent's own word."""
    house.tell("run-facets")

    (parent,) = house.runs(AIRFLOW, "orders")
    assert ({}, None) == (house.job(AIRFLOW, "orders")["facets"], parent["nominalStartTime"])


RUN_FACETS = [
    *("environmentVariables", "errorMessage", "executionParameters", "externalQuery", "extractionError"),
    *("nominalTime", "parent", "processing_engine", "spark.logicalPlan", "tags"),
]


def test_run_facets_are_kept_whatever_their_name(house: House) -> None:
    """Also a key with a dot in it, and one that nobody here reads."""
    house.tell("run-facets")

    assert RUN_FACETS == list(house.run(house.runs(AIRFLOW, "orders.load")[0]["id"])["facets"])


def test_an_error_is_told_without_its_secrets(house: House) -> None:
    """The message of an exception may hold the address with its password, an environment variable a login."""
    house.tell("run-facets")

    facets = house.run(house.runs(AIRFLOW, "orders.load")[0]["id"])["facets"]
    assert (True, True, False) == (
        facets["errorMessage"]["message"].startswith("could not connect to postgres://"),
        "shop-db:5432/shop" in facets["errorMessage"]["message"],
        "hunter2" in json.dumps(facets),
    )


# ── 2.2 Jobs. ────────────────────────────────────────────────────────────────────────────────────────────────────────

JOB_TYPES = {"app": "BATCH", "bare": "BATCH", "stream": "STREAM", "service": "SERVICE"}


@pytest.mark.parametrize(("job", "expected"), JOB_TYPES.items())
def test_the_processing_type_decides_how_a_job_lives(house: House, job: str, expected: str) -> None:
    """NONE, which Spark's applications send, and nothing at all are BATCH."""
    house.tell("job-types")

    assert expected == house.job(SPARK, job)["type"]


def test_a_job_shows_what_its_facets_say(house: House) -> None:
    """Where its code is, what it is for, its tags; a tag whose value is its key is one word."""
    house.tell("job-facets")

    job = house.job(AIRFLOW, "orders.load")
    assert (
        "https://git.example.com/data/orders/blob/4f2a/dags/orders.py",
        "Loads the orders of the day.",
        ["env:prod", "slo:freshness=1h"],
    ) == (job["location"], job["description"], job["tags"])


def test_source_code_is_kept_without_its_secrets(house: House) -> None:
    """Airflow sends the code of every Python task; the SQL stays whole."""
    house.tell("job-facets")

    facets = house.job(AIRFLOW, "orders.load")["facets"]
    assert (True, False, True) == (
        facets["sourceCode"]["sourceCode"].startswith("import os\npassword"),
        "hunter2" in json.dumps(facets),
        facets["sql"]["query"].endswith("x" * 300),
    )


# ── 2.3 Datasets. ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_schema_shows_its_columns_in_order(house: House) -> None:
    """A column may lack a type, as with dbt; what is nested in one is not a column beside it."""
    house.tell("dataset-facets")

    fields = house.dataset(SHOP, ORDERS)["fields"]
    assert [("id", "BIGINT", "The order."), ("address", "STRUCT", None), ("undescribed", None, None)] == [
        (field["name"], field["type"], field["description"]) for field in fields
    ]


def test_tags_are_of_the_dataset_or_of_a_column(house: House) -> None:
    """A tag with a field is that column's."""
    house.tell("dataset-facets")

    dataset = house.dataset(SHOP, ORDERS)
    assert (["gold"], {"address": ["pii:address"]}) == (
        dataset["tags"],
        {field["name"]: field["tags"] for field in dataset["fields"] if field["tags"]},
    )


def test_a_source_is_told_without_its_login(house: House) -> None:
    """The uri of a dataSource may hold user and password."""
    house.tell("dataset-facets")

    (source,) = [each for each in house.get("/sources")["sources"] if each["name"] == "shop-db"]
    assert (True, False, "shop-db") == (
        source["connectionUrl"].endswith("shop-db:5432/shop"),
        "hunter2" in json.dumps(source),
        house.dataset(SHOP, ORDERS)["sourceName"],
    )


def test_a_dataset_type_beats_what_the_namespace_looks_like(house: House) -> None:
    """TOPIC is a stream wherever it is kept."""
    house.tell("dataset-facets")

    found = [house.dataset(*name)["type"] for name in (("acme-broker", "orders.confirmed"), (SHOP, ORDERS))]
    assert ["STREAM", "DB_TABLE"] == found


DATASET_FACETS = [
    *("catalog", "dataSource", "datasetType", "documentation", "hierarchy", "ownership", "schema", "storage", "tags"),
]


def test_dataset_facets_are_kept_as_they_were_sent(house: House) -> None:
    """All of them, those too that only people read."""
    house.tell("dataset-facets")

    dataset = house.dataset(SHOP, ORDERS)
    assert (DATASET_FACETS, "MATERIALIZED") == (list(dataset["facets"]), dataset["facets"]["datasetType"]["subType"])


def test_versions_of_inputs_come_on_start_and_of_outputs_at_the_end(house: House) -> None:
    """Spark says what it read at the start and what it made at the end; both are the run's."""
    house.tell("versions-on-start-and-end")

    run = house.run(house.runs(SPARK, "lake.merge")[0]["id"])
    named = [
        version["datasetVersionId"]["version"]
        for side in ("inputDatasetVersions", "outputDatasetVersions")
        for version in run[side]
    ]
    assert ["4711", "8867191203219950682"] == named


def test_a_drop_leaves_a_tombstone_and_its_history(house: House) -> None:
    """The table is marked; what fed it and its version stay to be seen; a DROP that failed marks nothing."""
    house.tell("a-drop")

    dropped, other = house.dataset(SHOP, ORDERS), house.dataset(SHOP, "shop.public.orders")
    jobs = [job for edge in house.edges(dataset_id(SHOP, ORDERS)) for job in edge]
    assert (True, False, True) == (dropped["deleted"], other["deleted"], "shop.create" in jobs)


def test_lifecycle_goes_by_event_time(house: House) -> None:
    """A DROP that arrives after a later CREATE undoes nothing."""
    house.tell("a-drop-that-arrives-late")

    assert (False, "CREATE") == tuple(house.dataset(SHOP, ORDERS)[key] for key in ("deleted", "lastLifecycleState"))


# ── 2.4, 2.5 Uses. ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_last_count_of_a_run_is_its_count(house: House) -> None:
    """Zero, then 700, then 1250 rows: 1250, never the sum; what the last event does not count stays as it was."""
    house.tell("counts-of-a-run")

    (version,) = house.versions(SHOP, ORDERS)
    assert {"rowCount": 1250, "size": 9000, "fileCount": 2} == version["statistics"]


def test_what_was_read_is_counted_apart_from_what_was_written(house: House) -> None:
    """Rows in and rows out are two figures of one run."""
    house.tell("counts-of-a-run")

    (read,) = house.run(house.runs(SPARK, "shop.write")[0]["id"])["inputDatasetVersions"]
    assert {"rowCount": 1300, "size": 18000, "fileCount": 4} == read["facets"]["inputStatistics"]


def test_quality_metrics_count_where_statistics_are_missing(house: House) -> None:
    """Great Expectations counts rows and bytes in dataQualityMetrics."""
    house.tell("metrics-for-counts")

    (read,) = house.run(house.runs(AIRFLOW, "orders.check")[0]["id"])["inputDatasetVersions"]
    assert {"rowCount": 1250, "size": 48213, "fileCount": None} == read["facets"]["inputStatistics"]


# ── 2.7 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_facets_of_a_use_never_become_the_datasets_own(house: House) -> None:
    """What one run measured of one partition is not what the table is."""
    house.tell("facets-of-a-use")

    (run,) = house.runs(AIRFLOW, "orders.check")
    carried = house.get(f"/jobs/runs/{run['id']}/facets", type="dataset")["facets"]
    assert ({}, {str(dataset_id(SHOP, ORDERS)): ["dataQualityMetrics", "subset"]}) == (
        house.dataset(SHOP, ORDERS)["facets"],
        {name: list(facets) for name, facets in carried.items()},
    )


def test_an_older_facet_that_arrives_late_is_history(house: House) -> None:
    """Event time decides what is current; a facet that only the older event carried is current still."""
    house.tell("older-facets-that-arrive-late")

    dataset = house.dataset(SHOP, ORDERS)
    assert (["id", "total"], "Orders.") == ([field["name"] for field in dataset["fields"]], dataset["description"])


def test_each_version_keeps_the_schema_of_its_run(house: House) -> None:
    """Newest first: what the tables looked like when they were written."""
    house.tell("older-facets-that-arrive-late")

    assert [["id", "total"], ["id"]] == [
        [field["name"] for field in version["fields"]] for version in house.versions(SHOP, ORDERS)
    ]
