"""The JSON objects that Marquez's clients know (MARQUEZ 2 and 3): every key always there, null where nothing is known.

Keys beyond Marquez's are ours: `aliases`, `canonical`, `parentRunId`, `rootRunId`, `conflict`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from lineage.api._facets import (
    DatasetType,
    DataSource,
    Documentation,
    JobType,
    LifecycleStateChange,
    Schema,
    SourceCodeLocation,
    Tags,
    facet,
)
from lineage.model import FacetRecord, Node, NodeId, Run, RunState, Statistics, Use, Version
from lineage.store.base import Namespace

Shape = dict[str, Any]

STATES: Mapping[RunState, str] = {
    "NEW": "NEW",
    "RUNNING": "RUNNING",
    "COMPLETE": "COMPLETED",
    "FAIL": "FAILED",
    "ABORT": "ABORTED",
}
_JOB_TYPES = {"STREAMING": "STREAM", "SERVICE": "SERVICE"}
_STREAMS = ("kafka://", "kinesis://", "pubsub")


def name_of(node: NodeId) -> Shape:
    """A dataset or job by namespace and name."""
    return {"namespace": node.namespace, "name": node.name}


def facets_of(facets: Mapping[str, bytes]) -> dict[str, msgspec.Raw]:
    """Facets as they were sent; none is decoded."""
    return {name: msgspec.Raw(body) for name, body in sorted(facets.items())}


def namespace(found: Namespace) -> Shape:
    """Namespace, and how much is in it."""
    return {
        "name": found.name,
        "createdAt": found.first_at,
        "updatedAt": found.last_at,
        "ownerName": None,
        "description": None,
        "isHidden": False,
        "datasets": found.datasets,
        "jobs": found.jobs,
    }


def dataset(node: Node, current: Version | None = None, columns: Sequence[Shape] | None = None) -> Shape:
    """Dataset; *current* is its last delivered version and *columns* its column lineage, where the answer has them."""
    described = _described(node.id, node.facets)
    return described | {
        "createdAt": node.first_at,
        "updatedAt": node.last_at,
        "lastModifiedAt": current.written_at if current else None,
        "lastLifecycleState": facet(node.facets, LifecycleStateChange).lifecycle_state_change,
        "currentVersion": current.id if current else None,
        "columnLineage": columns,
        "deleted": node.dropped_at is not None,
        "canonical": name_of(node.canonical),
        "aliases": [name_of(alias) for alias in node.aliases],
    }


def dataset_version(of: NodeId, version: Version, facets: Mapping[str, bytes]) -> Shape:
    """DatasetVersion; *facets* are those that the writing run gave."""
    return _described(of, facets) | {
        "createdAt": version.written_at,
        "version": version.id,
        "lifecycleState": facet(facets, LifecycleStateChange).lifecycle_state_change,
        "currentSchemaVersion": version.schema_digest,
        "createdByRun": run(version.run),
        "delivered": version.delivered,
        "statistics": statistics(version.statistics),
    }


def _described(of: NodeId, facets: Mapping[str, bytes]) -> Shape:
    tags = facet(facets, Tags).tags
    return {
        "id": name_of(of),
        "type": _dataset_type(of, facets),
        "name": of.name,
        "physicalName": of.name,
        "namespace": of.namespace,
        "sourceName": facet(facets, DataSource).name or of.namespace,
        "fields": [
            {
                "name": column.name,
                "type": column.type,
                "tags": sorted({str(tag) for tag in tags if tag.field == column.name}),
                "description": column.description,
            }
            for column in facet(facets, Schema).fields
        ],
        "tags": sorted({str(tag) for tag in tags if tag.field is None}),
        "description": facet(facets, Documentation).description,
        "facets": facets_of(facets),
    }


def _dataset_type(of: NodeId, facets: Mapping[str, bytes]) -> str:
    told = facet(facets, DatasetType).dataset_type
    is_stream = told.upper() in ("TOPIC", "STREAM") if told else of.namespace.startswith(_STREAMS)
    return "STREAM" if is_stream else "DB_TABLE"


def statistics(counts: Statistics) -> Shape:
    """Counts by the names that OpenLineage gives them."""
    return {"rowCount": counts.rows, "size": counts.bytes, "fileCount": counts.files}


def job(node: Node, inputs: Iterable[NodeId], outputs: Iterable[NodeId], runs: Sequence[Run]) -> Shape:
    """Job; *runs* are its latest, newest first."""
    parent = next((run.parent_job.name for run in runs if run.parent_job is not None), None)
    processing = (facet(node.facets, JobType).processing_type or "").upper()
    return {
        "id": name_of(node.id),
        "type": _JOB_TYPES.get(processing, "BATCH"),
        "name": node.id.name,
        "simpleName": node.id.name.removeprefix(f"{parent}.") if parent else node.id.name,
        "parentJobName": parent,
        "parentJobUuid": None,
        "createdAt": node.first_at,
        "updatedAt": node.last_at,
        "namespace": node.id.namespace,
        "inputs": [name_of(each) for each in sorted(inputs)],
        "outputs": [name_of(each) for each in sorted(outputs)],
        "location": facet(node.facets, SourceCodeLocation).url,
        "description": facet(node.facets, Documentation).description,
        "latestRun": run(runs[0]) if runs else None,
        "latestRuns": [run(each) for each in runs],
        "facets": facets_of(node.facets),
        "currentVersion": None,
        "labels": [],
        "tags": sorted({str(tag) for tag in facet(node.facets, Tags).tags}),
    }


def run(
    of: Run, facets: Mapping[str, bytes] | None = None, inputs: Iterable[Shape] = (), outputs: Iterable[Shape] = ()
) -> Shape:
    """Run; lists of runs leave out its facets and versions."""
    return {
        "id": of.id,
        "createdAt": of.started_at or of.ended_at or of.last_at,
        "updatedAt": of.last_at,
        "nominalStartTime": of.nominal_start,
        "nominalEndTime": of.nominal_end,
        "state": STATES[of.state],
        "startedAt": of.started_at,
        "endedAt": of.ended_at,
        "durationMs": None if of.duration_s is None else round(of.duration_s * 1000),
        "args": {},
        "jobVersion": name_of(of.job) | {"version": None},
        "inputDatasetVersions": list(inputs),
        "outputDatasetVersions": list(outputs),
        "facets": facets_of(facets or {}),
        "parentRunId": of.parent_run,
        "rootRunId": of.root_run,
        "conflict": of.conflict,
    }


def used(use: Use, version: str | None) -> Shape:
    """An item of inputDatasetVersions or outputDatasetVersions, with the statistics that the run gave."""
    counted = {} if use.statistics == Statistics() else {f"{use.side}Statistics": statistics(use.statistics)}
    return {"datasetVersionId": name_of(use.dataset) | {"version": version}, "facets": counted}


def newest(records: Iterable[FacetRecord]) -> dict[str, bytes]:
    """Of *records*, newest first, the newest body of each name; an empty body was a deletion."""
    bodies: dict[str, bytes] = {}
    for record in records:
        bodies.setdefault(record.name, record.body)
    return {name: body for name, body in bodies.items() if body}
