"""`/incidents`: by root cause, open ones first; one incident with its way, its timeline and what people answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards import say
from dashboards.forms import Form
from dashboards.frame import Nav, Shown, look, page
from dashboards.panels.lineage import Panel, panel
from dashboards.states import ANSWER, OPEN, RESOLVED, RUN
from lineage.alerts.answering import acknowledging, answer, documenting
from lineage.alerts.costs import said
from lineage.alerts.incidents import Incident, Spent, every, lacks_postmortem, one
from lineage.alerts.outbox import KIND, Notice
from lineage.alerts.response import answers
from lineage.errors import NotFound
from lineage.model import NodeId, Principal, dataset_id
from lineage.names import split_node_id
from lineage.slo.phrases import span
from lineage.statements import Statement
from lineage.store.base import Store
from lineage.web import choice, needs, services

NAV = Nav("Incidents", "bell", "/incidents", 5, "incidents")

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

LISTED = 200
NOTICES = 100  # transitions of one incident


@router.get("/incidents")
def listed(request: Request) -> Response:
    """All incidents; `?postmortem=missing`: those that require one and have none."""
    found = every(services(request).store)
    lacking = [incident for incident in found if lacks_postmortem(incident)]
    only_lacking = request.query_params.get("postmortem") == "missing"
    ordered = sorted(lacking if only_lacking else found, key=lambda incident: incident.state != "open")[:LISTED]
    return page(
        request,
        "incidents.html",
        incidents=ordered,
        begun=sum(incident.state == "open" for incident in found),
        total=len(found),
        lacking=len(lacking),
        only_lacking=only_lacking,
        lacks=lacks_postmortem,
        states={"open": OPEN, "resolved": RESOLVED},
        lasting=lasted,
    )


@router.get("/incidents/{incident}")
def shown(request: Request, incident: str) -> Response:
    """One incident."""
    store, seen = services(request).store, look(request)
    found = one(store, incident)
    documents = store.documents(KIND, after=f"{found.id}:", limit=NOTICES)
    notices = [Notice.model_validate_json(document.body) for document in documents]
    return page(
        request,
        "incident.html",
        incident=found,
        state=OPEN if found.state == "open" else RESOLVED,
        states=RUN,
        lasting=lasted(found, seen.now),
        lineage=_lineage(request, found),
        affected=known(store, found.affected),
        notices=[notice for notice in notices if notice.incident == found.id],
        dataset=dataset_id,
        answers=answers(found, seen.now),
        fates=ANSWER,
        span=span,
        spent=spent,
        token=_token(request) if seen.as_of is None else "",
    )


@router.post("/incidents/{incident}/answers")
def answered(
    request: Request, admin: Annotated[Principal, Depends(needs("admin"))], incident: str, form: Form
) -> Response:
    """Keep what an administrator answers to it; back to its page."""
    house = services(request)
    answer(house.store, house.decisions.keep, _said(one(house.store, incident), form, admin.name, house.now()))
    return RedirectResponse(look(request).link("incidents", incident), 303)


def _said(incident: Incident, form: Mapping[str, str], by: str, now: datetime) -> Statement:
    if choice(form.get("what", ""), ("ack", "postmortem"), "what") == "ack":
        return acknowledging(incident, by, now)
    return documenting(incident, form.get("url", ""), by, now)


def _token(request: Request) -> str:
    """That of the forms, empty for who may not send any."""
    house = services(request)
    may = "admin" in house.caller(request).scopes
    return house.keys.form_token(request.cookies, house.now()) if may else ""


def spent(cost: Spent) -> str:
    """`34 %`, or `34 % from upstream`; empty where nothing was."""
    shares = [(cost.own, ""), (cost.inherited, " from upstream")]
    return ", ".join(f"{said(share)}{whence}" for share, whence in shares if share)


def lasted(incident: Incident, now: datetime) -> str:
    """How long it lasts, or lasted."""
    return say.lasting(((incident.restored_at or now) - incident.onset_at).total_seconds())


def known(store: Store, names: Iterable[str]) -> list[NodeId]:
    """The nodes that *names* mean, of those that the store knows."""
    candidates = [split_node_id(name) for name in names]
    there = store.get([node for found in candidates for node in found])
    return [node for found in candidates if (node := next((one for one in found if one in there), None)) is not None]


def _lineage(request: Request, incident: Incident) -> Panel | None:
    """The lineage round the first dataset that is still hurt; None when the graph does not know it any more."""
    hurt = next((member for member in incident.members if member.restored_at is None), incident.members[0])
    try:
        return panel(request, dataset_id(*hurt.dataset), [incident])
    except NotFound:
        return None
