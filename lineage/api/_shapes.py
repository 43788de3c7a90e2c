"""The JSON objects that Marquez's clients know (MARQUEZ 2 and 3): every key always there, null where nothing is known.

Keys beyond Marquez's are ours: `aliases`, `canonical`, `droppedAt`, `parentRunId`, `rootRunId`, `conflict`,
`outcome`, `incomplete`.
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
    MarquezArgs,
    MarquezDataset,
    Schema,
    SourceCodeLocation,
)
from lineage.api._versions import JobVersion
from lineage.facets import Tag, Tags, facet
from lineage.model import TERMINAL, FacetRecord, Node, NodeId, Run, RunState, Statistics, Use, Version
from lineage.statements import Stated
from lineage.store.answers import Carried, Namespace
from lineage.views import Outcome, Seen, incomplete

Shape = dict[str, Any]

STATES: Mapping[RunState, str] = {
    "NEW": "NEW",
    "RUNNING": "RUNNING",
    "COMPLETE": "COMPLETED",
    "FAIL": "FAILED",
    "ABORT": "ABORTED",
}
_ENDED = {shown for state, shown in STATES.items() if state in TERMINAL}
_JOB_TYPES = {"STREAMING": "STREAM", "SERVICE": "SERVICE"}
_STREAMS = ("kafka://", "kinesis://", "pubsub")


def name_of(node: NodeId) -> Shape:
    """A dataset or job by namespace and name."""
    return {"namespace": node.namespace, "name": node.name}


def facets_of(facets: Mapping[str, bytes]) -> dict[str, msgspec.Raw]:
    """Facets as they were sent; none is decoded."""
    return {name: msgspec.Raw(body) for name, body in sorted(facets.items())}


def namespace(name: str, found: Namespace | None, told: Stated | None) -> Shape:
    """Namespace, and how much is in it: what events show of it, or what was stated, or both."""
    return {
        "name": name,
        **_times([found, told]),
        "ownerName": told.value("owner") if told else None,
        "description": told.value("description") if told else None,
        "isHidden": told is not None and told.hidden and not (found and found.datasets + found.jobs),
        "datasets": found.datasets if found else 0,
        "jobs": found.jobs if found else 0,
    }


def source(name: str, found: Sequence[Carried], told: Stated | None) -> Shape:
    """Source: where datasets are kept; what was stated of it comes before what *found* facets say."""
    uri = next((facet({"dataSource": each.body}, DataSource).uri for each in found if each.body), None)
    url = (told.value("url") if told else None) or uri
    scheme = (url or name).partition(":")[0].upper()
    return {
        "type": (told.value("type") if told else None) or scheme,
        "name": name,
        **_times([*found, told]),
        "connectionUrl": url or name,
        "description": told.value("description") if told else None,
    }


def _times(seen: Iterable[Namespace | Carried | Stated | None]) -> Shape:
    known = [each for each in seen if each is not None]
    return {
        "createdAt": min(each.first_at for each in known),
        "updatedAt": max(each.last_at for each in known),
    }


def dataset(
    node: Node, current: Version | None = None, columns: Sequence[Shape] | None = None, told: Stated | None = None
) -> Shape:
    """Dataset; *current* is its last delivered version and *columns* its column lineage, where the answer has them.

    *told* is what was stated of it. `seenOnlyInColumnLineage` is left out where it is false.
    """
    described = _described(node.id, node.facets, told)
    return described | {
        "createdAt": node.first_at,
        "updatedAt": node.last_at,
        "lastModifiedAt": current.written_at if current else None,
        "lastLifecycleState": facet(node.facets, LifecycleStateChange).lifecycle_state_change,
        "currentVersion": current.id if current else None,
        "columnLineage": columns,
        "deleted": node.dropped_at is not None or node.hidden_at is not None,
        "droppedAt": node.dropped_at,
        "canonical": name_of(node.canonical),
        "aliases": [name_of(alias) for alias in node.aliases],
        **({"seenOnlyInColumnLineage": True} if node.only_in_columns else {}),
    }


def dataset_version(of: NodeId, version: Version, facets: Mapping[str, bytes], told: Stated | None = None) -> Shape:
    """DatasetVersion; *facets* are those that the writing run gave, *told* what is stated of the dataset now."""
    return _described(of, facets, told) | {
        "createdAt": version.written_at,
        "version": version.id,
        "lifecycleState": facet(facets, LifecycleStateChange).lifecycle_state_change,
        "currentSchemaVersion": version.schema_digest,
        "createdByRun": run(version.run),
        "delivered": version.delivered,
        "statistics": statistics(version.statistics),
    }


def _described(of: NodeId, facets: Mapping[str, bytes], told: Stated | None) -> Shape:
    tags: dict[str | None, list[Tag]] = {}
    for tag in facet(facets, Tags).tags:
        tags.setdefault(tag.field, []).append(tag)
    kind = _dataset_type(of, facets)
    given = facet(facets, MarquezDataset)
    streamed = {"schemaLocation": given.schema_location} if kind == "STREAM" else {}
    return {
        "id": name_of(of),
        "type": kind,
        **streamed,
        "name": of.name,
        "physicalName": given.physical_name or of.name,
        "namespace": of.namespace,
        "sourceName": facet(facets, DataSource).name or of.namespace,
        "fields": [
            {
                "name": column.name,
                "type": column.type,
                "tags": _tags(tags.get(column.name, ()), told, column.name),
                "description": column.description,
            }
            for column in facet(facets, Schema).fields
        ],
        "tags": _tags(tags.get(None, ()), told),
        "description": facet(facets, Documentation).description,
        "facets": facets_of(facets),
    }


def _tags(carried: Iterable[Tag], told: Stated | None, field: str | None = None) -> list[str]:
    """What producers and people said together; a tag that somebody took away stays away."""
    stated = told.tags(field) if told else {}
    words = {str(tag) for tag in carried} | {tag for tag, holds in stated.items() if holds}
    return sorted(word for word in words if stated.get(word, True))


def _dataset_type(of: NodeId, facets: Mapping[str, bytes]) -> str:
    told = facet(facets, DatasetType).dataset_type
    is_stream = told.upper() in ("TOPIC", "STREAM") if told else of.namespace.startswith(_STREAMS)
    return "STREAM" if is_stream else "DB_TABLE"


def statistics(counts: Statistics) -> Shape:
    """Counts by the names that OpenLineage gives them."""
    return {"rowCount": counts.rows, "size": counts.bytes, "fileCount": counts.files}


def job(  # noqa: PLR0913 - a job has this many sides
    node: Node,
    inputs: Iterable[NodeId],
    outputs: Iterable[NodeId],
    runs: Sequence[Run],
    *,
    came: Mapping[str, Outcome],
    told: Stated | None = None,
    version: str | None = None,
) -> Shape:
    """Job; *runs* are its latest, newest first, and what they came to, *told* what was stated of it.

    *version* is that of its newest run.
    """
    parent = next((run.parent_job.name for run in runs if run.parent_job is not None), None)
    return {
        "id": name_of(node.id),
        "type": job_type(node.facets),
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
        "latestRun": run(runs[0], came=came[runs[0].id]) if runs else None,
        "latestRuns": [run(each, came=came[each.id]) for each in runs],
        "facets": facets_of(node.facets),
        "currentVersion": version,
        "labels": [],
        "tags": _tags(facet(node.facets, Tags).tags, told),
    }


def job_type(facets: Mapping[str, bytes]) -> str:
    """BATCH, STREAM or SERVICE, as a job's facets say."""
    return _JOB_TYPES.get((facet(facets, JobType).processing_type or "").upper(), "BATCH")


def job_version(node: Node, version: JobVersion, newest: Run | None) -> Shape:
    """JobVersion, as Marquez has it; *newest* is its last run."""
    return {
        "id": name_of(node.id) | {"version": version.id},
        "name": node.id.name,
        "namespace": node.id.namespace,
        "version": version.id,
        "location": facet(node.facets, SourceCodeLocation).url,
        "inputs": [name_of(each) for each in version.inputs],
        "outputs": [name_of(each) for each in version.outputs],
        "createdAt": version.first_at,
        "latestRun": run(newest) if newest else None,
    }


def run(  # noqa: PLR0913 - a run has this many sides
    of: Run,
    facets: Mapping[str, bytes] | None = None,
    *,
    inputs: Iterable[Shape] = (),
    outputs: Iterable[Shape] = (),
    version: str | None = None,
    came: Outcome | None = None,
) -> Shape:
    """Run; lists of runs leave out its facets, its arguments, the versions of its datasets and that of its job.

    `state` is what its own events say; `outcome` is what it comes to now, null where nobody asked. `incomplete` is why
    its producer could not read all that it did, null where it could, and where its facets are left out.
    """
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
        "args": facet(facets or {}, MarquezArgs).args,
        "jobVersion": name_of(of.job) | {"version": version},
        "inputDatasetVersions": list(inputs),
        "outputDatasetVersions": list(outputs),
        "facets": facets_of(facets or {}),
        "parentRunId": of.parent_run,
        "rootRunId": of.root_run,
        "conflict": of.conflict,
        "incomplete": incomplete(facets or {}) or None,
        "outcome": outcome(came or Outcome(of.state)) if came or of.state in TERMINAL else None,
    }


def outcome(came: Outcome) -> Shape:
    """What a run comes to at the moment of reading: LOST is a state of ours, and so is the rule that *mark* names."""
    return {"state": seen(came.state), "reason": came.why, "mark": came.mark or None}


def changing(runs: Iterable[Shape]) -> str:
    """What of these Run objects the passing of time may change while the graph does not: for `Asked.answer`."""
    told = ((run["id"], run["outcome"] or {}) for run in runs)
    open_ones = ((id_, came) for id_, came in told if came.get("mark") or came.get("state") not in _ENDED)
    return ",".join(f"{id_} {came.get('state')}" for id_, came in open_ones)


def seen(state: Seen) -> str:
    """A state as Marquez's clients spell it; LOST, which they do not know, as it is."""
    return "LOST" if state == "LOST" else STATES[state]


def used(use: Use, version: str | None, facets: Mapping[str, bytes]) -> Shape:
    """An item of inputDatasetVersions or outputDatasetVersions, with the *facets* that the run gave of this use.

    Statistics are those of all its events together.
    """
    counted = {} if use.statistics == Statistics() else {f"{use.side}Statistics": statistics(use.statistics)}
    return {"datasetVersionId": name_of(use.dataset) | {"version": version}, "facets": facets_of(facets) | counted}


def newest(records: Iterable[FacetRecord]) -> dict[str, bytes]:
    """Of *records*, newest first, the newest body of each name; an empty body was a deletion."""
    bodies: dict[str, bytes] = {}
    for record in records:
        bodies.setdefault(record.name, record.body)
    return {name: body for name, body in bodies.items() if body}
