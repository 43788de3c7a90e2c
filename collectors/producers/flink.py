"""Flink: a job that takes checkpoints never ends by itself, and each checkpoint is a sign of life (OPENLINEAGE 4.7).

START comes when the job is submitted, RUNNING with the facet `checkpoints` while it lives, often without datasets; a
restart from a savepoint is another run. FINISHED is COMPLETE, FAILED is FAIL, and CANCELED is ABORT since 1.50; before,
a cancelled job says FAIL, and nothing in it tells the two apart.
"""

from __future__ import annotations

from typing import Final

from collectors.producers._wire import content, with_facet
from lineage.events import Event

_CHECKPOINTS: Final = "checkpoints"


def normalise(event: Event) -> Event:
    """With the job type of a stream, where a run takes checkpoints and its job does not say what it is.

    A run that takes none may be a batch; it keeps what it says.
    """
    if event.run is None or event.job is None or _CHECKPOINTS not in event.run.facets:
        return event
    if content(event.job.facets, "jobType").get("processingType"):
        return event
    stream = {
        "_producer": event.producer,
        "_schemaURL": "https://openlineage.io/spec/facets/2-0-4/JobTypeJobFacet.json",
        "processingType": "STREAMING",
        "integration": "FLINK",
        "jobType": "JOB",
    }
    return event._replace(job=event.job._replace(facets=with_facet(event.job.facets, "jobType", stream)))
