"""OPENLINEAGE 5.1 and 5.2: the clients as published, each by its own transport against a server on a socket."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import uvicorn
from fastapi import FastAPI
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from starlette.testclient import TestClient
from typer.testing import CliRunner

from collectors.transports import http as http_door
from lineage.cli import build as commands
from lineage.errors import Overloaded
from lineage.model import Principal, Receipt, dataset_id
from tests.support.rules import House, bodies

Settings = dict[str, Any]

CLIENT_TIMEOUT_S = 5  # of openlineage-python and openlineage-java alike
WHOLE = [("orders.load", "shop.mart.orders"), ("shop.staging.orders", "orders.load")]


@pytest.fixture(scope="module")
def address(front: tuple[FastAPI, TestClient]) -> Iterator[str]:
    """Where the application listens: the same that the house stands behind."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or TCP_NODELAY is not set
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(front[0], log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture(autouse=True)
def _nobody_else_configures_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_DISABLED", "OPENLINEAGE_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def events() -> list[RunEvent]:
    """The events of the file, as the client's own classes hold them."""
    told = [json.loads(body) for body in bodies("through-a-client")]
    return [
        RunEvent(
            eventType=RunState[event["eventType"]],
            eventTime=event["eventTime"],
            run=Run(event["run"]["runId"]),
            job=Job(**event["job"]),
            producer=event["producer"],
            inputs=[InputDataset(**each) for each in event["inputs"]],
            outputs=[OutputDataset(**each) for each in event["outputs"]],
        )
        for event in told
    ]


def emit(client: OpenLineageClient) -> None:
    for event in events():
        client.emit(event)
    client.close(CLIENT_TIMEOUT_S)


def stands(house: House) -> tuple[list[tuple[str, str]], str]:
    """What the house then knows: the edges, and the state of the newest run."""
    edges = house.edges(dataset_id("postgres://shop-db:5432", "shop.mart.orders"))
    return edges, house.get("/jobs")["jobs"][0]["latestRun"]["state"]


TRANSPORTS: dict[str, Callable[[str], Settings]] = {
    "http": lambda url: {"type": "http", "url": url},
    "a slash behind the address": lambda url: {"type": "http", "url": f"{url}/"},
    "a path that urljoin drops": lambda url: {"type": "http", "url": f"{url}/prefix"},
    "a slash behind the endpoint": lambda url: {"type": "http", "url": url, "endpoint": "api/v1/lineage/"},
    "another endpoint": lambda url: {"type": "http", "url": url, "endpoint": "lineage"},
    "gzip": lambda url: {"type": "http", "url": url, "compression": "gzip"},
    "headers of one's own": lambda url: {"type": "http", "url": url, "custom_headers": {"X-Team": "orders"}},
    "an API key": lambda url: {"type": "http", "url": url, "auth": _bearer("hw_any")},
    "async_http": lambda url: {"type": "async_http", "url": url},
    "async_http with gzip": lambda url: {"type": "async_http", "url": url, "compression": "gzip"},
    "composite": lambda url: {
        "type": "composite",
        "transports": {"first": {"type": "http", "url": url}, "second": {"type": "console"}},
    },
    "transform": lambda url: {
        "type": "transform",
        "transport": {"type": "http", "url": url},
        "transformer_class": "openlineage.client.transport.transform.JobNamespaceReplaceTransformer",
        "transformer_properties": {"new_job_namespace": "by-client"},
    },
}


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
def test_every_transport_of_the_client_arrives(
    house: House, address: str, transport: Callable[[str], Settings]
) -> None:
    """By whichever transport and spelling of the address: the same graph."""
    emit(OpenLineageClient(config={"transport": transport(address)}))

    assert (WHOLE, "COMPLETED") == stands(house)


VARIABLES: dict[str, Callable[[str], dict[str, str]]] = {
    "an address": lambda url: {"OPENLINEAGE_URL": url},
    "an address and an endpoint": lambda url: {"OPENLINEAGE_URL": url, "OPENLINEAGE_ENDPOINT": "lineage"},
    "a transport": lambda url: {"OPENLINEAGE__TRANSPORT__TYPE": "http", "OPENLINEAGE__TRANSPORT__URL": url},
    "a transport with a key": lambda url: {
        "OPENLINEAGE__TRANSPORT__TYPE": "http",
        "OPENLINEAGE__TRANSPORT__URL": url,
        "OPENLINEAGE__TRANSPORT__AUTH": '{"type": "api_key", "apiKey": "hw_any"}',
    },
}


@pytest.mark.parametrize("variables", VARIABLES.values(), ids=VARIABLES)
def test_the_environment_configures_a_client(
    house: House, address: str, monkeypatch: pytest.MonkeyPatch, variables: Callable[[str], dict[str, str]]
) -> None:
    """As the variables say where to; a client without a line of code."""
    for name, value in variables(address).items():
        monkeypatch.setenv(name, value)

    emit(OpenLineageClient())

    assert (WHOLE, "COMPLETED") == stands(house)


def test_a_configuration_file_configures_a_client(house: House, address: str, tmp_path: Path) -> None:
    """`openlineage.yml` in the working directory."""
    (tmp_path / "openlineage.yml").write_text(f"transport: {{type: http, url: '{address}'}}\n")

    emit(OpenLineageClient())

    assert (WHOLE, "COMPLETED") == stands(house)


def test_what_the_file_transport_wrote_is_replayed(house: House, address: str, tmp_path: Path) -> None:
    """Events that were written to a file where no server was go in by `headwater replay`."""
    log = tmp_path / "events.jsonl"
    emit(OpenLineageClient(config={"transport": {"type": "file", "log_file_path": str(log), "append": True}}))

    CliRunner().invoke(commands(), ["replay", str(log), "--url", address], catch_exceptions=False)

    assert (WHOLE, "COMPLETED") == stands(house)


class Busy:
    """An intake that refuses the first *times* events, and then takes all as the one *behind* it does."""

    def __init__(self, behind: Any, times: int) -> None:
        self.asked = 0
        self._behind = behind
        self._times = times

    def submit(self, body: bytes, principal: Principal) -> Future[Receipt]:
        """Refuse, or pass on."""
        self.asked += 1
        if self.asked <= self._times:
            raise Overloaded("too many wait; send it again", retry_after_s=1)
        found: Future[Receipt] = self._behind.submit(body, principal)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_a_busy_server_is_asked_again_and_nothing_is_lost(house: House, address: str, kind: str) -> None:
    """503 with Retry-After: each client waits as it does, and comes again."""
    house.services.intake = busy = Busy(house.services.intake, times=1)  # type: ignore[assignment]

    emit(OpenLineageClient(config={"transport": {"type": kind, "url": address}}))

    assert (WHOLE, "COMPLETED", 3) == (*stands(house), busy.asked)


def test_what_will_never_be_taken_is_told_once(house: House, address: str) -> None:
    """A 400 reaches the caller as an error, without another try: one dead letter."""
    broken = events()[0]
    broken.job.name = ""
    client = OpenLineageClient(config={"transport": {"type": "http", "url": address}})

    with pytest.raises(requests.HTTPError, match="400"):
        client.emit(broken)

    client.close()
    assert len(house.get("/dead-letters")["deadLetters"]) == 1


def test_a_key_of_the_client_is_a_bearers(house: House, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a key exists a client without one is told 401, and not tried again; with it, its events arrive."""
    keys = house.services.keys
    reader, writer = (keys.create(name, [name], house.now[0]) for name in ("read", "ingest"))
    monkeypatch.setitem(house.client.headers, "Authorization", f"Bearer {reader}")

    with pytest.raises(requests.HTTPError, match="401"):
        emit(OpenLineageClient(config={"transport": {"type": "http", "url": address}}))
    emit(OpenLineageClient(config={"transport": {"type": "http", "url": address, "auth": _bearer(writer)}}))

    assert (WHOLE, "COMPLETED") == stands(house)


def _bearer(key: str) -> Settings:
    return {"type": "api_key", "apiKey": key}


def test_an_answer_comes_long_before_a_client_gives_up(house: House, address: str) -> None:
    """Fifty events, one after the other, take less time than a client waits for one."""
    body = bodies("through-a-client")[0]
    there = http.client.HTTPConnection(urlsplit(address).netloc, timeout=CLIENT_TIMEOUT_S)
    began = perf_counter()

    codes = set()
    for number in range(50):
        at = datetime(2026, 11, 20, 8, 0, number // 10, number, tzinfo=UTC).isoformat().encode()
        there.request("POST", "/api/v1/lineage", body.replace(b"2026-11-20T08:00:00Z", at))
        answer = there.getresponse()
        answer.read()
        codes.add(answer.status)

    there.close()
    assert ({201}, True) == (codes, perf_counter() - began < CLIENT_TIMEOUT_S)


class Stuck(Busy):
    """An intake whose writer never ends."""

    def submit(self, *_: object) -> Future[Receipt]:
        """Take it, and say nothing more."""
        return Future()


def test_a_stuck_writer_is_told_before_a_client_gives_up(
    house: House, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After within the client's patience: a slow answer would make six deliveries and a failure."""
    allowed = http_door.ANSWER_S
    monkeypatch.setattr(http_door, "ANSWER_S", 0.05)
    house.services.intake = Stuck(house.services.intake, times=0)  # type: ignore[assignment]

    answer = requests.post(f"{address}/lineage", bodies("through-a-client")[0], timeout=CLIENT_TIMEOUT_S)

    assert (True, 503, "1") == (
        allowed < CLIENT_TIMEOUT_S,
        answer.status_code,
        answer.headers["Retry-After"],
    )


@pytest.mark.parametrize("path", ["/api/v1/lineage", "/api/v1/lineage/", "/lineage", "/lineage/"])
def test_the_java_client_sends_gzip_in_chunks(house: House, address: str, path: str) -> None:
    """Its gzip has no Content-Length, and it takes whatever is below 400 for success."""
    there = http.client.HTTPConnection(urlsplit(address).netloc, timeout=CLIENT_TIMEOUT_S)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    codes = []
    for body in bodies("through-a-client"):
        zipped = gzip.compress(body)
        there.request("POST", path, iter([zipped[:50], zipped[50:]]), headers, encode_chunked=True)
        answer = there.getresponse()
        answer.read()
        codes.append(answer.status)

    there.close()
    assert ([201, 201], (WHOLE, "COMPLETED")) == (codes, stands(house))


@pytest.mark.parametrize("path", ["/api/v1/lineage/batch", "/lineage/batch", "/api/v1/lineage/batch/"])
def test_a_batch_is_an_array_and_its_reply_counts(house: House, address: str, path: str) -> None:
    """The HTTP API of OpenLineage 2.0.2: received, successful, failed, and which failed and why."""
    good = [json.loads(body) for body in bodies("through-a-client")]

    answer = requests.post(address + path, json=[good[0], {"eventType": "START"}, good[1]], timeout=CLIENT_TIMEOUT_S)

    reply = answer.json()
    counts = {"received": 3, "successful": 2, "failed": 1, "retriable": 0, "non_retriable": 1}
    assert (200, "partial_success", counts, [(1, False)], (WHOLE, "COMPLETED")) == (
        answer.status_code,
        reply["status"],
        {name: reply["summary"][name] for name in counts},
        [(failed["index"], failed["retriable"]) for failed in reply["failed_events"]],
        stands(house),
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_is_asked_at_the_ingest_path(house: House, address: str, method: str) -> None:
    """A client that looks whether somebody is there gets an answer below 300, and no redirect."""
    answer = requests.request(method, f"{address}/api/v1/lineage", timeout=CLIENT_TIMEOUT_S, allow_redirects=False)

    assert answer.status_code < 300
