"""Spark 4.0 with the OpenLineage agent 1.53, against a live Headwater."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.producers import spark
from tests.producers.asked import Asked, Job, until
from tests.producers.wire import Wire
from tests.support.server import Server

pytestmark = [pytest.mark.producers, pytest.mark.timeout(300)]

STEPS = Path(__file__).with_name("steps.py")
KEY = "a-key-that-only-this-test-knows-0123456789"
ORDERS, CUSTOMERS = spark.INPUTS
STARTER = "01a1fdeb-0000-7000-8000-000000000001"


@dataclass(frozen=True)
class Told:
    """The example as it ran once, with a key, with gzip, under a parent; and what Headwater has of it."""

    asked: Asked
    wire: Wire
    revenue: Path

    @property
    def query(self) -> str:
        """The job of the one write."""
        return f"revenue_by_country.adaptive_spark_plan.{self.revenue.parent.name}_{self.revenue.name}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The example application, run."""
    folder = tmp_path_factory.mktemp("shop")
    with (
        Server(folder / "kept.db", environment={"HEADWATER_API_KEY": KEY}) as server,
        Wire(server.url) as wire,
        Asked(server.url, KEY) as asked,
    ):
        under = {"parentJobNamespace": "shop-airflow", "parentJobName": "shop.revenue", "parentRunId": STARTER}
        settings = {
            **spark.told_to(wire.url, KEY, compression="gzip"),
            **{f"spark.openlineage.{name}": value for name, value in under.items()},
        }
        with spark.Application(settings, spark.EXAMPLE, *spark.INPUTS, str(folder / "revenue")) as application:
            application.ended()
        yield Told(asked, wire, folder / "revenue")


def test_spark_application_is_its_jobs(told: Told) -> None:
    """The application hangs under what started it, the write under the application, with what it read and wrote."""
    reads, writes = frozenset(spark.INPUTS), frozenset({str(told.revenue)})
    assert {
        "revenue_by_country": Job("COMPLETED", "shop.revenue"),
        told.query: Job("COMPLETED", "revenue_by_country", reads, writes),
    } == told.asked.jobs("shop-spark")


def test_spark_runs_know_their_root(told: Told) -> None:
    """Application and write both name the run that started the application as their root."""
    runs = [told.asked.job_runs("shop-spark", job)[0] for job in ("revenue_by_country", told.query)]

    assert [(STARTER, STARTER), (runs[0]["id"], STARTER)] == [(run["parentRunId"], run["rootRunId"]) for run in runs]


def test_spark_statistics_are_those_of_the_files(told: Told) -> None:
    """Files, bytes and rows are those that lie in the folder."""
    parts = list(told.revenue.glob("*.parquet"))

    counted = {"fileCount": len(parts), "size": sum(part.stat().st_size for part in parts), "rowCount": 4}
    assert counted == told.asked.statistics("file", str(told.revenue))


def test_spark_columns_lead_back_to_the_files(told: Told) -> None:
    """Revenue is made of amounts; the keys of the join and the groups decide over it; no address has a part in it."""
    behind = told.asked.columns(f"datasetField:file:{told.revenue}:revenue")

    deciding = {(ORDERS, "customer_id"), (CUSTOMERS, "customer_id"), (ORDERS, "ordered_at"), (CUSTOMERS, "country")}
    assert {(ORDERS, "amount")} | deciding == behind


def test_spark_lineage_goes_both_ways(told: Told) -> None:
    """The inputs are up of the output, and the output is down of each of them."""
    assert set(spark.INPUTS) == told.asked.neighbours(f"dataset:file:{told.revenue}", up=True)
    assert {str(told.revenue)} == told.asked.neighbours(f"dataset:file:{ORDERS}", up=False)


def test_spark_speaks_gzip_with_its_key(told: Told) -> None:
    """Every body came zipped and chunked, as Java sends it; every one was taken and kept."""
    assert {201} == told.wire.answers
    assert told.wire.posts == told.wire.zipped == len(told.asked.events())


def test_spark_write_that_broke_has_failed(server: Server, tmp_path: Path) -> None:
    """The agent says COMPLETE after FAIL: the write is FAILED, its output not delivered; the one before it stands."""
    with _steps(server.url, tmp_path) as (application, say):
        say("whole", "broken")
        say.close()
        application.ended(code=1)

    with Asked(server.url) as asked:
        whole, broken = _write(tmp_path, "whole"), _write(tmp_path, "broken")
        assert {"steps": "COMPLETED", whole: "COMPLETED", broken: "FAILED"} == _states(asked)
        assert asked.dataset("file", str(tmp_path / "whole"))["currentVersion"] is not None
        assert asked.dataset("file", str(tmp_path / "broken"))["currentVersion"] is None


def test_spark_goes_on_when_headwater_is_back(tmp_path: Path) -> None:
    """What was told while Headwater was dead is lost, as the agent tries once; what came before and after stands."""
    store = tmp_path / "kept.db"
    before, slow, after = (_write(tmp_path, step) for step in ("before", "slow", "after"))
    with Server(store) as server, Asked(server.url) as asked, _steps(server.url, tmp_path) as (application, say):
        say("before")
        until(lambda: "COMPLETED" == _states(asked).get(before), "end of the first write")
        say("slow")
        until(lambda: slow in _states(asked), "start of the slow write")
        server.kill()
        until((tmp_path / "slow.written").exists, "slow write")
        with Server(store, "--port", server.url.rpartition(":")[2]) as again, Asked(again.url) as asked_again:
            say("after")
            say.close()
            application.ended()

            states = _states(asked_again)
            assert "COMPLETED" != states.pop(slow)
            assert {"steps": "COMPLETED", before: "COMPLETED", after: "COMPLETED"} == states


class _Say:
    """The writing end of the pipe that the application reads its steps from."""

    def __init__(self, pipe: Path) -> None:
        self._pipe = pipe.open("w", encoding="utf-8")

    def __call__(self, *steps: str) -> None:
        self._pipe.write("".join(f"{step}\n" for step in steps))
        self._pipe.flush()

    def close(self) -> None:
        self._pipe.close()


@contextmanager
def _steps(url: str, folder: Path) -> Iterator[tuple[spark.Application, _Say]]:
    pipe = folder / "steps"
    os.mkfifo(pipe)
    with spark.Application(spark.told_to(url), STEPS, CUSTOMERS, str(folder), str(pipe)) as application:
        say = _Say(pipe)
        try:
            yield application, say
        finally:
            say.close()


def _write(folder: Path, step: str) -> str:
    return f"steps.execute_insert_into_hadoop_fs_relation_command.{folder.name}_{step}"


def _states(asked: Asked) -> dict[str, str]:
    return {name: job.state for name, job in asked.jobs("shop-spark").items()} if asked.events() else {}
