"""The gate of a product: closed by an SLO whose budget is spent, asked by HTTP and by a pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.cli import build as commands
from lineage.errors import NotFound
from lineage.settings import load
from lineage.slo.gate import gate, members
from lineage.store.making import UNFINISHED
from tests.support.alerting import status
from tests.support.promises import HOUR, NOON, Lake, document, promise

AT = "2026-11-20T12:20:00Z"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """Five of six deliveries came: `orders` has lost more than its budget, `web` may lose half of its deliveries."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 5)
    lake.homes.close()
    folder = tmp_path / "slos"
    folder.mkdir()
    for product, target in (("orders", "0.9"), ("web", "0.5")):
        text = json.dumps(document(name=f"{product}-slo", labels={"product": product}, window="6h", target=target))
        (folder / f"{product}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def client(estate: Path) -> Iterator[TestClient]:
    """The estate served, with a clock that stands at 12:20."""
    settings = load(None, sections(), store=f"sqlite:///{estate / 'lake.db'}", slos=estate / "slos")
    house = open_headwater(settings, lambda: NOON + timedelta(minutes=20))
    with TestClient(build(settings, house), base_url="http://127.0.0.1:5000") as client:
        yield client
    house.close()


def asked(estate: Path, *words: str) -> Result:
    """What `headwater slo gate` says of the estate."""
    where = ("--store", f"sqlite:///{estate / 'lake.db'}", "--slos", str(estate / "slos"), "--at", AT)
    return CliRunner().invoke(commands(), ["slo", "gate", *words, *where])


@pytest.mark.parametrize(
    ("left", "state", "expected"),
    [
        (Fraction(1, 4), "at_risk", True),
        (Fraction(0), "ok", False),
        (Fraction(-1), "no_data", False),
        (Fraction(-1), "warming", True),
        (None, "no_data", True),
    ],
)
def test_a_spent_budget_closes_the_gate(left: Fraction | None, state: str, *, expected: bool) -> None:
    """At nothing left, not before; what is warming decides nothing yet, nor does what holds no occurrence."""
    assert gate("orders", [status("a"), status("b", left=left, state=state)]).open is expected


def test_the_worst_is_told_first() -> None:
    """Least budget first, then by name."""
    found = [status(name, left=Fraction(left)) for name, left in (("a", 0), ("c", -2), ("b", -2), ("d", 1))]

    assert [each.slo for each in gate("orders", found).shut] == ["b", "c", "a"]


def test_an_unknown_product_is_told_with_those_there_are() -> None:
    """A gate that is misspelt must not stand open."""
    with pytest.raises(NotFound, match=r"no SLO has the label product: order; there are: orders$"):
        members("order", {"a": promise(labels={"product": "orders"}), "b": promise()})


def test_the_route_says_what_closes_the_gate(client: TestClient) -> None:
    """The SLO, what is left of its budget, and its sentence."""
    assert client.get("/api/v1/products/orders/gate").json() == {
        "product": "orders",
        "open": False,
        "because": [
            {
                "slo": "orders-slo",
                "remainingRatio": float(Fraction(-2, 3)),
                "sentence": "166.6 % of the error budget is spent. Late by 5 m, due 2026-11-20 12:15 UTC",
            }
        ],
        "undecided": [],
    }


def test_an_open_gate_has_no_reasons(client: TestClient) -> None:
    """What another product lost does not count."""
    assert client.get("/api/v1/products/web/gate").json() == {
        "product": "web",
        "open": True,
        "because": [],
        "undecided": [],
    }


def test_what_says_nothing_yet_is_told_beside() -> None:
    """An open gate shows how little it knows; what is lost closes it all the same."""
    found = [
        status("a", left=Fraction(1), state="warming"),
        status("b", left=None, state="no_data"),
        status("c", left=Fraction(-1), state="no_data"),
        status("d", left=Fraction(1)),
    ]

    told = gate("orders", found)

    assert ([each.slo for each in told.shut], [each.slo for each in told.undecided]) == (["c"], ["a", "b"])


def test_while_the_graph_is_made_anew_there_is_no_gate(client: TestClient, estate: Path) -> None:
    """What it lacks yet may be what is bad: an error, not an open gate."""
    lake = Lake(estate)
    lake.store.put([UNFINISHED])
    lake.homes.close()

    assert client.get("/api/v1/products/web/gate").status_code == 503


def test_a_product_without_an_slo_is_404(client: TestClient) -> None:
    """With a sentence that names those there are."""
    answer = client.get("/api/v1/products/order/gate")

    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        "no SLO has the label product: order; there are: orders, web",
    )


def test_a_closed_gate_ends_a_pipeline(estate: Path) -> None:
    """Exit code 1, and why."""
    found = asked(estate, "orders")

    assert (found.exit_code, found.output.splitlines()) == (
        1,
        [
            "The gate of orders is closed.",
            "orders-slo: 166.6 % of the error budget is spent. Late by 5 m, due 2026-11-20 12:15 UTC",
        ],
    )


def test_an_open_gate_lets_it_go_on(estate: Path) -> None:
    """Exit code 0; as JSON what the route answers."""
    found = asked(estate, "web", "--json")

    assert (found.exit_code, json.loads(found.output)) == (
        0,
        {"product": "web", "open": True, "because": [], "undecided": []},
    )


def test_a_pipeline_may_ask_a_server(client: TestClient) -> None:
    """By --url nothing is opened here; the answer of the server decides."""
    server = uvicorn.Server(uvicorn.Config(client.app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    found = CliRunner().invoke(commands(), ["slo", "gate", "orders", "--url", f"http://127.0.0.1:{port}", "--at", AT])
    server.should_exit = True
    thread.join()

    assert (found.exit_code, found.output.splitlines()[0]) == (1, "The gate of orders is closed.")
