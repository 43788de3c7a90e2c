"""A server whose ledger is in a real S3 server, killed where it hurts: what was appended comes into the graph."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from collectors.rebuild import catch_up
from lineage.homes import Homes, open_homes
from lineage.ledger.objects import open_ledger
from tests.engines.engine import Engine
from tests.engines.s3_server import ACCESS_KEY, SECRET_KEY
from tests.support import deltas
from tests.support.posting import event
from tests.support.server import Server
from tests.support.waiting import until

LONG_S = 30.0


@pytest.fixture
def url(s3_server: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the ledger is; the environment says so to servers and to this process."""
    found = f"s3://ledger/{tmp_path.parent.name}-{tmp_path.name}"
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{s3_server.address}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "HEADWATER_LEDGER": found,
        "HEADWATER_WRITER": "one",
    }.items():
        monkeypatch.setenv(name, value)
    return found


def post(server: Server, number: int) -> int:
    return httpx2.post(f"{server.url}/api/v1/lineage", content=event(number), timeout=LONG_S).status_code


def digests(url: str) -> set[bytes]:
    ledger = open_ledger(url, "looking")
    try:
        return {entry.digest for entry, _ in ledger.read()}
    finally:
        ledger.close()


def graph(homes: Homes) -> str:
    return deltas.sha256(homes.store)


def remade(url: str, folder: Path) -> str:
    """The graph that the ledger at *url* gives to a store that has seen nothing."""
    with open_homes(f"sqlite:///{folder / 'remade.db'}", url, "looking") as homes:
        catch_up(homes.ledger, homes.store)
        return graph(homes)


def test_a_server_killed_between_append_and_merge_merges_at_its_next_start(url: str, tmp_path: Path) -> None:
    """The graph's file is locked, so that the event is in the ledger alone when the server dies."""
    path = tmp_path / "headwater.db"
    with Server(path) as server:
        post(server, 1)
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        posting = threading.Thread(target=lambda: _unanswered(server, 2))
        posting.start()
        until(lambda: sha256(event(2)).digest() in digests(url), LONG_S)
        server.kill()
        posting.join()
        lock.close()
    with Server(path):
        pass
    with open_homes(f"sqlite:///{path}", url, "looking") as homes:
        kept = {record.digest for record in homes.store.events().items}

    assert {sha256(event(number)).hexdigest() for number in (1, 2)} == kept


def _unanswered(server: Server, number: int) -> None:
    with suppress(httpx2.HTTPError):
        post(server, number)


def test_servers_killed_under_load_keep_what_they_acknowledged(url: str, tmp_path: Path) -> None:
    """Three times killed: every event that was answered with 201 is there, and the graph is what the ledger gives."""
    path = tmp_path / "headwater.db"
    acknowledged: list[bytes] = []
    for turn in range(3):
        _killed_under_load(path, range(turn * 1_000, turn * 1_000 + 1_000), acknowledged)
    with Server(path):
        pass
    with open_homes(f"sqlite:///{path}", url, "looking") as homes:
        made = graph(homes)
    there = digests(url)

    assert (remade(url, tmp_path), set()) == (made, set(acknowledged) - there)


def _killed_under_load(path: Path, numbers: range, acknowledged: list[bytes]) -> None:
    enough = len(acknowledged) + 20
    with Server(path) as server:
        load = threading.Thread(target=_load, args=(server, numbers, acknowledged))
        load.start()
        until(lambda: len(acknowledged) >= enough, LONG_S)
        server.kill()
        load.join()


def _load(server: Server, numbers: range, acknowledged: list[bytes]) -> None:
    for number in numbers:
        try:
            answered = post(server, number)
        except httpx2.HTTPError:
            return
        if answered == httpx2.codes.CREATED:
            acknowledged.append(sha256(event(number)).digest())
