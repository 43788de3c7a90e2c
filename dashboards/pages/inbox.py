"""`/inbox`: every message that was sent, or waits to be, in the words that its reader got."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response

from dashboards.figures.picture import Tone
from dashboards.frame import Nav, Shown, page
from dashboards.panels.slack import rows
from lineage.alerts.outbox import KIND, Notice
from lineage.web import needs, services

NAV = Nav("Messages", "letter", "/inbox", 11)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

READ = 1000
LISTED = 60
TONES: dict[str, Tone] = {"sent": "ok", "pending": "run", "failed": "bad", "dropped": "unk"}


@router.get("/inbox")
def listed(request: Request) -> Response:
    """The newest messages; those that a later one made needless are left out."""
    documents = services(request).store.documents(KIND, limit=READ)
    notices = [Notice.model_validate_json(document.body) for document in documents]
    told = sorted(
        (notice for notice in notices if notice.state != "dropped"), key=lambda one: one.created_at, reverse=True
    )
    return page(request, "inbox.html", notices=told[:LISTED], total=len(told), tones=TONES, rows=rows)
