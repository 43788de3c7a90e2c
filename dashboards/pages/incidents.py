"""`/incidents`: by root cause, open ones first; one incident with its way through the lineage and its timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response

from dashboards import say
from dashboards.frame import Nav, Shown, look, page
from dashboards.panels.lineage import Panel, panel
from dashboards.states import OPEN, RESOLVED, RUN
from lineage.alerts.incidents import Incident, every, one
from lineage.alerts.outbox import KIND, Notice
from lineage.errors import NotFound
from lineage.model import NodeId, dataset_id
from lineage.names import split_node_id
from lineage.store.base import Store
from lineage.web import needs, services

NAV = Nav("Incidents", "bell", "/incidents", 5, "incidents")

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

LISTED = 200
NOTICES = 100  # transitions of one incident


@router.get("/incidents")
def listed(request: Request) -> Response:
    """All incidents."""
    found = every(services(request).store)
    ordered = sorted(found, key=lambda incident: incident.state != "open")[:LISTED]
    return page(
        request,
        "incidents.html",
        incidents=ordered,
        begun=sum(incident.state == "open" for incident in found),
        total=len(found),
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
    )


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
