"""SLOs for machines: which there are and how each of them stands, now or at another time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from lineage.api._answers import TIME
from lineage.slo.shape import shape
from lineage.web import instant, needs, services

router = APIRouter(prefix="/api/v1/slos", tags=["slos"])

At = Annotated[
    str | None,
    Query(
        description="The time to answer for, ISO 8601; it sets both clocks. Default: now.",
        min_length=1,
        json_schema_extra=TIME,
    ),
]


@router.get("", dependencies=[Depends(needs("read"))])
def list_slos(request: Request, at: At = None) -> dict[str, object]:
    """All SLOs in force with their status, by name; without their occurrences."""
    house = services(request)
    when = instant(at, "at")
    book = house.slos
    statuses = book.statuses(house.now()) if when is None else [book.status(name, when) for name in book.names()]
    found = [shape(status, book.definition(status.slo)) for status in statuses]
    return {"slos": [{key: value for key, value in one.items() if key != "occurrences"} for one in found]}


@router.get("/{name:word}", dependencies=[Depends(needs("read"))])
def one_slo(request: Request, name: str, at: At = None) -> dict[str, object]:
    """One SLO's status with every occurrence of its window. 404 when there is none of that name."""
    house = services(request)
    return shape(house.slos.status(name, instant(at, "at") or house.now()), house.slos.definition(name))
