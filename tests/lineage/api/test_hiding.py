"""DELETE hides, in every list and picture, and loses nothing."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from collectors.rebuild import rebuild
from lineage.app import Headwater
from tests.support.reading import minutes, run_event

ORDERS = "/api/v1/namespaces/pg/datasets/orders"
JSON = {"Content-Type": "application/json"}


def post(client: TestClient, number: int) -> None:
    """Run *number* of load, which reads raw and writes orders."""
    body = run_event(number, "load", "COMPLETE", minutes(number), inputs=["raw"], outputs=["orders"])
    client.post("/api/v1/lineage", content=body, headers=JSON)


def names(client: TestClient) -> dict[str, set[str]]:
    """What each of the lists shows."""
    listed = {
        kind: client.get(f"/api/v1/namespaces/{ns}/{kind}").json() for ns, kind in (("pg", "datasets"), ("af", "jobs"))
    }
    graph = client.get("/api/v1/lineage", params={"nodeId": "dataset:pg:raw"}).json().get("graph", ())
    return {
        **{kind: {item["name"] for item in found[kind]} for kind, found in listed.items()},
        "search": {item["name"] for item in client.get("/api/v1/search", params={"q": ""}).json()["results"]},
        "lineage": {node["data"]["name"] for node in graph},
    }


@pytest.fixture
def loaded(client: TestClient) -> TestClient:
    """A client of raw > load > orders."""
    post(client, 1)
    return client


@pytest.mark.parametrize(
    ("path", "datasets", "jobs", "lineage"),
    [
        (ORDERS, {"raw"}, {"load"}, {"raw", "load"}),
        ("/api/v1/namespaces/af/jobs/load", {"raw", "orders"}, set(), {"raw"}),
        ("/api/v1/namespaces/af", {"raw", "orders"}, set(), {"raw"}),
        ("/api/v1/namespaces/pg", set(), {"load"}, set()),
    ],
)
def test_what_was_deleted_is_in_no_list(
    loaded: TestClient, path: str, datasets: set[str], jobs: set[str], lineage: set[str]
) -> None:
    """Nor in search, nor in lineage, where nothing beyond it is either."""
    loaded.delete(path)

    assert {"datasets": datasets, "jobs": jobs, "search": datasets | jobs, "lineage": lineage} == names(loaded)


def test_what_is_deleted_is_not_found_and_says_why(loaded: TestClient) -> None:
    """As Marquez answers; the sentence tells how to see it again."""
    deleted = loaded.delete(ORDERS).json()

    answer = loaded.get(ORDERS)
    assert (True, 404) == (deleted["deleted"], answer.status_code)
    assert "was hidden at" in answer.json()["detail"]


def test_an_event_brings_it_back(loaded: TestClient) -> None:
    """As if nothing had been: its history is whole."""
    loaded.delete(ORDERS)
    post(loaded, 2)

    assert 2 == loaded.get(f"{ORDERS}/versions").json()["totalCount"]


def test_what_was_known_before_is_still_answered(loaded: TestClient, services: Headwater) -> None:
    """With a knownAt from before."""
    before = services.now().isoformat()
    loaded.delete(ORDERS)

    answer = loaded.get("/api/v1/lineage", params={"nodeId": "dataset:pg:orders", "knownAt": before})

    assert {"raw", "load", "orders"} == {node["data"]["name"] for node in answer.json()["graph"]}


def test_a_namespace_is_hidden_until_it_is_put_again(loaded: TestClient) -> None:
    """It is listed, and says so, as in Marquez."""
    told = [loaded.delete("/api/v1/namespaces/pg").json(), loaded.put("/api/v1/namespaces/pg", json={}).json()]

    assert [(True, 0), (False, 2)] == [(each["isHidden"], each["datasets"]) for each in told]


def test_a_rebuild_keeps_what_is_hidden(loaded: TestClient, services: Headwater) -> None:
    """It is a statement on the ledger."""
    loaded.delete(ORDERS)
    before = list(services.store.dump())

    rebuild(services.ledger, services.store)

    assert (before, 404) == (list(services.store.dump()), loaded.get(ORDERS).status_code)


@pytest.mark.parametrize(
    "path", ["/api/v1/namespaces/none", "/api/v1/namespaces/pg/datasets/none", "/api/v1/namespaces/af/jobs/none"]
)
def test_what_is_not_known_cannot_be_deleted(loaded: TestClient, path: str) -> None:
    """It would hide what is yet to come."""
    assert 404 == loaded.delete(path).status_code


@pytest.mark.parametrize(
    ("page", "path"), [("datasets/pg/orders", ORDERS), ("jobs/af/load", "/api/v1/namespaces/af/jobs/load")]
)
def test_its_page_says_that_it_is_hidden(loaded: TestClient, page: str, path: str) -> None:
    """Who has the link still sees its history."""
    loaded.delete(path)

    answer = loaded.get(f"/{page}")

    assert (200, True) == (answer.status_code, "Hidden " in answer.text)


def test_hiding_is_for_administrators(loaded: TestClient, services: Headwater) -> None:
    """A key of a producer may not take others' data out of sight."""
    services.keys.create("boss", ["admin"], services.now())
    key = services.keys.create("collector", ["ingest", "read"], services.now())

    assert 403 == loaded.delete(ORDERS, headers={"Authorization": f"Bearer {key}"}).status_code
