"""What is wrong now and what was: incidents, newest first."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident
from lineage.api._answers import Asking, json
from lineage.api._paging import Paging, by_moment
from lineage.model import Page
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], dependencies=[Depends(needs("read"))])

State = Annotated[Literal["open", "resolved"] | None, Query(description="open or resolved; both when left out.")]


@router.get("")
def incidents_(asking: Asking, paging: Paging, state: State = None) -> Response:
    """Incidents with their cause, members and timeline; *totalCount* counts all in that state."""
    every = incidents.every(asking.store, state)

    def ask(until: datetime | None, passed: int, most: int) -> Page:
        found = [each for each in every if until is None or each.detected_at <= until]
        return Page(found[passed : passed + most], len(found))

    page, following = by_moment(ask, attrgetter("detected_at"), paging)
    shapes = [_shape(each) for each in page.items]
    return asking.answer({"incidents": shapes, "totalCount": page.total, "next": following}, json(shapes))


@router.get("/{id}")
def incident(request: Request, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """One incident. 404 when there is none of that id."""
    return _shape(incidents.one(services(request).store, id))


def _shape(found: Incident) -> dict[str, Any]:
    return found.model_dump(mode="json", by_alias=True, exclude={"receipt", "copies"})
