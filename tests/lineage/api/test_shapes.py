"""Answers have the shape that the API's description promises: what Marquez's web page and clients read."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from tests.support.filled import Filled

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text(encoding="utf-8"))
DAY = {"period": "DAY", "timezone": "Europe/Berlin"}
# What Marquez's web page asks, and whatever else can be read: `<…>` is a name of the house.
QUERIES: dict[str, list[dict[str, str]]] = {
    "/api/v1/lineage": [
        {"nodeId": "<dataset node>", "depth": "2"},
        {"nodeId": "<job node>", "depth": "20", "granularity": "run"},
    ],
    "/api/v1/column-lineage": [{"nodeId": "<dataset node>", "depth": "2", "withDownstream": "true"}],
    "/api/v1/runlineage/upstream": [{"runId": "<id>"}],
    "/api/v1/runlineage/downstream": [{"runId": "<id>", "depth": "3"}],
    "/api/v1/audit/trace": [{"runId": "<id>"}],
    "/api/v1/events/lineage": [
        {"before": "2027-01-01T00:00:00.000Z", "after": "2020-01-01T00:00:00.000Z", "sortDirection": "desc"}
    ],
    "/api/v1/search": [
        {"q": "o", "sort": "UPDATE_AT", "limit": "100"},
        {"q": "o", "filter": "DATASET", "sort": "NAME"},
    ],
    "/api/v2beta/search/jobs": [{"q": "o"}],
    "/api/v2beta/search/datasets": [{"q": "o", "limit": "100"}],
    "/api/v1/jobs": [{"limit": "20", "offset": "0", "lastRunStates": "COMPLETED"}, {}],
    "/api/v1/jobs/runs/{id}/facets": [{"type": word} for word in ("run", "job", "dataset")],
    "/api/v1/stats/lineage-events": [DAY, {"period": "WEEK", "timezone": "UTC"}],
    "/api/v1/stats/jobs": [DAY],
    "/api/v1/stats/datasets": [DAY],
    "/api/v1/stats/sources": [DAY],
}
DESCRIBED: dict[str, Any] = {
    path: answer["content"]["application/json"].get("schema")
    for path, methods in DOCUMENT["paths"].items()
    if path.startswith("/api/v")
    and "application/json" in (answer := methods.get("get", {}).get("responses", {}).get("200", {})).get("content", {})
}
ASKED = [(path, query) for path in DESCRIBED for query in QUERIES.get(path, [{}])]
IDS = {
    "/slos/{name}": "/slos/orders-1",
    "/incidents/{id}": "/incidents/INC-1",
    "{calendar}": "maintenance",
    "{product}": "shop",
}


@pytest.mark.parametrize(("path", "query"), ASKED)
def test_an_answer_has_the_shape_that_is_described(filled: Filled, path: str, query: dict[str, str]) -> None:
    """Every route that can be read, with something to show."""
    given = {key: filled.names.get(value.strip("<>"), value) for key, value in query.items()}
    validator = Draft202012Validator({**DESCRIBED[path], "components": DOCUMENT["components"]}, validate_formats=True)

    named = reduce(lambda so_far, each: so_far.replace(*each), IDS.items(), path)
    answer = filled.client.get(filled.url(named), params=given)

    assert (200, []) == (answer.status_code, [str(error) for error in validator.iter_errors(answer.json())])


def test_every_answer_is_described() -> None:
    """An operation without a schema promises nothing."""
    assert [] == sorted(path for path, schema in DESCRIBED.items() if not schema)
