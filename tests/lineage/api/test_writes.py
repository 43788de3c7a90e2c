"""Writes of Marquez's clients beyond what the Python client does: refusals, and what they leave on the ledger."""

from __future__ import annotations

from collections import Counter

import pytest
from fastapi.testclient import TestClient

from lineage.app import Headwater

ORDERS = "/api/v1/namespaces/pg/datasets/orders"
BODY = {"type": "DB_TABLE", "physicalName": "orders", "sourceName": "dw", "fields": [{"name": "id"}]}
RUNS = "/api/v1/namespaces/pg/jobs/load/runs"
RUN = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def declared(client: TestClient) -> TestClient:
    """A client that declared a dataset and a job."""
    client.put(ORDERS, json=BODY)
    client.put(
        "/api/v1/namespaces/pg/jobs/load", json={"type": "BATCH", "outputs": [{"namespace": "pg", "name": "orders"}]}
    )
    return client


@pytest.mark.parametrize(
    "path", [f"{ORDERS}/tags/pii", f"{ORDERS}/fields/id/tags/pii", "/api/v1/namespaces/pg/jobs/load/tags/pii"]
)
def test_a_tag_can_be_taken_away(declared: TestClient, path: str) -> None:
    """From whatever it was put on."""
    put = declared.post(path).text
    taken = declared.delete(path).text

    assert (True, False) == ('"pii"' in put, '"pii"' in taken)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/v1/namespaces/pg/datasets/none/tags/pii", None, 404),
        ("POST", f"{ORDERS}/fields/none/tags/pii", None, 404),
        ("POST", f"/api/v1/jobs/runs/{RUN}/start", None, 404),
        ("POST", "/api/v1/namespaces/pg/jobs/none/runs", {}, 404),
        ("POST", RUNS, {"id": "seven"}, 400),
        ("POST", RUNS, {"nominalStartTime": "soon"}, 400),
        ("PUT", ORDERS, BODY | {"type": "HEAP"}, 400),
        ("PUT", ORDERS, BODY | {"runId": RUN}, 404),
    ],
)
def test_a_write_that_makes_no_sense_is_refused(
    declared: TestClient, method: str, path: str, body: object, status: int
) -> None:
    """And says what is wrong, as every refusal does."""
    answer = declared.request(method, path, json=body)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


def test_a_run_is_made_once(declared: TestClient) -> None:
    """Who makes it again is told how to start it."""
    first, second = declared.post(RUNS, json={"id": RUN}), declared.post(RUNS, json={"id": RUN})

    assert (201, f"/api/v1/jobs/runs/{RUN}", 409) == (first.status_code, first.headers["location"], second.status_code)


def test_every_write_is_on_the_ledger(declared: TestClient, services: Headwater) -> None:
    """What was said as an event, what was decided as a statement: a rebuild loses neither."""
    declared.post(f"{ORDERS}/tags/pii")

    assert {"event": 2, "statement": 2} == Counter(entry.kind for entry, _ in services.ledger.read())


def test_a_decision_changes_the_tag_of_answers(declared: TestClient) -> None:
    """A cached list is asked for again, though no event came in."""
    etag = declared.get("/api/v1/tags").headers["etag"]

    declared.put("/api/v1/tags/gold", json={"description": "the best"})

    again = declared.get("/api/v1/tags", headers={"If-None-Match": etag})
    assert (200, ["gold"]) == (again.status_code, [tag["name"] for tag in again.json()["tags"]])


def test_lineage_shows_the_tags_of_its_time(declared: TestClient, services: Headwater) -> None:
    """What people said by then, on either clock."""
    before = services.now().isoformat()
    declared.post(f"{ORDERS}/tags/pii")

    def tags(**when: str) -> list[list[str]]:
        answer = declared.get("/api/v1/lineage", params={"nodeId": "dataset:pg:orders", **when}).json()
        return [node["data"]["tags"] for node in answer["graph"] if node["type"] == "DATASET"]

    assert ([["pii"]], [[]], [[]]) == (tags(), tags(knownAt=before), tags(asOf=before))


def test_credentials_of_a_source_are_not_kept(client: TestClient, services: Headwater) -> None:
    """Neither in the answer nor on the ledger."""
    answer = client.put("/api/v1/sources/dw", json={"type": "PG", "connectionUrl": "postgres://ada:hunter2@dw/main"})

    kept = b"".join(body for _, body in services.ledger.read())
    assert (200, False, False) == (answer.status_code, "hunter2" in answer.text, b"hunter2" in kept)


def test_a_list_is_read_to_its_end_by_its_cursors(declared: TestClient) -> None:
    """Every item once, also when all began at the same time."""
    for number in range(1, 6):
        run = RUN[:-1] + str(number)
        declared.post(RUNS, json={"id": run})
        declared.post(f"/api/v1/jobs/runs/{run}/start", params={"at": f"2026-11-21T12:0{number // 2}:00Z"})

    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = declared.get(RUNS, params={"limit": 2, "cursor": cursor}).json()
        seen += [run["id"] for run in page["runs"]]
        cursor = page["next"]

    assert ([RUN[:-1] + str(number) for number in range(1, 6)], 5) == (sorted(seen), page["totalCount"])


def test_a_run_is_followed_to_what_came_of_it(declared: TestClient) -> None:
    """Upstream and downstream name the same two runs, from either end."""
    reader = RUN[:-1] + "2"
    body = {"type": "BATCH", "inputs": [{"namespace": "pg", "name": "orders"}]}
    for run, job in ((RUN, "load"), (reader, "report")):
        declared.put(f"/api/v1/namespaces/pg/jobs/{job}", json={"type": "BATCH"})
        declared.post(f"/api/v1/namespaces/pg/jobs/{job}/runs", json={"id": run})
        declared.post(f"/api/v1/jobs/runs/{run}/start")
        side = {"outputs": body["inputs"], "type": "BATCH"} if run == RUN else body
        declared.put(f"/api/v1/namespaces/pg/jobs/{job}", json=side | {"runId": run})
        declared.post(f"/api/v1/jobs/runs/{run}/complete")

    down = declared.get("/api/v1/runlineage/downstream", params={"runId": RUN}).json()
    up = declared.get("/api/v1/runlineage/upstream", params={"runId": reader}).json()
    assert ([RUN, reader], [reader, RUN]) == tuple([run["run"]["id"] for run in found["runs"]] for found in (down, up))


@pytest.mark.parametrize(("what", "expected"), [("jobs", 1), ("datasets", 1), ("sources", 1)])
def test_stats_count_up_to_now(declared: TestClient, what: str, expected: int) -> None:
    """The last span is under way."""
    answer = declared.get(f"/api/v1/stats/{what}", params={"period": "WEEK", "timezone": "Europe/Berlin"}).json()

    assert (7, 0, expected) == (len(answer), answer[0]["count"], answer[-1]["count"])
