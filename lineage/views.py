"""What holds only while it is read: lost runs, repaired tasks, marks of edges, coarser graphs. Pure; `now` is given.

None of it is ever stored (DECISIONS 5 and 9): a late event, or an hour more, and the same rows say something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final, Literal, NamedTuple

import msgspec

from lineage.facets import facet
from lineage.model import TERMINAL, Edge, Graph, Node, NodeId, Run, RunState
from lineage.projection.columns import is_column

Seen = RunState | Literal["LOST"]

OVERDUE: Final = 3  # times the expected duration, or the interval between beats (OPENLINEAGE 4.2)
PATIENCE: Final = timedelta(hours=6)  # a run may take this long whatever others took, and be silent this long
SHORTEST: Final = timedelta(minutes=1)  # for which a stream may be silent: what it says as it begins is no rhythm
STALE_AFTER: Final = 3  # COMPLETE runs without it (DECISIONS 9)
REASON: Final = 200  # characters of a foreign message

# Airflow's word for a task of a DAG run that has ended. What was skipped did as it should; what was not tried, did not.
_TASKS: Final[Mapping[str, RunState]] = {
    "success": "COMPLETE", "skipped": "COMPLETE", "failed": "FAIL", "upstream_failed": "ABORT", "removed": "ABORT",
}  # fmt: skip


class Around(NamedTuple):
    """What is known round a run that has no end.

    *parent* and *root* are the runs above it; *newer* tells that its job began again under the same parent. *task* is
    Airflow's word for its task, once the DAG run has ended. *durations_s* are those of its job's last COMPLETE runs.
    *beats* are the times of the newest events of a *streaming* run or a service.
    """

    parent: Run | None = None
    root: Run | None = None
    newer: bool = False
    task: str | None = None
    durations_s: Sequence[float] = ()
    streaming: bool = False
    beats: Sequence[datetime] = ()


Mark = Literal["", "replaced", "repaired", "closed", "silent", "lost"]


class Outcome(NamedTuple):
    """What a run comes to at the moment of reading, and why, in a sentence; empty when its own events say so.

    *mark* says by which rule: a newer try replaced it; Airflow's word for the task repaired it; what it ran in closed
    without it; a stream fell silent; or it took too long, and is lost.
    """

    state: Seen
    why: str = ""
    mark: Mark = ""


def outcome(run: Run, around: Around, now: datetime) -> Outcome:
    """The state of *run* at *now* by OPENLINEAGE 4.2. LOST is no success, and no failure either: nobody knows.

    A run's own end always counts. Without one: a newer try replaces it; Airflow's word for the task decides; a run
    above it that ended without hearing from it again takes it along; a stream lives by its beats, three intervals long;
    any other may take PATIENCE or three times what its job usually takes, and longer while it speaks.
    """
    if run.state in TERMINAL:
        return Outcome(run.state)
    if around.newer:
        return Outcome("LOST", "the job began again, and this run never ended", "replaced")
    if around.task is not None and around.task in _TASKS:
        return Outcome(_TASKS[around.task], f"Airflow calls the task {around.task}", "repaired")
    for above in (around.parent, around.root):
        if above is not None and above.ended_at is not None and run.last_at <= above.ended_at:
            ended = f"{above.job.name} ended at {_clock(above.ended_at)}, and this run never did"
            return Outcome("LOST", ended, "closed")
    if now > (due := _due(run, around)):
        ought = f"it should have {'spoken again' if around.streaming else 'ended'} by {_clock(due)}"
        why = f"nothing was heard of it after {_clock(run.last_at)}, and {ought}"
        return Outcome("LOST", why, "silent" if around.streaming else "lost")
    return Outcome(run.state)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _due(run: Run, around: Around) -> datetime:
    if not around.streaming:
        expected = timedelta(seconds=median(around.durations_s)) if around.durations_s else timedelta()
        return max((run.started_at or run.last_at) + expected * OVERDUE, run.last_at + PATIENCE)
    beats = sorted(set(around.beats))
    gaps = [(after - before).total_seconds() for before, after in pairwise(beats)]
    return run.last_at + (max(timedelta(seconds=median(gaps) * OVERDUE), SHORTEST) if gaps else PATIENCE)


def never_spoke(tasks: Mapping[str, str], dag: NodeId, children: Iterable[Run]) -> dict[str, Seen]:
    """The tasks of an ended DAG run of which no event ever came, by name: EmptyOperators, and what was never tried."""
    spoken = {child.job for child in children}
    return {
        task: _TASKS.get(said, "LOST")
        for task, said in sorted(tasks.items())
        if NodeId("job", dag.namespace, f"{dag.name}.{task}") not in spoken
    }


def not_done(tasks: Mapping[str, str]) -> list[str]:
    """The tasks of an ended DAG run that did not do what they should, whatever it came to itself (OPENLINEAGE 4.4)."""
    return sorted(task for task, said in tasks.items() if _TASKS.get(said, "LOST") != "COMPLETE")


def stale(dataset: NodeId, listed: Sequence[Collection[NodeId]]) -> bool:
    """Whether a job has left *dataset* behind (DECISIONS 9).

    *listed* are the datasets that its COMPLETE runs listed on that side, newest run first, runs that listed none left
    out. Fewer than three such runs prove nothing.
    """
    newest = listed[:STALE_AFTER]
    return len(newest) == STALE_AFTER and not any(dataset in datasets for datasets in newest)


class _Unread(msgspec.Struct, rename="camel"):
    error_message: str = ""


class ExtractionError(msgspec.Struct, rename="camel"):
    """How much of a run its producer could not read (OPENLINEAGE 2.1); a task is a statement of SQL, mostly."""

    total_tasks: int | None = None
    failed_tasks: int | None = None
    errors: list[_Unread] = []


def incomplete(facets: Mapping[str, bytes]) -> str:
    """Why the edges of a run tell less than it did, by its *facets*; empty where its producer could read all of it."""
    if "extractionError" not in facets:
        return ""
    told = facet(facets, ExtractionError)
    if told.failed_tasks == 0:
        return ""
    counted = told.failed_tasks is not None and told.total_tasks is not None
    what = f"{told.failed_tasks} of {told.total_tasks} statements" if counted else "not all"
    first = next((each.error_message for each in told.errors if each.error_message), "")
    return f"{what} could {'not ' if counted else ''}be read" + (f": {first[:REASON]}" if first else "")


def unresolved(columns: Iterable[str], schema: Mapping[str, str | None]) -> set[str]:
    """Those of *columns*, which column lineage names, that the *schema*, types by name, does not know.

    A schema without any type is what somebody documented, as dbt sends it, and disproves nothing; nor does an empty one
    (OPENLINEAGE 2.3). What is within a column is known with it.
    """
    return {name for name in columns if not is_column(name, schema)} if any(schema.values()) else set()


def folded(graph: Graph, into: Mapping[NodeId, NodeId], known: Mapping[NodeId, Node]) -> Graph:
    """*graph* with each job that is a key of *into* drawn as the job it belongs to, whose node is in *known*.

    The edges of those that become one are one: as old as the oldest, proved by the newest proofs.
    """

    def drawn(node: NodeId) -> NodeId:
        return into.get(node, node)

    hops: dict[NodeId, int] = {}
    for node, hop in graph.hops.items():
        hops[drawn(node)] = min(hops.get(drawn(node), hop), hop, key=abs)
    return replace(
        graph,
        root=drawn(graph.root),
        nodes={drawn(node): known.get(drawn(node), found) for node, found in graph.nodes.items()},
        edges=_joined(replace(edge, source=drawn(edge.source), target=drawn(edge.target)) for edge in graph.edges),
        hops=hops,
        frontier=tuple(sorted({drawn(node) for node in graph.frontier})),
    )


def of_datasets(graph: Graph) -> Graph:
    """*graph* without its jobs: an edge from each dataset that a job read to each that it made of it, itself left out.

    A root that is a job is gone too; its hops still count from it.
    """
    reads: dict[NodeId, list[Edge]] = {}
    for edge in graph.edges:
        if edge.target.kind == "job":
            reads.setdefault(edge.target, []).append(edge)
    through = (
        Edge(
            read.source,
            write.target,
            max(read.first_at, write.first_at),
            max(read.last_at, write.last_at),
            min(read.runs, write.runs),
            write.evidence,
            read.stale or write.stale,
            read.incomplete or write.incomplete,
        )
        for write in graph.edges
        for read in reads.get(write.source, ())
        if read.source != write.target and (write.made_of is None or read.source in write.made_of)
    )
    return replace(
        graph,
        nodes={node: found for node, found in graph.nodes.items() if node.kind == "dataset"},
        edges=_joined(through),
        hops={node: hop for node, hop in graph.hops.items() if node.kind == "dataset"},
    )


Passage = tuple[NodeId, tuple[NodeId, ...] | None]  # a node and, of a job, what it may be left to; None: everything


def flows(graph: Graph) -> Callable[[NodeId, NodeId, NodeId], bool]:
    """Whether data goes from a dataset through a job to a dataset, where *graph* has both edges."""
    made_of = {(edge.source, edge.target): edge.made_of for edge in graph.edges if edge.made_of is not None}
    return lambda read, job, written: read in made_of.get((job, written), (read,))


def steps_up(graph: Graph) -> Mapping[Passage, Sequence[Passage]]:
    """Against the flow of *graph*: from a dataset to each job with what that made it of, and from there only to that.

    A dataset is always `(dataset, None)`, a job that is begun with `(job, None)`.
    """
    reads: dict[NodeId, list[NodeId]] = {}
    for edge in graph.edges:
        if edge.target.kind == "job":
            reads.setdefault(edge.target, []).append(edge.source)
    found: dict[Passage, list[Passage]] = {(job, None): [(read, None) for read in of] for job, of in reads.items()}
    for edge in graph.edges:
        if edge.source.kind == "job":
            found.setdefault((edge.target, None), []).append((edge.source, edge.made_of))
            if edge.made_of is not None:
                of = (read for read in reads.get(edge.source, ()) if read in edge.made_of)
                found[edge.source, edge.made_of] = [(read, None) for read in of]
    return {here: sorted(set(steps), key=lambda step: (step[0], step[1] or ())) for here, steps in found.items()}


def _joined(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    found: dict[tuple[NodeId, NodeId], Edge] = {}
    for edge in edges:
        key = edge.source, edge.target
        before = found.get(key)
        found[key] = edge if before is None else _both(before, edge)
    return tuple(found[key] for key in sorted(found))


def _both(one: Edge, other: Edge) -> Edge:
    older, newer = sorted((one, other), key=lambda edge: (edge.last_at, edge.evidence))
    said = None if one.made_of is None or other.made_of is None else {*one.made_of, *other.made_of}
    return replace(
        newer,
        first_at=min(one.first_at, other.first_at),
        runs=one.runs + other.runs,
        evidence=tuple(dict.fromkeys((*newer.evidence, *older.evidence)))[:3],
        stale=one.stale and other.stale,
        incomplete=one.incomplete or other.incomplete,
        made_of=None if said is None else tuple(sorted(said)),
    )
