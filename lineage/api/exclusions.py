"""What does not count of an SLO, or of a calendar that SLOs refer to: read, stated, taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import TIME, Asking, as_json
from lineage.model import Principal
from lineage.slo.decided import decided, excluding, of, told
from lineage.slo.exclusions import Exclusion, exclusion_of
from lineage.statements import Subject
from lineage.web import instant, needs, services

router = APIRouter(prefix="/api/v1", tags=["slos"], dependencies=[Depends(needs("read"))])

_SLO = "/slos/{name:word}/exclusions"
_CALENDAR = "/exclusions/{calendar:word}"
Admin = Annotated[Principal, Depends(needs("admin"))]


class Span(BaseModel):
    """A span of time, once or as it repeats, and why it does not count."""

    model_config = ConfigDict(strict=True, extra="forbid")

    start: str = Field(min_length=1, description="When it begins, past or to come.", json_schema_extra=TIME)
    duration: str = Field(min_length=1, description="For how long, as 2h.", json_schema_extra={"format": "span"})
    rrule: str | None = Field(
        None, description="How it repeats, as FREQ=WEEKLY;BYDAY=SU.", json_schema_extra={"format": "rrule"}
    )
    timezone: str = Field(
        "UTC", description="In whose wall time it repeats, as Europe/Berlin.", json_schema_extra={"format": "timezone"}
    )
    because: str = Field(pattern=r"\S", description="Why; it stays on record with the name of the key.")

    def exclusion(self, by: str) -> Exclusion:
        """The same, approved *by* somebody. Raises InvalidInput naming the field."""
        told = {**self.model_dump(exclude={"because"}), "start": instant(self.start, "start")}
        return exclusion_of({**told, "reason": self.because, "approvedBy": by})


@router.get(_SLO)
def of_slo(request: Request, asking: Asking, name: str) -> Response:
    """What does not count of an SLO: by its definition, and as was stated of it and of the calendars it refers to."""
    slo = services(request).slos.definition(name)
    return asking.answer({"exclusions": _shapes(decided(slo, asking.store, asking.now).exclusions)})


@router.get(_CALENDAR)
def of_calendar(asking: Asking, calendar: str) -> Response:
    """What was stated of a calendar, to which SLOs refer as `exclusions: [{ref: CALENDAR}]`."""
    said = told([Subject("exclusions", calendar)], asking.store, asking.now)
    return asking.answer({"exclusions": _shapes(said.exclusions)})


@router.post(_SLO)
def exclude(request: Request, admin: Admin, name: str, span: Span) -> Response:
    """Let a span of time not count, past or to come; answers of before stay what they were, by `knownAt`."""
    services(request).slos.definition(name)  # or there is none of that name
    return _said(request, admin, of(name), span, holds=True)


@router.post(_SLO + "/undo")
def include(request: Request, admin: Admin, name: str, span: Span) -> Response:
    """Take back what was excluded with the same start, duration and rule; it counts again."""
    services(request).slos.definition(name)
    return _said(request, admin, of(name), span, holds=False)


@router.post(_CALENDAR)
def exclude_by_calendar(request: Request, admin: Admin, calendar: str, span: Span) -> Response:
    """Let a span of time not count for all SLOs that refer to the calendar."""
    return _said(request, admin, Subject("exclusions", calendar), span, holds=True)


@router.post(_CALENDAR + "/undo")
def include_by_calendar(request: Request, admin: Admin, calendar: str, span: Span) -> Response:
    """Take back what the calendar excluded with the same start, duration and rule."""
    return _said(request, admin, Subject("exclusions", calendar), span, holds=False)


def _said(request: Request, admin: Principal, subject: Subject, span: Span, *, holds: bool) -> Response:
    house = services(request)
    house.decisions.keep([excluding(subject, span.exclusion(admin.name), admin.name, house.now(), holds=holds)])
    return as_json({"exclusions": _shapes(told([subject], house.store, house.now()).exclusions)})


def _shapes(exclusions: Iterable[Exclusion]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in exclusions]
