"""`/audit/trace`: what made a figure, run by run, with the events that prove it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import UUID, Asking, At, Naming, wanted
from lineage.api._shapes import Shape
from lineage.audit.trace import DEPTH, MAX_RUNS, Code, Execution, Trace, TracedRun, TracedVersion, trace, trace_dataset
from lineage.errors import InvalidInput
from lineage.names import run_key
from lineage.web import needs

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(needs("read"))])


@router.get("/trace")
def audit_trace(  # noqa: PLR0913 - a question has this many sides
    *,
    asking: Asking,
    naming: Naming,
    at: At,
    run: Annotated[
        str | None, Query(alias="runId", description="The run to explain; or give a dataset.", json_schema_extra=UUID)
    ] = None,
    depth: Annotated[int, Query(ge=0, le=1_000, description="Datasets away from the root.")] = DEPTH,
    max_runs: Annotated[int, Query(ge=1, le=10_000, alias="maxRuns", description="Runs at which to stop.")] = MAX_RUNS,
) -> Response:
    """The ancestry of a run, or of the version of a dataset in force at asOf, back to its sources."""
    if run is not None:
        key = run_key(run)
        if key is None:
            raise InvalidInput(f"runId: {run!r} is not a UUID", field="runId")
        found = trace(asking.store, key, known_at=at.known_at, depth=depth, max_runs=max_runs)
    elif naming is None:
        raise InvalidInput(
            "runId: missing; give runId, or a dataset as nodeId, or as namespace and name", field="runId"
        )
    else:
        root = wanted(naming).among(asking.store.get(naming.candidates))
        if root.kind != "dataset":
            raise InvalidInput(f"nodeId: {root} is no dataset; a trace begins at a run or a dataset", field="nodeId")
        found = trace_dataset(asking.store, root, as_of=at.as_of, known_at=at.known_at, depth=depth, max_runs=max_runs)
    return asking.answer(shape(found))


def shape(found: Trace) -> Shape:
    """A trace as nodes and edges; an edge goes where the data goes, and *level* says how sure it is."""
    runs = [_run(each) for _, each in sorted(found.runs.items())]
    versions = [_version(key, each) for key, each in sorted(found.versions.items())]
    return {
        "root": f"run:{found.root}",
        "nodes": runs + versions,
        "edges": [
            {
                "origin": link.version if link.side == "input" else f"run:{link.run}",
                "destination": f"run:{link.run}" if link.side == "input" else link.version,
                "type": "READ" if link.side == "input" else "WROTE",
                "level": link.level,
                "evidence": link.evidence,
            }
            for link in found.links
        ],
        "truncated": found.truncated,
        "frontier": [f"run:{each}" for each in found.frontier],
    }


def _run(traced: TracedRun) -> Shape:
    return {
        "id": f"run:{traced.run.id}",
        "type": "RUN",
        "hop": traced.hop,
        "data": _shapes.run(traced.run),
        "code": _code(traced.code),
        "execution": _execution(traced.execution),
        "incomplete": traced.incomplete or None,
        "events": traced.events,
        "evidence": traced.evidence,
    }


def _code(code: Code) -> Shape:
    return {
        "sqlDigest": code.sql_digest,
        "sourceCodeUrl": code.source_url,
        "sourceCodeVersion": code.source_version,
    }


def _execution(execution: Execution) -> Shape:
    return {
        "externalQueryId": execution.query_id,
        "externalQuerySource": execution.query_source,
        "engine": execution.engine,
        "engineVersion": execution.engine_version,
    }


def _version(key: str, traced: TracedVersion) -> Shape:
    version = traced.version
    return {
        "id": key,
        "type": "DATASET_VERSION",
        "hop": traced.hop,
        "data": _shapes.name_of(traced.dataset)
        | {
            "version": version.id if version else traced.named,
            "runId": version.run.id if version else None,
            "writtenAt": version.written_at if version else None,
            "delivered": version.delivered if version else None,
            "schemaDigest": version.schema_digest if version else None,
            "statistics": _shapes.statistics(version.statistics) if version else None,
        },
    }
