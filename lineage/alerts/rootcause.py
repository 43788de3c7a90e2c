"""What broke first: from a dataset that misses its SLO, up the graph, to the job or dataset that explains it."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lineage.alerts.incidents import Cause
from lineage.alerts.phrases import clock
from lineage.model import Graph, NodeId, Run
from lineage.views import Passage, steps_up

# A cause may be noticed a little after its effect: evidence 0.7 of SLO d.3, with its slack of 10 minutes.
SLACK = timedelta(minutes=10)

JOB_FAILED = "job_failed"

# What a bad dataset upstream can make bad downstream (SLO d.3). A failed job explains anything but wrong values.
EXPLAINS: Mapping[str, frozenset[str]] = {
    "freshness": frozenset({"freshness", "completeness", "latency"}),
    "completeness": frozenset({"completeness", "correctness"}),
    "correctness": frozenset({"correctness"}),
}

WRONG: Mapping[str, str] = {
    "freshness": "has been late",
    "completeness": "has been incomplete",
    "correctness": "has failed its checks",
}


@dataclass(frozen=True, slots=True)
class Symptom:
    """A dataset that misses an SLO of the indicator *kind* since *since*; *dataset* is canonical."""

    slo: str
    kind: str
    dataset: NodeId
    since: datetime


@dataclass(frozen=True, slots=True)
class Suspect:
    """A job whose newest runs failed, or a dataset with a symptom: what may have broken first."""

    node: NodeId
    kind: str
    since: datetime
    failures: tuple[Run, ...] = ()  # newest first; of a job


def failing(job: NodeId, runs: Sequence[Run]) -> Suspect | None:
    """*job* as a suspect, when its newest concluded run did not complete. *runs* come newest first.

    Runs that are still under way say nothing: a retry that has begun has not succeeded yet.
    """
    failures: list[Run] = []
    for run in runs:
        if run.state == "COMPLETE":
            break
        if run.state in ("FAIL", "ABORT"):
            failures.append(run)
    if not failures:
        return None
    return Suspect(job, JOB_FAILED, _ended(failures[-1]), tuple(failures))


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known around a symptom.

    *graph* holds what is upstream of it, *failures* and *symptoms* all that is wrong, *delivered* the last delivery of
    datasets that are watched.
    """

    graph: Graph
    failures: Collection[Suspect] = ()
    symptoms: Collection[Symptom] = ()
    delivered: Mapping[NodeId, datetime] = field(default_factory=dict)


def find(symptom: Symptom, scene: Scene, now: datetime) -> Cause | None:
    """What explains *symptom*, or None: the nearest suspect upstream, what explains that one, and so on to the first.

    A suspect explains only what it can (`_explains`) and what went wrong no earlier than it did, and it is cleared by a
    watched dataset on the way that was delivered since it broke. Of several at one distance the first to break counts.
    """
    suspects = _suspects(symptom, scene)
    steps = steps_up(scene.graph)
    path: tuple[NodeId, ...] = (symptom.dataset,)
    effect = Suspect(symptom.dataset, symptom.kind, symptom.since)
    while found := [step for step in _upstream(effect, path, steps, suspects) if _stands(step, scene.delivered)]:
        effect, way = min(found, key=lambda step: (len(step[1]), step[0].since, step[0].node, step[0].kind))
        path = way + path[1:]
    return None if effect.node == symptom.dataset else _cause(effect, path, now)


Step = tuple[Suspect, tuple[NodeId, ...]]  # a suspect and the way from it down to its effect, both included


def _suspects(symptom: Symptom, scene: Scene) -> dict[NodeId, list[Suspect]]:
    suspects: dict[NodeId, list[Suspect]] = {}
    for other in scene.symptoms:
        if other.dataset != symptom.dataset:
            suspects.setdefault(other.dataset, []).append(Suspect(other.dataset, other.kind, other.since))
    for failure in scene.failures:
        suspects.setdefault(failure.node, []).append(failure)
    return suspects


def _upstream(
    effect: Suspect,
    passed: Collection[NodeId],
    steps: Mapping[Passage, Sequence[Passage]],
    suspects: Mapping[NodeId, Sequence[Suspect]],
) -> Iterator[Step]:
    """Every suspect above *effect* that explains it, nearest first, by a shortest way."""
    ways: dict[Passage, tuple[NodeId, ...]] = {(effect.node, None): (effect.node,)}
    queue = deque(ways)
    while queue:
        here = queue.popleft()
        for step in (step for step in steps.get(here, ()) if step not in ways):
            parent = step[0]
            ways[step] = (parent, *ways[here])
            queue.append(step)
            if parent not in passed:
                yield from ((s, ways[step]) for s in suspects.get(parent, ()) if _explains(s, effect))


def _stands(step: Step, delivered: Mapping[NodeId, datetime]) -> bool:
    suspect, way = step
    return all(delivered.get(node, suspect.since) <= suspect.since for node in way[1:-1])


def _explains(suspect: Suspect, effect: Suspect) -> bool:
    if suspect.kind == JOB_FAILED:
        able = effect.kind != "correctness"
    else:
        able = effect.kind in EXPLAINS.get(suspect.kind, frozenset({suspect.kind}))
    # One failing job explains another only if it failed first: a failure is seen at once, a missed deadline is not.
    slack = timedelta(0) if effect.kind == JOB_FAILED else SLACK
    return able and suspect.since <= effect.since + slack


def _cause(suspect: Suspect, path: tuple[NodeId, ...], now: datetime) -> Cause:
    ids = tuple(str(node) for node in path)
    if suspect.failures:
        newest = suspect.failures[0]
        hurt = path[1]
        return Cause(
            job=(suspect.node.namespace, suspect.node.name),
            run=newest.id,
            state=newest.state,
            at=suspect.since,
            dataset=(hurt.namespace, hurt.name),
            path=ids,
            sentence=_failed(suspect, now),
        )
    wrong = WRONG.get(suspect.kind, "has missed an SLO")
    return Cause(
        at=suspect.since,
        dataset=(suspect.node.namespace, suspect.node.name),
        path=ids,
        sentence=f"{suspect.node.name} {wrong} since {clock(suspect.since, now)}",
    )


def _failed(suspect: Suspect, now: datetime) -> str:
    count, when = len(suspect.failures), clock(suspect.since, now)
    if count > 1:
        return f"{suspect.node.name} has failed {count} times since {when}"
    how = "was aborted" if suspect.failures[0].state == "ABORT" else "failed"
    return f"{suspect.node.name} {how} at {when}"


def _ended(run: Run) -> datetime:
    return run.ended_at or run.last_at
