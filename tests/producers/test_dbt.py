"""dbt 1.11 with `dbt-ol`, both of its modes, against a live Headwater."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.producers.asked import Asked, Job, until
from tests.producers.dbt import Dbt
from tests.producers.wire import Wire
from tests.support.server import Server

pytestmark = [pytest.mark.producers, pytest.mark.timeout(300)]

KEY = "a-key-that-only-this-test-knows-0123456789"
REVENUE, STAGED = "shop.main.revenue_by_country", "shop.main.stg_orders"
ORDERS, CUSTOMERS = "shop.main.raw_orders", "shop.main.raw_customers"
ENDS = {"success": "COMPLETED", "pass": "COMPLETED", "error": "FAILED", "fail": "FAILED", "skipped": "ABORTED"}


@pytest.fixture
def asked(server: Server) -> Iterator[Asked]:
    """Headwater, where the project's events go."""
    with Asked(server.url) as asked:
        yield asked


@pytest.fixture
def dbt(server: Server, tmp_path: Path) -> Dbt:
    """The project, set as its README says."""
    return Dbt(tmp_path, {"OPENLINEAGE_URL": server.url})


def test_dbt_build_is_the_graph_that_dbt_compiled(dbt: Dbt, asked: Asked) -> None:
    """Each model's job hangs under the command and reads what dbt's manifest says; tests write nothing."""
    dbt.run("seed")
    dbt.run("build")

    reads = dbt.reads()
    assert {
        "dbt-run-shop": Job("COMPLETED"),
        "model.shop.stg_orders": _model(STAGED, reads),
        "model.shop.stg_orders.test": _under(Job("COMPLETED", reads=frozenset({STAGED}))),
        "model.shop.revenue_by_country": _model(REVENUE, reads),
        "model.shop.revenue_by_country.test": _under(Job("COMPLETED", reads=frozenset({REVENUE}))),
    } == asked.jobs("shop-dbt")


def test_live_dbt_tells_the_same_graph_and_the_seeds(dbt: Dbt, asked: Asked) -> None:
    """With `--consume-structured-logs` jobs are dbt's unique ids, seeds write, and edges are those of the manifest."""
    dbt.run("--consume-structured-logs", "build")

    jobs = {name: job for name, job in asked.jobs("shop-dbt").items() if ".sql." not in name}
    reads = dbt.reads()
    staged, revenue = frozenset({STAGED}), frozenset({REVENUE})
    assert {
        "dbt-run-shop": Job("COMPLETED"),
        "seed.shop.raw_orders": _under(Job("COMPLETED", writes=frozenset({ORDERS}))),
        "seed.shop.raw_customers": _under(Job("COMPLETED", writes=frozenset({CUSTOMERS}))),
        "model.shop.stg_orders": _model(STAGED, reads),
        "model.shop.revenue_by_country": _model(REVENUE, reads),
        **{name: _under(Job("COMPLETED", reads=staged)) for name in jobs if name.startswith("test.shop.unique_stg_")},
        **{name: _under(Job("COMPLETED", reads=staged)) for name in jobs if name.startswith("test.shop.not_null_stg_")},
        **{name: _under(Job("COMPLETED", reads=revenue)) for name in jobs if name.startswith("test.shop.not_null_rev")},
    } == jobs


def test_dbt_columns_lead_back_to_the_seeds(dbt: Dbt, asked: Asked) -> None:
    """Revenue is made of the amounts of the orders, through the staged ones; not of the customers' addresses."""
    dbt.run("seed")
    dbt.run("run")

    behind = asked.columns(f"datasetField:{dbt.database}:{REVENUE}:revenue")
    assert {(STAGED, "amount"), (ORDERS, "amount")} == behind


def test_states_are_those_that_dbt_reports(dbt: Dbt, asked: Asked) -> None:
    """A failed test and a broken model are FAILED, what was skipped for them ABORTED, and the command FAILED."""
    (dbt.folder / "models" / "broken.sql").write_text("select error('no such luck') as x from {{ ref('stg_orders') }}")
    (dbt.folder / "models" / "after.sql").write_text("select x from {{ ref('broken') }}")
    (dbt.folder / "tests").mkdir()
    (dbt.folder / "tests" / "no_orders.sql").write_text("select * from {{ ref('stg_orders') }}")

    dbt.run("--consume-structured-logs", "build")

    statuses = dbt.statuses()
    states = {name: job.state for name, job in asked.jobs("shop-dbt").items() if name in statuses}
    assert {name: ENDS[status] for name, status in statuses.items()} == states
    assert {"FAILED", "ABORTED", "COMPLETED"} == set(states.values())
    assert "FAILED" == asked.jobs("shop-dbt")["dbt-run-shop"].state


def test_dbt_hangs_under_the_run_that_started_it(server: Server, asked: Asked, tmp_path: Path) -> None:
    """With OPENLINEAGE_PARENT_ID the command is a job of the starter's namespace, and the models hang under it."""
    starter = "01a1fdeb-0000-7000-8000-000000000001"
    given = {"OPENLINEAGE_URL": server.url, "OPENLINEAGE_PARENT_ID": f"shop-airflow/shop.build/{starter}"}

    Dbt(tmp_path, given).run("build")

    (command,) = asked.job_runs("shop-airflow", "dbt-run-shop")
    (model,) = asked.job_runs("shop-dbt", "model.shop.stg_orders")
    assert (starter, command["id"]) == (command["parentRunId"], model["parentRunId"])


def test_dbt_brings_its_key(tmp_path: Path) -> None:
    """With OPENLINEAGE_API_KEY every event is taken; without it none is, and dbt does its work all the same."""
    with Server(tmp_path / "kept.db", environment={"HEADWATER_API_KEY": KEY}) as server:
        Dbt(tmp_path / "locked-out", {"OPENLINEAGE_URL": server.url}).run("seed")
        with Asked(server.url, KEY) as asked:
            assert [] == asked.events()

        Dbt(tmp_path / "let-in", {"OPENLINEAGE_URL": server.url, "OPENLINEAGE_API_KEY": KEY}).run("seed")
        with Asked(server.url, KEY) as asked:
            assert {"dbt-run-shop": Job("COMPLETED")} == asked.jobs("shop-dbt")


def test_dbt_speaks_gzip(server: Server, asked: Asked, tmp_path: Path) -> None:
    """With compression gzip every body is zipped and kept; none is refused."""
    with Wire(server.url) as wire:
        Dbt(tmp_path, {**_transport(wire.url), "OPENLINEAGE__TRANSPORT__COMPRESSION": "gzip"}).run("build")

        assert {201} == wire.answers
        assert wire.posts == wire.zipped == len(asked.events())


def test_dbt_outlives_a_headwater_that_dies(tmp_path: Path) -> None:
    """Killed in the middle of a command and started again on its file, Headwater has every event that dbt sent."""
    store = tmp_path / "kept.db"
    with ExitStack() as ends:
        server = ends.enter_context(Server(store))
        asked = ends.enter_context(Asked(server.url))
        dbt = Dbt(tmp_path, {"OPENLINEAGE_URL": server.url})
        command = ends.enter_context(dbt.start("--consume-structured-logs", "build"))
        until(asked.events, "event of dbt")
        server.kill()
        ends.enter_context(Server(store, "--port", server.url.rpartition(":")[2]))
        printed, _ = command.communicate(timeout=120)
        assert 0 == command.returncode, printed

        states = {name: job.state for name, job in asked.jobs("shop-dbt").items()}
        assert {"dbt-run-shop", *dbt.statuses()} == {name for name in states if ".sql." not in name}
        assert {"COMPLETED"} == set(states.values())


def _model(name: str, reads: Mapping[str, frozenset[str]]) -> Job:
    return _under(Job("COMPLETED", reads=reads[name], writes=frozenset({name})))


def _under(job: Job) -> Job:
    return Job(job.state, "dbt-run-shop", job.reads, job.writes)


def _transport(url: str) -> dict[str, str]:
    return {"OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__URL": url}
