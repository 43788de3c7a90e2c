"""OPENLINEAGE 8: what consumers have stumbled over, by the issue that tells of it; here they do not."""

from __future__ import annotations

import json

from lineage.model import NodeId, dataset_id, job_id
from tests.rules.judging import judged
from tests.support.rules import House

AIRFLOW, SPARK, SHOP = "prod-airflow", "spark-prod", "postgres://shop-db:5432"
ORDERS, REPORT, STAGED = "shop.mart.orders", "shop.mart.report", "shop.staging.orders"
LAKE, HIVE = "s3://acme-lake", "hive://metastore:9083"


def up(house: House, node: NodeId) -> list[str]:
    """The jobs upstream of *node*."""
    return sorted(
        each["data"]["name"]
        for each in house.get("/lineage", nodeId=str(node), direction="up")["graph"]
        if each["type"] == "JOB"
    )


# ── Runs and their events. ───────────────────────────────────────────────────────────────────────────────────────────


def test_openlineage_378_a_run_of_one_complete_event_is_a_run(house: House) -> None:
    """Short Spark jobs send COMPLETE alone: state, lineage and a version all the same."""
    house.tell("complete-only")

    (version,) = house.versions("file", "/data/orders")
    assert (True, ["shop.create_table"]) == (version["delivered"], up(house, dataset_id("file", "/data/orders")))


def test_openlineage_1726_openmetadata_21886_lineage_does_not_wait_for_complete(house: House) -> None:
    """A FAIL before its START, and a START alone, say what is read and written."""
    house.tell("start-and-fail-only")

    assert [
        ("orders.check", "shop.mart.checked"),
        ("orders.load", ORDERS),
        (STAGED, "orders.check"),
        (STAGED, "orders.load"),
    ] == house.edges(dataset_id(SHOP, STAGED))


def test_openlineage_2322_purview_236_without_start_nothing_is_lost(house: House) -> None:
    """A run whose START was dropped has an end and no duration; one without datasets takes no edge away."""
    house.tell("start-dropped")

    runs = house.runs(AIRFLOW, "orders.load")
    assert ([("COMPLETED", None)] * 2, [("orders.load", ORDERS), (STAGED, "orders.load")]) == (
        [(run["state"], run["durationMs"]) for run in runs],
        house.edges(dataset_id(SHOP, ORDERS)),
    )


def test_openlineage_1984_an_output_that_only_start_lists_stays(house: House) -> None:
    """Commands of Spark list their output on START; a COMPLETE that lists none does not deny it."""
    house.tell("output-on-start-only")

    assert ["shop.truncate_table_command"] == up(house, dataset_id("file", "/warehouse/orders"))


def test_datahub_corpus_the_last_event_of_a_run_overwrites_nothing(house: House) -> None:
    """A COMPLETE with empty lists leaves what was said before it."""
    house.tell("the-last-event-lists-nothing")

    job = house.job(AIRFLOW, "orders.load")
    assert ([STAGED], [ORDERS]) == tuple([each["name"] for each in job[side]] for side in ("inputs", "outputs"))


def test_marquez_2264_running_after_complete_changes_no_state(house: House) -> None:
    """Neither a RUNNING that arrives late nor one that happens later."""
    house.tell("running-after-complete")

    (run,) = house.runs(AIRFLOW, "orders.load")
    assert ("COMPLETED", "2026-11-20T08:05:00Z") == (run["state"], run["endedAt"])


def test_marquez_2408_the_first_start_is_the_start(house: House) -> None:
    """A second START moves nothing."""
    house.tell("start-time-overwritten")

    (run,) = house.runs(AIRFLOW, "orders.load")
    assert ("2026-11-20T08:00:00Z", 35 * 60_000) == (run["startedAt"], run["durationMs"])


def test_marquez_2182_a_parent_that_never_speaks_has_no_dates(house: House) -> None:
    """It is known and new: not running for ever, and not since 1970."""
    house.tell("a-parent-that-never-speaks")

    (run,) = house.runs(AIRFLOW, "orders")
    assert ("NEW", None, None, "2026") == (run["state"], run["startedAt"], run["endedAt"], run["createdAt"][:4])


def test_marquez_2708_the_same_events_twice_break_no_graph(house: House, other: House) -> None:
    """Told once or twice, the answer and the dump are the same."""
    house.tell("the-same-events-twice")
    other.tell("the-same-events-twice", "the-same-events-twice")

    assert house.dump() == other.dump()


def test_datahub_13854_running_without_datasets_leaves_the_graph_whole(house: House) -> None:
    """Flink's heartbeats carry checkpoints and no datasets."""
    house.tell("running-without-datasets")

    assert [("orders", "orders-enrich"), ("orders-enrich", "orders.enriched")] == house.edges(
        job_id("flink-prod", "orders-enrich")
    )


def test_openmetadata_26434_jobs_with_one_side_are_nodes(house: House) -> None:
    """A job that only writes, one that only reads, and one that does neither: all three are there."""
    house.tell("one-sided-jobs")

    names = [job["name"] for job in house.get(f"/namespaces/{AIRFLOW}/jobs")["jobs"]]
    assert (
        ["orders.api_to_table", "orders.mail_report", "orders.nothing"],
        [("orders.api_to_table", "shop.public.orders"), ("shop.public.orders", "orders.mail_report")],
    ) == (names, house.edges(dataset_id(SHOP, "shop.public.orders")))


def test_openmetadata_19482_topics_are_datasets(house: House) -> None:
    """A service between topics, and a job that reads one of them, are one lineage."""
    house.tell("topics")

    topic = house.dataset("kafka://k1:9092", "orders.confirmed")
    assert ("STREAM", ["orders-service", "sink.load"]) == (
        topic["type"],
        up(house, dataset_id(SHOP, "shop.public.orders")),
    )


def test_openlineage_229_a_failed_model_failed_whatever_its_wrapper_says(house: House) -> None:
    """The wrapper dbt-ol completes; the model below it did not, and its table was not delivered."""
    house.tell("a-failed-model-under-a-complete-wrapper")

    (version,) = house.versions(SHOP, ORDERS)
    states = [house.runs("prod-dbt", job)[0]["state"] for job in ("dbt-run-shop", "model.shop.orders")]
    assert (["COMPLETED", "FAILED"], False) == (states, version["delivered"])


def test_openlineage_4021_a_hierarchy_is_linked_by_run_ids(house: House) -> None:
    """Fabric spells its root with a dash where the job has an underscore: the run is the same."""
    house.tell("a-root-under-two-names")

    (action,) = house.runs("fabric", "daily_report.collect")
    (root,) = house.runs("fabric", "daily_report")
    assert (root["id"], root["id"], "COMPLETED") == (action["parentRunId"], action["rootRunId"], root["state"])


# ── Names. ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_marquez_2738_a_symlink_that_comes_late_joins_what_is_there(house: House) -> None:
    """The table was read by its name before anybody said which path it is."""
    house.tell("a-symlink-that-comes-late")

    assert ["report.read", "shop.write"] == up(house, dataset_id(HIVE, "report.orders"))


def test_marquez_2645_an_empty_symlink_joins_nothing(house: House) -> None:
    """Two tables that both claim a name without a namespace stay two."""
    house.tell("an-empty-symlink")

    assert ([], []) == tuple(house.dataset("file", f"/warehouse/{name}")["aliases"] for name in ("orders", "other"))


def test_marquez_1512_a_renamed_table_keeps_its_history(house: House) -> None:
    """What wrote the old name is upstream of what reads the new one."""
    house.tell("a-table-is-renamed")

    assert {"shop.report", "shop.write"} <= set(up(house, dataset_id("file", "/warehouse/report")))


def test_openlineage_2938_s3_and_s3a_in_one_event_are_one_table(house: House) -> None:
    """The inputs say s3, the column lineage s3a: one source, with its columns."""
    house.tell("s3-and-s3a-in-one-event")

    sources = [each["name"] for each in house.job(SPARK, "lake.append")["inputs"]]
    column = house.get("/column-lineage", nodeId=f"datasetField:{LAKE}:curated/orders:id")["graph"]
    assert (["raw/orders"], [f"datasetField:{LAKE}:raw/orders:id"]) == (
        sources,
        [node["id"] for node in column if "raw" in node["id"]],
    )


def test_openlineage_1665_a_source_that_only_columns_name_is_read(house: House) -> None:
    """The source of a MERGE stands nowhere but in its column lineage."""
    house.tell("columns-of-a-source-that-no-input-names")

    assert [("shop.merge_into_command", "shop.orders"), ("shop.updates", "shop.merge_into_command")] == house.edges(
        dataset_id(HIVE, "shop.orders")
    )


def test_openlineage_713_435_a_path_and_its_hive_table_are_one(house: House) -> None:
    """Spark writes the path and names the table; others read the table, in any case."""
    house.tell("a-path-and-its-table")

    assert ["report.hive", "shop.insert"] == up(house, dataset_id(HIVE, "report.orders"))


def test_openlineage_4024_1602_snowflake_is_spelled_in_many_ways(house: House) -> None:
    """With its suffix and in dbt's lower case it is the same table."""
    house.tell("snowflake-spellings")

    assert ["model.shop.orders", "orders.load"] == up(
        house, dataset_id("snowflake://acme-prod", "ANALYTICS.MART.ORDERS")
    )


def test_openlineage_560_any_broker_speaks_for_the_cluster(house: House) -> None:
    """A list in any order and its third broker alone are one cluster."""
    house.tell("bootstrap-lists")

    assert ["orders.consume", "orders.produce"] == up(house, dataset_id(SHOP, ORDERS))


def test_openlineage_1794_partitions_are_parts_of_their_table(house: House) -> None:
    """Whoever reads the table reads what was written into each of its days."""
    house.tell("partitions")

    assert ["lake.day1", "lake.day2", "lake.read"] == up(house, dataset_id(SHOP, ORDERS))


def test_openlineage_2709_the_file_namespace_has_two_spellings_and_hosts_are_others(house: House) -> None:
    """`file://` is `file`; a path on a host is another file."""
    house.tell("the-file-namespace")

    found = [up(house, dataset_id(SHOP, name)) for name in (ORDERS, "shop.mart.other")]
    assert [["files.read", "files.write"], ["files.elsewhere"]] == found


def test_openlineage_2816_a_bucket_is_a_namespace(house: House) -> None:
    """The same key in two buckets is two datasets, and a bucket alone is a third."""
    house.tell("a-bucket-is-a-namespace")

    found = [
        each["name"]
        for bucket in ("s3://acme-raw", "s3://acme-curated")
        for each in house.get(f"/namespaces/{bucket.replace('/', '%2F')}/datasets")["datasets"]
    ]
    assert ["/", "orders", "orders"] == found


def test_openlineage_757_no_password_is_kept_in_a_name(house: House) -> None:
    """A connection's JSON for a name, a login in a namespace: kept without the secret; its edge is there."""
    house.tell("a-password-in-a-name")

    graph = json.dumps(house.get("/lineage", nodeId=str(dataset_id(SHOP, ORDERS))))
    dumped = b"".join(house.services.store.dump())
    assert (True, False) == ("public.orders" in graph, b"hunter2" in dumped or "hunter2" in graph)


# ── Edges. ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_openlineage_4359_explicit_lineage_has_no_false_edges(house: House) -> None:
    """One job from a and b to x and y: up from x, which it says was made of a, there is no b."""
    house.tell("explicit-edges")

    graph = house.get("/lineage", nodeId=str(dataset_id(SHOP, "shop.mart.x")), direction="up")["graph"]
    assert (True, False) == (
        "shop.public.a" in json.dumps(graph),
        "shop.public.b" in {n["data"]["name"] for n in graph},
    )


def test_openlineage_3831_3942_what_is_merged_into_itself_is_no_cycle(house: House) -> None:
    """Spark lists the target of a MERGE among its inputs: one table, written once, with what came from outside."""
    house.tell("a-merge-reads-its-target")

    assert ["lake.replace_data", "lake.report"] == up(house, dataset_id("iceberg", "lake.db.report"))


def test_openlineage_715_1943_one_job_name_for_two_actions_makes_no_edge_between_their_runs(house: House) -> None:
    """Spark calls different queries alike: run by run each output has its own inputs."""
    house.tell("cells-of-a-notebook")

    trace = house.get("/audit/trace", nodeId=str(dataset_id("file", "/b")))["nodes"]
    seen = {node["data"]["name"] for node in trace if node["type"] == "DATASET_VERSION"}
    assert seen == {"/a", "/b"}


# ── Facets. ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_openlineage_3401_neither_a_missing_nor_an_empty_schema_clears_one(house: House) -> None:
    """Producers that do not know the columns send an empty list; what is known stays."""
    house.tell("schema-missing-or-empty")

    assert ["id", "amount"] == [field["name"] for field in house.dataset(SHOP, ORDERS)["fields"]]


def test_openlineage_3401_a_table_that_is_dropped_loses_its_columns(house: House) -> None:
    """An empty schema beside a DROP is meant."""
    house.tell("an-empty-schema-with-a-drop")

    dropped = house.dataset(SHOP, ORDERS)
    assert (True, []) == (dropped["deleted"], dropped["fields"])


def test_openlineage_3550_rows_are_not_bytes(house: House) -> None:
    """Each count stays under its own name; what was not counted is unknown; a negative count is none."""
    house.tell("rows-are-not-bytes")

    run = house.run(house.runs(SPARK, "shop.write")[0]["id"])
    (read,) = run["inputDatasetVersions"]
    written = {version["datasetVersionId"]["name"]: version["facets"] for version in run["outputDatasetVersions"]}
    assert (
        {"inputStatistics": {"rowCount": None, "size": 48213, "fileCount": 3}},
        {"outputStatistics": {"rowCount": 1250, "size": 48213, "fileCount": 2}},
        {"outputStatistics": {"rowCount": None, "size": 0, "fileCount": None}},
    ) == (read["facets"], written["lake.db.orders"], written["lake.db.empty"])


def test_openlineage_docs_14_checks_count_in_either_place(house: House) -> None:
    """One run reports in `facets`, another in `inputFacets`: both are evidence."""
    house.tell("checks-in-either-place")

    status = judged(house, "correctness", SHOP, ORDERS, unit="assertions")
    (found,) = [verdict for verdict in status.occurrences if verdict.total]
    assert (1, 2) == (found.good, found.total)
