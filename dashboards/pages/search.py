"""`/search`: datasets and jobs by the words of their names, and runs by their ids."""

from __future__ import annotations

import re

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.current import by_dataset, current
from dashboards.frame import Nav, Shown, look, page
from dashboards.panels.lineage import last_runs
from dashboards.panels.marks import dataset_mark, job_mark
from dashboards.panels.paging import SIZE, paging
from lineage.model import Kind
from lineage.web import needs, services

NAV = Nav("Search", "search", "/search", 1)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

RUN_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@router.get("/search")
def found(request: Request) -> Response:
    """What `q` finds; `kind` narrows. The whole id of a known run leads to it."""
    seen, store = look(request), services(request).store
    words = request.query_params.get("q", "").strip()
    if RUN_ID.fullmatch(words):
        runs = store.runs(ids=[_dashed(words)]).items
        if runs:
            return RedirectResponse(seen.link("runs", runs[0].id), 303)
    kind: Kind | None = next((kind for kind in KINDS if kind == request.query_params.get("kind")), None)
    offset = paging(request)
    hits = store.find(words, kind=kind, limit=SIZE, offset=offset)
    judged = by_dataset(current(request).judged(seen.at, past=seen.as_of is not None))
    runs_of, came = last_runs(store, [node.id for node in hits.items if node.id.kind == "job"], seen)
    items = [
        (
            node,
            job_mark(runs_of.get(node.id), came, seen.at)
            if node.id.kind == "job"
            else dataset_mark(node, judged.get(node.canonical, ()), node.last_at, seen.at),
        )
        for node in hits.items
    ]
    return page(
        request,
        "search.html",
        words=words,
        kind=kind,
        items=items,
        total=hits.total,
        offset=offset,
        size=SIZE,
        href=lambda start: seen.link("search", q=words, kind=kind, offset=start or None),
    )


KINDS: tuple[Kind, ...] = ("dataset", "job")


def _dashed(text: str) -> str:
    plain = text.replace("-", "").lower()
    return "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
