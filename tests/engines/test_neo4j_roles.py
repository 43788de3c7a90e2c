"""Four processes share the work over one Neo4j and one ledger: they answer alike, and one of them alerts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import httpx2
import pytest

from tests.engines.engine import Engine
from tests.engines.neo4j_breach import Shared, broken_promise
from tests.support.posting import event
from tests.support.server import Server
from tests.support.slack import slack_on_loopback
from tests.support.waiting import until

LONG_S = 60.0
EVENTS = 60
ASKED = (
    "/api/v1/namespaces",
    "/api/v1/namespaces/pg/datasets",
    "/api/v1/namespaces/airflow/jobs/load/runs?limit=100",
    "/api/v1/lineage?nodeId=dataset:pg:shop.orders&depth=5",
    "/api/v1/events/lineage?limit=100",
    "/api/v1/search?q=orders",
)
PAGES = ("/", "/datasets/pg/shop.orders", "/slos", "/incidents")


@dataclass(frozen=True)
class Fleet:
    """Two that collect and judge, two that answer and show."""

    shared: Shared
    taking: list[Server]
    answering: list[Server]


@pytest.fixture(scope="module")
def fleet(neo4j_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """All four, with a promise that is broken."""
    with slack_on_loopback() as slack, ExitStack() as servers:
        shared = broken_promise(neo4j_server, tmp_path_factory.mktemp("shared"), slack)
        roles = [("collector", "scheduler")] * 2 + [("api", "dashboards")] * 2
        with ThreadPoolExecutor(4) as starting:
            found = list(starting.map(lambda each: servers.enter_context(shared.process(*each)), roles))
        yield Fleet(shared, found[:2], found[2:])


def get(server: Server, path: str) -> httpx2.Response:
    return httpx2.get(f"{server.url}{path}", timeout=LONG_S, trust_env=False)


def post(server: Server, number: int) -> int:
    """What a producer hears that comes again when it is told to."""
    while True:
        answer = httpx2.post(f"{server.url}/api/v1/lineage", content=event(number), timeout=LONG_S, trust_env=False)
        if answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE:
            return answer.status_code


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_of_each_answer_alike_and_alert_once(fleet: Fleet) -> None:
    """What came in at either door is answered by both, and Slack is told once."""
    with ThreadPoolExecutor(4) as clients:
        codes = set(clients.map(lambda number: post(fleet.taking[number % 2], number), range(1, EVENTS + 1)))
    until(lambda: all(get(server, "/readyz").json()["lag"] == 0 for server in fleet.answering))
    until(lambda: len(fleet.shared.slack.posted) > 0)
    one, two = ([get(server, path).json() for path in ASKED] for server in fleet.answering)
    pages = {path: get(server, path).status_code for server in fleet.answering for path in PAGES}
    runs = {run["id"] for run in one[2]["runs"]}
    time.sleep(2.5)  # two ticks of each, in which a second message would be sent

    expected = ({201}, one, dict.fromkeys(PAGES, 200), True, 1)
    assert expected == (codes, two, pages, EVENTS < len(runs), len(fleet.shared.slack.posted))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_each_has_a_chain_of_its_own(fleet: Fleet) -> None:
    """Two on one host do not wait for each other at every append."""
    for number, server in enumerate(fleet.taking, EVENTS + 1):
        post(server, number)
    writers = {path.name for path in (fleet.shared.folder / "ledger" / "segments").iterdir()}

    assert len(writers - {"before"}) == len(fleet.taking)
