"""`/runlineage`: run by run, what made the input of a run and what came of its output, in Marquez's shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api._answers import UUID, Asked, Asking
from lineage.api._shapes import STATES, Shape, name_of
from lineage.api._versions import version_id
from lineage.audit.consequences import consequences
from lineage.audit.trace import MAX_RUNS, read_version, trace
from lineage.errors import InvalidInput
from lineage.model import Run, Use
from lineage.names import run_key
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1/runlineage", tags=["lineage"], dependencies=[Depends(needs("read"))])

RunId = Annotated[str, Query(alias="runId", description="A run's UUID.", json_schema_extra=UUID)]
Depth = Annotated[int, Query(ge=0, le=1_000, description="Datasets away from the run.")]
MaxRuns = Annotated[int, Query(ge=1, le=10_000, alias="maxRuns", description="Runs at which to stop.")]


@router.get("/upstream")
def upstream(asking: Asking, run: RunId, depth: Depth = 20, max_runs: MaxRuns = MAX_RUNS) -> Response:
    """The run and those that wrote what it read, and so on; the nearest first."""
    found = trace(asking.store, _key(run), depth=depth, max_runs=max_runs)
    runs = [each.run for each in sorted(found.runs.values(), key=lambda each: (each.hop, each.run.id))]
    return _answer(asking, runs, truncated=found.truncated)


@router.get("/downstream")
def downstream(asking: Asking, run: RunId, depth: Depth = 20, max_runs: MaxRuns = MAX_RUNS) -> Response:
    """The run and those that read what it wrote, and so on; the nearest first."""
    found = consequences(asking.store, _key(run), depth=depth, max_runs=max_runs)
    return _answer(asking, [each.run for each in found.runs], truncated=found.truncated)


def _key(word: str) -> str:
    key = run_key(word)
    if key is None:
        raise InvalidInput(f"runId: {word!r} is not a UUID", field="runId")
    return key


def _answer(asking: Asked, runs: list[Run], *, truncated: bool) -> Response:
    used = asking.store.uses_of([run.id for run in runs])
    shapes = [_shape(asking.store, run, used.get(run.id, ())) for run in runs]
    return asking.answer({"runs": shapes, "truncated": truncated})


def _shape(store: Store, run: Run, used: Iterable[Use]) -> Shape:
    uses = [use for use in used if use.effective]
    return {
        "job": name_of(run.job) | {"version": version_id(run.job, uses) if uses else None},
        "run": {"id": run.id, "start": run.started_at, "end": run.ended_at, "status": STATES[run.state]},
        "inputs": [_input(store, run, use) for use in uses if use.side == "input"],
    }


def _input(store: Store, run: Run, use: Use) -> Shape:
    version = read_version(store, run, use).version
    return name_of(use.dataset) | {
        "version": use.version or (version.id if version else None),
        "producedByRunId": version.run.id if version else None,
    }
