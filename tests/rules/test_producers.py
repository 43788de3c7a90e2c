"""OPENLINEAGE 4.4 to 4.7: what Airflow, Spark, dbt, Great Expectations and others send, as it shows in answers."""

from __future__ import annotations

from lineage.model import dataset_id, job_id
from tests.rules.judging import judged
from tests.support.rules import House

AIRFLOW, SPARK, SHOP = "prod-airflow", "spark-prod", "postgres://shop-db:5432"
ORDERS, STAGED = "shop.mart.orders", "shop.staging.orders"


# ── 4.4 Airflow. ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dag_may_succeed_over_a_failed_task(house: House) -> None:
    """Trigger rules let a DAG end well: its tasks' states tell of the load that was killed, which delivered nothing."""
    house.tell("a-dag-succeeds-over-a-failed-task")

    (load,), (dag,) = house.runs(AIRFLOW, "orders.load"), house.runs(AIRFLOW, "orders")
    (version,) = house.versions(SHOP, ORDERS)
    assert ("FAILED", "COMPLETED", False) == (load["outcome"]["state"], dag["outcome"]["state"], version["delivered"])


def test_python_in_facets_is_read_where_it_is_certain(house: House) -> None:
    """A list of assets as Python would print it names a dataset; what could not be serialised harms nothing."""
    house.tell("python-in-facets")

    assert [STAGED, "raw/orders"] == [each["name"] for each in house.job(AIRFLOW, "orders.load")["inputs"]]


def test_what_only_the_start_of_sql_listed_is_no_edge(house: House) -> None:
    """At the START a parser guesses, with functions and dropped tables; at the end the database was asked."""
    house.tell("a-table-that-only-start-listed")

    assert [("orders.transform", ORDERS), ("shop.public.orders", "orders.transform")] == house.edges(
        job_id(AIRFLOW, "orders.transform")
    )


def test_sql_of_a_hook_stands_under_its_task(house: House) -> None:
    """The query begins and ends in one instant, after its task has ended: it completed, as a child of the task."""
    house.tell("airflow/3.3.2")

    (query,) = house.runs(AIRFLOW, "orders_etl.hook_task.query.1")
    task = house.run(query["parentRunId"])
    assert ("COMPLETED", 0, "orders_etl.hook_task", True) == (
        query["state"],
        query["durationMs"],
        task["jobVersion"]["name"],
        query["startedAt"] > task["endedAt"],
    )


# ── 4.5 Spark. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_times_are_no_texts(house: House) -> None:
    """Spark writes as many fraction digits as there are: `…00.5Z` is after `…00Z`, and after `…00.49Z`."""
    house.tell("fractions-of-a-second")

    (run,) = house.runs(SPARK, "shop.write")
    assert (["id", "total"], 490) == (
        [field["name"] for field in house.dataset(SHOP, ORDERS)["fields"]],
        run["durationMs"],
    )


def test_topics_that_were_read_together_are_told_apart(house: House) -> None:
    """A batch read of two topics arrives as one dataset with a comma in its name."""
    house.tell("two-topics-in-one-name")

    assert [
        ("orders", "shop.batch_read"),
        ("orders.produce", "orders"),
        ("payments", "shop.batch_read"),
        ("shop.batch_read", ORDERS),
    ] == house.edges(dataset_id(SHOP, ORDERS), direction="up")


def test_an_iceberg_version_is_exact(house: House) -> None:
    """The version facet holds the snapshot's own digits; the reports round them to a double, and are not asked."""
    house.tell("spark/4.0.5-sql-iceberg")

    found = [
        version["version"]
        for dataset in house.get("/namespaces/file/datasets", limit=1000)["datasets"]
        for version in house.versions("file", dataset["name"])
        if version["version"].isdecimal()
    ]
    assert (True, True) == (len(found) > 3, all(float(each) > 2**53 for each in found))


def test_captured_properties_hold_no_secret(house: House) -> None:
    """Spark sends its configuration and the environment in clear: keys stay, what they open does not."""
    house.tell("spark/4.0.5-parent")

    (job,) = [job for job in house.get("/jobs")["jobs"] if job["parentJobName"] == "orders_etl.spark_load"]
    facets = house.run(job["latestRun"]["id"])["facets"]
    properties = facets["spark_properties"]["properties"]
    assert ("[redacted]", "local[2]", "[redacted]", "prod") == (
        properties["spark.hadoop.fs.s3a.secret.key"],
        properties["spark.master"],
        facets["environment-properties"]["environment-properties"]["DB_PASSWORD"],
        facets["environment-properties"]["environment-properties"]["ETL_ENV"],
    )


# ── 4.6 dbt. ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_failure_of_severity_warn_is_no_failure(house: House) -> None:
    """The run completes and the assertion says false: a promise counts errors unless it says otherwise."""
    house.tell("a-warning-is-no-failure")

    (strict,) = judged(house, "correctness", SHOP, ORDERS, unit="assertions").occurrences
    (wide,) = judged(
        house, "correctness", SHOP, ORDERS, unit="assertions", include={"severity": ["error", "warn"]}
    ).occurrences
    assert (1, 1, 1, 2) == (strict.good, strict.total, wide.good, wide.total)


def test_the_tables_of_dbts_tests_are_nobodys_output(house: House) -> None:
    """A test stores failing rows in an audit schema: no dataset is written there."""
    house.tell("dbt/1.11.16-duckdb")

    written = [output["name"] for job in house.get("/jobs", limit=1000)["jobs"] for output in job["outputs"]]
    assert (True, []) == (bool(written), [name for name in written if "_dbt_test__audit" in name])


# ── 4.7 Others. ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_great_expectations_completes_also_when_it_failed(house: House) -> None:
    """COMPLETE alone, and an answer that numpy left unreadable: the run completed, and no check was answered by it."""
    house.tell("great-expectations/1.24.1")

    runs = [run for job in house.get("/jobs")["jobs"] for run in job["latestRuns"]]
    assert ({"COMPLETED"}, {None}) == ({run["state"] for run in runs}, {run["startedAt"] for run in runs})


def test_a_cancelled_stream_was_aborted_and_its_successor_runs(house: House) -> None:
    """CANCELED is ABORT; a restart from a savepoint is another run of the job."""
    house.tell("cancelled")

    assert ["RUNNING", "ABORTED"] == [run["state"] for run in house.runs("flink-prod", "orders-enrich")]


def test_trino_names_its_datasets_at_the_end(house: House) -> None:
    """START has none, and each query is a job of its own."""
    house.tell("a-query-is-a-job")

    query = "20261120_080000_00017_abcde"
    assert [("hive.staging.orders", query), (query, "hive.mart.orders")] == sorted(
        house.edges(job_id("trino://trino:8080", query)), reverse=True
    )


def test_debezium_goes_from_tables_to_topics(house: House) -> None:
    """A connector task reads tables and writes topics of the same names: four datasets, and it is a stream."""
    house.tell("change-data-capture")

    job = house.job("shop", "shop.0")
    assert ("STREAM", {SHOP}, {"kafka://k1:9092"}, 4) == (
        job["type"],
        {each["namespace"] for each in job["inputs"]},
        {each["namespace"] for each in job["outputs"]},
        len(job["inputs"]) + len(job["outputs"]),
    )
