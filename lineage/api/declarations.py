"""PUT of datasets and jobs, as Marquez's clients do it: what they declare becomes an OpenLineage event."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from lineage.api import datasets, jobs
from lineage.api._answers import as_json
from lineage.api._saying import Body, Saying, Says, facet, named, own_facet, tagged
from lineage.api._stated import stated
from lineage.api.runs import known_run
from lineage.model import NodeId, dataset_id, job_id
from lineage.statements import Subject, Word, of

router = APIRouter(prefix="/api/v1/namespaces/{namespace:word}", tags=["declarations"])

_PROCESSING = {"BATCH": "BATCH", "STREAM": "STREAMING", "SERVICE": "SERVICE"}

RunRef = Annotated[str | None, Field(alias="runId", description="A known run that did so.")]
Name = Annotated[str, Field(min_length=1)]


class FieldBody(BaseModel):
    """A column."""

    name: Name
    type: Annotated[str | None, Field(description="Its type, in the words of the source.")] = None
    tags: Annotated[list[Name] | None, Field(description="Tags to put on it.")] = None
    description: Annotated[str | None, Field(description="What it is.")] = None


class DatasetBody(BaseModel):
    """A dataset as a client declares it."""

    type: Annotated[Literal["DB_TABLE", "STREAM"], Field(description="What kind of thing it is.")]
    physical_name: Annotated[str, Field(alias="physicalName", description="Its name in the source.")]
    source_name: Annotated[str, Field(alias="sourceName", description="Where it is kept.")]
    fields_: Annotated[list[FieldBody] | None, Field(alias="fields", description="Its columns, in order.")] = None
    tags: Annotated[list[Name] | None, Field(description="Tags to put on it.")] = None
    description: Annotated[str | None, Field(description="What it is.")] = None
    schema_location: Annotated[str | None, Field(alias="schemaLocation", description="Of a stream: its schema.")] = None
    run_id: RunRef = None


class DatasetRef(BaseModel):
    """A dataset by its name."""

    namespace: Name
    name: Name


class JobBody(BaseModel):
    """A job as a client declares it."""

    type: Annotated[Literal["BATCH", "STREAM", "SERVICE"], Field(description="How it runs.")]
    inputs: Annotated[list[DatasetRef] | None, Field(description="What it reads.")] = None
    outputs: Annotated[list[DatasetRef] | None, Field(description="What it writes.")] = None
    location: Annotated[str | None, Field(description="Where its code is.")] = None
    description: Annotated[str | None, Field(description="What it does.")] = None
    run_id: RunRef = None


@router.put("/datasets/{name:word}")
def put_dataset(says: Says, namespace: str, name: str, body: DatasetBody) -> Response:
    """Declare a dataset: a DatasetEvent, an event of the run where one is named, and a statement for its tags."""
    run = known_run(says.store, body.run_id) if body.run_id else None
    node = dataset_id(namespace, name)
    facets = _dataset_facets(says, body)
    says.dataset(node, facets)
    if run is not None:
        says.run(run.id, run.job, "OTHER", says.now, outputs=[named(node, facets)])
    words = [Word("tag", tag) for tag in body.tags or ()]
    words += [Word("tag", tag, field.name) for field in body.fields_ or () for tag in field.tags or ()]
    says.decide(*tagged(of(node), words))
    return as_json(datasets.shown(says.store, datasets.known_dataset(says.store, namespace, name)))


@router.put("/jobs/{name:word}")
def put_job(says: Says, namespace: str, name: str, body: JobBody) -> Response:
    """Declare a job: a JobEvent, and an event of the run where one is named."""
    run = known_run(says.store, body.run_id) if body.run_id else None
    node = job_id(namespace, name)
    inputs, outputs = _named(body.inputs), _named(body.outputs)
    says.job(node, _job_facets(body), inputs, outputs)
    if run is not None:
        says.run(run.id, node, "OTHER", says.now, inputs=inputs, outputs=outputs)
    return as_json(jobs.shown(says.store, jobs.known_job(says.store, namespace, name), says.now))


def _dataset_facets(says: Saying, body: DatasetBody) -> dict[str, Body]:
    told = stated(says.store, Subject("source", body.source_name))
    facets = {
        "dataSource": facet(
            "1-0-1/DatasourceDatasetFacet", name=body.source_name, uri=told.value("url") if told else None
        ),
        "datasetType": facet(
            "1-0-0/DatasetTypeDatasetFacet", datasetType="TOPIC" if body.type == "STREAM" else "TABLE"
        ),
        "marquezDataset": own_facet(physicalName=body.physical_name, schemaLocation=body.schema_location),
    }
    if body.fields_ is not None:
        columns = [each.model_dump(include={"name", "type", "description"}, exclude_none=True) for each in body.fields_]
        facets["schema"] = facet("1-2-0/SchemaDatasetFacet", fields=columns)
    if body.description is not None:
        facets["documentation"] = facet("1-1-0/DocumentationDatasetFacet", description=body.description)
    return facets


def _job_facets(body: JobBody) -> dict[str, Body]:
    kind = facet("2-0-3/JobTypeJobFacet", processingType=_PROCESSING[body.type], integration="MARQUEZ", jobType="JOB")
    facets = {"jobType": kind}
    if body.location is not None:
        facets["sourceCodeLocation"] = facet("1-0-1/SourceCodeLocationJobFacet", type="git", url=body.location)
    if body.description is not None:
        facets["documentation"] = facet("1-1-0/DocumentationJobFacet", description=body.description)
    return facets


def _named(refs: Iterable[DatasetRef] | None) -> list[Body]:
    nodes: list[NodeId] = [dataset_id(ref.namespace, ref.name) for ref in refs or ()]
    return [named(node) for node in nodes]
