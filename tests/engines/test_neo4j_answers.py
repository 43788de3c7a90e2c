"""The whole API over a real Neo4j answers what it answers over SQLite: every question that its description names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from collectors.copying import copy
from lineage.app import Headwater, build, open_headwater
from lineage.channels.base import sections
from lineage.homes import open_homes
from lineage.ledger.objects import open_ledger
from lineage.settings import load
from tests.engines.engine import Engine
from tests.engines.neo4j_home import wipe
from tests.engines.neo4j_server import url
from tests.support.filled import Filled, filled

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
ASKED = sorted(path for path, methods in DOCUMENT["paths"].items() if "get" in methods)
OF_THE_PROCESS = {"/livez", "/readyz", "/metrics", "/api/v1/stats"}  # what it counts itself, and bytes on disk
WORDS = {"q": "o", "depth": "20", "limit": "200"}
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def both(neo4j_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Filled, TestClient]]:
    """A full house over SQLite, and what it was copied to."""
    folder = tmp_path_factory.mktemp("answers")
    ledger = f"file://{folder / 'ledger'}"
    wipe(url(neo4j_server))
    with filled(folder, lambda: AT) as full:
        house: Any = full.client.app
        old: Headwater = house.state.services
        full.names["calendar"] = "holidays"  # of which nobody has heard
        with open_homes(url(neo4j_server), ledger, "copying") as homes:
            copy(old._homes, homes, lambda writer: open_ledger(ledger, writer), lambda *_: None)
        settings = load(None, sections(), store=url(neo4j_server), ledger=ledger, slos=folder)
        new = open_headwater(settings, lambda: AT)
        try:
            with TestClient(build(settings, new), base_url="http://127.0.0.1:5000") as client:
                yield full, client
        finally:
            new.close()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", [path for path in ASKED if path not in OF_THE_PROCESS])
def test_a_question_has_the_same_answer(both: tuple[Filled, TestClient], path: str) -> None:
    """Of the same ledger and the same documents: status and JSON are equal."""
    full, client = both
    given = WORDS | {"nodeId": full.names["job node" if "jobs" in path else "dataset node"], "runId": full.names["id"]}
    taken = {each["name"] for each in DOCUMENT["paths"][path]["get"].get("parameters", ())}
    query = {name: value for name, value in given.items() if name in taken}
    if path == "/api/v1/audit/trace":
        del query["nodeId"]
    one, two = (each.get(full.url(path), params=query) for each in (full.client, client))

    assert (one.status_code, one.json()) == (two.status_code, two.json())
