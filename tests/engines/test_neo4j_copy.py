"""A grown installation moved from a file to a real Neo4j and back, by command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lineage import cli
from tests.engines.engine import Engine
from tests.engines.neo4j_home import wipe
from tests.engines.neo4j_server import url
from tests.support.posting import event


def headwater(*words: str) -> Any:
    """What the command answers a program."""
    done = CliRunner().invoke(cli.build(), [*words, "--json"], catch_exceptions=False)
    return json.loads(done.stdout)


@pytest.fixture
def grown(tmp_path: Path) -> str:
    """A store in a file, with events of some runs and one of its own accord refused."""
    store = f"sqlite:///{tmp_path / 'grown.db'}"
    (tmp_path / "events.ndjson").write_bytes(b"\n".join(event(number) for number in range(20)))
    headwater("replay", str(tmp_path / "events.ndjson"), "--store", store)
    return store


def test_there_and_back_the_graph_is_the_same(
    neo4j_server: Engine, grown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dump of all three is one."""
    wipe(url(neo4j_server))
    ledger, back = f"file://{tmp_path / 'ledger'}", f"sqlite:///{tmp_path / 'back.db'}"
    there = headwater("copy", "--from", grown, "--to", url(neo4j_server), "--to-ledger", ledger)
    again = headwater("copy", "--from", url(neo4j_server), "--from-ledger", ledger, "--to", back)
    dumps = [headwater("dump", "--digest", "--store", store)["sha256"] for store in (grown, back)]
    monkeypatch.setenv("HEADWATER_LEDGER", ledger)
    dumps.append(headwater("dump", "--digest", "--store", url(neo4j_server))["sha256"])

    assert (20, 20, 1) == (there["merged"], again["merged"], len(set(dumps)))
