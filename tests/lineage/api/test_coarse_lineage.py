"""The graph of real events, coarser and finer, and what runs without an end come to."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from lineage.model import Run
from lineage.names import run_key
from lineage.outcomes import outcomes
from lineage.store.base import Store
from tests.support.events import bodies
from tests.support.reading import Reading, minutes, reading, run_event, run_uuid, whole_run

RAW = "dataset:file:/data/lake/raw/orders.csv"


@pytest.fixture
def world(tmp_path):
    """A world that knows nothing yet."""
    with reading(tmp_path) as found:
        yield found


def shown(world: Reading, **query: Any) -> dict[str, list[str]]:
    graph = world.get("/lineage", **query)["graph"]
    return {node["id"]: [edge["destination"] for edge in node["outEdges"]] for node in graph}


def jobs(found: dict[str, list[str]]) -> list[str]:
    return [node for node in found if node.startswith("job:")]


def test_sparks_actions_fold_into_their_application(world):
    """granularity=application: Spark's SQL and RDD jobs stand under the application that ran them."""
    world.tell(bodies("spark/4.0.5-etl"))

    fine, coarse = (shown(world, nodeId=RAW, granularity=word) for word in ("job", "application"))

    assert (True, ["job:spark-prod:daily_revenue"]) == (len(jobs(fine)) > 1, jobs(coarse))


def test_sql_of_hooks_folds_into_its_task(world):
    """granularity=application: Airflow's `….query.N` stand under their task, and the task not under its DAG."""
    world.tell(bodies("airflow/3.3.2"))

    hooked = "dataset:postgres://127.0.0.1:18595:warehouse.public.hooked"
    found = shown(world, nodeId=hooked, granularity="application", depth=1)

    assert ["job:prod-airflow:orders_etl.hook_task"] == jobs(found)


def test_datasets_alone(world):
    """granularity=dataset: no jobs, an edge from what was read to what was written."""
    world.tell(whole_run(1, "load", 0, ["a"], ["b"]) + whole_run(2, "mart", 5, ["b"], ["c"]))

    found = shown(world, nodeId="dataset:pg:b", granularity="dataset")

    assert {"dataset:pg:a": ["dataset:pg:b"], "dataset:pg:b": ["dataset:pg:c"], "dataset:pg:c": []} == found


def test_the_newest_runs(world):
    """granularity=run: each job's newest run, with the edges that are its own."""
    world.tell(whole_run(1, "load", 0, ["a", "old"], ["b"]) + whole_run(2, "load", 5, ["a"], ["b"]))

    found = shown(world, nodeId="dataset:pg:b", granularity="run")

    newest = f"run:{run_uuid(2)}"
    assert {"dataset:pg:a": [newest], "dataset:pg:old": [], newest: ["dataset:pg:b"], "dataset:pg:b": []} == found


def test_a_granularity_that_there_is_not(world):
    """A word that is none of the four is refused by name."""
    world.tell(whole_run(1, "load", 0, ["a"], ["b"]))

    assert (400, "granularity") == world.problem("/lineage", nodeId="dataset:pg:b", granularity="atom")[:2]


def test_stale_edges_are_marked_where_it_is_asked(world):
    """marks=true: what the last three COMPLETE runs no longer read is stale, and nothing else."""
    world.tell(whole_run(1, "load", 0, ["a", "old"], ["b"]))
    world.tell([body for number in (2, 3, 4) for body in whole_run(number, "load", 5 * number, ["a"], ["b"])])

    graph = world.get("/lineage", nodeId="dataset:pg:b", marks=True)["graph"]

    marks = {edge["origin"]: edge.get("stale", False) for node in graph for edge in node["inEdges"]}
    assert {"dataset:pg:a": False, "dataset:pg:old": True, "job:af:load": False} == marks


# ── Outcomes. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def whole_id(name: str, tail: str) -> str:
    ids = {json.loads(body)["run"]["runId"] for body in bodies(name)}
    return next(key for one in ids if (key := run_key(one)) and key.endswith(tail))


def test_a_phantom_of_spark_is_lost_with_its_application(world):
    """An RDD job with a START and no end is neither running nor complete once its application has ended."""
    world.tell(bodies("spark/4.0.5-etl"))

    found = world.get(f"/jobs/runs/{whole_id('spark/4.0.5-etl', 'b8f0b4')}/outcome")

    assert ("LOST", True) == (found["state"], found["reason"].startswith("daily_revenue ended"))


def test_the_silent_tasks_of_a_dag_run(world):
    """`upstream_failed` sends no event; the DAG run's airflowState tells."""
    world.tell(bodies("airflow/3.3.2"))

    found = world.get(f"/jobs/runs/{whole_id('airflow/3.3.2', '72f5ab')}/outcome")

    assert ("COMPLETED", {"downstream": "ABORTED"}) == (found["state"], found["silentTasks"])


def test_a_dag_run_may_succeed_though_tasks_did_not(world):
    """Its last task ran whatever became of the others: COMPLETE, with four that did not do what they should."""
    world.tell(bodies("airflow/3.3.2"))

    found = world.get(f"/jobs/runs/{whole_id('airflow/3.3.2', '72f5ab')}/outcome")

    assert ("COMPLETED", ["bad_sql", "bash_fail", "downstream", "render"]) == (found["state"], found["failedTasks"])


def test_a_killed_task_fails_when_its_dag_says_so(world):
    """A task that was killed has a START for ever; airflowState repairs it at read."""
    told = bodies("airflow/3.3.2")
    killed = [body for body in told if b'"FAIL"' not in body or b'"report_with_failure.bash_fail"' not in body]
    world.tell(killed)

    tail = next(
        run["id"]
        for run in world.get("/namespaces/prod-airflow/jobs/report_with_failure.bash_fail/runs")["runs"]
        if run["state"] == "RUNNING"
    )

    found = world.get(f"/jobs/runs/{tail}/outcome")
    assert ("FAILED", "Airflow calls the task failed") == (found["state"], found["reason"])


def test_a_stream_lives_by_its_beats(world):
    """A streaming run whose newest event is far older than three intervals is lost."""
    streaming = {"jobType": {"_producer": "p:", "_schemaURL": "s:", "processingType": "STREAMING", "integration": "X"}}
    kinds = ("START", "RUNNING", "RUNNING")
    world.tell([run_event(1, "sink", kind, minutes(at), job_facets=streaming) for at, kind in enumerate(kinds)])

    found = world.get(f"/jobs/runs/{run_uuid(1)}/outcome")

    assert ("LOST", True) == (found["state"], "spoken again by 2026-11-21 12:05:00" in found["reason"])


def test_a_list_of_runs_says_what_each_comes_to(world):
    """Marquez's `state` stays what the run's own events say; `outcome` knows that it was never heard of again."""
    world.tell([*whole_run(1, "load", 0, ["a"], ["b"]), run_event(2, "load", "START", minutes(9), outputs=["b"])])

    found = world.get("/namespaces/af/jobs/load/runs")["runs"]

    assert [("RUNNING", "LOST", "lost"), ("COMPLETED", "COMPLETED", None)] == [
        (run["state"], run["outcome"]["state"], run["outcome"]["mark"]) for run in found
    ]


def test_a_job_and_the_graph_say_what_its_runs_come_to(world):
    """The newest run has the same outcome in a job, in the list of jobs, in the lineage graph and alone."""
    world.tell([run_event(2, "load", "START", minutes(9), outputs=["b"])])

    job = world.get("/namespaces/af/jobs/load")
    graph = world.get("/lineage", nodeId="dataset:pg:b")["graph"]
    shapes = [job, world.get("/jobs")["jobs"][0], *(node["data"] for node in graph if node["type"] == "JOB")]
    runs = [*(shape["latestRun"] for shape in shapes), world.get(f"/jobs/runs/{run_uuid(2)}")]

    assert ["LOST"] * 4 == [run["outcome"]["state"] for run in runs]


def test_a_copy_is_old_once_a_run_is_lost(world, monkeypatch):
    """The passing of time changes the ETag of an answer with an open run; of one whose runs have ended it does not."""
    told = [*whole_run(1, "done", 0, ["a"], ["b"]), run_event(2, "load", "START", minutes(9), outputs=["b"])]
    world.tell(told)
    paths = ("/api/v1/namespaces/af/jobs/load/runs", "/api/v1/namespaces/af/jobs/done/runs")

    monkeypatch.setattr(type(world), "now", lambda _: minutes(10))
    before = [world.client.get(path).headers["etag"] for path in paths]
    again = [world.client.get(path, headers={"If-None-Match": tag}) for path, tag in zip(paths, before, strict=True)]
    monkeypatch.setattr(type(world), "now", lambda _: minutes(10_000))
    later = [world.client.get(path, headers={"If-None-Match": tag}) for path, tag in zip(paths, before, strict=True)]

    assert [304, 304, 200, 304] == [answer.status_code for answer in (*again, *later)]


def test_the_tries_of_a_task_are_told_together(world):
    """Each retry is a run of its own; the outcome of any names them all, the first one first."""
    world.tell(bodies("airflow/3.3.2"))
    first = whole_id("airflow/3.3.2", "c9057a")

    found = world.get(f"/jobs/runs/{first}/outcome")["tries"]

    assert [("c9057a", "FAILED"), ("ef505d", "FAILED")] == [(each["runId"][-6:], each["state"]) for each in found]


def test_many_runs_cost_no_more_questions_than_one(world):
    """What a hundred open runs come to is asked of the store as often as what one does."""
    world.tell([run_event(n, f"job{n % 7}", "START", minutes(n), outputs=["b"]) for n in range(100)])
    runs = list(world.homes.store.runs(limit=100).items)

    def questions(some: list[Run]) -> int:
        asked = Counting(world.homes.store)
        outcomes(cast(Store, asked), some, minutes(200))  # it passes all on to a store
        return asked.questions

    assert questions(runs[:1]) == questions(runs)


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.questions = 0

    def __getattr__(self, name: str) -> Any:
        self.questions += 1
        return getattr(self._store, name)


# ── Hierarchy. ───────────────────────────────────────────────────────────────────────────────────────────────────────

CHAIN = "airflow/3.3.2-starts-spark"  # DAG, task, Spark application, query
REVENUE = "dataset:file:/srv/shop/revenue"


@pytest.mark.parametrize(
    ("granularity", "wanted"),
    [
        ("job", ["shop-airflow:shop.hand_on", "shop-spark:revenue_by_country.adaptive_spark_plan.shop_revenue"]),
        ("application", ["shop-airflow:shop.add_up", "shop-airflow:shop.hand_on"]),
        ("pipeline", ["shop-airflow:shop"]),
    ],
)
def test_a_chain_from_dag_to_query_folds_level_by_level(world, granularity, wanted):
    """A query stands under the task that started its application, and all of them under their DAG."""
    world.tell(bodies(CHAIN))

    found = jobs(shown(world, nodeId=REVENUE, granularity=granularity, depth=1))

    assert [f"job:{job}" for job in wanted] == found


def test_a_model_of_dbt_under_airflow_folds_into_the_dag(world):
    """The task and the DAG never spoke; the models under their command are the DAG's all the same."""
    world.tell(bodies("dbt/1.11.16-parent"))

    models = "dataset:duckdb:///srv/shop/shop.duckdb:shop.main.stg_orders"

    assert ["job:shop-airflow:shop"] == jobs(shown(world, nodeId=models, granularity="pipeline", depth=1))


PLACES = {
    "shop-airflow/jobs/shop": [[], ["shop.add_up", "shop.fetch", "shop.hand_on"], [], []],
    "shop-airflow/jobs/shop.add_up": [["shop"], ["revenue_by_country"], ["shop.fetch"], ["shop.hand_on"]],
    "shop-spark/jobs/revenue_by_country.adaptive_spark_plan.shop_revenue": [
        ["revenue_by_country", "shop.add_up", "shop"], [], [], []
    ],
}  # fmt: skip


@pytest.mark.parametrize(("job", "wanted"), PLACES.items())
def test_where_a_job_stands(world, job, wanted):
    """Above it from its parent to the root, below it, before it and after it: DAG, task, application and query."""
    world.tell(bodies(CHAIN))

    found = world.get(f"/namespaces/{job}/hierarchy")

    assert wanted == [[each["name"] for each in found[way]] for way in ("above", "below", "before", "after")]


def test_a_dag_that_waits_for_another_dags_task(world):
    """An asset-triggered DAG says in jobDependencies what it was triggered by."""
    world.tell(bodies("airflow/3.3.2"))

    found = world.get("/namespaces/prod-airflow/jobs/asset_consumer/hierarchy")

    assert [{"namespace": "prod-airflow", "name": "orders_etl.publish"}] == found["before"]


def test_the_sql_of_a_hook_is_rolled_up_to_its_task(world):
    """The task names no dataset; its queries do, and are told under it."""
    world.tell(bodies("airflow/3.3.2"))

    found = world.get(f"/jobs/runs/{whole_id('airflow/3.3.2', 'af820e')}/children")["children"]

    rolled = [(each["job"]["name"][-7:], [d["name"] for d in each["inputs"] + each["outputs"]]) for each in found]
    orders, hooked = "warehouse.public.orders", "warehouse.public.hooked"
    assert [("query.2", [hooked]), ("query.1", [orders, hooked])] == rolled


def test_the_batches_of_a_stream_are_one_row_of_their_application(world):
    """One run for each micro-batch, and one row for all that a job ran."""
    world.tell(bodies("spark/4.0.5-stream-file"))
    application = next(run["id"] for run in world.get("/namespaces/spark-prod/jobs/stream_file/runs")["runs"])

    found = world.get(f"/jobs/runs/{application}/children")["children"]

    assert (20, len(found)) == (sum(each["runs"] for each in found), len({each["job"]["name"] for each in found}))


def test_a_flink_job_lives_by_its_checkpoints(world):
    """That it takes checkpoints tells its kind. A day after the last it is silent; the run before was cancelled."""
    world.tell(bodies("flink/1.20-kafka"))

    job = world.get("/namespaces/flink-prod/jobs/enrich-orders")

    assert ("STREAM", [("LOST", "silent"), ("ABORTED", None)]) == (
        job["type"],
        [(run["outcome"]["state"], run["outcome"]["mark"]) for run in job["latestRuns"]],
    )


def test_a_model_of_dbt_has_its_runs_of_all_modes(world):
    """Three commands, three spellings of its name, one job with three runs; its tests are not among them."""
    world.tell(bodies("dbt/one-model-in-three-modes"))

    found = world.get("/namespaces/dbt-prod/jobs/model.shop.orders/runs")

    assert ["COMPLETED"] * 3 == [run["state"] for run in found["runs"]]
