"""`/jobs` and `/namespaces/{ns}/jobs`: what moves data, and its latest runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asked, Asking, known_namespace, seen
from lineage.api._paging import Paging, Part, by_moment, by_node, by_place
from lineage.api._shapes import Shape
from lineage.api._stated import stated_of
from lineage.api._versions import JobVersion, newest_version, versions_of
from lineage.errors import NotFound
from lineage.model import Node, NodeId, Page, Run, job_id
from lineage.outcomes import outcomes
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1", tags=["jobs"], dependencies=[Depends(needs("read"))])

_LATEST = 10  # runs that Marquez shows with a job
_STATES = {shown: state for state, shown in _shapes.STATES.items()}

LastRunStates = Annotated[
    list[Literal["NEW", "RUNNING", "COMPLETED", "FAILED", "ABORTED"]] | None,
    Query(alias="lastRunStates", description="Only jobs whose newest run is in one of these states."),
]


@router.get("/jobs")
def all_jobs(asking: Asking, paging: Paging, states: LastRunStates = None) -> Response:
    """The jobs of all namespaces, by name."""
    return _page(asking, None, states, paging)


@router.get("/namespaces/{namespace:word}/jobs")
def jobs(asking: Asking, namespace: str, paging: Paging, states: LastRunStates = None) -> Response:
    """The jobs of a namespace, by name."""
    return _page(asking, namespace, states, paging)


@router.get("/namespaces/{namespace:word}/jobs/{name:word}")
def job(asking: Asking, namespace: str, name: str) -> Response:
    """One job, with its latest runs."""
    node = known_job(asking.store, namespace, name)
    shape = shown(asking.store, node, asking.now)
    return asking.answer(shape, _shapes.changing(shape["latestRuns"]))


@router.get("/namespaces/{namespace:word}/jobs/{name:word}/runs")
def runs(asking: Asking, namespace: str, name: str, paging: Paging) -> Response:
    """The runs of a job, newest first."""
    node = known_job(asking.store, namespace, name)

    def ask(until: datetime | None, passed: int, most: int) -> Page:
        return asking.store.runs(job=node.id, until=until, limit=most, offset=passed)

    page, following = by_moment(ask, attrgetter("started_at"), paging)
    came = outcomes(asking.store, page.items, asking.now)
    shapes = [_shapes.run(each, came=came[each.id]) for each in page.items]
    return asking.answer({"runs": shapes, "totalCount": page.total, "next": following}, _shapes.changing(shapes))


@router.get("/namespaces/{namespace:word}/jobs/{name:word}/versions")
def versions(asking: Asking, namespace: str, name: str, paging: Paging) -> Response:
    """The versions of a job, the last used first: each a set of datasets that it read and wrote."""
    node = known_job(asking.store, namespace, name)
    page, following = by_place(versions_of(asking.store, node.id), paging)
    shapes = _with_runs(asking.store, node, page.items)
    return asking.answer({"versions": shapes, "totalCount": page.total, "next": following})


@router.get("/namespaces/{namespace:word}/jobs/{name:word}/versions/{version:word}")
def version(asking: Asking, namespace: str, name: str, version: str) -> Response:
    """One version of a job."""
    node = known_job(asking.store, namespace, name)
    found = [each for each in versions_of(asking.store, node.id) if each.id == version.lower()]
    if not found:
        raise NotFound(f"{node.id} has no version {version!r}; its versions are listed under …/versions")
    return asking.answer(_with_runs(asking.store, node, found)[0])


def shown(store: Store, node: Node, now: datetime) -> Shape:
    """A job with its latest runs and what they come to at *now*, its version and what was stated of it."""
    newest = newest_version(store, node.id)
    return described(store, [node], _LATEST, now, version=newest)[0]


def known_job(store: Store, namespace: str, name: str) -> Node:
    """The job of this name. Raises NotFound, also of one that is hidden."""
    asked = job_id(namespace, name)
    if node := store.get([asked]).get(asked):
        return seen(node)
    raise NotFound(f"no job {name!r} in namespace {namespace!r}; look for it with /api/v1/search?filter=JOB&q=…")


def described(  # noqa: PLR0913 - a question has this many sides
    store: Store,
    nodes: Sequence[Node],
    latest: int,
    now: datetime,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    version: str | None = None,
) -> list[Shape]:
    """Job objects of *nodes*, each with the *latest* of its runs that had begun by then, and their outcome at *now*."""
    edges = store.neighbours([node.id for node in nodes], "both", as_of=as_of, known_at=known_at) if nodes else ()
    reads: dict[NodeId, set[NodeId]] = {}
    writes: dict[NodeId, set[NodeId]] = {}
    for edge in edges:
        if edge.target.kind == "job":
            reads.setdefault(edge.target, set()).add(edge.source)
        else:
            writes.setdefault(edge.source, set()).add(edge.target)
    told = stated_of(store, nodes, as_of=as_of, known_at=known_at)
    runs = store.newest_runs([node.id for node in nodes], until=as_of, known_at=known_at, limit=latest)
    came = outcomes(store, chain.from_iterable(runs.values()), now)
    return [
        _shapes.job(
            node,
            reads.get(node.id, ()),
            writes.get(node.id, ()),
            runs.get(node.id, ()),
            came=came,
            told=told.get(node.id),
            version=version,
        )
        for node in nodes
    ]


def _with_runs(store: Store, node: Node, versions: Sequence[JobVersion]) -> list[Shape]:
    wanted = [version.newest for version in versions if version.newest is not None]
    runs: dict[str, Run] = {run.id: run for run in store.runs(ids=wanted, limit=len(wanted)).items} if wanted else {}
    return [_shapes.job_version(node, version, runs.get(version.newest or "")) for version in versions]


def _page(asking: Asked, namespace: str | None, states: Sequence[str] | None, part: Part) -> Response:
    wanted = [_STATES[state] for state in states] if states else None

    def ask(after: NodeId | None, passed: int, most: int) -> Page:
        return asking.store.find(kind="job", namespace=namespace, states=wanted, after=after, limit=most, offset=passed)

    page, following = by_node(ask, part)
    if not page.total and namespace is not None:
        known_namespace(asking.store, namespace)
    known = asking.store.get(node.id for node in page.items)
    nodes = [known[node.id] for node in page.items if node.id in known]
    shapes = described(asking.store, nodes, _LATEST, asking.now)
    changing = _shapes.changing(run for shape in shapes for run in shape["latestRuns"])
    return asking.answer({"jobs": shapes, "totalCount": page.total, "next": following}, changing)
