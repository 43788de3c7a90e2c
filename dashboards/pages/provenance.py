"""`/provenance`: what a figure was made of, run by run, with the events that prove it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from dashboards.frame import Nav, Shown, look, page
from dashboards.panels.ancestry import tally, tree
from dashboards.panels.runs import Came
from lineage.audit.trace import Trace, trace, trace_dataset
from lineage.errors import NotFound
from lineage.model import NodeId, Version, dataset_id
from lineage.web import needs, services

NAV = Nav("Provenance", "trail", "/provenance", 10)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

VERSIONS = 24


@router.get("/provenance")
def asked(request: Request) -> Response:
    """The question; `of` names a dataset by words or a run by its id, and leads on when it is the only one."""
    seen, store = look(request), services(request).store
    words = request.query_params.get("of", "").strip()
    if words and (runs := store.runs(ids=[words.lower()]).items):
        return RedirectResponse(seen.link("provenance", "run", runs[0].id), 303)
    found = store.find(words, kind="dataset", limit=40)
    if words and found.total == 1:
        node = found.items[0].id
        return RedirectResponse(seen.link("provenance", "dataset", node.namespace, node.name), 303)
    return page(request, "provenance.html", of=words, found=found, told="")


@router.get("/provenance/run/{run}")
def of_run(request: Request, run: str) -> Response:
    """The ancestry of a run."""
    return _shown(request, trace(services(request).store, run.lower()), None, [])


@router.get("/provenance/dataset/{namespace:word}/{name:word}")
def of_dataset(request: Request, namespace: str, name: str) -> Response:
    """The ancestry of the version of a dataset that was in force at the moment that is looked at."""
    store, seen, dataset = services(request).store, look(request), dataset_id(namespace, name)
    if not store.get([dataset]):
        raise NotFound(f"no dataset {name} in {namespace}; look for it with the search")
    try:
        found = trace_dataset(store, dataset, as_of=seen.as_of)
    except NotFound as error:  # it is known, and nobody delivered it: that is an answer
        return page(request, "provenance.html", of=name, found=store.find(name, kind="dataset"), told=str(error))
    versions = store.versions(dataset, delivered=True, limit=VERSIONS).items
    return _shown(request, found, dataset, list(versions))


def _shown(request: Request, found: Trace, dataset: NodeId | None, versions: list[Version]) -> Response:
    seen = look(request)
    return page(
        request,
        "ancestry.html",
        trace=found,
        root=tree(found),
        tally=tally(found),
        dataset=dataset,
        versions=versions,
        came=Came(services(request).store, (each.run for each in found.runs.values()), seen.at),
    )
