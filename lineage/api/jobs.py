"""`/jobs` and `/namespaces/{ns}/jobs`: what moves data, and its latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asking, Limit, Offset, known_namespace
from lineage.api._shapes import Shape
from lineage.errors import NotFound
from lineage.model import Node, NodeId, Run, job_id
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=[Depends(needs("read"))])

_LATEST = 10  # runs that Marquez shows with a job


@router.get("/jobs")
def all_jobs(asking: Asking, limit: Limit = 100, offset: Offset = 0) -> Response:
    """The jobs of all namespaces, by name."""
    return _page(asking, None, limit, offset)


@router.get("/namespaces/{namespace:word}/jobs")
def jobs(asking: Asking, namespace: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """The jobs of a namespace, by name."""
    return _page(asking, namespace, limit, offset)


@router.get("/namespaces/{namespace:word}/jobs/{name:word}")
def job(asking: Asking, namespace: str, name: str) -> Response:
    """One job, with its latest runs."""
    node = known_job(asking.store, namespace, name)
    return asking.answer(described(asking.store, [node], _LATEST)[0])


@router.get("/namespaces/{namespace:word}/jobs/{name:word}/runs")
def runs(asking: Asking, namespace: str, name: str, limit: Limit = 100, offset: Offset = 0) -> Response:
    """The runs of a job, newest first."""
    page = asking.store.runs(job=known_job(asking.store, namespace, name).id, limit=limit, offset=offset)
    return asking.answer({"runs": [_shapes.run(each) for each in page.items], "totalCount": page.total})


def known_job(store: Store, namespace: str, name: str) -> Node:
    """The job of this name. Raises NotFound."""
    asked = job_id(namespace, name)
    if node := store.get([asked]).get(asked):
        return node
    raise NotFound(f"no job {name!r} in namespace {namespace!r}; look for it with /api/v1/search?filter=JOB&q=…")


def described(
    store: Store,
    nodes: Sequence[Node],
    latest: int,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> list[Shape]:
    """Job objects of *nodes*, each with the *latest* of its runs that had begun by then."""
    edges = store.neighbours([node.id for node in nodes], "both", as_of=as_of, known_at=known_at) if nodes else ()
    reads: dict[NodeId, set[NodeId]] = {}
    writes: dict[NodeId, set[NodeId]] = {}
    for edge in edges:
        if edge.target.kind == "job":
            reads.setdefault(edge.target, set()).add(edge.source)
        else:
            writes.setdefault(edge.source, set()).add(edge.target)
    return [
        _shapes.job(
            node,
            reads.get(node.id, ()),
            writes.get(node.id, ()),
            _latest(store, node, latest, as_of, known_at),
        )
        for node in nodes
    ]


def _latest(store: Store, node: Node, count: int, as_of: datetime | None, known_at: datetime | None) -> Sequence[Run]:
    # A page counts what it leaves out. Jobs with many runs have enough of them within a day, and the others are few.
    recent = min(node.last_at, as_of or node.last_at) - timedelta(days=1)
    page = store.runs(job=node.id, since=recent, until=as_of, known_at=known_at, limit=count)
    if len(page.items) < count:
        page = store.runs(job=node.id, until=as_of, known_at=known_at, limit=count)
    return page.items


def _page(asking: Asking, namespace: str | None, limit: int, offset: int) -> Response:
    page = asking.store.find(kind="job", namespace=namespace, limit=limit, offset=offset)
    if not page.total and namespace is not None:
        known_namespace(asking.store, namespace)
    known = asking.store.get(node.id for node in page.items)
    nodes = [known[node.id] for node in page.items if node.id in known]
    return asking.answer({"jobs": described(asking.store, nodes, _LATEST), "totalCount": page.total})
