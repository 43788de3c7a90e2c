"""The page of an SLO says what waits beside its numbers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from tests.support.promises import HOUR, NOON, Lake, document, event, facet

CASES: list[tuple[dict[str, Any], str | None]] = [
    ({"depth": 1200, "oldestAt": (NOON - HOUR).isoformat()}, "1,200 wait, the oldest since "),
    ({"depth": 7}, "7 wait<"),
    ({"depth": 0}, None),
    ({"depth": -1}, "unknown how many wait<"),
]


@pytest.mark.parametrize(("said", "wanted"), CASES)
def test_what_waits_in_a_queue_is_said(tmp_path: Path, said: dict[str, Any], wanted: str | None) -> None:
    """How many and since when; that nobody told how many is said too, and of none nothing."""
    lake = Lake(tmp_path)
    probe = event("COMPLETE", NOON, "probe", job="probe", inputs=("orders.dlq",), outputs=())
    probe["inputs"][0]["inputFacets"] = {"queue": facet(**said)}
    lake.put(probe)
    lake.homes.close()
    slo = document(sli={"type": "dead_letters", "queue": {"namespace": "lake", "name": "orders.dlq"}})
    (tmp_path / "slos").mkdir()
    (tmp_path / "slos" / "orders.yaml").write_text(json.dumps(slo))
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'lake.db'}", slos=tmp_path / "slos")
    house = open_headwater(settings, lambda: NOON + timedelta(minutes=20))
    with TestClient(
        build(settings, house), base_url="http://127.0.0.1:5000", headers={"Accept": "text/html"}
    ) as client:
        page = client.get("/slos/orders-freshness").text
    house.close()

    assert (" wait" in page, wanted is None or wanted in page) == (wanted is not None, True)
