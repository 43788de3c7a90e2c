"""Whoever is refused learns which field is wrong and what to do."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    ("path", "field", "meant"),
    [
        ("/lineage?nodeId=job:a:b&asof=2026-11-21T12:00:00Z", "asof", "asOf"),
        ("/lineage?nodeId=job:a:b&known_at=2026-11-21T12:00:00Z", "known_at", "knownAt"),
        ("/lineage?nodeid=job:a:b", "nodeid", "nodeId"),
        ("/column-lineage?nodeId=dataset:a:b&with_downstream=true", "with_downstream", "withDownstream"),
        ("/jobs?lastRunState=FAILED", "lastRunState", "lastRunStates"),
        ("/namespaces?ofset=3", "ofset", "offset"),
        ("/slos?Limit=3", "Limit", "limit"),
    ],
)
def test_a_parameter_that_is_nearly_one_is_named(client: TestClient, path: str, field: str, meant: str) -> None:
    """Passing it over would answer another question."""
    answer = client.get(f"/api/v1{path}")

    assert (400, field, f"{field}: not a parameter here; write {meant}") == (
        answer.status_code,
        answer.json()["field"],
        answer.json()["detail"],
    )


@pytest.mark.parametrize("query", ["format=json", "_=1732190000", "state=open&view=full"])
def test_a_parameter_that_nobody_knows_is_passed_over(client: TestClient, query: str) -> None:
    """As Marquez does: its web page and clients of other versions send more than we know."""
    assert 200 == client.get(f"/api/v1/namespaces?{query}").status_code


@pytest.mark.parametrize(
    ("method", "path", "status", "next_step"),
    [
        ("GET", "/api/v1/nothing", 404, "/api/openapi.json"),
        ("PATCH", "/api/v1/namespaces/pg", 405, "DELETE, GET, PUT"),
        ("GET", "/api/v1/namespaces/none", 404, "/api/v1/namespaces"),
        ("GET", "/api/v1/namespaces?cursor=x", 400, "`next`"),
        ("GET", "/api/v1/jobs/runs/none", 404, "/api/v1/namespaces/…/jobs/…/runs"),
    ],
)
def test_a_refusal_says_what_to_do(client: TestClient, method: str, path: str, status: int, next_step: str) -> None:
    """In one sentence, as problem+json."""
    answer = client.request(method, path)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert next_step in answer.json()["detail"]
