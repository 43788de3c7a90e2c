"""Neo4j killed and started again while events come in: what was acknowledged is in the graph afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from uuid import uuid4

import httpx2
import neo4j as driver
import pytest

from collectors.rebuild import catch_up
from lineage.homes import open_homes
from tests.engines.engine import HOST, Engine, free_port, listens
from tests.engines.neo4j_server import PASSWORD, USER, neo4j, url
from tests.engines.test_kafka_collector import produce, topic_at
from tests.support import deltas
from tests.support.load import Load
from tests.support.server import Server
from tests.support.waiting import until

ROUNDS = 10
LONG_S = 60.0
TAKEN = {(200, False), (201, False)}  # a batch, an event
COME_AGAIN = (503, True)


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Engine]:
    """A Neo4j server of this test's own, to be killed."""
    with neo4j(tmp_path / "neo4j") as engine:
        yield engine


def is_ready(server: Server) -> bool:
    answer = httpx2.get(f"{server.url}/readyz", timeout=LONG_S, trust_env=False)
    return answer.is_success and answer.json()["lag"] == 0


def events(graph: Engine) -> set[bytes]:
    """The digests of the events that are in the graph."""
    with driver.GraphDatabase.driver(f"neo4j://{graph.address}", auth=(USER, PASSWORD)) as asked:
        found = asked.execute_query("MATCH (e:Event) RETURN e.digest", database_="neo4j").records
    return {bytes.fromhex(record[0]) if isinstance(record[0], str) else bytes(record[0]) for record in found}


def remade(ledger: str, folder: Path) -> str:
    """The dump of the graph that the ledger gives to a store in a file."""
    with open_homes(f"sqlite:///{folder / 'remade.db'}", ledger, "looking") as homes:
        catch_up(homes.ledger, homes.store)
        return deltas.sha256(homes.store)


def made(graph: Engine, ledger: str) -> str:
    with open_homes(url(graph), ledger, "looking") as homes:
        return deltas.sha256(homes.store)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_times_killed_under_load_the_graph_has_all_that_was_acknowledged(graph: Engine, tmp_path: Path) -> None:
    """Producers hear 201 or 503 and when to come again, nothing else; and the graph is what the ledger gives."""
    ledger, numbers = f"file://{tmp_path / 'ledger'}", count()
    acknowledged: set[bytes] = set()
    answers: set[tuple[int, bool]] = set()
    with Server(url(graph), "--ledger", ledger) as server:
        for _ in range(ROUNDS):
            load = Load(server.url, numbers)
            load.start()
            until(lambda load=load: len(load.acknowledged) > 40)
            graph.kill()
            until(lambda load=load: COME_AGAIN in load.answers)
            graph.start()
            until(lambda: is_ready(server))
            load.stop()
            acknowledged |= load.acknowledged
            answers |= load.answers

    assert (TAKEN | {COME_AGAIN}, set(), remade(ledger, tmp_path)) == (
        answers,
        acknowledged - events(graph),
        made(graph, ledger),
    )


def logged(server: Server, event: str) -> bool:
    return any(f'"{event}"' in line for line in list(server.log))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_while_neo4j_is_away_partitions_wait_and_drop_nothing(graph: Engine, broker: Engine, tmp_path: Path) -> None:
    """What is written to the topic meanwhile is taken afterwards, each record once."""
    ledger, topic = f"file://{tmp_path / 'ledger'}", topic_at(broker, f"outage-{uuid4().hex[:8]}")
    taking = {"BROKERS": broker.address, "TOPICS": f'["{topic}"]', "GROUP": topic}
    environment = {f"HEADWATER_KAFKA__{name}": value for name, value in taking.items()}
    sent = produce(broker, topic, range(50))
    with Server(url(graph), "--ledger", ledger, environment=environment) as server:
        until(lambda: events(graph) >= sent)
        graph.kill()
        for first in range(50, 10_000, 50):
            sent |= produce(broker, topic, range(first, first + 50))
            if logged(server, "kafka_paused"):
                break
            time.sleep(1)
        graph.start()
        until(lambda: events(graph) >= sent)
        resumed = logged(server, "kafka_resumed")
    with open_homes(url(graph), ledger, "looking") as homes:
        kept = [entry.digest for entry, _ in homes.ledger.read()]

    assert (True, sent, len(sent), sent) == (resumed, set(kept), len(kept), events(graph))


@pytest.mark.timeout(300)
def test_a_server_that_starts_while_neo4j_is_away_waits_for_it(graph: Engine, tmp_path: Path) -> None:
    """It says so to whoever asks, and serves as soon as it can."""
    graph.kill()
    port = free_port()
    server = Server(url(graph), "--ledger", f"file://{tmp_path / 'ledger'}", "--port", str(port))
    with ThreadPoolExecutor(1) as starting:
        began = starting.submit(server.__enter__)
        until(lambda: listens(port))
        refused = httpx2.get(f"http://{HOST}:{port}/readyz", timeout=LONG_S, trust_env=False)
        graph.start()
        began.result(LONG_S)
    until(lambda: is_ready(server))
    ready = is_ready(server)
    server.__exit__()

    assert (503, True, True) == (refused.status_code, "cannot be reached" in refused.json()["detail"], ready)
