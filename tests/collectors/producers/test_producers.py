"""What each producer really means: one rule of OPENLINEAGE 2.6, 3.3 and 4.4 to 4.7 after the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collectors.producers import normalise, understand
from collectors.producers.airflow import asset_id
from lineage.events import Event, parse_event
from lineage.model import NodeId, dataset_id
from lineage.projection import project
from tests.support.events import all_files, bodies

SEEN = {"_producer": "https://example.org/p", "_schemaURL": "https://example.org/s"}
PG = "postgres://db:5432"
FILES = {name: [parse_event(body) for body in bodies(name)] for name in all_files()}


def dataset(name: str, namespace: str = PG, facets: dict[str, Any] | None = None, **side: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, "facets": _facets(facets or {}), **side}


def sent(
    *,
    inputs: list[Any] | None = None,
    outputs: list[Any] | None = None,
    run: dict[str, Any] | None = None,
    job: dict[str, Any] | None = None,
    kind: str = "COMPLETE",
) -> Event:
    body = {
        "eventType": kind,
        "eventTime": "2026-11-21T08:00:00Z",
        "producer": "https://example.org/p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0199d0a0-0000-7000-8000-000000000001", "facets": _facets(run or {})},
        "job": {"namespace": "etl", "name": "load", "facets": _facets(job or {})},
        "inputs": inputs or [],
        "outputs": outputs or [],
    }
    return parse_event(json.dumps(body).encode())


def _facets(bodies: dict[str, Any]) -> dict[str, Any]:
    return {name: SEEN | body for name, body in bodies.items()}


def names(datasets: Any) -> list[str]:
    return [each.id.name for each in datasets]


def facet(facets: Any, name: str) -> Any:
    return json.loads(bytes(facets[name]))


def schema(*columns: str) -> dict[str, Any]:
    return {"schema": {"fields": [{"name": name} for name in columns]}}


def lineage(*columns: str, of: str = "raw") -> dict[str, Any]:
    source = {"namespace": PG, "name": of, "field": "x"}
    return {"columnLineage": {"fields": {name: {"inputFields": [source]} for name in columns}}}


def columns(event: Event) -> list[str]:
    return list(facet(event.outputs[0].facets, "columnLineage")["fields"])


# ── Every producer. ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", all_files())
def test_what_is_meant_means_itself(name):
    """To take an event as meant twice is to take it once."""
    once = [normalise(event) for event in FILES[name]]

    assert [project(event, b"") for event in once] == [understand(event, b"") for event in once]


def test_an_event_without_oddities_comes_back_itself():
    """Nothing is copied where there is nothing to change."""
    event = sent(inputs=[dataset("a")], outputs=[dataset("b", facets=schema("x"))])

    assert normalise(event) is event


@pytest.mark.parametrize("odd", [[], "text", 5, {"fields": 7}, {"fields": {"_0": None}}, {"task": {"inlets": "[{"}}])
def test_an_odd_facet_is_left_as_it_is(odd):
    """A body that is not as its schema says makes no failure."""
    body = odd if isinstance(odd, dict) else {"fields": odd, "query": odd, "assertions": odd, "task": odd}
    words = ("schema", "columnLineage", "dbt_model", "greatExpectations_assertions")
    odd_one = dataset("generate_series", facets=dict.fromkeys(words, body), inputFacets=_facets({words[-1]: body}))
    event = sent(inputs=[odd_one], outputs=[odd_one], run={"airflow": body}, job={"sql": body})

    assert understand(event, b"d" * 32).digest == b"d" * 32


# ── Kafka. ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_topics_in_one_name_are_two_datasets():
    """A batch read of two Kafka topics arrives as `a,b`."""
    event = normalise(sent(inputs=[dataset("orders,payments", "kafka://k:9092"), dataset("a,b")]))

    assert ["orders", "payments", "a,b"] == names(event.inputs)


def test_no_topic_has_the_rows_of_all():
    """What was counted over a list of topics is said of none of them."""
    counted = dataset("a,b", "kafka://k:9092", inputFacets=_facets({"inputStatistics": {"rowCount": 5}}))

    assert [{}, {}] == [each.side_facets for each in normalise(sent(inputs=[counted])).inputs]


# ── SQL. ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_function_is_no_table():
    """generate_series stands among the inputs of a SQL parser, and under its columns."""
    output = dataset("t", facets=lineage("g", of="db.public.generate_series"))
    event = normalise(sent(inputs=[dataset("db.public.generate_series"), dataset("raw")], outputs=[output]))

    assert (["raw"], []) == (
        names(event.inputs),
        facet(event.outputs[0].facets, "columnLineage")["fields"]["g"]["inputFields"],
    )


def test_a_table_of_that_name_is_one():
    """A dataset that brings columns is a table, whatever it is called."""
    assert ["unnest"] == names(normalise(sent(inputs=[dataset("unnest", facets=schema("a"))])).inputs)


WITH = [
    ("WITH recent AS (SELECT * FROM raw) SELECT * FROM recent", ["raw"]),
    ("with recursive recent (a, b) as (select 1), other AS MATERIALIZED (select 2) select 3", ["raw"]),
    ("WITH recent AS (SELECT * FROM public.recent) SELECT * FROM recent", ["db.public.recent", "raw"]),
    ("SELECT x AS recent FROM recent", ["db.public.recent", "raw"]),
]


@pytest.mark.parametrize(("sql", "wanted"), WITH)
def test_a_with_name_is_no_table(sql, wanted):
    """A name that the event's own SQL gives to a query is no dataset, unless it also stands there behind a schema."""
    event = sent(inputs=[dataset("db.public.recent"), dataset("raw")], job={"sql": {"query": sql}})

    assert wanted == names(normalise(event).inputs)


# ── Airflow. ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_inlets_and_outlets_are_declared_datasets():
    """Assets that no converter knew stand only in the task's text; those that were listed are not said again."""
    task = {"inlets": "[{'uri': 's3://lake/raw/', 'type': 'asset'}, {'uri': 'postgres://db:5432/wh/public/t'}]"}
    event = normalise(sent(inputs=[dataset("wh.public.t")], run={"airflow": {"task": task}}))

    shown = [(each.id, "headwater_declared" in each.side_facets) for each in event.inputs]
    assert [(dataset_id(PG, "wh.public.t"), False), (dataset_id("s3://lake", "raw"), True)] == shown


URIS = [
    ("s3://lake/raw/orders/", dataset_id("s3://lake", "raw/orders")),
    ("gcs://lake/raw", dataset_id("gs://lake", "raw")),
    ("file:///out/a%20b.csv", dataset_id("file", "/out/a b.csv")),
    ("kafka://k:9092/reports.daily", dataset_id("kafka://k:9092", "reports.daily")),
    ("postgresql://ada@db:5432/wh/public/t", dataset_id("postgres://db:5432", "wh.public.t")),
    ("s3://lake", None),
    ("my-asset", None),
    ("http://[", None),
]


@pytest.mark.parametrize(("uri", "wanted"), URIS)
def test_an_assets_uri_names_a_dataset(uri: str, wanted: NodeId | None):
    """As Airflow's own converters would spell it; a scheme without one names nothing."""
    assert wanted == asset_id(uri)


# ── dbt, Spark, Great Expectations. ──────────────────────────────────────────────────────────────────────────────────

AUDITS = [
    dataset("db.main_dbt_test__audit.not_null"),
    dataset("db.main.t", facets={"dbt_model": {"config": {"materialized": "test"}}}),
]


@pytest.mark.parametrize("audit", AUDITS)
def test_a_dbt_test_writes_nothing(audit):
    """The table with a test's failing rows is nobody's output; who reads it does."""
    event = normalise(sent(inputs=[audit], outputs=[audit, dataset("db.main.orders")]))

    assert ([audit["name"]], ["db.main.orders"]) == (names(event.inputs), names(event.outputs))


def test_what_spark_reads_to_infer_a_schema_is_no_read():
    """RDD jobs with a START and no end list a parent directory without facets; one that ends lists it again."""
    rdd = {"jobType": {"integration": "SPARK", "jobType": "RDD_JOB"}}
    guess = [dataset("/data/lake", "file")]

    found = [names(normalise(sent(inputs=guess, job=rdd, kind=kind)).inputs) for kind in ("START", "FAIL")]
    assert [[], ["/data/lake"]] == found


def test_sparks_exception_is_an_error_message():
    """`spark.exception` of a real FAIL says in `errorMessage` what happened; the whole trace goes along."""
    failed = next(event for event in FILES["spark/4.0.5-fail"] if event.run and "spark.exception" in event.run.facets)
    assert failed.run

    said = facet(normalise(failed).run.facets, "errorMessage")  # type: ignore[union-attr] # a run stays a run

    assert (True, "JAVA") == (
        "Job aborted due to stage failure" in said["message"],
        said["programmingLanguage"],
    )


def test_booleans_of_great_expectations():
    """Results come under the standard name; a text that numpy left is no result, `"True"` is one."""
    own = [
        {"expectationType": "not_null", "column": "id", "success": False},
        {"expectationType": "quantile", "success": "<<non-serializable: bool>>"},
        {"expectationType": "unique", "success": "True"},
    ]
    event = sent(inputs=[dataset("t", inputFacets=_facets({"greatExpectations_assertions": {"assertions": own}}))])

    said = facet(normalise(event).inputs[0].side_facets, "dataQualityAssertions")["assertions"]

    assert [
        {"assertion": "not_null", "success": False, "column": "id"},
        {"assertion": "unique", "success": True},
    ] == said


# ── One job, one plan. ───────────────────────────────────────────────────────────────────────────────────────────────

NODES_OF_DBT = [
    ("db.main.shop.orders", "MODEL", "model.shop.orders", "model.shop.orders"),
    ("db.main.shop.orders.build.run", "MODEL", "model.shop.orders", "model.shop.orders"),
    ("db.main.shop.orders.build.test", "TEST", "model.shop.orders", "model.shop.orders.test"),
    ("test.shop.positive", "TEST", "test.shop.positive", "test.shop.positive"),
    ("model.shop.orders.sql.1", "SQL", "model.shop.orders", "model.shop.orders.sql.1"),
    ("db.main.shop.orders", "MODEL", None, "db.main.shop.orders"),
]


@pytest.mark.parametrize(("name", "kind", "unique_id", "wanted"), NODES_OF_DBT)
def test_a_dbt_node_is_one_job_in_every_mode(name, kind, unique_id, wanted):
    """`dbt run`, `dbt build` and structured logs name one node three ways; its unique id is one."""
    event = sent(job={"jobType": {"jobType": kind, "integration": "DBT"}, "dbt_node": {"unique_id": unique_id}})
    named = event._replace(job=event.job._replace(id=NodeId("job", "dbt", name)))  # type: ignore[union-attr] # it has one

    assert NodeId("job", "dbt", wanted) == normalise(named).job.id  # type: ignore[union-attr] # nor is it lost


def test_what_dbt_called_its_job_stays_visible():
    """The name that was sent is a facet of the job."""
    event = sent(job={"jobType": {"jobType": "MODEL"}, "dbt_node": {"unique_id": "model.shop.orders"}})

    assert "load" == facet(normalise(event).job.facets, "headwater_sent_as")["name"]  # type: ignore[union-attr] # a job stays


FLINK = [
    ({"checkpoints": {"completed": 3}}, {}, "STREAMING"),
    ({"checkpoints": {"completed": 3}}, {"jobType": {"processingType": "BATCH"}}, "BATCH"),
    ({"flink_job": {"jobId": "1"}}, {}, None),
]


@pytest.mark.parametrize(("run", "job", "wanted"), FLINK)
def test_who_takes_checkpoints_is_a_stream(run, job, wanted):
    """A run with `checkpoints` lives by them, unless its job says what it is."""
    job_type = normalise(sent(run=run, job=job)).job.facets.get("jobType")  # type: ignore[union-attr] # a job stays one

    assert wanted == (json.loads(bytes(job_type))["processingType"] if job_type is not None else None)


def test_the_plan_of_a_dag_says_which_task_waits_for_which():
    """The START of a DAG run carries its tasks with what follows each; a task that the DAG has not is none."""
    tasks = {"begin": {"downstream_task_ids": ["work", "gone"]}, "work": {"downstream_task_ids": "['end']"}, "end": {}}

    delta = understand(sent(job={"airflow": {"tasks": tasks}}, kind="START"), b"")

    assert [("load.begin", "load.work"), ("load.work", "load.end")] == [
        (up.name, down.name) for up, down in delta.depends
    ]
