"""Verdicts that people judged anew by hand, after the horizon for what events may still change: read, and stated."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import Asking, as_json
from lineage.model import Principal
from lineage.slo.decided import Correction, correcting, of, told
from lineage.slo.shape import stamp
from lineage.store.base import Store
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/slos/{name:word}/corrections", tags=["slos"], dependencies=[Depends(needs("read"))])


class Judged(BaseModel):
    """How an occurrence was in truth, and how one knows."""

    model_config = ConfigDict(strict=True, extra="forbid")

    occurrence: str = Field(min_length=1, description="Its name, as the SLO's status has it.")
    state: Literal["GOOD", "BAD"] = Field(description="What it was in truth.")
    because: str = Field(pattern=r"\S", description="Why; it stays on record with the name of the key.")


@router.get("")
def listed(request: Request, asking: Asking, name: str) -> Response:
    """The occurrences of an SLO that were judged anew by hand, by whom, when and why; the newest word of each."""
    services(request).slos.definition(name)
    return asking.answer(_corrections(asking.store, name, request))


@router.post("")
def correct(
    request: Request, admin: Annotated[Principal, Depends(needs("admin"))], name: str, judged: Judged
) -> Response:
    """Judge an occurrence of the window anew; 404 where there is none of that name. Events may change it no more."""
    house, now = services(request), services(request).now()
    slo = house.slos.definition(name)
    house.slos.status(name, now).verdict(judged.occurrence)
    said = correcting(slo, judged.occurrence, Correction(judged.state, judged.because, admin.name, now))
    house.decisions.keep([said])
    return as_json(_corrections(house.store, name, request))


def _corrections(store: Store, name: str, request: Request) -> dict[str, Any]:
    found = told([of(name)], store, services(request).now()).corrections
    return {
        "corrections": [
            {
                "occurrence": occurrence,
                "state": each.state,
                "because": each.because,
                "by": each.by,
                "at": stamp(each.at),
            }
            for occurrence, each in sorted(found.items())
        ]
    }
