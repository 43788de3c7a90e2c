"""What answers look like, as JSON Schema: Marquez's objects with every key that its clients read, and ours beside them.

A key that is named here is always there, unless it is said of it that it may be; others may come, for what is named is
the least that a client may rely on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ANY: Final[Schema] = {"type": "object"}


def maybe(schema: Schema) -> Schema:
    """*schema*, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """A list of *schema*."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """The object of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(**properties: Schema) -> Schema:
    """An object with at least these keys."""
    return {"type": "object", "required": list(properties), "properties": properties}


def listed(key: str, name: str) -> Schema:
    """A page of a list: the items under *key*, how many there are in all, and the cursor of the next page."""
    return thing(**{key: many(ref(name)), "totalCount": COUNT, "next": maybe(TEXT)})


_SOME_TEXT = maybe(TEXT)
_WHEN = maybe(TIME)
_NAMES = many(ref("Name"))
_OUTCOMES = {
    "state": {"enum": ["NEW", "RUNNING", "COMPLETED", "FAILED", "ABORTED", "LOST"]},
    "reason": TEXT,
    "mark": {"enum": [None, "replaced", "repaired", "closed", "silent", "lost"]},
}
_OUTCOME = thing(**_OUTCOMES) | {"description": "What the run comes to now; LOST: it never ended, nobody knows why."}
_FIELD = thing(name=TEXT, type=_SOME_TEXT, tags=many(TEXT), description=_SOME_TEXT)
_DESCRIBED: Final[Mapping[str, Schema]] = {
    "id": ref("Name"),
    "type": {"enum": ["DB_TABLE", "STREAM"]},
    "name": TEXT,
    "physicalName": TEXT,
    "createdAt": TIME,
    "namespace": TEXT,
    "sourceName": TEXT,
    "fields": many(_FIELD),
    "tags": many(TEXT),
    "description": _SOME_TEXT,
    "facets": ANY,
}
_MARKS = {"stale": FLAG, "incomplete": FLAG}
_MADE_OF = many(TEXT) | {"description": "Maybe: what explicit lineage says that the destination was made of."}
_USED = many(thing(datasetVersionId=ref("Version"), facets=ANY))
_SPAN: Final[Mapping[str, Schema]] = {"startInterval": TIME, "endInterval": TIME}

OBJECTS: Final[Mapping[str, Schema]] = {
    "Name": thing(namespace=TEXT, name=TEXT),
    "Version": thing(namespace=TEXT, name=TEXT, version=_SOME_TEXT),
    "Namespace": thing(
        name=TEXT, createdAt=TIME, updatedAt=TIME, ownerName=_SOME_TEXT, description=_SOME_TEXT, isHidden=FLAG
    ),
    "Source": thing(type=TEXT, name=TEXT, createdAt=TIME, updatedAt=TIME, connectionUrl=TEXT, description=_SOME_TEXT),
    "Tag": thing(name=TEXT, description=_SOME_TEXT),
    "Dataset": thing(
        **_DESCRIBED,
        updatedAt=TIME,
        lastModifiedAt=_WHEN,
        lastLifecycleState=_SOME_TEXT,
        currentVersion=_SOME_TEXT,
        columnLineage=maybe(many(thing(name=TEXT, inputFields=many(ANY)))),
        deleted=FLAG,
    ),
    "DatasetVersion": thing(
        **_DESCRIBED,
        version=TEXT,
        lifecycleState=_SOME_TEXT,
        currentSchemaVersion=_SOME_TEXT,
        createdByRun=maybe(ref("Run")),
    ),
    "Job": thing(
        id=ref("Name"),
        type={"enum": ["BATCH", "STREAM", "SERVICE"]},
        name=TEXT,
        simpleName=TEXT,
        parentJobName=_SOME_TEXT,
        parentJobUuid=_SOME_TEXT,
        createdAt=TIME,
        updatedAt=TIME,
        namespace=TEXT,
        inputs=_NAMES,
        outputs=_NAMES,
        location=_SOME_TEXT,
        description=_SOME_TEXT,
        latestRun=maybe(ref("Run")),
        latestRuns=many(ref("Run")),
        facets=ANY,
        currentVersion=_SOME_TEXT,
        labels=many(TEXT),
        tags=many(TEXT),
    ),
    "JobVersion": thing(
        id=ref("Version"),
        name=TEXT,
        namespace=TEXT,
        version=TEXT,
        location=_SOME_TEXT,
        inputs=_NAMES,
        outputs=_NAMES,
        createdAt=TIME,
        latestRun=maybe(ref("Run")),
    ),
    "Run": thing(
        id=TEXT,
        createdAt=TIME,
        updatedAt=TIME,
        nominalStartTime=_WHEN,
        nominalEndTime=_WHEN,
        state={"enum": ["NEW", "RUNNING", "COMPLETED", "FAILED", "ABORTED"]},
        startedAt=_WHEN,
        endedAt=_WHEN,
        durationMs=maybe({"type": "integer"}),
        args=ANY,
        jobVersion=ref("Version"),
        inputDatasetVersions=_USED,
        outputDatasetVersions=_USED,
        facets=ANY,
        incomplete=maybe(TEXT),
        outcome=maybe(_OUTCOME),
    ),
    "Share": thing(job=ref("Name"), runs=COUNT, outcomes=ANY, latestRun=ref("Run"), inputs=_NAMES, outputs=_NAMES),
    "Edge": thing(origin=TEXT, destination=TEXT)
    | {"properties": {"origin": TEXT, "destination": TEXT, "madeOf": _MADE_OF, **_MARKS}},  # ours may be absent
    "GraphNode": thing(
        id=TEXT,
        type={"enum": ["DATASET", "JOB", "RUN", "DATASET_FIELD"]},
        data=ANY,
        inEdges=many(ref("Edge")),
        outEdges=many(ref("Edge")),
    ),
    "Graph": thing(graph=many(ref("GraphNode")), truncated=FLAG, frontier=many(TEXT)),
    "Door": thing(status=TEXT, ingest=FLAG),  # what who asks nothing hears at the path that events are sent to
    "RunLineage": thing(
        runs=many(
            thing(
                job=ref("Version"),
                run=thing(id=TEXT, start=_WHEN, end=_WHEN, status=TEXT),
                inputs=many(thing(namespace=TEXT, name=TEXT, version=_SOME_TEXT, producedByRunId=_SOME_TEXT)),
            )
        ),
        truncated=FLAG,
    ),
    "SearchResult": thing(type={"enum": ["DATASET", "JOB"]}, name=TEXT, updatedAt=TIME, namespace=TEXT, nodeId=TEXT),
    "Hits": thing(
        hits=many(thing(run_id=_SOME_TEXT, name=TEXT, namespace=TEXT, eventType=_SOME_TEXT, facets=ANY)),
        highlights=many(ANY),
        totalCount=COUNT,
        next=_SOME_TEXT,
    ),
    "Event": ANY,
    "Incident": thing(
        id=TEXT,
        state={"enum": ["open", "resolved"]},
        severity=TEXT,
        title=TEXT,
        members=many(ANY),
        ackedAt=maybe(TIME),
        postmortem=thing(required=FLAG, because=TEXT, url=_SOME_TEXT),
        promises=many(thing(slo=TEXT, what=TEXT, withinSeconds=COUNT, tookSeconds=maybe(COUNT), state=TEXT)),
    ),
    "Status": thing(slo=TEXT, dataset=ref("Name"), state=TEXT, sentence=TEXT, at=TIME, budget=ANY),
    "Proposal": thing(dataset=ref("Name"), tags=many(ANY), slo=_SOME_TEXT, yaml=_SOME_TEXT, remarks=many(TEXT)),
    "Step": thing(
        slo=TEXT,
        action={"enum": ["add", "change", "remove", "keep"]},
        place=TEXT,
        ownedBy=_SOME_TEXT,
        fields=many(thing(field=TEXT, effect=TEXT)),
        before=maybe(ANY),
        after=maybe(ANY),
    ),
    "DeadLetter": thing(
        id=TEXT,
        reason=TEXT,
        field=_SOME_TEXT,
        principal=TEXT,
        receivedAt=TIME,
        size=COUNT,
        truncated=FLAG,
        timesAgain=COUNT,
    ),
    "Suggestion": thing(unwritten=ref("Name"), written=ref("Name"), differs=many(TEXT)),
    "Identity": thing(canonical=ref("Name"), names=many(ref("Name")), because=many(ANY), decisions=many(ANY)),
    "Trace": thing(root=TEXT, nodes=many(ANY), edges=many(ref("Edge")), truncated=FLAG, frontier=many(TEXT)),
    "Receipt": thing(digest=TEXT, status={"enum": ["accepted", "duplicate", "dead-lettered", "replayed", "discarded"]}),
    "Counted": thing(**_SPAN, count=COUNT),
    "Tallied": thing(**_SPAN, start=COUNT, complete=COUNT, fail=COUNT, abort=COUNT),
}

_NS: Final = "/api/v1/namespaces/{namespace}"
_DATASET: Final = f"{_NS}/datasets/{{name}}"
_JOB: Final = f"{_NS}/jobs/{{name}}"
_RUN: Final = "/api/v1/jobs/runs/{id}"
_OWNED: Final = {"datasets": COUNT, "owned": COUNT, "ratio": maybe({"type": "number", "minimum": 0, "maximum": 1})}
_EXCLUDED: Final = ("/api/v1/slos/{name}/exclusions", "/api/v1/exclusions/{calendar}")
_EXCLUSIONS = thing(exclusions=many(ANY))
_CORRECTIONS = thing(
    corrections=many(thing(occurrence=TEXT, state={"enum": ["GOOD", "BAD"]}, because=TEXT, by=TEXT, at=TIME))
)
_SILENCE = thing(silence={"anyOf": [thing(until=TIME, because=TEXT, by=TEXT), {"type": "null"}]})
ANSWERS: Final[Mapping[tuple[str, str], Schema]] = {
    ("get", "/api/v1/namespaces"): listed("namespaces", "Namespace"),
    **{(method, _NS): ref("Namespace") for method in ("get", "put", "delete")},
    ("get", "/api/v1/sources"): listed("sources", "Source"),
    **{(method, "/api/v1/sources/{source}"): ref("Source") for method in ("get", "put")},
    ("get", "/api/v1/tags"): listed("tags", "Tag"),
    ("put", "/api/v1/tags/{tag}"): ref("Tag"),
    ("get", f"{_NS}/datasets"): listed("datasets", "Dataset"),
    **{(method, _DATASET): ref("Dataset") for method in ("get", "put", "delete")},
    **{(method, f"{_DATASET}/tags/{{tag}}"): ref("Dataset") for method in ("post", "delete")},
    **{(method, f"{_DATASET}/fields/{{field}}/tags/{{tag}}"): ref("Dataset") for method in ("post", "delete")},
    ("get", f"{_DATASET}/versions"): listed("versions", "DatasetVersion"),
    ("get", f"{_DATASET}/versions/{{version}}"): ref("DatasetVersion"),
    ("get", "/api/v1/jobs"): listed("jobs", "Job"),
    ("get", f"{_NS}/jobs"): listed("jobs", "Job"),
    **{(method, _JOB): ref("Job") for method in ("get", "put", "delete")},
    **{(method, f"{_JOB}/tags/{{tag}}"): ref("Job") for method in ("post", "delete")},
    ("get", f"{_JOB}/versions"): listed("versions", "JobVersion"),
    ("get", f"{_JOB}/versions/{{version}}"): ref("JobVersion"),
    ("get", f"{_JOB}/runs"): listed("runs", "Run"),
    ("post", f"{_JOB}/runs"): ref("Run"),
    ("get", _RUN): ref("Run"),
    **{("post", f"{_RUN}/{step}"): ref("Run") for step in ("start", "complete", "fail", "abort")},
    ("get", f"{_RUN}/facets"): thing(runId=TEXT, facets=ANY),
    ("get", "/api/v1/lineage"): {"anyOf": [ref("Graph"), ref("Door")]},
    ("get", "/api/v1/column-lineage"): ref("Graph"),
    **{("get", f"/api/v1/runlineage/{way}stream"): ref("RunLineage") for way in ("up", "down")},
    ("get", "/api/v1/events"): listed("events", "Event"),
    ("get", "/api/v1/events/lineage"): listed("events", "Event"),
    ("get", "/api/v1/search"): listed("results", "SearchResult"),
    **{("get", f"/api/v2beta/search/{what}"): ref("Hits") for what in ("jobs", "datasets")},
    ("get", "/api/v1/stats/lineage-events"): many(ref("Tallied")),
    **{("get", f"/api/v1/stats/{what}"): many(ref("Counted")) for what in ("jobs", "datasets", "sources")},
    ("get", "/api/v1/slos"): listed("slos", "Status"),
    ("get", "/api/v1/proposals"): thing(proposals=many(ref("Proposal")), totalCount=COUNT),
    ("get", "/api/v1/slos/{name}"): ref("Status"),
    **{("post", f"/api/v1/definitions/{step}"): thing(steps=many(ref("Step"))) for step in ("plan", "apply")},
    **{(method, "/api/v1/slos/{name}/corrections"): _CORRECTIONS for method in ("get", "post")},
    **{(method, path): _EXCLUSIONS for path in _EXCLUDED for method in ("get", "post")},
    **{("post", f"{path}/undo"): _EXCLUSIONS for path in _EXCLUDED},
    **{(method, "/api/v1/slos/{name}/silence"): _SILENCE for method in ("get", "post")},
    ("post", "/api/v1/slos/{name}/silence/undo"): _SILENCE,
    ("get", "/api/v1/products/{product}/gate"): thing(
        product=TEXT,
        open=FLAG,
        because=many(thing(slo=TEXT, remainingRatio={"type": "number", "maximum": 0}, sentence=TEXT)),
        undecided=many(thing(slo=TEXT, state={"enum": ["warming", "no_data"]}, sentence=TEXT)),
    ),
    ("get", "/api/v1/ownership"): thing(
        **_OWNED,
        namespaces=many(thing(namespace=TEXT, **_OWNED)),
        failing=many(thing(dataset=ref("Name"), owners=many(TEXT), reasons=many(TEXT))),
        totalCount=COUNT,
        next=maybe(TEXT),
        truncated=FLAG,
    ),
    ("post", "/api/v1/drift"): thing(
        dataset=ref("Name"),
        comparedWith=maybe(thing(run=_SOME_TEXT, at=TIME)),
        breaking=FLAG,
        changes=many(thing(**{"column": TEXT, "class": TEXT, "sentence": TEXT, "sure": FLAG, "users": many(TEXT)})),
    ),
    ("get", "/api/v1/incidents"): listed("incidents", "Incident"),
    ("get", "/api/v1/incidents/{id}"): ref("Incident"),
    **{("post", f"/api/v1/incidents/{{id}}/{word}"): ref("Incident") for word in ("ack", "postmortem")},
    ("get", "/api/v1/dead-letters"): listed("deadLetters", "DeadLetter"),
    ("get", "/api/v1/dead-letters/{letter_id}"): ref("DeadLetter"),
    ("get", f"{_RUN}/outcome"): thing(
        runId=TEXT,
        **_OUTCOMES,
        at=TIME,
        silentTasks=ANY,
        failedTasks=many(TEXT),
        tries=many(thing(runId=TEXT, **_OUTCOMES)),
    ),
    ("get", f"{_RUN}/children"): thing(runId=TEXT, children=many(ref("Share"))),
    ("get", f"{_JOB}/hierarchy"): thing(job=ref("Name"), above=_NAMES, below=_NAMES, before=_NAMES, after=_NAMES),
    ("get", f"{_DATASET}/identity"): ref("Identity"),
    **{("post", f"{_DATASET}/identity/{step}"): ref("Identity") for step in ("split", "join", "undo")},
    ("get", "/api/v1/audit/trace"): ref("Trace"),
    ("get", "/api/v1/events/{digest}"): ref("Receipt"),
    ("get", "/api/v1/identity/suggestions"): listed("suggestions", "Suggestion"),
}
