"""The read API in the whole program: through the door, over the graph, behind the gate."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.paths import quoted
from lineage.settings import Settings
from tests.conftest import HERE
from tests.support.reading import NOON, dataset, minutes, run_event

NAMESPACE, NAME = "postgres://dw:5432", "shop/öffentlich.orders"


def test_what_was_sent_can_be_asked_for(client: TestClient) -> None:
    """An event is in the answers as soon as it was taken, whatever its dataset is called."""
    body = run_event(1, "load", "COMPLETE", minutes(0), outputs=[dataset(NAME, NAMESPACE)])
    client.post("/api/v1/lineage", content=body, headers={"Content-Type": "application/json"})

    by_path = client.get(f"/api/v1/namespaces/{quoted(NAMESPACE)}/datasets/{quoted(NAME)}")
    by_node = client.get("/api/v1/lineage", params={"nodeId": f"dataset:{NAMESPACE}:{NAME}"})

    assert (by_path.json()["name"], len(by_node.json()["graph"])) == (NAME, 2)


def test_an_unchanged_answer_has_no_body(client: TestClient) -> None:
    """The program that serves lets 304 through as it is."""
    etag = client.get("/api/v1/namespaces").headers["etag"]

    again = client.get("/api/v1/namespaces", headers={"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)


def test_a_parameter_out_of_bounds_is_a_problem(client: TestClient) -> None:
    """FastAPI's own 422 is never seen."""
    answer = client.get("/api/v1/namespaces", params={"limit": -1})

    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


@pytest.mark.parametrize(("later", "status"), [(timedelta(minutes=59), 304), (timedelta(hours=1), 200)])
def test_stats_are_answered_anew_when_their_hour_ends(settings: Settings, later: timedelta, status: int) -> None:
    """Though nothing came in: their spans are others."""
    clock = [NOON]
    house = open_headwater(settings, lambda: clock[0])
    with TestClient(build(settings, house), base_url=HERE) as client:
        etag = client.get("/api/v1/stats/jobs").headers["etag"]
        clock[0] += later

        again = client.get("/api/v1/stats/jobs", headers={"If-None-Match": etag})
    house.close()

    assert status == again.status_code
