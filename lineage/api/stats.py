"""`/stats`: how much happened and how much there was, hour by hour of a day or day by day of a week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lineage.api._answers import Asked, Asking
from lineage.api._shapes import Shape
from lineage.api.sources import first_seen
from lineage.errors import InvalidInput
from lineage.store.base import Store
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/stats", tags=["stats"], dependencies=[Depends(needs("read"))])

Span = tuple[datetime, datetime, Mapping[str, int]]


def borders(
    request: Request,
    period: Annotated[Literal["DAY", "WEEK"], Query(description="The last 24 hours, or the last 7 days.")] = "DAY",
    timezone: Annotated[
        str, Query(description="Whose hours and days, as Europe/Berlin.", json_schema_extra={"format": "timezone"})
    ] = "UTC",
) -> list[datetime]:
    """A dependency: where spans end and begin, ascending; the last span is under way. Raises InvalidInput."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(f"timezone: {timezone!r} is none; write it as Europe/Berlin", field="timezone") from None
    now = services(request).now().astimezone(zone)
    if period == "DAY":
        end = now.replace(minute=0, second=0, microsecond=0)
        hours = (end.astimezone(UTC) + timedelta(hours=hour) for hour in range(-23, 2))  # none of them is left out
        return [hour.astimezone(zone) for hour in hours]
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [today + timedelta(days=day) for day in range(-6, 2)]


Borders = Annotated[list[datetime], Depends(borders)]


@router.get("/lineage-events")
def events(asking: Asking, at: Borders) -> Response:
    """Run events by type, span by span."""
    return asking.answer(
        [
            _span(begin, end)
            | {"start": seen["START"], "complete": seen["COMPLETE"], "fail": seen["FAIL"], "abort": seen["ABORT"]}
            for begin, end, seen in _tallies(asking.store, at)
        ],
        at[-1].isoformat(),
    )


@router.get("/jobs")
def jobs(asking: Asking, at: Borders) -> Response:
    """How many jobs there were at the end of each span."""
    return _answer(asking, at, [seen["jobs"] for _, _, seen in _tallies(asking.store, at)])


@router.get("/datasets")
def datasets(asking: Asking, at: Borders) -> Response:
    """How many datasets there were at the end of each span."""
    return _answer(asking, at, [seen["datasets"] for _, _, seen in _tallies(asking.store, at)])


@router.get("/sources")
def sources(asking: Asking, at: Borders) -> Response:
    """How many sources there were at the end of each span."""
    first = first_seen(asking.store)
    return _answer(asking, at, [sum(seen <= end for seen in first) for end in at[1:]])


def _tallies(store: Store, at: list[datetime]) -> list[Span]:
    return [(begin, end, seen) for (begin, end), seen in zip(pairwise(at), store.tallies(at), strict=True)]


def _span(begin: datetime, end: datetime) -> Shape:
    return {"startInterval": begin, "endInterval": end}


def _answer(asking: Asked, at: list[datetime], counts: list[int]) -> Response:
    spans = zip(pairwise(at), counts, strict=True)
    return asking.answer([_span(*span) | {"count": count} for span, count in spans], at[-1].isoformat())
