"""What runs come to at the moment of reading, many at once: what `lineage.views` judges, asked of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from lineage.facets import facet
from lineage.model import TERMINAL, NodeId, Run, run_id
from lineage.store.base import Store
from lineage.views import Around, Outcome, outcome

_DURATIONS: Final = 20  # COMPLETE runs whose median tells how long a job takes
_OTHERS: Final = 1_000  # runs under one parent, among which a newer try may be
_SAME_JOB: Final = 50  # newest runs of a job, among which the DAG run that was cleared began again
_ENDLESS: Final = frozenset({"STREAMING", "SERVICE"})


class JobType(msgspec.Struct, rename="camel"):
    """How a job works, as its jobType facet says; types that the schema does not know stand for nothing."""

    processing_type: str | None = None
    integration: str | None = None
    job_type: str | None = None

    @property
    def endless(self) -> bool:
        """Whether its runs end only when somebody ends them."""
        return self.processing_type in _ENDLESS or self.job_type in _ENDLESS


class AirflowState(msgspec.Struct, rename="camel"):
    """What the end of an Airflow DAG run says of its tasks."""

    tasks_state: dict[str, str | None] = {}


class _DagRun(msgspec.Struct):
    run_id: str = ""
    clear_number: int = 0


class _TaskInstance(msgspec.Struct):
    try_number: int = 0
    map_index: int | None = None


class Airflow(msgspec.Struct, rename="camel"):
    """Which try of which part of a task this is."""

    dag_run: _DagRun | None = None
    task_instance: _TaskInstance | None = None


class AirflowDagRun(msgspec.Struct, rename="camel"):
    """Which DAG run this is, and how often it was cleared."""

    dag_run: _DagRun | None = None


class Attempt(NamedTuple):
    """Of what a run is a try, and which: the one with the greatest number is what counts."""

    of: tuple[NodeId, str, int]  # the job, Airflow's name of the DAG run, and the part of a mapped task
    number: tuple[int, int]


def outcomes(store: Store, runs: Iterable[Run], now: datetime) -> dict[str, Outcome]:
    """What each of *runs* comes to at *now*, by run id; however many they are, at most nine questions to the store."""
    found = list(runs)
    open_ones = [run for run in found if run.state not in TERMINAL]
    round_each = _around(store, open_ones) if open_ones else {}
    return {run.id: outcome(run, round_each.get(run.id, Around()), now) for run in found}


def tasks_of(store: Store, dag: Run) -> Mapping[str, str]:
    """What the end of an Airflow DAG run says of its tasks; empty for any other run."""
    return _tasks(store.newest_facets([run_id(dag.id)], ["airflowState"]).get(run_id(dag.id), {}))


def attempts(store: Store, run: Run) -> list[Run]:
    """All tries of what *run* is a try of, the first one first; itself alone where Airflow does not count them."""
    known, said = _tries(store, [run])
    if run.id not in said:
        return [run]
    tries = (known[id_] for id_, its in said.items() if its.of == said[run.id].of)
    return sorted(tries, key=lambda each: said[each.id].number)


def _around(store: Store, runs: Sequence[Run]) -> dict[str, Around]:
    """What *store* knows round each of *runs*."""
    above = _above(store, runs)
    jobs = {run.job for run in runs}
    types = store.newest_facets(jobs, ["jobType"])
    endless = {job: facet(types.get(job, {}), JobType).endless for job in jobs}
    beats = store.beats(sorted(run.id for run in runs if endless[run.job]))
    done = store.newest_runs(sorted(endless), states=["COMPLETE"], limit=_DURATIONS)
    _, said = _tries(store, runs)
    newest: dict[tuple[NodeId, str, int], tuple[int, int]] = {}
    for its in said.values():
        newest[its.of] = max(newest.get(its.of, its.number), its.number)
    states = store.newest_facets([run_id(each) for each in above], ["airflowState"])
    return {
        run.id: Around(
            parent=(parent := above.get(run.parent_run or "")),
            root=above.get(run.root_run or ""),
            newer=run.id in said and newest[said[run.id].of] > said[run.id].number,
            task=None if parent is None else _task(run, parent, said.get(run.id), states.get(run_id(parent.id), {})),
            durations_s=[each.duration_s for each in done.get(run.job, ()) if each.duration_s is not None],
            streaming=endless[run.job],
            beats=beats.get(run.id, ()),
        )
        for run in runs
    }


def _above(store: Store, runs: Iterable[Run]) -> dict[str, Run]:
    wanted = {above for run in runs for above in (run.parent_run, run.root_run) if above is not None}
    return {run.id: run for run in store.runs(ids=sorted(wanted), limit=len(wanted)).items} if wanted else {}


def _tries(store: Store, runs: Sequence[Run]) -> tuple[dict[str, Run], dict[str, Attempt]]:
    """What each of *runs* is a try of, where Airflow says so; and all among which another try of the same may be."""
    known = {run.id: run for run in runs}
    said = _attempts(store, known)
    if said:
        known |= {other.id: other for other in _others(store, [known[id_] for id_ in said])}
        said |= _attempts(store, {id_: run for id_, run in known.items() if id_ not in said})
    return known, said


def _others(store: Store, runs: Sequence[Run]) -> list[Run]:
    """The runs among which a newer try of one of *runs* may be: its siblings, or of a root the newest of its job."""
    jobs = {run.job for run in runs}
    beside = store.newest_runs({run_id(run.parent_run) for run in runs if run.parent_run}, limit=_OTHERS)
    alone = store.newest_runs({run.job for run in runs if not run.parent_run}, limit=_SAME_JOB)
    return [other for found in (*beside.values(), *alone.values()) for other in found if other.job in jobs]


def _attempts(store: Store, runs: Mapping[str, Run]) -> dict[str, Attempt]:
    facets = store.newest_facets(map(run_id, runs), ["airflow", "airflowDagRun"])
    return {of.name: its for of, found in facets.items() if (its := _attempt(runs[of.name], found)) is not None}


def _attempt(run: Run, facets: Mapping[str, bytes]) -> Attempt | None:
    task, dag = facet(facets, Airflow), facet(facets, AirflowDagRun).dag_run
    if task.task_instance is not None:
        its, within = task.task_instance, task.dag_run or _DagRun()
        part = -1 if its.map_index is None else its.map_index
        # Without the name of its DAG run, a task is tried again under the same parent only.
        return Attempt((run.job, within.run_id or run.parent_run or "", part), (within.clear_number, its.try_number))
    return Attempt((run.job, dag.run_id, -1), (dag.clear_number, 0)) if dag is not None and dag.run_id else None


def _task(run: Run, parent: Run, its: Attempt | None, facets: Mapping[str, bytes]) -> str | None:
    prefix = f"{parent.job.name}."
    if not run.job.name.startswith(prefix) or (its is not None and its.of[2] >= 0):  # one word for all parts of a task
        return None
    return _tasks(facets).get(run.job.name.removeprefix(prefix))


def _tasks(facets: Mapping[str, bytes]) -> Mapping[str, str]:
    return {task: state for task, state in facet(facets, AirflowState).tasks_state.items() if state is not None}
