"""`headwater ledger`: packing, retention and holds, as whoever looks after a ledger calls them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from lineage import cli
from lineage.errors import Conflict, HeadwaterError, InvalidInput, NotFound
from lineage.homes import open_homes
from tests.support.ledgers import event, minute
from tests.support.making import body
from tests.support.server import Server

EVENT = body()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose ledger has one event of 2026-11-21."""
    monkeypatch.setenv("HEADWATER_STORE", f"sqlite:///{tmp_path / 'headwater.db'}")
    monkeypatch.setenv("HEADWATER_LEDGER", f"file://{tmp_path / 'ledger'}")
    monkeypatch.setenv("HEADWATER_WRITER", "one")
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}", f"file://{tmp_path / 'ledger'}", "one") as homes:
        homes.ledger.append([event(EVENT.decode())], minute(-60 * 24 * 365))
    return tmp_path


def headwater(*words: str) -> Any:
    """What the command answers a program; a foreseen failure is raised."""
    result = CliRunner().invoke(cli.build(), [*words, "--json"])
    if isinstance(result.exception, HeadwaterError):
        raise result.exception
    return json.loads(result.stdout)


def hold() -> None:
    headwater("ledger", "hold", "case-7", "--from", "2025-01-01", "--to", "2026-01-01", "--because", "Smith v. Shop")


def retain(*words: str) -> Any:
    return headwater("ledger", "retain", "--before", "2026-01-01", *words)


def test_compaction_says_what_came_of_it(folder: Path) -> None:
    """What was written this minute stays as it is."""
    assert headwater("ledger", "compact") == {"segments": 0, "packed": 0, "left": 0}


def test_retention_says_what_went_and_is_on_record(folder: Path) -> None:
    """The act is a statement, and `audit verify` accepts what is gone."""
    said = retain()
    proof = headwater("audit", "verify")

    assert ({"dryRun": False, "segments": 1, "events": 1, "held": 0}, 2, []) == (
        said,
        proof["entries"],
        proof["problems"],
    )


def test_a_dry_run_is_no_act(folder: Path) -> None:
    """Nothing goes, and nothing is put on record."""
    said = retain("--dry-run")

    assert (1, {"holds": [], "retainedBefore": None}) == (said["events"], headwater("ledger", "holds"))


def test_a_hold_keeps_what_retention_would_take(folder: Path) -> None:
    """Until it is released."""
    hold()
    held = retain()
    headwater("ledger", "release", "case-7", "--because", "settled")

    assert (1, 0, 1) == (held["held"], held["events"], retain()["events"])


def test_holds_are_listed_with_their_reasons(folder: Path) -> None:
    """Who, from when to when, and why."""
    hold()
    (found,) = headwater("ledger", "holds")["holds"]

    assert found == {
        "name": "case-7",
        "from": "2025-01-01T00:00:00+00:00",
        "to": "2026-01-01T00:00:00+00:00",
        "by": "anonymous",
        "because": "Smith v. Shop",
    }


def test_a_hold_that_nobody_made_cannot_be_released(folder: Path) -> None:
    """The error names those that stand."""
    hold()
    with pytest.raises(NotFound, match="no hold 'case-8'; there are: case-7"):
        headwater("ledger", "release", "case-8", "--because", "settled")


@pytest.mark.parametrize("before", ["2999-01-01", "yesterday"])
def test_retention_wants_a_time_that_is_over(folder: Path, before: str) -> None:
    """What is to come must not lose its body by a slip of the hand."""
    with pytest.raises(InvalidInput, match="--before"):
        headwater("ledger", "retain", "--before", before)


def test_a_ledger_in_the_file_is_told_so(tmp_path: Path) -> None:
    """Segments are of object storage only."""
    with pytest.raises(InvalidInput, match="this ledger is in the store's file"):
        headwater("ledger", "compact", "--store", f"sqlite:///{tmp_path / 'headwater.db'}")


def test_one_at_a_time(folder: Path) -> None:
    """Who comes while another packs is told to come again."""
    with open_homes(f"sqlite:///{folder / 'headwater.db'}") as homes:
        homes.store.lease("ledger", "somebody", 60)
    with pytest.raises(Conflict, match="another process packs this ledger"):
        headwater("ledger", "compact")


def test_a_running_server_says_that_the_bytes_are_gone(folder: Path) -> None:
    """410 with a sentence for the bytes; the receipt is there as before."""
    retain()
    path = f"/api/v1/events/{sha256(EVENT).hexdigest()}"
    with Server(folder / "headwater.db") as server:
        raw = httpx2.get(server.url + path, headers={"Accept": "application/octet-stream"})
        receipt = httpx2.get(server.url + path)

    assert (410, True, 200) == (raw.status_code, "taken out by retention" in raw.json()["detail"], receipt.status_code)
