"""Which edges a job has left behind, and which may lack others beside them: what `lineage.views` judges, asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from lineage.model import Edge, Graph, NodeId, Side, Use, run_id
from lineage.store.base import Store
from lineage.views import STALE_AFTER, incomplete, stale

_LOOKED_AT: Final = 3 * STALE_AFTER  # COMPLETE runs of a job, newest first: some list nothing on a side
_SIDES: Final[tuple[Side, ...]] = ("input", "output")


def marked(
    store: Store,
    graph: Graph,
    *,
    jobs: Collection[NodeId] | None = None,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> Graph:
    """*graph* with its stale and incomplete edges marked, those of *jobs* where they are given.

    Four questions, however many jobs.
    """
    asked = sorted(node for node in graph.nodes if node.kind == "job" and (jobs is None or node in jobs))
    listed = _listed(store, asked, as_of, known_at)
    unread = _unread(store, asked, as_of, known_at)

    def mark(edge: Edge) -> Edge:
        of_job = edge.source.kind == "job"
        job, dataset, side = (edge.source, edge.target, "output") if of_job else (edge.target, edge.source, "input")
        return replace(edge, stale=stale(dataset, listed.get((job, side), ())), incomplete=job in unread)

    return replace(graph, edges=tuple(map(mark, graph.edges)))


def _listed(
    store: Store, jobs: Collection[NodeId], as_of: datetime | None, known_at: datetime | None
) -> dict[tuple[NodeId, str], list[set[NodeId]]]:
    """The datasets that the newest COMPLETE runs of each job listed on a side, newest run first, none left empty."""
    newest = store.newest_runs(jobs, states=["COMPLETE"], until=as_of, known_at=known_at, limit=_LOOKED_AT)
    uses = store.uses_of((run.id for runs in newest.values() for run in runs), until=as_of, known_at=known_at)
    return {
        (job, side): [found for run in runs if (found := _on(uses.get(run.id, ()), side))]
        for job, runs in newest.items()
        for side in _SIDES
    }


def _unread(store: Store, jobs: Collection[NodeId], as_of: datetime | None, known_at: datetime | None) -> set[NodeId]:
    """Those of *jobs* of whose newest run the producer could not read all."""
    newest = store.newest_runs(jobs, until=as_of, known_at=known_at)
    by_run = {run_id(run.id): job for job, runs in newest.items() for run in runs}
    told = store.newest_facets(by_run, ["extractionError"], until=as_of, known_at=known_at)
    return {by_run[run] for run, facets in told.items() if incomplete(facets)}


def _on(uses: Iterable[Use], side: Side) -> set[NodeId]:
    return {use.dataset for use in uses if use.side == side and use.effective}
