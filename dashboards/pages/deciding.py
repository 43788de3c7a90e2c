"""`/slos/…/decisions`: where the forms go that exclude a time, let it count again, or judge an occurrence anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.forms import Form
from dashboards.frame import Shown, look
from lineage.model import Principal
from lineage.slo.decided import Correction, correcting, excluding, of
from lineage.slo.exclusions import exclusion_of
from lineage.slo.spec import DataSLO
from lineage.statements import Statement
from lineage.web import choice, needs, services

router = APIRouter(route_class=Shown, include_in_schema=False)

SPAN = ("start", "duration", "rrule", "timezone")


@router.post("/slos/{name:word}/decisions")
def decide(request: Request, admin: Annotated[Principal, Depends(needs("admin"))], name: str, form: Form) -> Response:
    """Keep what an administrator says of this SLO; back to its page."""
    house = services(request)
    house.decisions.keep([_said(request, house.slos.definition(name), form, admin.name)])
    return RedirectResponse(f"{look(request).link('slos', name)}#decisions", 303)


def _said(request: Request, slo: DataSLO, form: Mapping[str, str], by: str) -> Statement:
    now, because = services(request).now(), form.get("because", "")
    what = choice(form.get("what", ""), ("exclude", "include", "correct"), "what")
    if what == "correct":
        occurrence, state = form.get("occurrence", ""), choice(form.get("state", ""), ("GOOD", "BAD"), "state")
        services(request).slos.status(slo.name, now).verdict(occurrence)
        return correcting(slo, occurrence, Correction("GOOD" if state == "GOOD" else "BAD", because, by, now))
    span = {word: form[word] for word in SPAN if form.get(word)}
    exclusion = exclusion_of({**span, "reason": because, "approvedBy": by})
    return excluding(of(slo.name), exclusion, by, now, holds=what == "exclude")
