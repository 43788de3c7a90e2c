"""The schema of a store, brought up to date by command."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from lineage import cli
from tests.support.server import HEADWATER, ROOT


def migrated(store: str) -> dict[str, tuple[int, int]]:
    """By room, from which version to which."""
    done = CliRunner().invoke(cli.build(), ["migrate", "--store", store, "--json"], catch_exceptions=False)
    return {step["room"]: (step["from"], step["to"]) for step in json.loads(done.stdout)}


def test_a_new_store_comes_from_nothing(tmp_path: Path) -> None:
    """Every room is told of."""
    rooms = migrated(f"sqlite:///{tmp_path / 'headwater.db'}")

    assert (["graph", "ledger", "records"], {0}) == (sorted(rooms), {before for before, _ in rooms.values()})


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    """What is up to date stays where it is."""
    store = f"sqlite:///{tmp_path / 'headwater.db'}"
    migrated(store)
    again = migrated(store)

    assert [] == [room for room, (before, after) in again.items() if before != after]


def test_it_is_said_in_words(tmp_path: Path) -> None:
    """A line a room."""
    store = f"sqlite:///{tmp_path / 'headwater.db'}"
    said = [CliRunner().invoke(cli.build(), ["migrate", "--store", store]).stdout.splitlines()[-1] for _ in range(2)]

    assert ["records: from 0 to 1.", "records: 1, up to date."] == said


def test_two_at_once_come_to_the_same(tmp_path: Path) -> None:
    """Two processes that find nothing both end well, and leave one schema."""
    store = f"sqlite:///{tmp_path / 'headwater.db'}"
    starters = [
        subprocess.Popen([*HEADWATER, "migrate", "--store", store], cwd=ROOT, stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    codes = [starter.wait(60) for starter in starters]

    assert ([0, 0], []) == (codes, [room for room, (before, after) in migrated(store).items() if before != after])
