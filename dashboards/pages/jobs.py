"""`/jobs`: the list; a job with what it reads and writes, its runs, its last error, its code."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Request, Response

from dashboards.figures.charts import durations
from dashboards.frame import Look, Nav, Shown, look, page
from dashboards.panels import facets, said
from dashboards.panels.export import exported
from dashboards.panels.facets import facet, read
from dashboards.panels.lineage import last_runs, panel
from dashboards.panels.marks import job_mark
from dashboards.panels.paging import SIZE, paging
from dashboards.panels.runs import Came, bars
from lineage.alerts.incidents import every
from lineage.errors import NotFound
from lineage.hierarchy import place
from lineage.model import NodeId, Run, job_id
from lineage.store.base import Store
from lineage.web import needs, services

NAV = Nav("Jobs & runs", "job", "/jobs", 3)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

RECENT = 60
LISTED = 15


@router.get("/jobs")
def listed(request: Request) -> Response:
    """All jobs with their last run; `namespace` filters."""
    seen, store = look(request), services(request).store
    namespace = request.query_params.get("namespace") or None
    offset = paging(request)
    found = store.find(kind="job", namespace=namespace, limit=SIZE, offset=offset)
    runs, came = last_runs(store, [node.id for node in found.items], seen)
    items = [(node, job_mark(runs.get(node.id), came, seen.at), runs.get(node.id)) for node in found.items]
    return page(
        request,
        "jobs.html",
        items=items,
        total=found.total,
        offset=offset,
        size=SIZE,
        namespace=namespace,
        namespaces=[one for one in store.namespaces() if one.jobs],
        duration=came.duration,
        href=lambda start: seen.link("jobs", namespace=namespace, offset=start or None),
    )


@router.get("/jobs/{namespace:word}/{name:word}")
def shown(request: Request, namespace: str, name: str) -> Response:
    """One job."""
    seen, store = look(request), services(request).store
    asked = job_id(namespace, name)
    node = store.get([asked], as_of=seen.as_of).get(asked)
    if node is None:
        raise NotFound(f"no job {name} in {namespace}; look for it with the search")
    runs: Sequence[Run] = store.runs(job=asked, until=seen.as_of, limit=RECENT).items
    came = Came(store, runs, seen.at)
    open_incidents = every(store, "open") if seen.as_of is None else []
    location = facet(node.facets, facets.SourceCodeLocation).url
    return page(
        request,
        "job.html",
        node=node,
        runs=runs,
        listed=runs[:LISTED],
        came=came,
        kind=facet(node.facets, facets.JobType),
        sql=facet(node.facets, facets.Sql).query,
        source=facet(node.facets, facets.SourceCode).source_code,
        told=said.of_job(node.facets),
        location=location if location.startswith(("https://", "http://")) else "",
        documentation=facet(node.facets, facets.Documentation).description,
        owners=[owner.name for owner in facet(node.facets, facets.Ownership).owners],
        place=place(store, asked, as_of=seen.as_of),
        failure=_failure(store, runs, came, seen),
        incident=next((one for one in open_incidents if one.cause and one.cause.job == (namespace, name)), None),
        lineage=panel(request, asked, open_incidents),
        figures={"runs": durations(bars(runs, came))} if runs else {},
    )


@router.get("/jobs/{namespace:word}/{name:word}/lineage.{ending}")
def file(request: Request, namespace: str, name: str, ending: str) -> Response:
    """The lineage round a job as a drawing that stands alone (svg), or its nodes and edges (json)."""
    return exported(request, job_id(namespace, name), ending)


def _failure(store: Store, runs: Sequence[Run], came: Came, seen: Look) -> tuple[Run, facets.ErrorMessage] | None:
    """The newest run that came to no good end, and what it said, when nothing has succeeded since."""
    newest = next((run for run in runs if not came.is_open(run)), None)
    if newest is None or came.succeeded(newest):
        return None
    told = store.facet_history(NodeId("run", "", newest.id), ["errorMessage"], until=seen.as_of, limit=1)
    return newest, read(told[0].body if told else None, facets.ErrorMessage)
