"""The API's description for machines: what FastAPI knows of the routes, and every refusal that they share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import FastAPI

from lineage.contract.objects import ANSWERS, OBJECTS, Schema
from lineage.web import PROBLEM

_REFUSALS: Final = {
    "400": "Something in the request cannot be understood; `field` names it.",
    "401": "A key is needed.",
    "403": "The key may not do this.",
    "404": "Nothing is known under this name.",
    "503": "Nothing was taken; try again after Retry-After.",
}
_OF_BYTES: Final = {"410": "Retention took the bytes out of the ledger, which still has the event's line."}
_OF_WRITES: Final = {
    "409": "There is such a thing already.",
    "413": "Too many bytes.",
    "415": "Not a content type that is taken.",
}
_OF_DEFINITIONS: Final = {"422": "A definition that cannot be used; `detail` says why, with file:line:column."}
_OF_INGEST: Final = {
    "408": "The body did not come whole in time.",
    "422": "The Idempotency-Key stands for another request.",
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "instance": {"type": "string"},
    },
}
_NAMED: Final = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
    },
}
# What the door insists on; beside it everything that OpenLineage has is taken.
_WHAT: Final = {
    "eventTime": {"type": "string", "format": "date-time"},
    "job": _NAMED,
    "inputs": {"type": "array", "items": _NAMED},
    "outputs": {"type": "array", "items": _NAMED},
}
_RUN_EVENT: Final = {
    "type": "object",
    "title": "RunEvent",
    "required": ["eventTime", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}},
        },
        **_WHAT,
    },
}
_JOB_EVENT: Final = {
    "type": "object",
    "title": "JobEvent",
    "required": ["eventTime", "job"],
    "not": {"required": ["run"]},
    "properties": _WHAT,
}
_EVENT: Final = {
    "description": "A RunEvent or JobEvent of OpenLineage; a DatasetEvent, with dataset for job, is taken too.",
    "anyOf": [_RUN_EVENT, _JOB_EVENT],
}
_TEXTS: Final = {
    "/metrics": ("text/plain", "application/openmetrics-text"),
    "/api/v1/events/{digest}": ("application/octet-stream",),
}
_BODIES: Final = {"/api/v1/lineage": _EVENT, "/api/v1/lineage/batch": {"type": "array", "items": {}}}


def contract(app: FastAPI) -> Schema:
    """The OpenAPI document of *app*: the same for the same routes, whatever is stored."""
    document: Schema = app.openapi()
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= {"Problem": _PROBLEM, **OBJECTS}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    # The door answers it everywhere to those who knock; at /api/v1/lineage the question has the same path.
    knock = {"summary": "Knock", "tags": ["ingest"], "responses": {"200": {"description": "The door is open."}}}
    if (door := document["paths"].get("/api/v1/lineage/batch")) is not None:  # a process may have no door
        door["get"] = knock
    for path, method, operation in _operations(document):
        operation["responses"].pop("422", None)  # a parameter that FastAPI refuses is 400 here
        operation["responses"] |= _refusals(method, path)
        if content := _content(method, path):
            good = next(status for status in operation["responses"] if status.startswith("2"))
            operation["responses"][good]["content"] = content
        if method == "post" and path in _BODIES:
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _BODIES[path]}}}
    return document


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _content(method: str, path: str) -> Schema:
    answer = ANSWERS.get((method, path))
    json: Schema = {} if answer is None else {"application/json": {"schema": answer}}
    return json | {kind: {} for kind in _TEXTS.get(path, ())}


def _refusals(method: str, path: str) -> Schema:
    refused = _REFUSALS if method == "get" else _REFUSALS | _OF_WRITES
    if method == "post" and path in _BODIES:
        refused = refused | _OF_INGEST
    if path == "/api/v1/events/{digest}":
        refused = refused | _OF_BYTES
    if path.startswith("/api/v1/definitions/"):
        refused = refused | _OF_DEFINITIONS
    answers: Schema = {
        status: {
            "description": why,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, why in refused.items()
    }
    if method == "get":
        answers["304"] = {"description": "The copy that If-None-Match names is still good."}
    return answers
