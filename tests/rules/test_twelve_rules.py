"""OPENLINEAGE 0: the twelve rules a consumer must obey, one after the other."""

from __future__ import annotations

from lineage.model import dataset_id, job_id
from tests.rules.judging import judged
from tests.support.rules import House, bodies

AIRFLOW, SHOP = "prod-airflow", "postgres://shop-db:5432"
DUCK = "duckdb:///shop.duckdb"


def test_rule_1_any_uuid_is_a_run_and_any_text_a_name(house: House) -> None:
    """UUIDs of every version and spelling are runs; names are free text, in which case counts."""
    house.tell("any-uuid-is-a-run")

    ids = {run["id"] for job in house.get(f"/namespaces/{AIRFLOW}/jobs")["jobs"] for run in job["latestRuns"]}
    names = [each["name"] for each in house.get("/namespaces/food_delivery/datasets")["datasets"]]
    assert (
        {
            "6fa459ea-ee8a-11ca-894e-db77e160355e",
            "16fd2706-8baf-433b-82eb-8c7fada847da",
            "01a1f0c0-0000-7000-8000-0000000000ab",
        },
        ["Bestellungen 2026 / Q4", "bestellungen 2026 / q4"],
        "COMPLETED",
    ) == (ids, names, house.runs(AIRFLOW, "Täglich: Käufe #1 (naïve)/v2.0 🛒")[0]["state"])


def test_rule_2_order_and_number_of_events_decide_nothing(house: House, other: House) -> None:
    """Every event six times, the last first, singly: the graph is the same, byte for byte."""
    house.tell("duplicated-partial-out-of-order")

    for body in reversed(bodies("duplicated-partial-out-of-order")):
        other.take([body])
        other.take([body] * 5)

    assert house.dump() == other.dump()


def test_rule_2_a_run_may_lack_its_start_or_its_end(house: House) -> None:
    """Without a START the duration is unknown and not zero; without an end the run is running."""
    house.tell("duplicated-partial-out-of-order")

    found = [house.runs(AIRFLOW, job)[0] for job in ("orders.load", "orders.report")]
    assert [("COMPLETED", None), ("RUNNING", None)] == [(run["state"], run["durationMs"]) for run in found]


def test_rule_3_a_run_is_the_union_of_its_events(house: House) -> None:
    """What any event lists counts; what a later one leaves out it says nothing of."""
    house.tell("a-run-is-the-union-of-its-events")

    job = house.job(AIRFLOW, "orders.load")
    assert (["shop.staging.customers", "shop.staging.orders"], ["shop.mart.orders"]) == (
        [each["name"] for each in job["inputs"]],
        [each["name"] for each in job["outputs"]],
    )


def test_rule_3_the_newest_facet_replaces_the_older_whole(house: House) -> None:
    """No deep merge: the description of a column that the newer schema lacks is gone."""
    house.tell("a-run-is-the-union-of-its-events")

    fields = house.dataset(SHOP, "shop.mart.orders")["fields"]
    assert [("id", None), ("total", None)] == [(field["name"], field["description"]) for field in fields]


def test_rule_3_only_deleted_deletes_and_only_of_jobs_and_datasets(house: House) -> None:
    """`_deleted` takes a job's ownership away; what no event mentions again stays; a run's facets stay too."""
    house.tell("a-run-is-the-union-of-its-events")

    job = house.job(AIRFLOW, "orders.load")
    assert (["documentation"], ["tags"]) == (list(job["facets"]), list(house.run(job["latestRun"]["id"])["facets"]))


def test_rule_4_statistics_on_running_count(house: House) -> None:
    """Older Spark agents count rows on RUNNING alone."""
    house.tell("statistics-on-running")

    (version,) = house.versions("file", "/data/orders")
    assert {"rowCount": 1250, "size": 48213, "fileCount": None} == version["statistics"]


def test_rule_5_contradicting_ends_are_both_kept_and_one_is_chosen(house: House) -> None:
    """Spark says FAIL and, milliseconds later, COMPLETE: the run failed, both events stay, and the conflict is told."""
    house.tell("spark/4.0.5-fail")

    runs = [run for job in house.get("/namespaces/spark-prod/jobs")["jobs"] for run in job["latestRuns"]]
    (torn,) = [run for run in runs if run["conflict"]]
    kept = house.get("/events", runId=torn["id"], sortDirection="asc")["events"]
    assert ("FAILED", ["FAIL", "COMPLETE"]) == (torn["state"], [event["eventType"] for event in kept][-2:])


def test_rule_6_a_retry_is_another_run_of_the_job(house: House) -> None:
    """A FAIL is not the end of the story: the try after it delivered the hour in time."""
    house.tell("a-retry-is-another-run")

    status = judged(house, "freshness", SHOP, "shop.mart.orders")
    hour = next(verdict for verdict in status.occurrences if verdict.due.isoformat() == "2026-11-20T08:15:00+00:00")
    states = [run["state"] for run in house.runs(AIRFLOW, "orders.load")]
    assert (["COMPLETED", "FAILED"], "GOOD") == (states, hour.state)


def test_rule_7_what_airflow_does_not_say_its_dag_run_tells(house: House) -> None:
    """Skipped is COMPLETE; a killed task has a START for ever; upstream_failed and EmptyOperators send nothing."""
    house.tell("what-airflow-does-not-say")

    ids = {job["name"]: job["latestRun"]["id"] for job in house.get(f"/namespaces/{AIRFLOW}/jobs")["jobs"]}
    dag, killed, skipped = (
        house.get(f"/jobs/runs/{ids[name]}/outcome") for name in ("orders", "orders.load", "orders.only_on_sunday")
    )
    assert ("FAILED", "COMPLETED", {"notify": "COMPLETED", "report": "ABORTED"}) == (
        killed["state"],
        skipped["state"],
        dag["silentTasks"],
    )


def test_rule_8_a_check_counts_once_wherever_it_is_sent(house: House) -> None:
    """An assertion of dbt is sent four times: in facets and in inputFacets, on START and at the end."""
    house.tell("checks-where-they-are-sent")

    status = judged(house, "correctness", DUCK, "shop.main.orders", unit="assertions")
    (found,) = [verdict for verdict in status.occurrences if verdict.total]
    assert (1, 2) == (found.good, found.total)


def test_rule_8_a_test_that_never_ran_has_not_failed(house: House) -> None:
    """ABORT with success=false, or FAIL without an actual value: not evaluated, which is unknown and not bad."""
    house.tell("checks-that-never-ran")

    status = judged(house, "correctness", DUCK, "shop.main.orders", unit="assertions")
    assert [] == [verdict for verdict in status.occurrences if verdict.total]


def test_rule_8_each_validation_under_one_run_id_is_a_check(house: House) -> None:
    """Great Expectations repeats its run id: each speaks of the version before it; no answer is unknown."""
    house.tell("one-run-id-for-every-validation")

    status = judged(house, "correctness", SHOP, "shop.mart.orders", unit="assertions")
    assert ["GOOD", "BAD", "UNKNOWN"] == [verdict.state for verdict in status.occurrences]


def test_rule_9_odd_events_are_good_events(house: House) -> None:
    """Unknown facets, bad bodies, odd schema URLs, no eventType, no producer: taken, with a note where it matters."""
    house.tell("odd-but-good")

    edges = house.edges(dataset_id(SHOP, "shop.mart.orders"))
    assert (
        [
            ("orders.load", "shop.mart.orders"),
            ("orders.report", "shop.mart.report"),
            ("shop.mart.orders", "orders.report"),
            ("shop.public.orders", "orders.load"),
        ],
        [
            ["eventType: missing, taken as OTHER", "nominalTime"],
            ["run.facets.broken: dropped, not an object with _producer and _schemaURL", "outputStatistics"],
            ["producer: missing", "schemaURL: missing"],
        ],
    ) == (
        edges,
        [[said.partition(": kept unread")[0] for said in noted] for noted in house.warnings("odd-but-good")],
    )


def test_rule_10_spellings_are_one_and_each_is_kept(house: House) -> None:
    """s3a and s3, slashes, postgresql, ports and the case of hosts divide nothing; every spelling stays to be seen."""
    house.tell("one-table-in-many-spellings")

    jobs = {
        end for edge in house.edges(job_id(AIRFLOW, "lake.write")) for end in edge if "." in end and "shop" not in end
    }
    aliases = [each["name"] for each in house.dataset("s3://acme-lake", "raw/orders")["aliases"]]
    assert ({"lake.write", "lake.read", "mart.read"}, ["/raw/orders/"]) == (jobs, aliases)
