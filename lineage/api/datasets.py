"""`/namespaces/{ns}/datasets`: datasets as they are now, and the versions that runs made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asking, known_namespace, seen
from lineage.api._columns import column, source
from lineage.api._paging import Paging, by_moment, by_node
from lineage.api._shapes import Shape
from lineage.api._stated import stated_of
from lineage.errors import NotFound
from lineage.model import FacetRecord, Node, NodeId, Page, Version, dataset_id
from lineage.names import run_key
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(
    prefix="/api/v1/namespaces/{namespace:word}/datasets", tags=["datasets"], dependencies=[Depends(needs("read"))]
)

_SCAN = 1_000  # versions looked through at a time for an explicit version
_MOMENT = timedelta(microseconds=1)


@router.get("")
def datasets(asking: Asking, namespace: str, paging: Paging) -> Response:
    """The datasets of a namespace, by name, under the names that events gave them."""

    def ask(after: NodeId | None, passed: int, most: int) -> Page:
        return asking.store.find(kind="dataset", namespace=namespace, after=after, limit=most, offset=passed)

    page, following = by_node(ask, paging)
    if not page.total:
        known_namespace(asking.store, namespace)
    known = asking.store.get(node.id for node in page.items)
    nodes = [known[node.id] for node in page.items if node.id in known]
    told = stated_of(asking.store, nodes)
    newest = asking.store.newest_versions(known)
    shapes = [_shapes.dataset(node, newest.get(node.id), None, told.get(node.id)) for node in nodes]
    return asking.answer({"datasets": shapes, "totalCount": page.total, "next": following})


@router.get("/{name:word}")
def dataset(asking: Asking, namespace: str, name: str) -> Response:
    """One dataset, with its column lineage."""
    return asking.answer(shown(asking.store, known_dataset(asking.store, namespace, name)))


@router.get("/{name:word}/versions")
def versions(asking: Asking, namespace: str, name: str, paging: Paging) -> Response:
    """The versions of a dataset, newest first; `delivered` tells which of them a run completed."""
    node = known_dataset(asking.store, namespace, name)

    def ask(_until: datetime | None, passed: int, most: int) -> Page:
        return asking.store.versions(node.id, limit=most, offset=passed)

    page, following = by_moment(ask, lambda _: None, paging)
    shapes = list(_with_facets(asking.store, node, page.items))
    return asking.answer({"versions": shapes, "totalCount": page.total, "next": following})


@router.get("/{name:word}/versions/{version:word}")
def version(asking: Asking, namespace: str, name: str, version: str) -> Response:
    """One version, by the word of its version facet or by the run that wrote it."""
    node = known_dataset(asking.store, namespace, name)
    found = known_version(asking.store, node.id, version)
    return asking.answer(next(_with_facets(asking.store, node, [found])))


def shown(store: Store, node: Node) -> Shape:
    """A dataset with its column lineage, and what was stated of it."""
    told = stated_of(store, [node]).get(node.id)
    return _shapes.dataset(node, store.newest_versions([node.id]).get(node.id), _columns(store, node.canonical), told)


def known_dataset(store: Store, namespace: str, name: str) -> Node:
    """The dataset of this name. Raises NotFound, also of one that is hidden."""
    asked = dataset_id(namespace, name)
    if node := store.get([asked]).get(asked):
        return seen(node)
    raise NotFound(
        f"no dataset {name!r} in namespace {namespace!r}; look for it with /api/v1/search?filter=DATASET&q=…"
    )


def known_version(store: Store, dataset: NodeId, word: str) -> Version:
    """The version that *word* names, newest first where a word was used twice. Raises NotFound."""
    for found in _candidates(store, dataset, word):
        if word == found.explicit or run_key(word) == found.run.id:
            return found
    raise NotFound(f"{dataset} has no version {word!r}; its versions are listed under …/versions")


def _candidates(store: Store, dataset: NodeId, word: str) -> Iterator[Version]:
    key = run_key(word)
    for run in store.runs(ids=[key]).items if key else ():
        # A version is written at its run's end or at an observation within it: look there first.
        began, ended = run.started_at or run.last_at, max(run.ended_at or run.last_at, run.last_at)
        yield from store.versions(dataset, since=began - _MOMENT, until=ended, limit=_SCAN).items
    total, offset = 1, 0
    while offset < total:
        page = store.versions(dataset, limit=_SCAN, offset=offset)
        total, offset = page.total, offset + _SCAN
        yield from page.items


def _with_facets(store: Store, node: Node, versions: Iterable[Version]) -> Iterator[Shape]:
    dataset, found = node.id, list(versions)
    if not found:
        return
    told = stated_of(store, [node]).get(node.id)
    began = min(version.run.started_at or version.written_at for version in found)
    ended = max(max(version.written_at, version.run.last_at) for version in found)
    given: dict[str | None, list[FacetRecord]] = {}
    for record in store.facet_history(dataset, side=None, since=began - _MOMENT, until=ended):
        given.setdefault(record.run, []).append(record)
    for version in found:
        yield _shapes.dataset_version(dataset, version, _shapes.newest(given.get(version.run.id, ())), told)


def _columns(store: Store, dataset: NodeId) -> list[Shape]:
    inputs: dict[str, list[Shape]] = {}
    for _, edge in store.columns([dataset], "up"):
        inputs.setdefault(column(edge.target)["field"], []).append(source(edge))
    return [{"name": name, "inputFields": fields} for name, fields in sorted(inputs.items())]
