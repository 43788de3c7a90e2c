"""OpenLineage events as the example estate's producers would send them: plain JSON values, built by kind."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from lineage.estate.pipelines import Derivation, Step, Stream
from lineage.estate.world import AIRFLOW, DBT, SERVICES, SPARK, TABLES, Table

Json = dict[str, Any]  # a JSON object on its way out

CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
FACETS = "https://openlineage.io/spec/facets"
PRODUCERS = {
    "dag": "https://github.com/apache/airflow/tree/providers-openlineage/2.20.3",
    "spark": "https://github.com/OpenLineage/OpenLineage/tree/1.53.0/integration/spark",
    "dbt": "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/integration/dbt",
    "stream": "https://example.com/kafka-client",
}
NAMESPACES = {"dag": AIRFLOW, "spark": SPARK, "dbt": DBT, "stream": SERVICES}
ENGINES = {
    "dag": ("Airflow", "3.3.2"),
    "spark": ("spark", "4.0.5"),
    "dbt": ("dbt", "1.11.16"),
    "stream": ("kafka", "4.3"),
}
_RUNS = uuid.UUID("6a2f41a3-c54c-4f0e-9a8e-0d6a1f1f2b11")

_VERSIONS = {
    "SchemaDatasetFacet": "1-2-0",
    "DatasetTypeDatasetFacet": "1-0-1",
    "OwnershipDatasetFacet": "1-0-1",
    "OwnershipJobFacet": "1-0-1",
    "DocumentationDatasetFacet": "1-1-0",
    "ColumnLineageDatasetFacet": "1-2-0",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "InputStatisticsInputDatasetFacet": "1-0-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "NominalTimeRunFacet": "1-0-1",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "ErrorMessageRunFacet": "1-0-1",
    "JobTypeJobFacet": "2-0-4",
    "SQLJobFacet": "1-1-0",
}


def run_of(job: str, at: datetime) -> str:
    """The id of the run that *job* begins at *at*: the same question, the same id."""
    return str(uuid.uuid5(_RUNS, f"{job}@{at.isoformat()}"))


def facet(kind: str, schema: str, **body: object) -> Json:
    """A facet of the published schema *schema*, from the producer of *kind*."""
    url = f"{FACETS}/{_VERSIONS[schema]}/{schema}.json#/$defs/{schema}"
    return {"_producer": PRODUCERS[kind], "_schemaURL": url, **body}


def event(  # noqa: PLR0913 - the envelope has these fields
    type_: str,
    at: datetime,
    *,
    run: Json,
    job: Json,
    inputs: Sequence[Json] = (),
    outputs: Sequence[Json] = (),
) -> Json:
    """A RunEvent."""
    return {
        "eventType": type_,
        "eventTime": at.isoformat(timespec="milliseconds"),
        "producer": run["facets"]["processing_engine"]["_producer"],
        "schemaURL": f"{CORE}#/$defs/RunEvent",
        "run": run,
        "job": job,
        "inputs": list(inputs),
        "outputs": list(outputs),
    }


def job(kind: str, name: str, job_type: str, *, owner: str | None = None, sql: str = "") -> Json:
    """A job with its type, owner and query."""
    streaming = kind == "stream"
    facets: Json = {
        "jobType": facet(
            kind,
            "JobTypeJobFacet",
            processingType="STREAMING" if streaming else "BATCH",
            integration={"dag": "AIRFLOW", "spark": "SPARK", "dbt": "DBT", "stream": "KAFKA_CLIENT"}[kind],
            jobType=job_type,
        )
    }
    if streaming:
        facets["jobType"]["emissionPattern"] = {
            "eventTrigger": "PERIODIC",
            "eventContentMode": "COMPLETE_SNAPSHOT",
            "windowDuration": 3600,
        }
    if owner:
        facets["ownership"] = facet(kind, "OwnershipJobFacet", owners=[{"name": f"@{owner}", "type": "team"}])
    if sql:
        facets["sql"] = facet(kind, "SQLJobFacet", query=sql, dialect="snowflake")
    return {"namespace": NAMESPACES[kind], "name": name, "facets": facets}


def run(  # noqa: PLR0913 - a run's facets
    kind: str,
    run_id: str,
    *,
    nominal: tuple[datetime, datetime] | None = None,
    parent: tuple[str, str, str] | None = None,
    root: tuple[str, str, str] | None = None,
    error: str = "",
) -> Json:
    """A run; *parent* and *root* are (run id, job namespace, job name)."""
    engine, version = ENGINES[kind]
    facets: Json = {"processing_engine": facet(kind, "ProcessingEngineRunFacet", name=engine, version=version)}
    if nominal:
        start, end = (t.isoformat(timespec="seconds") for t in nominal)
        facets["nominalTime"] = facet(kind, "NominalTimeRunFacet", nominalStartTime=start, nominalEndTime=end)
    if parent:
        facets["parent"] = facet(kind, "ParentRunFacet", **_lineage_of(parent))
        if root:
            facets["parent"]["root"] = _lineage_of(root)
    if error:
        facets["errorMessage"] = facet(kind, "ErrorMessageRunFacet", message=error, programmingLanguage="SQL")
    return {"runId": run_id, "facets": facets}


def _lineage_of(who: tuple[str, str, str]) -> Json:
    return {"run": {"runId": who[0]}, "job": {"namespace": who[1], "name": who[2]}}


def read(
    kind: str,
    key: str,
    rows: int | None = None,
    checks: Sequence[Json] = (),
    contract: tuple[str, list[Json]] = ("", []),
) -> Json:
    """The table *key* as an input, with the rows read and the assertions made on it (in both places, as dbt does).

    *contract* is a consumer, and which of its expectations were met.
    """
    found = _dataset(kind, TABLES[key])
    if checks:
        body = facet(kind, "DataQualityAssertionsDatasetFacet", assertions=list(checks))
        found["facets"]["dataQualityAssertions"] = body
        found["inputFacets"] = {"dataQualityAssertions": body}
    if contract[1]:
        url = f"{CORE}#/$defs/InputDatasetFacet"
        told = {"_producer": PRODUCERS[kind], "_schemaURL": url, "consumer": contract[0], "expectations": contract[1]}
        found["inputFacets"] = {**found.get("inputFacets", {}), "contract": told}
    if rows is not None:
        found["inputFacets"] = {"inputStatistics": facet(kind, "InputStatisticsInputDatasetFacet", rowCount=rows)}
    return found


def wrote(kind: str, key: str, step: Step | Stream, rows: int | None = None) -> Json:
    """The table *key* as an output of *step*, with column lineage and the rows written."""
    found = _dataset(kind, TABLES[key])
    if fields := _column_lineage(TABLES[key], step.reads, step.derived):
        across = [_input_field(source, subtype, "INDIRECT") for subtype, source in step.across]
        more = {"dataset": across} if across else {}
        found["facets"]["columnLineage"] = facet(kind, "ColumnLineageDatasetFacet", fields=fields, **more)
    if rows is not None:
        statistics = facet(kind, "OutputStatisticsOutputDatasetFacet", rowCount=rows, size=rows * 96, fileCount=1)
        found["outputFacets"] = {"outputStatistics": statistics}
    return found


def _dataset(kind: str, table: Table) -> Json:
    fields = [{"name": name, "type": type_} for name, type_ in table.columns]
    facets = {
        "schema": facet(kind, "SchemaDatasetFacet", fields=fields),
        "datasetType": facet(kind, "DatasetTypeDatasetFacet", datasetType=table.kind),
        "ownership": facet(kind, "OwnershipDatasetFacet", owners=[{"name": table.owner, "type": "team"}]),
    }
    if table.description:
        facets["documentation"] = facet(kind, "DocumentationDatasetFacet", description=table.description)
    return {"namespace": table.namespace, "name": table.name, "facets": facets}


def _column_lineage(table: Table, reads: tuple[str, ...], derived: dict[str, Derivation]) -> Json:
    fields: Json = {}
    for column, _ in table.columns:
        if column in derived:
            subtype, sources = derived[column]
        else:
            subtype, sources = "IDENTITY", tuple(f"{key}.{column}" for key in reads if _has(key, column))[:1]
        if sources:
            fields[column] = {"inputFields": [_input_field(source, subtype) for source in sources]}
    return fields


def _has(key: str, column: str) -> bool:
    return any(name == column for name, _ in TABLES[key].columns)


def _input_field(source: str, subtype: str, type_: str = "DIRECT") -> Json:
    key, _, column = source.rpartition(".")
    table = TABLES[key]
    transformation = {"type": type_, "subtype": subtype, "description": "", "masking": False}
    return {"namespace": table.namespace, "name": table.name, "field": column, "transformations": [transformation]}
