"""Of which SLO nobody is told for a while: asked, said, taken back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import Asking, as_json
from lineage.errors import InvalidInput
from lineage.model import Principal
from lineage.slo.shape import stamp
from lineage.slo.silences import silenced, silencing, unsilencing
from lineage.slo.terms import parse_duration
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/slos/{name:word}/silence", tags=["slos"], dependencies=[Depends(needs("read"))])

Admin = Annotated[Principal, Depends(needs("admin"))]


class Ending(BaseModel):
    """Why."""

    model_config = ConfigDict(strict=True, extra="forbid")

    because: str = Field(pattern=r"\S", description="Why; it stays on record with the name of the key.")


class Quiet(Ending):
    """For how long, and why."""

    duration: str = Field(min_length=1, description="For how long, up to 7d.", json_schema_extra={"format": "span"})


@router.get("")
def of_slo(request: Request, asking: Asking, name: str) -> Response:
    """The silence of an SLO, null while there is none. It mutes messages alone: the SLO is judged as ever."""
    services(request).slos.definition(name)  # or there is none of that name
    return asking.answer(_shape(request, name))


@router.post("")
def silence(request: Request, admin: Admin, name: str, quiet: Quiet) -> Response:
    """Tell nobody of the SLO for a while, a week at most; what is still wrong at the end is told then."""
    house = services(request)
    house.slos.definition(name)
    try:
        length = parse_duration(quiet.duration)
    except ValueError as error:
        raise InvalidInput(f"duration: {error}", field="duration") from None
    house.decisions.keep([silencing(name, length, quiet.because, admin.name, house.now())])
    return as_json(_shape(request, name))


@router.post("/undo")
def speak(request: Request, admin: Admin, name: str, ending: Ending) -> Response:
    """End the silence now."""
    house = services(request)
    house.slos.definition(name)
    house.decisions.keep([unsilencing(name, ending.because, admin.name, house.now())])
    return as_json(_shape(request, name))


def _shape(request: Request, name: str) -> dict[str, Any]:
    house = services(request)
    found = silenced([name], house.store, house.now()).get(name)
    told = None if found is None else {"until": stamp(found.until), "because": found.because, "by": found.by}
    return {"silence": told}
