"""Which edges a job has left behind: what `lineage.views.stale` judges, asked of the store (DECISIONS 9)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from lineage.model import Graph, NodeId, Side, Use
from lineage.store.base import Store
from lineage.views import STALE_AFTER, stale

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
    """*graph* with its stale edges marked, those of *jobs* where they are given: two questions, however many jobs."""
    asked = sorted(node for node in graph.nodes if node.kind == "job" and (jobs is None or node in jobs))
    listed = _listed(store, asked, as_of, known_at)

    def is_stale(source: NodeId, target: NodeId) -> bool:
        job, dataset, side = (source, target, "output") if source.kind == "job" else (target, source, "input")
        return stale(dataset, listed.get((job, side), ()))

    return replace(graph, edges=tuple(replace(edge, stale=is_stale(edge.source, edge.target)) for edge in graph.edges))


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


def _on(uses: Iterable[Use], side: Side) -> set[NodeId]:
    return {use.dataset for use in uses if use.side == side and use.effective}
