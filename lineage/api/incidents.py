"""What is wrong now and what was: incidents, newest first; and what people answer to them."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.alerts import incidents
from lineage.alerts.answering import acknowledging, answer, documenting
from lineage.alerts.incidents import Incident
from lineage.alerts.response import answers
from lineage.api._answers import Asking, json
from lineage.api._paging import Paging, by_moment
from lineage.model import Page, Principal
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], dependencies=[Depends(needs("read"))])

Admin = Annotated[Principal, Depends(needs("admin"))]
State = Annotated[Literal["open", "resolved"] | None, Query(description="open or resolved; both when left out.")]
Lacking = Annotated[
    Literal["missing"] | None,
    Query(description="missing: those that require a postmortem and have none; all when left out."),
]


class Address(BaseModel):
    """Where the postmortem is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    url: str = Field(description="The page, beginning with https:// or http://.", json_schema_extra={"format": "uri"})


@router.get("")
def incidents_(asking: Asking, paging: Paging, state: State = None, postmortem: Lacking = None) -> Response:
    """Incidents with their cause, members and timeline; *totalCount* counts all that the filters leave."""
    found = incidents.every(asking.store, state)
    every = [each for each in found if postmortem is None or incidents.lacks_postmortem(each)]

    def ask(until: datetime | None, passed: int, most: int) -> Page:
        found = [each for each in every if until is None or each.detected_at <= until]
        return Page(found[passed : passed + most], len(found))

    page, following = by_moment(ask, attrgetter("detected_at"), paging)
    shapes = [_shape(each, asking.now) for each in page.items]
    return asking.answer({"incidents": shapes, "totalCount": page.total, "next": following}, json(shapes))


@router.get("/{id}")
def incident(request: Request, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """One incident. 404 when there is none of that id."""
    house = services(request)
    return _shape(incidents.one(house.store, id), house.now())


@router.post("/{id}/ack")
def acknowledge(request: Request, admin: Admin, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """Say that you took it up: the first who says it counts. 409 when it is over."""
    house = services(request)
    said = acknowledging(incidents.one(house.store, id), admin.name, house.now())
    return _shape(answer(house.store, house.decisions.keep, said), house.now())


@router.post("/{id}/postmortem")
def postmortem(request: Request, admin: Admin, id: str, written: Address) -> dict[str, Any]:  # noqa: A002 - the path's own word
    """Say where its postmortem is; a newer address takes the place of the one before."""
    house = services(request)
    said = documenting(incidents.one(house.store, id), written.url, admin.name, house.now())
    return _shape(answer(house.store, house.decisions.keep, said), house.now())


def _shape(found: Incident, now: datetime) -> dict[str, Any]:
    """*found* with how fast it was answered by *now*, beside what its SLOs promise."""
    told = found.model_dump(mode="json", by_alias=True, exclude={"receipt", "copies", "answered"})
    promises = [
        {
            "slo": each.slo,
            "what": each.what,
            "withinSeconds": int(each.within.total_seconds()),
            "tookSeconds": None if each.took is None else int(each.took.total_seconds()),
            "state": each.state,
        }
        for each in answers(found, now)
    ]
    return told | {"promises": promises}
