"""`/lineage`: the graph round a dataset or job, in Marquez's shape."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asked, Asking, At, Instants, Naming, one_of, seen, wanted
from lineage.api._coarse import coarse
from lineage.api._shapes import Shape
from lineage.api._stated import stated_of
from lineage.api.jobs import described
from lineage.errors import InvalidInput
from lineage.exposures import exposed
from lineage.model import Direction, Edge, Graph, NodeId, Run, run_id
from lineage.outcomes import outcomes
from lineage.staleness import marked
from lineage.walk import MAX_NODES, walk
from lineage.web import choice, needs

router = APIRouter(prefix="/api/v1/lineage", tags=["lineage"], dependencies=[Depends(needs("read"))])

GRANULARITIES = ("job", "application", "pipeline", "dataset", "run")

Depth = Annotated[int, Query(ge=0, le=10_000, description="Datasets away from the root; a job's own are 1 away.")]
MaxNodes = Annotated[int, Query(ge=1, le=10_000, alias="maxNodes", description="Nodes at which the answer is cut.")]


@router.get("")
def lineage(  # noqa: PLR0913 - a question has this many sides
    *,
    asking: Asking,
    naming: Naming,
    at: At,
    depth: Depth = 20,
    direction: Annotated[
        str,
        Query(
            description="up: where it came from; down: where it goes; both.",
            json_schema_extra=one_of("up", "down", "both"),
        ),
    ] = "both",
    lookback: Annotated[
        timedelta | None, Query(description="Only what was observed so long before asOf, as P28D or in seconds.")
    ] = None,
    max_nodes: MaxNodes = MAX_NODES,
    granularity: Annotated[
        str,
        Query(
            description="job: as told; application: queries folded into what ran them, and that into the task that "
            "started it; pipeline: all into the DAG or application at the top; dataset: no jobs; run: newest runs.",
            json_schema_extra=one_of(*GRANULARITIES),
        ),
    ] = "job",
    marks: Annotated[
        bool,
        Query(
            description="Mark edges that a job's last three complete runs left behind (`stale`), and those of jobs of "
            "whose newest run the producer could not read all (`incomplete`: there may be others)."
        ),
    ] = False,
) -> Response:
    """What the root came of and what came of it. With `truncated`, go on from the nodes of `frontier`.

    Where explicit lineage says what a job made a dataset of, the edge from the job has `madeOf`, the ids of those
    datasets: the dataset came of no other that the job reads. Without it, it came of all of them.

    What dbt calls exposures, dashboards for instance, end the way down as jobs of `jobType` EXPOSURE, without runs.
    """
    way = direction_of(direction)
    level = choice(granularity.lower(), GRANULARITIES, "granularity")
    root = wanted(naming)
    known = asking.store.get(root.candidates, as_of=at.as_of, known_at=at.known_at)
    graph = walk(
        asking.store,
        seen(known[root.among(known)], "nodeId").id,
        way,
        depth,
        as_of=at.as_of,
        known_at=at.known_at,
        lookback=lookback,
        max_nodes=max_nodes,
    )
    if marks:
        graph = marked(asking.store, graph, as_of=at.as_of, known_at=at.known_at)
    graph, ends = (graph, frozenset()) if way == "up" else exposed(graph, depth)
    graph = coarse(asking.store, graph, level, at)
    nodes = _nodes(asking, graph, at, ends)
    body = {"graph": nodes, "truncated": graph.truncated, "frontier": [str(node) for node in graph.frontier]}
    return asking.answer(body, _shapes.changing(_runs_in(nodes)))


def direction_of(word: str) -> Direction:
    """The direction that *word* names. Raises InvalidInput."""
    match word.lower():
        case "up":
            return "up"
        case "down":
            return "down"
        case "both":
            return "both"
    raise InvalidInput(f"direction: {word!r} is none of up, down, both", field="direction")


def _nodes(asking: Asked, graph: Graph, at: Instants, ends: Collection[NodeId]) -> list[Shape]:
    into, out_of = edges_by_end((str(edge.source), str(edge.target)) for edge in graph.edges)
    more = {(str(edge.source), str(edge.target)): _more(edge) for edge in graph.edges if _more(edge)}
    for edge in chain.from_iterable(into.values()):  # one object stands at both ends
        edge.update(more.get((edge["origin"], edge["destination"]), {}))
    jobs = [node for node in graph.nodes.values() if node.id.kind == "job" and node.id not in ends]
    now = at.as_of or asking.now
    shapes = described(asking.store, jobs, 1, now, as_of=at.as_of, known_at=at.known_at)
    data = {job.id: shape for job, shape in zip(jobs, shapes, strict=True)}
    reads: dict[NodeId, list[NodeId]] = {end: [] for end in ends if end in graph.nodes}
    for reading in graph.edges:
        if reading.target in reads:
            reads[reading.target].append(reading.source)
    data |= {end: _shapes.job(graph.nodes[end], of, (), (), came={}) for end, of in reads.items()}
    runs = [node.name for node in graph.nodes if node.kind == "run"]
    found: Sequence[Run] = asking.store.runs(ids=runs, known_at=at.known_at, limit=len(runs)).items if runs else ()
    came = outcomes(asking.store, found, now)
    data |= {run_id(run.id): _shapes.run(run, came=came[run.id]) for run in found}
    datasets = [node for node in graph.nodes.values() if node.id.kind == "dataset"]
    told = stated_of(asking.store, datasets, as_of=at.as_of, known_at=at.known_at)
    data |= {node.id: _shapes.dataset(node, told=told.get(node.id)) for node in datasets}
    return [
        {
            "id": str(node),
            "type": node.kind.upper(),
            "data": data[node],
            "inEdges": into.get(str(node), []),
            "outEdges": out_of.get(str(node), []),
        }
        for node in sorted(data)
    ]


def _runs_in(nodes: Iterable[Shape]) -> Iterator[Shape]:
    for node in nodes:
        yield from node["data"].get("latestRuns", ())
        if node["type"] == "RUN":
            yield node["data"]


def _more(edge: Edge) -> Shape:
    """What Marquez's edges do not tell."""
    made_of = {} if edge.made_of is None else {"madeOf": [str(source) for source in edge.made_of]}
    marks = {"stale": edge.stale, "incomplete": edge.incomplete}
    return made_of | {word: True for word, holds in marks.items() if holds}


def edges_by_end(edges: Iterable[tuple[str, str]]) -> tuple[dict[str, list[Shape]], dict[str, list[Shape]]]:
    """Marquez's inEdges and outEdges by node id; an edge goes where the data goes."""
    into: dict[str, list[Shape]] = {}
    out_of: dict[str, list[Shape]] = {}
    for origin, destination in sorted(edges):
        edge = {"origin": origin, "destination": destination}
        into.setdefault(destination, []).append(edge)
        out_of.setdefault(origin, []).append(edge)
    return into, out_of
