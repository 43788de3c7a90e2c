"""SLOs for machines: which there are and how each of them stands, now or at another time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lineage.alerts.incidents import every
from lineage.alerts.inherited import booked, spans
from lineage.api._answers import TIME, Asking, as_json, json
from lineage.api._paging import Paging, by_name
from lineage.errors import NotFound
from lineage.slo.shape import shape
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.web import Slos, instant, needs, services

router = APIRouter(prefix="/api/v1/slos", tags=["slos"], dependencies=[Depends(needs("read"))])

At = Annotated[
    str | None,
    Query(
        description="The time to answer for, ISO 8601; it sets both clocks. Default: now.",
        min_length=1,
        json_schema_extra=TIME,
    ),
]

LISTED, MOST_LISTED = 1_000, 10_000  # a beat a minute makes 40 320 occurrences in 28 days
Occurrences = Annotated[
    int, Query(ge=0, le=MOST_LISTED, description="How many occurrences are listed: the newest ones.")
]
Before = Annotated[
    str | None,
    Query(
        description="List only occurrences due before then, ISO 8601: the due time of the oldest one listed goes on.",
        min_length=1,
        json_schema_extra=TIME,
    ),
]


@router.get("")
def list_slos(request: Request, asking: Asking, paging: Paging, at: At = None) -> Response:
    """The SLOs in force with their status, by name; without their occurrences."""
    book, when = services(request).slos, instant(at, "at")
    definitions = book.definitions()
    now = {status.slo: status for status in book.statuses(asking.now)} if when is None else {}
    names = definitions.keys() & now.keys() if when is None else definitions.keys()
    page, following = by_name(names, paging)
    statuses = [now[name] for name in page] if when is None else _then(book, page, when)
    hurt = spans(every(asking.store))
    found = [_brief(booked(status, hurt), definitions[status.slo]) for status in statuses]
    changing = json([{**one, "at": None} for one in found])
    return asking.answer({"slos": found, "totalCount": len(names), "next": following}, changing)


@router.get("/{name:word}")
def one_slo(
    request: Request, name: str, at: At = None, occurrences: Occurrences = LISTED, before: Before = None
) -> Response:
    """One SLO's status with the newest occurrences of its window, oldest first. 404 when there is none of that name.

    `occurrenceCount` is how many there are in the window; all counts and ratios are of all of them.
    """
    house = services(request)
    when, until = instant(at, "at") or house.now(), instant(before, "before")
    status = booked(house.slos.status(name, when), spans(every(house.store)))
    found = [verdict for verdict in status.occurrences if until is None or verdict.due < until]
    return as_json(shape(status, house.slos.definition(name), found[max(0, len(found) - occurrences) :]))


def _then(book: Slos, names: Iterable[str], at: datetime) -> Iterator[Status]:
    """How those of *names* stood that nobody retires meanwhile."""
    for name in names:
        with suppress(NotFound):
            yield book.status(name, at)


def _brief(status: Status, definition: DataSLO) -> dict[str, Any]:
    found = shape(status, definition, ())
    return {key: value for key, value in found.items() if key != "occurrences"}
