"""What is wrong now and what was: incidents, newest first."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident
from lineage.api._answers import Limit, Offset
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], dependencies=[Depends(needs("read"))])

State = Annotated[Literal["open", "resolved"] | None, Query(description="open or resolved; both when left out.")]


@router.get("")
def incidents_(request: Request, state: State = None, limit: Limit = 100, offset: Offset = 0) -> dict[str, Any]:
    """Incidents with their cause, members and timeline; *totalCount* counts all in that state."""
    found = incidents.every(services(request).store, state)
    return {"incidents": [_shape(each) for each in found[offset : offset + limit]], "totalCount": len(found)}


@router.get("/{id}")
def incident(request: Request, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """One incident. 404 when there is none of that id."""
    return _shape(incidents.one(services(request).store, id))


def _shape(found: Incident) -> dict[str, Any]:
    return found.model_dump(mode="json", by_alias=True, exclude={"receipt"})
