"""A running server whose ledger is a folder of objects: what every command and route makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from lineage import cli
from tests.support.posting import event
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that has taken two events, named by a flag; commands are told by the environment."""
    ledger = f"file://{tmp_path / 'ledger'}"
    with Server(tmp_path / "headwater.db", "--ledger", ledger) as server:
        monkeypatch.setenv("HEADWATER_STORE", server.store)
        monkeypatch.setenv("HEADWATER_LEDGER", ledger)
        for number in (1, 2):
            httpx2.post(f"{server.url}/api/v1/lineage", content=event(number)).raise_for_status()
        yield server


def headwater(*words: str) -> Any:
    """What the command answers a program."""
    return json.loads(CliRunner().invoke(cli.build(), [*words, "--json"], catch_exceptions=False).stdout)


def test_an_event_is_answered_as_it_was_sent(server: Server) -> None:
    """By its digest, in the bytes that came."""
    answer = httpx2.get(
        f"{server.url}/api/v1/events/{sha256(event(1)).hexdigest()}", headers={"Accept": "application/octet-stream"}
    )

    assert event(1) == answer.content


def test_the_ledger_is_proven_while_it_is_written(server: Server) -> None:
    """Nothing is wrong, and both entries are there."""
    proof = headwater("audit", "verify")

    assert (2, []) == (proof["entries"], proof["problems"])


def test_the_graph_is_made_anew_from_it(server: Server) -> None:
    """`rebuild` gives the dump that was there before."""
    before = headwater("dump", "--digest")
    tally = headwater("rebuild")

    assert ({"merged": 2, "unprojected": 0}, before) == (tally, headwater("dump", "--digest"))


def test_nothing_is_behind(server: Server) -> None:
    """The server is ready and says that the graph has seen all of the ledger."""
    ready = httpx2.get(f"{server.url}/readyz")

    assert (200, 0) == (ready.status_code, ready.json()["lag"])


@pytest.mark.usefixtures("server")
def test_a_backup_says_that_the_ledger_is_elsewhere(tmp_path: Path) -> None:
    """Who keeps the file alone keeps no truth: it names what is to be kept beside it, to people and programs."""
    file, ledger = tmp_path / "backup.db", f"file://{tmp_path / 'ledger'}"
    told = CliRunner().invoke(cli.build(), ["backup", str(file)]).stdout.splitlines()[-1]

    assert (f"The ledger is not in it; keep a copy of {ledger} as well.", ledger) == (
        told,
        headwater("backup", str(file))["without_ledger"],
    )
