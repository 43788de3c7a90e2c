"""Which jobs a coarser graph folds into which, and the marks on its edges: what `lineage.views` wants to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from lineage.api._answers import Instants
from lineage.model import Graph, Node, NodeId, Run, Side, Use, run_id
from lineage.store.base import Store
from lineage.views import folded, of_datasets, stale

# What runs inside an application or a task: Spark's actions, the SQL of a hook or of a dbt node (OPENLINEAGE 4.4-4.6).
_PARTS: Final = frozenset({"SQL_JOB", "RDD_JOB", "QUERY", "SQL"})
_LEVELS_MAX: Final = 8
_USES_MAX: Final = 200  # of a job, newest first: enough to find its last three COMPLETE runs
_ANY: Final = msgspec.json.Decoder()


def coarse(store: Store, graph: Graph, granularity: str, at: Instants) -> Graph:
    """*graph* as *granularity* asks for it; the word job leaves it as it is."""
    match granularity:
        case "application":
            return folded(graph, *_applications(store, graph, at))
        case "dataset":
            return of_datasets(graph)
        case "run":
            return _of_runs(store, graph, at)
        case _:
            return graph


def job_type(node: Node | None) -> Mapping[str, Any]:
    """The content of a job's jobType facet; empty without one."""
    raw = node.facets.get("jobType") if node is not None else None
    found = _ANY.decode(raw) if raw else {}
    return found if isinstance(found, dict) else {}


def _applications(store: Store, graph: Graph, at: Instants) -> tuple[dict[NodeId, NodeId], dict[NodeId, Node]]:
    """Of each part in *graph* the first job above it that is none, and the nodes of those."""
    known = dict(graph.nodes)
    above: dict[NodeId, NodeId] = {}
    here = [node for node in graph.nodes if _is_part(known[node])]
    for _ in range(_LEVELS_MAX):
        found = {job: parent for job in here if (parent := _parent(store, job, at)) is not None}
        above |= found
        fresh = set(found.values()) - known.keys()
        known |= store.get(fresh, as_of=at.as_of, known_at=at.known_at) if fresh else {}
        here = sorted({job for job in found.values() if job in known and _is_part(known[job])} - above.keys())
    into = {node: top for node in graph.nodes if node in above and (top := _top(node, above)) in known}
    return into, {top: known[top] for top in into.values()}


def _of_runs(store: Store, graph: Graph, at: Instants) -> Graph:
    """*graph* with the newest run of each job for it, and of the edges those that are the run's own."""
    newest = {job: run for job in graph.nodes if job.kind == "job" and (run := _newest(store, job, at)) is not None}
    into = {job: run_id(run.id) for job, run in newest.items()}
    known = {
        of: Node(of, of, run.started_at or run.last_at, run.last_at)
        for of, run in zip(into.values(), newest.values(), strict=True)
    }
    drawn = folded(graph, into, known)
    uses = (use for run in newest.values() for use in store.uses(run=run.id, until=at.as_of, known_at=at.known_at))
    own = {
        (run_id(use.run), use.dataset) if use.side == "output" else (use.dataset, run_id(use.run))
        for use in uses
        if use.effective and use.run is not None
    }
    stated = set(graph.nodes) - newest.keys()  # jobs that only JobEvents know keep theirs
    edges = tuple(e for e in drawn.edges if (e.source, e.target) in own or (e.source in stated and e.target in stated))
    return replace(drawn, edges=edges)


def _is_part(node: Node) -> bool:
    return node.id.kind == "job" and job_type(node).get("jobType") in _PARTS


def _parent(store: Store, job: NodeId, at: Instants) -> NodeId | None:
    newest = _newest(store, job, at)
    return newest.parent_job if newest is not None and newest.parent_job != job else None


def _newest(store: Store, job: NodeId, at: Instants) -> Run | None:
    runs: Sequence[Run] = store.runs(job=job, until=at.as_of, known_at=at.known_at, limit=1).items
    return runs[0] if runs else None


def _top(job: NodeId, above: Mapping[NodeId, NodeId]) -> NodeId:
    passed = {job}
    while job in above and above[job] not in passed:
        job = above[job]
        passed.add(job)
    return job


def marked(store: Store, graph: Graph, at: Instants) -> Graph:
    """*graph* with its stale edges marked: two questions a job."""
    listed = {job: _listed(store, job, at.as_of, at.known_at) for job in sorted(graph.nodes) if job.kind == "job"}

    def is_stale(source: NodeId, target: NodeId) -> bool:
        job, dataset, side = (source, target, "output") if source.kind == "job" else (target, source, "input")
        return stale(dataset, listed.get(job, {}).get(side, ()))

    return replace(graph, edges=tuple(replace(edge, stale=is_stale(edge.source, edge.target)) for edge in graph.edges))


def _listed(
    store: Store, job: NodeId, as_of: datetime | None, known_at: datetime | None
) -> dict[str, list[set[NodeId]]]:
    uses = store.uses(job=job, until=as_of, known_at=known_at, limit=_USES_MAX)
    names = {use.run for use in uses if use.run is not None}
    runs: Iterable[Run] = store.runs(ids=names, until=as_of, known_at=known_at, limit=len(names)).items if names else ()
    completed = [run.id for run in runs if run.state == "COMPLETE"]  # the newest first
    sides: tuple[Side, ...] = ("input", "output")
    return {side: [found for run in completed if (found := _of(uses, run, side))] for side in sides}


def _of(uses: Iterable[Use], run: str, side: Side) -> set[NodeId]:
    return {use.dataset for use in uses if use.run == run and use.side == side and use.effective}
