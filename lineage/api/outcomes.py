"""`/jobs/runs/{id}/outcome`: what a run comes to now, also when its events do not tell: lost runs, repaired tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import as_json
from lineage.api.runs import known_run
from lineage.model import Run
from lineage.outcomes import attempts, outcomes, tasks_of
from lineage.views import never_spoke, not_done
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/jobs/runs", tags=["runs"], dependencies=[Depends(needs("read"))])

_CHILDREN: Final = 1_000


@router.get("/{id:word}/outcome")
def run_outcome(request: Request, id: str) -> Response:  # noqa: A002 - the route's own word
    """What a run comes to at this moment, and why. LOST: it never ended, and nobody knows what became of it.

    Of an Airflow DAG run that has ended, `silentTasks` are the tasks of which no event ever came, and `failedTasks`
    those that did not do what they should: a DAG run may succeed all the same. `tries` are all attempts at what this
    run attempts, the first one first.
    """
    behind = services(request)
    store, now = behind.store, behind.now()
    run = known_run(store, id)
    tries = attempts(store, run)
    found = outcomes(store, tries, now)
    children: Sequence[Run] = store.runs(parent=run.id, limit=_CHILDREN).items
    tasks = tasks_of(store, run)
    silent = never_spoke(tasks, run.job, children)
    body = {
        "runId": run.id,
        **_shapes.outcome(found[run.id]),
        "at": now,
        "silentTasks": {task: _shapes.seen(said) for task, said in silent.items()},
        "failedTasks": not_done(tasks),
        "tries": [{"runId": each.id, **_shapes.outcome(found[each.id])} for each in tries],
    }
    return as_json(body, headers={"Cache-Control": "no-store"})
