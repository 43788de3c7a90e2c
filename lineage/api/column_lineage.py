"""`/column-lineage`: which columns a column, dataset or job is made of, in Marquez's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api._answers import Asking, At, Instants
from lineage.api._columns import column, source, transformation
from lineage.api._facets import Schema
from lineage.api._shapes import Shape
from lineage.api.datasets import known_version
from lineage.api.lineage import Depth, MaxNodes, edges_by_end
from lineage.errors import InvalidInput, NotFound
from lineage.facets import facet
from lineage.model import WHOLE, ColumnEdge, FieldId, Node, NodeId
from lineage.names import split_node_id, split_version
from lineage.store.base import Store
from lineage.tagging import inherited, tagged
from lineage.views import unresolved
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
    """The columns behind the columns of a node, as the newest events tell, or those that a version was made by.

    What affects every column of a dataset, as a filter or a join does, is said once: a node of type DATASET stands for
    all columns of its dataset (`field` is `*`), what affects them leads to it, and it leads to each of them that is in
    the answer. So a column is made of its own `inputFields` and of those of its dataset's node. Beside Marquez's keys,
    an input tells `masking`, and a column `unresolved` when the schema of its dataset does not know it. `tags` are the
    column's own; `inheritedTags` are those of columns in the answer of whose values it is made, unmasked, with the ids
    of these columns. Where there is nothing to tell, these are left out.
    """
    whole, version = split_version(node_id)
    found = _fields(asking.store, node_id, at)
    if not found and version is not None:
        if downstream:
            raise InvalidInput(
                "withDownstream: not together with a version; leave out one of them", field="withDownstream"
            )
        at, found = _at_version(asking.store, whole, version, at)
    if not found:
        raise NotFound(f"{node_id} is not known, or has no columns; look for its name with /api/v1/search?q=…")
    graph = walk_columns(
        asking.store,
        found,
        "both" if downstream else "up",
        depth,
        as_of=at.as_of,
        known_at=at.known_at,
        max_nodes=max_nodes,
    )
    return asking.answer(
        {
            "graph": _nodes(asking.store, graph, at),
            "truncated": graph.truncated,
            "frontier": [_word(field) for field in graph.frontier],
        }
    )


def _at_version(store: Store, node_id: str, word: str, at: Instants) -> tuple[Instants, list[FieldId]]:
    fields = _fields(store, node_id, replace(at, as_of=None))
    if not fields:
        return at, []
    at = replace(at, as_of=known_version(store, fields[0].dataset, word).written_at)
    return at, _fields(store, node_id, at) or fields


def _fields(store: Store, node_id: str, at: Instants) -> list[FieldId]:
    """The columns that *node_id* names: one, those of a dataset, or those of all outputs of a job."""
    if node_id.startswith(_FIELD):
        return _field(store, node_id.removeprefix(_FIELD), at)
    candidates = split_node_id(node_id)
    known = _known(store, candidates, at)
    root = next((candidate for candidate in candidates if candidate in known), None)
    if root is None:
        return []
    if root.kind == "dataset":
        return _columns_of(store, [known[root]], at)
    written = {edge.target for edge in store.neighbours([root], "down", as_of=at.as_of, known_at=at.known_at)}
    return _columns_of(store, _known(store, written, at).values(), at)


def _field(store: Store, text: str, at: Instants) -> list[FieldId]:
    """A column may hold colons as a dataset may: the longest known dataset of which there is such a column."""
    cuts = [place for place, letter in enumerate(text) if letter == ":"]
    for cut in reversed(cuts):
        candidates = split_node_id(f"dataset:{text[:cut]}")
        known = _known(store, candidates, at)
        for candidate in (each for each in candidates if each in known and text[cut + 1 :] != WHOLE):
            field = FieldId(known[candidate].canonical, text[cut + 1 :])
            if field in _of_schema(known[candidate]) or field in _named(store, field, at):
                return [field]
    return []


def _columns_of(store: Store, datasets: Iterable[Node], at: Instants) -> list[FieldId]:
    """The columns of *datasets*: those of their schemas, and those that column lineage makes, WHOLE among them."""
    nodes = list(datasets)
    ids = [node.canonical for node in nodes]
    edges = store.columns(ids, "up", as_of=at.as_of, known_at=at.known_at) if ids else ()
    return sorted({edge.target for _, edge in edges}.union(*map(_of_schema, nodes)))


def _of_schema(node: Node) -> set[FieldId]:
    return {FieldId(node.canonical, each.name) for each in facet(node.facets, Schema).fields}


def _named(store: Store, field: FieldId, at: Instants) -> set[FieldId]:
    edges = store.columns([field], "both", as_of=at.as_of, known_at=at.known_at)
    return {end for _, edge in edges for end in (edge.source, edge.target)}


def _known(store: Store, ids: Iterable[NodeId], at: Instants) -> dict[NodeId, Node]:
    return store.get(ids, as_of=at.as_of, known_at=at.known_at)


def _nodes(store: Store, graph: ColumnGraph, at: Instants) -> list[Shape]:
    words = {field: _word(field) for field in graph.hops}
    inputs: dict[FieldId, list[ColumnEdge]] = {}
    for _, edge in graph.edges:
        inputs.setdefault(edge.target, []).append(edge)
    wholes = {field.dataset: words[field] for field in inputs if field.name == WHOLE}
    ends = {(words[edge.source], words[edge.target]) for _, edge in graph.edges}
    ends |= {(wholes[to.dataset], words[to]) for to in graph.hops if to.dataset in wholes and to.name != WHOLE}
    into, out_of = edges_by_end(ends)
    known = _known(store, {field.dataset for field in graph.hops}, at)
    schemas = {
        dataset: {each.name: each.type for each in facet(node.facets, Schema).fields} for dataset, node in known.items()
    }
    lost = _unresolved(inputs, schemas)
    tags = tagged(store, known.values(), as_of=at.as_of, known_at=at.known_at)
    came = inherited((edge for _, edge in graph.edges), {field: tags[field] for field in tags.keys() & words.keys()})
    return [
        {
            "id": words[field],
            "type": "DATASET" if field.name == WHOLE else "DATASET_FIELD",
            "data": _data(field, schemas, inputs.get(field, []))
            | ({"unresolved": True} if field in lost else {})
            | _tags(tags.get(field), came.get(field), words),
            "inEdges": into.get(words[field], []),
            "outEdges": out_of.get(words[field], []),
        }
        for field in sorted(graph.hops)
    ]


_Schemas = Mapping[NodeId, Mapping[str, str | None]]  # of each dataset, types by column


def _unresolved(made: Iterable[FieldId], schemas: _Schemas) -> set[FieldId]:
    named: dict[NodeId, list[str]] = {}
    for field in made:
        if field.name != WHOLE:
            named.setdefault(field.dataset, []).append(field.name)
    return {
        FieldId(dataset, name)
        for dataset, names in named.items()
        for name in unresolved(names, schemas.get(dataset, {}))
    }


def _data(field: FieldId, schemas: _Schemas, inputs: list[ColumnEdge]) -> Shape:
    return column(field) | {
        "fieldType": schemas.get(field.dataset, {}).get(field.name),
        **transformation(inputs[0] if inputs else None),
        "inputFields": [source(edge) for edge in inputs],
    }


def _tags(
    own: list[str] | None, came: Mapping[str, set[FieldId]] | None, words: Mapping[FieldId, str]
) -> dict[str, object]:
    shape: dict[str, object] = {} if own is None else {"tags": own}
    if came is not None:
        shape["inheritedTags"] = [
            {"tag": tag, "from": sorted(words[field] for field in of)} for tag, of in sorted(came.items())
        ]
    return shape


def _word(field: FieldId) -> str:
    dataset = field.dataset
    return str(dataset) if field.name == WHOLE else f"{_FIELD}{dataset.namespace}:{dataset.name}:{field.name}"
