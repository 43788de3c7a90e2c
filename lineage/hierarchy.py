"""Where a job stands: what it runs in, what runs in it, what it waits for and what waits for it.

DAG, task, application and query are told by runs that name their parent; a job stands where its newest run did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from lineage.model import NodeId, Run, Use, run_id
from lineage.store.base import Store

LEVELS: Final = 8  # no producer nests deeper; a circle of parents ends there
_RUNS: Final = 10  # of the newest runs of a job, so that a command that does something else each time is known whole
_CHILDREN: Final = 200  # of each of them
_SHARED: Final = 1_000  # children of one run


class Place(NamedTuple):
    """Where a job stands: *above* from its parent to the root, *below* the jobs that ran in its newest runs.

    *before* are the jobs it waits for, *after* those that wait for it: control flow, which need not move data.
    """

    above: tuple[NodeId, ...]
    below: tuple[NodeId, ...]
    before: tuple[NodeId, ...]
    after: tuple[NodeId, ...]


class Share(NamedTuple):
    """What one job did within a run: its newest *runs* there, and what any of them really read and wrote."""

    job: NodeId
    runs: tuple[Run, ...]
    reads: tuple[NodeId, ...]
    writes: tuple[NodeId, ...]


def place(store: Store, job: NodeId, *, as_of: datetime | None = None, known_at: datetime | None = None) -> Place:
    """The place of *job*."""
    over = parents(store, [job], as_of=as_of, known_at=known_at)
    newest = store.newest_runs([job], until=as_of, known_at=known_at, limit=_RUNS).get(job, [])
    under = store.newest_runs(
        [run_id(run.id) for run in newest], until=as_of, known_at=known_at, limit=_CHILDREN
    ).values()
    waits = store.dependencies([job], as_of=as_of, known_at=known_at)
    return Place(
        above=way_up(job, over),
        below=tuple(sorted({child.job for found in under for child in found} - {job})),
        before=tuple(upstream for upstream, downstream in waits if downstream == job),
        after=tuple(downstream for upstream, downstream in waits if upstream == job),
    )


def shares(store: Store, run: Run, *, until: datetime | None = None) -> list[Share]:
    """What ran in *run*, job by job, the one that ran last first: the queries of a task, the batches of a stream.

    Of very many children the newest thousand speak.
    """
    children = store.newest_runs([run_id(run.id)], until=until, limit=_SHARED).get(run_id(run.id), [])
    uses = store.uses_of([child.id for child in children], until=until)
    by_job: dict[NodeId, list[Run]] = {}
    for child in children:
        by_job.setdefault(child.job, []).append(child)
    return [
        Share(job, tuple(runs), *(tuple(sorted(_used(uses, runs, side))) for side in ("input", "output")))
        for job, runs in by_job.items()
    ]


def _used(uses: Mapping[str, Sequence[Use]], runs: Iterable[Run], side: str) -> set[NodeId]:
    return {use.dataset for run in runs for use in uses.get(run.id, ()) if use.effective and use.side == side}


def parents(
    store: Store, jobs: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
) -> dict[NodeId, NodeId]:
    """The job right above each of *jobs*, and above those in turn; two questions a level.

    Runs are linked by their ids, and the names that a child gives its parent are labels only (OPENLINEAGE 3.3, 21). A
    parent that never spoke for itself stands under the root that its child named.
    """
    over: dict[NodeId, NodeId] = {}
    roots: dict[NodeId, NodeId] = {}  # of a parent, the root that a child named beside it
    here = set(jobs)
    for _ in range(LEVELS):
        found = store.newest_runs(sorted(here), until=as_of, known_at=known_at)
        named = {id_ for runs in found.values() for id_ in (runs[0].parent_run, runs[0].root_run) if id_}
        known = _by_id(store, named, known_at)
        for job in sorted(here):
            parent = roots.get(job)
            if runs := found.get(job):
                parent = _job(known, runs[0].parent_run, runs[0].parent_job) or parent
                root = _job(known, runs[0].root_run, runs[0].root_job)
                if parent is not None and root is not None:
                    roots.setdefault(parent, root)
            if parent is not None and parent != job:
                over[job] = parent
        here = {over[job] for job in here if job in over} - over.keys()
        if not here:
            break
    return over


def way_up(job: NodeId, over: Mapping[NodeId, NodeId]) -> tuple[NodeId, ...]:
    """The jobs above *job*, its parent first; where they go round, each once."""
    found: dict[NodeId, None] = {job: None}
    while job in over and over[job] not in found:
        job = over[job]
        found[job] = None
    return tuple(found)[1:]


def _by_id(store: Store, ids: set[str], known_at: datetime | None) -> dict[str, Run]:
    return {run.id: run for run in store.runs(ids=sorted(ids), known_at=known_at, limit=len(ids)).items} if ids else {}


def _job(known: Mapping[str, Run], run: str | None, named: NodeId | None) -> NodeId | None:
    return known[run].job if run is not None and run in known else named
