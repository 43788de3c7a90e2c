"""Heartbeats from the command line: sent by one command, watched by another, told of to a server."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from lineage.cli import build
from lineage.homes import open_homes
from lineage.model import dataset_id, job_id
from tests.support.server import Server


def heartbeat(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["heartbeat", "--source", "orders", "--dataset", "lake", "orders", *arguments])


def test_a_beat_is_sent_and_seen(tmp_path: Path) -> None:
    """--write puts it on its way, --read finds it there, and both tell the server of the same beat."""
    arrived = tmp_path / "arrived"
    with Server(tmp_path / "headwater.db") as server:
        sent = heartbeat(
            "--url", server.url, "--times", "1", "--write", f"sh -c 'echo \"$HEADWATER_BEAT\" > {arrived}'"
        )
        seen = heartbeat("--url", server.url, "--times", "1", "--read", f"cat {arrived}")

    with open_homes(server.store) as homes:
        told = homes.store.facet_history(job_id("heartbeat", "orders"), ["heartbeat"])
        watched = homes.store.facet_history(dataset_id("lake", "orders"), ["heartbeat"], side="input")
    assert (sent.exit_code, seen.exit_code, len(watched)) == (0, 0, 1)
    assert [json.loads(facet.body)["seq"] for facet in told] == [json.loads(arrived.read_text())["seq"]]


def test_a_beat_that_is_not_on_its_way_was_not_sent(tmp_path: Path) -> None:
    """Where --write fails nobody is told of a beat: it is the emitter that is silent then."""
    done = heartbeat("--url", "http://127.0.0.1:9", "--times", "1", "--write", "false")

    assert (done.exit_code, done.stderr) == (0, "no beat: Command '['false']' returned non-zero exit status 1.\n")


def test_beats_go_into_a_store(tmp_path: Path) -> None:
    """Without a server: through the door of a store, and printed for programs."""
    store = f"sqlite:///{tmp_path / 'headwater.db'}"

    done = heartbeat("--store", store, "--times", "1", "--json")

    with open_homes(store) as homes:
        assert [json.loads(done.stdout)["seq"]] == [
            json.loads(facet.body)["seq"]
            for facet in homes.store.facet_history(job_id("heartbeat", "orders"), ["heartbeat"])
        ]


def test_one_command_sends_or_watches() -> None:
    """Both at once would measure nothing but itself."""
    assert "start one command for each" in str(heartbeat("--write", "true", "--read", "true").exception)
