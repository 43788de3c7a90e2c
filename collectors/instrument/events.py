"""The run of a service as OpenLineage events, made with the official client's own classes.

Importing that client takes a third of a second; it happens in the thread that reports, with the first event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from collectors.instrument.windows import Flow

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

PRODUCER: Final = "https://github.com/headwater-lineage/headwater/tree/main/collectors/instrument"
INTEGRATION: Final = "KAFKA_CLIENT"

Kind = Literal["START", "RUNNING", "COMPLETE", "FAIL", "ABORT"]
Emit = Callable[["RunEvent"], None]


@dataclass(frozen=True, slots=True)
class Who:
    """The job and the run; *cluster* is `kafka://HOST:PORT`, *cluster_id* what the brokers call themselves."""

    namespace: str
    job: str
    run: str
    cluster: str
    window_s: int
    cluster_id: str | None = None
    group: str | None = None
    engine: str = "confluent-kafka"
    version: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What is said at one moment of a run. *made_of* names the topics that a topic comes of, where one could tell."""

    at: datetime
    since: datetime
    inputs: Sequence[Flow] = ()
    outputs: Sequence[Flow] = ()
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fields: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # of topics: (name, type)
    error: str | None = None


def event(kind: Kind, who: Who, window: Window) -> RunEvent:
    """The event of *kind* that tells *window* of the run *who*."""
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import input_statistics_input_dataset as read
    from openlineage.client.facet_v2 import output_statistics_output_dataset as written

    inputs = [
        InputDataset(
            who.cluster,
            flow.topic,
            facets=_dataset(who, flow, window),
            inputFacets={
                "inputStatistics": read.InputStatisticsInputDatasetFacet(rowCount=flow.rows, size=flow.size_bytes),
                "kafka_window": _custom(_side(flow, who, window), "InputDatasetFacet"),
            },
        )
        for flow in window.inputs
    ]
    outputs = [
        OutputDataset(
            who.cluster,
            flow.topic,
            facets=_dataset(who, flow, window),
            outputFacets={
                "outputStatistics": written.OutputStatisticsOutputDatasetFacet(
                    rowCount=flow.rows, size=flow.size_bytes
                ),
                "kafka_window": _custom(_side(flow, who, window), "OutputDatasetFacet"),
            },
        )
        for flow in window.outputs
    ]
    return RunEvent(
        eventType=RunState[kind],
        eventTime=window.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        run=Run(who.run, _of_run(who, window)),
        job=Job(who.namespace, who.job, _of_job(who, window)),
        inputs=inputs,
        outputs=outputs,
        producer=PRODUCER,
    )


def _of_run(who: Who, window: Window) -> dict[str, Any]:
    from openlineage.client.facet_v2 import error_message_run, processing_engine_run

    facets: dict[str, Any] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(who.version or "unknown", who.engine)
    }
    if window.error is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(window.error, "PYTHON")
    return facets


def _of_job(who: Who, window: Window) -> dict[str, Any]:
    from openlineage.client.facet_v2 import job_type_job, lineage

    kind = "STREAM_PROCESSOR" if window.inputs and window.outputs else "CONSUMER" if window.inputs else "PRODUCER"
    pattern = job_type_job.EmissionPattern("PERIODIC", "COMPLETE_SNAPSHOT", who.window_s)
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet("STREAMING", INTEGRATION, kind, emissionPattern=pattern)
    }
    if window.made_of:
        facets["lineage"] = lineage.LineageJobFacet(
            [
                lineage.LineageDatasetEntry(
                    who.cluster,
                    target,
                    "DATASET",
                    inputs=[lineage.LineageDatasetInput(who.cluster, source, "DATASET") for source in sources],
                )
                for target, sources in window.made_of.items()
            ]
        )
    return facets


def _dataset(who: Who, flow: Flow, window: Window) -> dict[str, Any]:
    from openlineage.client.facet_v2 import dataset_type_dataset, schema_dataset, symlinks_dataset

    facets: dict[str, Any] = {"datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("TOPIC")}
    if who.cluster_id:
        other = symlinks_dataset.Identifier(f"kafka://{who.cluster_id}", flow.topic, "CLUSTER")
        facets["symlinks"] = symlinks_dataset.SymlinksDatasetFacet([other])
    if known := window.fields.get(flow.topic):
        columns = [schema_dataset.SchemaDatasetFacetFields(name, kind) for name, kind in known]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(columns)
    return facets


def _side(flow: Flow, who: Who, window: Window) -> dict[str, Any]:
    times = {"windowStart": _iso(window.since), "windowEnd": _iso(window.at)}
    return flow.facet() | times | ({"group": who.group} if who.group else {})


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def _custom(body: Mapping[str, Any], base: Literal["InputDatasetFacet", "OutputDatasetFacet"]) -> Any:
    from openlineage.client import facet_v2

    return getattr(facet_v2, base)().with_additional_properties(**body)
