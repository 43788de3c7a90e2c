"""Which jobs a coarser graph folds into which: what `lineage.views` wants to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from lineage.api._answers import Instants
from lineage.facets import facet
from lineage.hierarchy import parents, way_up
from lineage.model import Graph, Node, NodeId, run_id
from lineage.outcomes import JobType
from lineage.store.base import Store
from lineage.views import folded, of_datasets

# What runs inside an application or a task: Spark's actions, the SQL of a hook or of a dbt node (OPENLINEAGE 4.4-4.6).
_PARTS: Final = frozenset({"SQL_JOB", "RDD_JOB", "QUERY", "SQL"})


def coarse(store: Store, graph: Graph, granularity: str, at: Instants) -> Graph:
    """*graph* as *granularity* asks for it; the word job leaves it as it is."""
    match granularity:
        case "application" | "pipeline":
            return folded(graph, *_tops(store, graph, at, whole=granularity == "pipeline"))
        case "dataset":
            return of_datasets(graph)
        case "run":
            return _of_runs(store, graph, at)
        case _:
            return graph


def _tops(store: Store, graph: Graph, at: Instants, *, whole: bool) -> tuple[dict[NodeId, NodeId], dict[NodeId, Node]]:
    """Of each job in *graph* the one that it is drawn as, and the nodes of those.

    That is the first above it that is no part, or with *whole* the last: the DAG, the application that nothing runs.
    """
    jobs = [node for node in graph.nodes if node.kind == "job"]
    over = parents(store, jobs, as_of=at.as_of, known_at=at.known_at)
    fresh = (set(over) | set(over.values())) - graph.nodes.keys()
    known = {**graph.nodes, **(store.get(fresh, as_of=at.as_of, known_at=at.known_at) if fresh else {})}
    into = {job: top for job in jobs if (top := _top(job, over, known, whole=whole)) != job and top in known}
    return into, {top: known[top] for top in into.values()}


def _top(job: NodeId, over: Mapping[NodeId, NodeId], known: Mapping[NodeId, Node], *, whole: bool) -> NodeId:
    for above in way_up(job, over):
        if not (whole or _is_part(known.get(job), known.get(above))):
            break
        job = above
    return job


def _is_part(node: Node | None, above: Node | None) -> bool:
    """Whether a job is a query of what stands *above* it, or the application that an orchestrator's task started."""
    return _kind(node) in _PARTS or (_kind(node) == "APPLICATION" and _kind(above) == "TASK")


def _kind(node: Node | None) -> str | None:
    return facet(node.facets, JobType).job_type if node is not None else None


def _of_runs(store: Store, graph: Graph, at: Instants) -> Graph:
    """*graph* with the newest run of each job for it, and of the edges those that are the run's own."""
    jobs = [node for node in graph.nodes if node.kind == "job"]
    runs = store.newest_runs(jobs, until=at.as_of, known_at=at.known_at)
    newest = {job: found[0] for job, found in runs.items()}
    into = {job: run_id(run.id) for job, run in newest.items()}
    known = {
        of: Node(of, of, run.started_at or run.last_at, run.last_at)
        for of, run in zip(into.values(), newest.values(), strict=True)
    }
    drawn = folded(graph, into, known)
    uses = (use for run in newest.values() for use in store.uses(run=run.id, until=at.as_of, known_at=at.known_at))
    own = {
        (run_id(use.run), use.dataset) if use.side == "output" else (use.dataset, run_id(use.run)): use.made_of
        for use in uses
        if use.effective and use.run is not None
    }
    stated = set(graph.nodes) - newest.keys()  # jobs that only JobEvents know keep theirs
    edges = tuple(
        replace(edge, made_of=own.get((edge.source, edge.target), edge.made_of))
        for edge in drawn.edges
        if (edge.source, edge.target) in own or (edge.source in stated and edge.target in stated)
    )
    return replace(drawn, edges=edges)
