"""`/column-lineage`: which columns a column, dataset or job is made of, in Marquez's shape."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api._answers import Asking, At
from lineage.api._facets import Schema
from lineage.api._shapes import Shape
from lineage.api.datasets import known_version
from lineage.api.lineage import Depth, MaxNodes
from lineage.errors import InvalidInput, NotFound
from lineage.facets import facet
from lineage.model import ColumnEdge, FieldId, Node
from lineage.names import split_node_id, split_version
from lineage.store.base import Store
from lineage.walk import MAX_NODES, ColumnGraph, walk_columns
from lineage.web import needs

router = APIRouter(prefix="/api/v1/column-lineage", tags=["lineage"], dependencies=[Depends(needs("read"))])

_FIELD = "datasetField:"


@router.get("")
def column_lineage(  # noqa: PLR0913 - a question has this many sides
    *,
    asking: Asking,
    at: At,
    node_id: Annotated[
        str,
        Query(alias="nodeId", description="dataset:NS:NAME, datasetField:NS:NAME:FIELD or job:NS:NAME; #VERSION last."),
    ],
    depth: Depth = 20,
    downstream: Annotated[
        bool, Query(alias="withDownstream", description="Also the columns that are made of these.")
    ] = False,
    max_nodes: MaxNodes = MAX_NODES,
) -> Response:
    """The columns behind the columns of a node, as the newest events tell, or those that a version was made by."""
    as_of = at.as_of
    whole, version = split_version(node_id)
    found = _fields(asking.store, node_id, as_of)
    if not found and version is not None:
        if downstream:
            raise InvalidInput(
                "withDownstream: not together with a version; leave out one of them", field="withDownstream"
            )
        as_of, found = _at_version(asking.store, whole, version)
    if not found:
        raise NotFound(f"{node_id} is not known, or has no columns; look for its name with /api/v1/search?q=…")
    graph = walk_columns(asking.store, found, "both" if downstream else "up", depth, as_of=as_of, max_nodes=max_nodes)
    return asking.answer(
        {
            "graph": _nodes(asking.store, graph, as_of),
            "truncated": graph.truncated,
            "frontier": [_word(field) for field in graph.frontier],
        }
    )


def _at_version(store: Store, node_id: str, word: str) -> tuple[datetime | None, list[FieldId]]:
    fields = _fields(store, node_id, None)
    if not fields:
        return None, []
    at = known_version(store, fields[0].dataset, word).written_at
    return at, _fields(store, node_id, at) or fields


def _fields(store: Store, node_id: str, as_of: datetime | None) -> list[FieldId]:
    """The columns that *node_id* names: one, those of a dataset, or those of all outputs of a job."""
    if node_id.startswith(_FIELD):
        return _field(store, node_id.removeprefix(_FIELD), as_of)
    candidates = split_node_id(node_id)
    known = store.get(candidates, as_of=as_of)
    root = next((candidate for candidate in candidates if candidate in known), None)
    if root is None:
        return []
    if root.kind == "dataset":
        return _columns_of(store, [known[root]], as_of)
    written = {edge.target for edge in store.neighbours([root], "down", as_of=as_of)}
    return _columns_of(store, store.get(written, as_of=as_of).values(), as_of)


def _field(store: Store, text: str, as_of: datetime | None) -> list[FieldId]:
    """A column may hold colons as a dataset may: the longest known dataset of which there is such a column."""
    cuts = [at for at, letter in enumerate(text) if letter == ":"]
    for cut in reversed(cuts):
        candidates = split_node_id(f"dataset:{text[:cut]}")
        known = store.get(candidates, as_of=as_of)
        for candidate in (each for each in candidates if each in known):
            field = FieldId(known[candidate].canonical, text[cut + 1 :])
            if field in _columns_of(store, [known[candidate]], as_of):
                return [field]
    return []


def _columns_of(store: Store, datasets: Iterable[Node], as_of: datetime | None) -> list[FieldId]:
    """The columns of *datasets*: those of their schemas, and those that column lineage names."""
    nodes = list(datasets)
    told = {FieldId(node.canonical, each.name) for node in nodes for each in facet(node.facets, Schema).fields}
    ids = [node.canonical for node in nodes]
    derived = {edge.target for _, edge in store.columns(ids, "up", as_of=as_of)} if ids else set()
    return sorted(told | derived)


def _nodes(store: Store, graph: ColumnGraph, as_of: datetime | None) -> list[Shape]:
    datasets = store.get({field.dataset for field in graph.hops}, as_of=as_of)
    types = {
        FieldId(dataset, column.name): column.type
        for dataset, node in datasets.items()
        for column in facet(node.facets, Schema).fields
    }
    into: dict[FieldId, list[ColumnEdge]] = {}
    out_of: dict[FieldId, list[ColumnEdge]] = {}
    for _, edge in graph.edges:
        into.setdefault(edge.target, []).append(edge)
        out_of.setdefault(edge.source, []).append(edge)
    return [
        {
            "id": _word(field),
            "type": "DATASET_FIELD",
            "data": _data(field, types.get(field), into.get(field, [])),
            "inEdges": _edges(into.get(field, [])),
            "outEdges": _edges(out_of.get(field, [])),
        }
        for field in sorted(graph.hops)
    ]


def _data(field: FieldId, kind: str | None, inputs: list[ColumnEdge]) -> Shape:
    first = _transformation(inputs[0]) if inputs else _transformation(None)
    return _name(field) | {
        "fieldType": kind,
        **first,
        "inputFields": [_name(edge.source) | _transformation(edge) for edge in inputs],
    }


def _name(field: FieldId) -> Shape:
    return {
        "namespace": field.dataset.namespace,
        "dataset": field.dataset.name,
        "datasetVersion": None,
        "field": field.name,
    }


def _transformation(edge: ColumnEdge | None) -> Shape:
    """Of several, the first by name stands for all, as Marquez has room for one."""
    kind, subtype, _ = edge.transformations[0] if edge and edge.transformations else (None, None, False)
    return {"transformationDescription": subtype or None, "transformationType": kind or None}


def _edges(edges: list[ColumnEdge]) -> list[Shape]:
    pairs = sorted({(_word(edge.source), _word(edge.target)) for edge in edges})
    return [{"origin": origin, "destination": destination} for origin, destination in pairs]


def _word(field: FieldId) -> str:
    return f"{_FIELD}{field.dataset.namespace}:{field.dataset.name}:{field.name}"
