"""Spark: what an RDD job lists at its START is a guess; failures speak in a facet of their own (OPENLINEAGE 4.5)."""

from __future__ import annotations

from collectors.producers._wire import content, text, with_facet
from lineage.events import Event


def normalise(event: Event) -> Event:
    """Without what a START of an RDD job reads; with `spark.exception` as `errorMessage`."""
    if event.inputs and _is_inference(event):
        event = event._replace(inputs=())
    return _with_error(event)


def _is_inference(event: Event) -> bool:
    # To infer a schema Spark runs RDD jobs that START and never end; they name a file by its parent directory, without
    # facets. An RDD job that is one lists its inputs again when it ends.
    if event.type != "START" or event.outputs or any(dataset.facets for dataset in event.inputs) or event.job is None:
        return False
    kind = content(event.job.facets, "jobType")
    return kind.get("integration") == "SPARK" and kind.get("jobType") == "RDD_JOB"


def _with_error(event: Event) -> Event:
    run = event.run
    if run is None or "spark.exception" not in run.facets or "errorMessage" in run.facets:
        return event
    said = content(run.facets, "spark.exception")
    trace = text(said.get("stackTrace"))
    error = {
        "_producer": event.producer,
        "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json",
        "message": text(said.get("message")) or trace.partition("\n")[0],
        "programmingLanguage": "JAVA",
        "stackTrace": trace,
    }
    return event._replace(run=run._replace(facets=with_facet(run.facets, "errorMessage", error)))
