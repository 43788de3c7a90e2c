"""Spark: an application, and a run for every action in it, told in up to eight events (OPENLINEAGE 4.5).

What a run used is the union over its events: statistics may come on RUNNING alone, outputs on COMPLETE alone. FAIL and
then COMPLETE is FAIL; an application says COMPLETE whatever its driver came to. One action may be two runs, one round
the other (`lineage.slo.gather` counts it once); a stream is a run for every micro-batch (`lineage.hierarchy` folds
them). To infer a schema Spark starts RDD jobs that never end and read a guess: they close with their application. The
source of a MERGE stands in its column lineage alone, and a DROP names a path that only its symlink gives away; both are
read from what is sent. Here is mended what one event tells: the guess, and the failure in a facet of Spark's own.
"""

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
