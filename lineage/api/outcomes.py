"""`/jobs/runs/{id}/outcome`: what a run comes to now, also when its events do not tell: lost runs, repaired tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import as_json
from lineage.api._coarse import job_type
from lineage.api.runs import known_run
from lineage.model import EventRecord, Run, run_id
from lineage.store.base import Store
from lineage.views import Around, never_spoke, outcome
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/jobs/runs", tags=["runs"], dependencies=[Depends(needs("read"))])

_DURATIONS: Final = 20  # COMPLETE runs whose median tells how long a job takes
_BEATS: Final = 20
_CHILDREN: Final = 1_000


class _AirflowState(msgspec.Struct, rename="camel"):
    tasks_state: dict[str, str | None] = {}


class _Attempt(msgspec.Struct):
    try_number: int = 0
    map_index: int = -1


class _Airflow(msgspec.Struct, rename="camel"):
    task_instance: _Attempt | None = None


_AIRFLOW: Final = msgspec.json.Decoder(_Airflow)
_AIRFLOW_STATE: Final = msgspec.json.Decoder(_AirflowState)


@router.get("/{id:word}/outcome")
def run_outcome(request: Request, id: str) -> Response:  # noqa: A002 - the route's own word
    """What a run comes to at this moment, and why. LOST: it never ended, and nobody knows what became of it.

    Of an Airflow DAG run that has ended, `silentTasks` are the tasks of which no event ever came.
    """
    store = services(request).store
    run, now = known_run(store, id), datetime.now(UTC)
    found = outcome(run, around(store, run), now)
    children: Sequence[Run] = store.runs(parent=run.id, limit=_CHILDREN).items
    silent = never_spoke(_tasks(store, run), run.job, children)
    state = _shapes.STATES[found.state] if found.state != "LOST" else found.state
    shown = {task: _shapes.STATES[said] if said != "LOST" else said for task, said in silent.items()}
    body = {"runId": run.id, "state": state, "reason": found.why, "at": now, "silentTasks": shown}
    return as_json(body, headers={"Cache-Control": "no-store"})


def around(store: Store, run: Run) -> Around:
    """What *store* knows round *run*."""
    ids = [above for above in (run.parent_run, run.root_run) if above is not None]
    known = {found.id: found for found in store.runs(ids=ids, limit=len(ids)).items} if ids else {}
    parent, root = known.get(run.parent_run or ""), known.get(run.root_run or "")
    kind = job_type(store.get([run.job]).get(run.job))
    streaming = kind.get("processingType") == "STREAMING" or kind.get("jobType") == "SERVICE"
    return Around(
        parent=parent,
        root=root,
        newer=_is_replaced(store, run),
        task=_task(store, run, parent),
        durations_s=_durations(store, run),
        streaming=streaming,
        beats=_beats(store, run) if streaming else (),
    )


def _is_replaced(store: Store, run: Run) -> bool:
    """Whether Airflow tried the same task again; each try is a run of its own, and so is each part of a mapped task."""
    own = _attempt(store, run)
    if own is None or run.parent_run is None:
        return False
    others: Sequence[Run] = store.runs(parent=run.parent_run, limit=_CHILDREN).items
    tries = (_attempt(store, other) for other in others if other.job == run.job)
    return any(each.map_index == own.map_index and each.try_number > own.try_number for each in tries if each)


def _attempt(store: Store, run: Run) -> _Attempt | None:
    said = store.facet_history(run_id(run.id), ["airflow"], limit=1)
    try:
        return _AIRFLOW.decode(said[0].body).task_instance if said else None
    except msgspec.DecodeError:
        return None


def _durations(store: Store, run: Run) -> list[float]:
    done: Sequence[Run] = store.runs(job=run.job, states=["COMPLETE"], limit=_DURATIONS).items
    return [each.duration_s for each in done if each.duration_s is not None]


def _beats(store: Store, run: Run) -> list[datetime]:
    events: Sequence[EventRecord] = store.events(run=run.id, limit=_BEATS).items
    return [event.at for event in events]


def _task(store: Store, run: Run, parent: Run | None) -> str | None:
    prefix = f"{parent.job.name}." if parent is not None else ""
    if parent is None or not run.job.name.startswith(prefix):
        return None
    return _tasks(store, parent).get(run.job.name.removeprefix(prefix))


def _tasks(store: Store, dag: Run) -> Mapping[str, str]:
    """What the end of an Airflow DAG run says of its tasks; empty for any other run."""
    said = store.facet_history(run_id(dag.id), ["airflowState"], limit=1)
    try:
        states = _AIRFLOW_STATE.decode(said[0].body).tasks_state if said else {}
    except msgspec.DecodeError:
        return {}
    return {task: state for task, state in states.items() if state is not None}
