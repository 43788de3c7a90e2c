"""Runs as Marquez's clients drive them: made, started, and brought to an end; every step is a RunEvent."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from lineage.api import jobs
from lineage.api._answers import TIME, UUID, as_json
from lineage.api._saying import Body, Saying, Says, facet, own_facet
from lineage.api.runs import known_run, shown
from lineage.errors import Conflict, InvalidInput
from lineage.model import EventType
from lineage.names import run_key
from lineage.web import instant

router = APIRouter(prefix="/api/v1", tags=["runs"])

Time = Annotated[str | None, Query(description="Event time; now without it.", min_length=1, json_schema_extra=TIME)]
Scalar = str | int | float | bool | None


class RunBody(BaseModel):
    """A run to be made."""

    id: Annotated[str | None, Field(description="Its UUID; one is made without it.", json_schema_extra=UUID)] = None
    nominal_start: Annotated[
        str | None,
        Field(alias="nominalStartTime", description="What it is for.", min_length=1, json_schema_extra=TIME),
    ] = None
    nominal_end: Annotated[
        str | None,
        Field(alias="nominalEndTime", description="Not without a start.", min_length=1, json_schema_extra=TIME),
    ] = None
    args: Annotated[dict[str, Scalar] | None, Field(description="Its arguments.")] = None


@router.post("/namespaces/{namespace:word}/jobs/{name:word}/runs", status_code=201)
def create_run(says: Says, namespace: str, name: str, body: RunBody) -> Response:
    """Make a run of a known job; it is NEW until it is started. 409 when there is one of that id."""
    node = jobs.known_job(says.store, namespace, name)
    run = run_key(body.id) if body.id is not None else str(uuid4())
    if run is None:
        raise InvalidInput(f"id: {body.id!r} is not a UUID", field="id")
    if says.store.runs(ids=[run]).total:
        raise Conflict(f"there is a run {run} already; start it with /api/v1/jobs/runs/{run}/start")
    says.run(run, node.id, "OTHER", says.now, facets=_facets(body))
    return as_json(
        shown(says.store, known_run(says.store, run), says.now), 201, {"Location": f"/api/v1/jobs/runs/{run}"}
    )


def _facets(body: RunBody) -> dict[str, Body]:
    facets: dict[str, Body] = {}
    instant(body.nominal_start, "nominalStartTime")
    instant(body.nominal_end, "nominalEndTime")
    if body.nominal_start:
        facets["nominalTime"] = facet(
            "1-0-1/NominalTimeRunFacet",
            nominalStartTime=body.nominal_start,
            nominalEndTime=body.nominal_end or None,
        )
    if body.args:
        facets["marquezArgs"] = own_facet(args=body.args)
    return facets


@router.post("/jobs/runs/{id:word}/start")
def start(says: Says, id: str, at: Time = None) -> Response:  # noqa: A002 - the route's own word
    """Say that a known run began, or began again."""
    return _step(says, id, "START", at)


@router.post("/jobs/runs/{id:word}/complete")
def complete(says: Says, id: str, at: Time = None) -> Response:  # noqa: A002 - the route's own word
    """Say that a known run did what it should. One that failed stays so until it is started again."""
    return _step(says, id, "COMPLETE", at)


@router.post("/jobs/runs/{id:word}/fail")
def fail(says: Says, id: str, at: Time = None) -> Response:  # noqa: A002 - the route's own word
    """Say that a known run failed."""
    return _step(says, id, "FAIL", at)


@router.post("/jobs/runs/{id:word}/abort")
def abort(says: Says, id: str, at: Time = None) -> Response:  # noqa: A002 - the route's own word
    """Say that a known run was ended before it was done."""
    return _step(says, id, "ABORT", at)


def _step(says: Saying, run: str, kind: EventType, at: str | None) -> Response:
    found = known_run(says.store, run)
    says.run(found.id, found.job, kind, instant(at, "at") or says.now)
    return as_json(shown(says.store, known_run(says.store, found.id), says.now))
