"""GET /api/v1/slos: which there are and how they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from tests.support.promises import NOON, document

HERE = "http://127.0.0.1:5000"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A house with one SLO whose clock stands at 12:20 and whose store is empty."""
    (tmp_path / "orders.yaml").write_text(
        json.dumps(document(window="6h", effectiveFrom=(NOON - timedelta(days=1)).isoformat()))
    )
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'h.db'}", slos=tmp_path)

    def clock() -> datetime:
        return NOON + timedelta(minutes=20)

    house = open_headwater(settings, clock)
    with TestClient(build(settings, house), base_url=HERE) as client:
        yield client
    house.close()


def test_the_list_has_every_slo_without_its_occurrences(client: TestClient) -> None:
    """A list is for overviews."""
    (found,) = client.get("/api/v1/slos").json()["slos"]

    assert (found["slo"], found["state"], "occurrences" in found) == ("orders-freshness", "no_data", False)


def test_one_slo_has_its_occurrences(client: TestClient) -> None:
    """Every expected delivery of the window, with its verdict."""
    found = client.get("/api/v1/slos/orders-freshness").json()

    assert [one["state"] for one in found["occurrences"]] == ["UNKNOWN"] * 6


def test_another_time_may_be_asked_for(client: TestClient) -> None:
    """`at` sets both clocks."""
    found = client.get("/api/v1/slos/orders-freshness", params={"at": "2026-11-20T09:00:00Z"}).json()

    assert (found["at"], found["nextDue"]) == ("2026-11-20T09:00:00Z", "2026-11-20T09:15:00Z")


@pytest.mark.parametrize(("path", "status"), [("/none", 404), ("/orders-freshness?at=noon", 400), ("?at=noon", 400)])
def test_refusals_are_problems(client: TestClient, path: str, status: int) -> None:
    """RFC 9457 bodies, with the status of the mistake."""
    answer = client.get(f"/api/v1/slos{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_planning_and_applying_are_routes(client: TestClient) -> None:
    """What is applied is in force at once, with the same steps as the plan."""
    slos = [{"place": "late.yaml:1", "text": json.dumps(document(name="late"))}]
    planned, applied = (client.post(f"/api/v1/slos/{step}", json={"slos": slos}).json() for step in ("plan", "apply"))
    names = [one["slo"] for one in client.get("/api/v1/slos").json()["slos"]]

    assert ([step["action"] for step in planned["steps"]], planned == applied, names) == (
        ["add"],
        True,
        ["late", "orders-freshness"],
    )


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("kind: DataSLO", 422, "x.yaml:1:1: apiVersion: is missing"),
        (json.dumps(document(target="0.5")), 409, "orders-freshness is owned by "),
    ],
)
def test_what_cannot_be_applied_is_a_problem(client: TestClient, text: str, status: int, said: str) -> None:
    """A fault has its place; what a folder owns is a conflict."""
    client.app.state.services.slos.refresh(NOON)  # type: ignore[attr-defined]  # Starlette's app
    answer = client.post("/api/v1/slos/apply", json={"slos": [{"place": "x.yaml", "text": text}]})

    assert (answer.status_code, answer.json()["detail"][: len(said)]) == (status, said)
