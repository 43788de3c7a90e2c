"""Airflow 3.3 with the OpenLineage provider, and a Spark that it starts, against a Headwater that dies on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.producers import spark
from tests.producers.airflow import Airflow
from tests.producers.asked import Asked, Job, until
from tests.support.server import Server

pytestmark = [pytest.mark.producers, pytest.mark.timeout(600)]

KEY = "a-key-that-only-this-test-knows-0123456789"
ROOT = Path(__file__).parents[2]
DAGS = (ROOT / "examples" / "airflow" / "shop.py", Path(__file__).with_name("trouble.py"))
ENDS = {"success": "COMPLETED", "failed": "FAILED", "skipped": "COMPLETED"}


@dataclass(frozen=True)
class Told:
    """What Airflow says of a run of each DAG, and Headwater, which knows of one more of `trouble`."""

    asked: Asked
    home: Path
    tasks: dict[str, str]
    troubles: dict[str, str]

    @property
    def orders(self) -> str:
        """The file that `fetch` wrote and Spark read."""
        return str(self.home / "orders.csv")

    @property
    def customers(self) -> str:
        """The other one."""
        return str(self.home / "customers.csv")

    @property
    def revenue(self) -> str:
        """The folder that Spark wrote and `hand_on` read."""
        return str(self.home / "revenue")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Both DAGs, run; Headwater is killed in the middle of a second run of `trouble`, and is back at once."""
    folder = tmp_path_factory.mktemp("airflow")
    home, store, keyed = folder / "shop", folder / "kept.db", {"HEADWATER_API_KEY": KEY}
    home.mkdir()
    with ExitStack() as ends:
        server = ends.enter_context(Server(store, environment=keyed))
        asked = ends.enter_context(Asked(server.url, KEY))
        airflow = ends.enter_context(_airflow(folder, server.url))
        airflow.trigger("shop", "one")
        airflow.trigger("trouble", "one")
        until(lambda: _ends(asked, "shop") and _ends(asked, "trouble"), "end of both DAGs", 240)
        before = len(asked.events())
        airflow.trigger("trouble", "two")
        until(lambda: len(asked.events()) > before, "start of the second run")
        server.kill()
        ends.enter_context(Server(store, "--port", server.url.rpartition(":")[2], environment=keyed))
        until(lambda: 2 == len(_ends(asked, "trouble")), "end of the second run", 240)
        yield Told(asked, home, airflow.tasks("shop", "one"), airflow.tasks("trouble", "two"))


def test_airflow_and_spark_are_one_graph(told: Told) -> None:
    """A task's file is what Spark read, Spark's folder is what the last task reads; Spark hangs under its task."""
    fetched, written = frozenset({told.orders, told.customers}), frozenset({told.revenue})
    query = "revenue_by_country.adaptive_spark_plan.shop_revenue"
    assert {
        "shop": Job("COMPLETED"),
        "shop.fetch": Job("COMPLETED", "shop", writes=fetched),
        "shop.add_up": Job("COMPLETED", "shop"),
        "shop.hand_on": Job("COMPLETED", "shop", reads=written),
        "revenue_by_country": Job("COMPLETED", "shop.add_up"),
        query: Job("COMPLETED", "revenue_by_country", fetched, written),
    } == {
        **{name: job for name, job in told.asked.jobs("shop-airflow").items() if name.startswith("shop")},
        **told.asked.jobs("shop-spark"),
    }


def test_all_of_a_dag_run_has_it_for_a_root(told: Told) -> None:
    """Tasks, the application and its query name the run of the DAG as their root."""
    (dag,) = told.asked.job_runs("shop-airflow", "shop")
    tasks = [told.asked.job_runs("shop-airflow", f"shop.{task}") for task in told.tasks]
    spark_runs = [told.asked.job_runs("shop-spark", job) for job in told.asked.jobs("shop-spark")]

    assert {dag["id"]} == {run["rootRunId"] for runs in (*tasks, *spark_runs) for run in runs}


def test_airflow_states_are_those_that_airflow_shows(told: Told) -> None:
    """Every task that began has the state that Airflow shows, also in the run that Headwater's death fell into."""
    states = {
        task: [run["state"] for run in told.asked.job_runs("shop-airflow", f"trouble.{task}")]
        for task, state in told.troubles.items()
        if state != "upstream_failed"
    }

    expected = {task: [ENDS[state]] * 2 for task, state in told.troubles.items() if state != "upstream_failed"}
    assert expected | {"second_try": ["FAILED", "COMPLETED"] * 2} == states
    assert ["FAILED", "FAILED"] == [run["state"] for run in told.asked.job_runs("shop-airflow", "trouble")]


def test_a_task_that_never_began_is_known_from_its_dag(told: Told) -> None:
    """Airflow plans it and then says nothing of it: a job without a run."""
    jobs = told.asked.jobs("shop-airflow")

    assert {"trouble.never_begins": None} == {name: job.state for name, job in jobs.items() if job.state is None}


def test_airflow_statements_hang_under_their_task(told: Told) -> None:
    """What a hook sent to the database is a run a statement, a child of the task's."""
    jobs = told.asked.jobs("shop-airflow")

    expected = {f"trouble.asks.query.{number}": Job("COMPLETED", "trouble.asks") for number in (1, 2)}
    assert expected == {name: job for name, job in jobs.items() if ".query." in name}


def _airflow(folder: Path, url: str) -> Airflow:
    agent = folder / "spark.conf"
    settings = {**spark.SMALL, **spark.told_to(url, KEY)}
    agent.write_text("".join(f"{name} {value}\n" for name, value in settings.items()), encoding="utf-8")
    key = {"type": "api_key", "apiKey": KEY}
    places = {"SHOP_HOME": str(folder / "shop"), "SHOP_EXAMPLES": str(ROOT / "examples"), "SHOP_SPARK_CONF": str(agent)}
    transport = {"type": "http", "url": url, "compression": "gzip", "auth": key}
    return Airflow(folder / "airflow", DAGS, transport, spark.environment() | places)


def _ends(asked: Asked, dag: str) -> list[str]:
    ends = ("COMPLETE", "FAIL")
    return [e["run"]["runId"] for e in asked.events() if e["job"]["name"] == dag and e["eventType"] in ends]
