"""A real server: what it acknowledged survives any end, and what keeps it from starting is said in one sentence."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import httpx2
import pytest

from lineage.auth import Keys
from lineage.homes import open_homes
from tests.support.load import Load, lost
from tests.support.server import HEADWATER, ROOT, Server

ROUNDS = 3
LOAD_S = 0.6


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """201 means durable: SIGKILL under load, several times over, costs no acknowledged event."""
    numbers, acknowledged = count(), set()
    for _ in range(ROUNDS):
        with Server(tmp_path / "headwater.db") as server:
            load = Load(server.url, numbers)
            load.start()
            time.sleep(LOAD_S)
            server.kill()
            load.stop()
            acknowledged |= load.acknowledged

    assert (len(acknowledged) > ROUNDS, lost(server.store, acknowledged)) == (True, set())


def test_sigterm_drains(server: Server) -> None:
    """SIGTERM under load ends the server within 10 s and by itself, and every acknowledged event is there."""
    load = Load(server.url, count())
    load.start()
    time.sleep(LOAD_S)
    server.process.terminate()
    code = server.process.wait(10)
    load.stop()

    assert (code, lost(server.store, load.acknowledged), bool(load.acknowledged)) == (0, set(), True)


TOLD_AT_ONCE = """
import os, signal, sys
from lineage.commands._open import read_settings
from lineage.commands._serving import serve

serve(read_settings(store=sys.argv[1], port=0), lambda *_: os.kill(os.getpid(), signal.SIGTERM))
"""


def test_sigterm_ends_a_server_that_has_just_begun(tmp_path: Path) -> None:
    """Told to stop in the moment in which it says where it listens, it stops, by itself."""
    words = [sys.executable, "-c", TOLD_AT_ONCE, f"sqlite:///{tmp_path / 'headwater.db'}"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, check=False, timeout=30)

    assert ended.returncode == 0


def test_a_request_leaves_one_line_of_json(server: Server) -> None:
    """What is logged is JSON where nobody watches, with the request's id and the route's template."""
    httpx2.get(f"{server.url}/api/v1/namespaces", headers={"X-Request-Id": "req-7"}, trust_env=False)
    server.process.terminate()
    server.process.wait(10)
    server._reader.join(5)

    lines = [line for line in server.log if '"req-7"' in line]
    assert (len(lines), '"route": "/api/v1/namespaces"' in lines[0]) == (1, True)


def headwater(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr of a command that is expected to end by itself."""
    done = subprocess.run([*HEADWATER, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """Exit code 2 and what to do, no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = headwater("serve", "--port", port, "--store", f"sqlite:///{tmp_path}/h.db")

    assert (code, said.count("\n"), port in said, "--port" in said) == (2, 1, True, True)


@pytest.mark.parametrize("store", ["sqlite:///{}/no/such/folder/h.db", "sqlite:///{}", "mysql://db/x", "headwater.db"])
def test_a_store_that_cannot_be_opened_is_one_sentence(tmp_path: Path, store: str) -> None:
    """Exit code 2 and the reason, no traceback."""
    code, said = headwater("serve", "--port", "0", "--store", store.format(tmp_path))

    assert (code, said.count("\n"), said.startswith("headwater: ")) == (2, 1, True)


@pytest.mark.parametrize("text", ["kind: [1,\n", "apiVersion: headwater/v1\nkind: DataSLO\nmetadata: {name: a}\n"])
def test_a_malformed_slo_is_said_with_its_place(tmp_path: Path, text: str) -> None:
    """Exit code 2, file, line and column, and what to write instead; no traceback."""
    (tmp_path / "orders.yaml").write_text(text, encoding="utf-8")
    code, said = headwater("serve", "--slos", str(tmp_path), "--port", "0", "--store", f"sqlite:///{tmp_path}/h.db")
    place = re.escape(f"headwater: {tmp_path}/orders.yaml:")

    assert (code, said.count("\n"), re.match(rf"{place}\d+:\d+: .+; .+", said) is not None) == (2, 1, True)


def test_an_open_address_needs_a_key_first(tmp_path: Path) -> None:
    """Without a key the server does not listen where others reach it, and says which command makes one."""
    code, said = headwater("serve", "--host", "0.0.0.0", "--port", "0", "--store", f"sqlite:///{tmp_path}/h.db")

    assert (code, "headwater keys create" in said) == (2, True)


def test_an_open_address_is_served_with_a_key(tmp_path: Path) -> None:
    """Once a key exists, any address may be listened on, and strangers are refused."""
    store = tmp_path / "headwater.db"
    made = subprocess.run(
        [*HEADWATER, "keys", "create", "ada", "--scope", "read", "--store", f"sqlite:///{store}"],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    with Server(store, "--host", "0.0.0.0") as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1") + "/api/v1/namespaces"
        stranger = httpx2.get(url, trust_env=False).status_code
        ada = httpx2.get(url, headers={"X-API-Key": made.stdout.strip()}, trust_env=False).status_code

    assert (stranger, ada) == (401, 200)


def test_a_key_that_is_made_while_serving_guards_at_once(server: Server) -> None:
    """A running server notices within two seconds that it has keys now."""
    with open_homes(server.store) as homes:
        Keys(homes.store).create("ada", ["read"], datetime.now(UTC))

    deadline = time.monotonic() + 5
    while (status := httpx2.get(f"{server.url}/metrics", trust_env=False).status_code) == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert status == 401
