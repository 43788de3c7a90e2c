"""Who uses data without ever sending an event: the dashboards and their like that dbt calls exposures. Pure.

A dataset names them in the facet `dbt_exposures` (OPENLINEAGE 2.3). In lineage each is a job that reads it, without
runs. Nothing of it is stored: the newest facet of the dataset is all that counts, so an exposure that it no longer
names is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from lineage.facets import read
from lineage.model import Edge, Graph, Node, NodeId, job_id

_FACET: Final = "dbt_exposures"
_JOB_TYPE: Final = (
    b'{"_producer":"urn:headwater","_schemaURL":"https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json",'
    b'"processingType":"NONE","integration":"DBT","jobType":"EXPOSURE"}'
)


class _Told(msgspec.Struct):
    name: str = ""
    type: str = ""
    unique_id: str = ""
    url: str | None = None


class _Exposures(msgspec.Struct):
    exposures: list[_Told] = []


class Exposure(NamedTuple):
    """A user of data; *job* is its name in lineage, *kind* dashboard, notebook, analysis, ml or application."""

    job: NodeId
    title: str
    kind: str
    url: str | None


def exposures(dataset: Node) -> list[Exposure]:
    """Who uses *dataset*, by name; each is called by dbt's id of it, in the dataset's namespace."""
    told = read(dataset.facets.get(_FACET), _Exposures).exposures
    found = {
        job: Exposure(job, each.name or each.unique_id, each.type, each.url)
        for each in told
        if (each.unique_id or each.name)
        for job in (job_id(dataset.id.namespace, each.unique_id or each.name),)
    }
    return [found[job] for job in sorted(found)]


def exposed(graph: Graph, depth: int) -> tuple[Graph, frozenset[NodeId]]:
    """*graph*, a walk of *depth*, with the exposures of its root and of all downstream; and which nodes these are.

    They stand as far away as a dataset beyond them would.
    """
    edges = [
        (Edge(node.canonical, one.job, node.last_at, node.last_at), one)
        for node in graph.nodes.values()
        if node.id.kind == "dataset" and 0 <= graph.hops[node.id] < depth
        for one in exposures(node)
        if one.job not in graph.nodes
    ]
    nodes: dict[NodeId, Node] = {}
    hops: dict[NodeId, int] = {}
    for edge, one in edges:
        nodes[one.job] = Node(one.job, one.job, edge.first_at, edge.last_at, dict(_facets(one)))
        hops[one.job] = min(hops.get(one.job, depth), graph.hops[edge.source] + 1)
    return (
        replace(
            graph,
            nodes={**graph.nodes, **nodes},
            edges=(*graph.edges, *(edge for edge, _ in edges)),
            hops={**graph.hops, **hops},
        ),
        frozenset(nodes),
    )


def affected(graph: Graph) -> Mapping[Exposure, int]:
    """The exposures of all datasets of *graph*, a walk downstream, with the hops of the nearest of these."""
    found: dict[Exposure, int] = {}
    for node in graph.nodes.values():
        for one in exposures(node) if node.id.kind == "dataset" else ():
            found[one] = min(found.get(one, graph.hops[node.id]), graph.hops[node.id])
    return dict(sorted(found.items(), key=lambda each: (each[1], each[0].job)))


def _facets(one: Exposure) -> Iterator[tuple[str, bytes]]:
    yield "jobType", _JOB_TYPE
    yield "documentation", msgspec.json.encode({"description": f"{one.title}, {one.kind or 'an exposure'} of dbt"})
    if one.url:
        yield "sourceCodeLocation", msgspec.json.encode({"type": "url", "url": one.url})
