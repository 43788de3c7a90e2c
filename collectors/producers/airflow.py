"""Airflow: a DAG run tells the plan, its tasks tell what they did, and much is told by nobody (OPENLINEAGE 4.4).

The scheduler sends START and COMPLETE or FAIL of a DAG run, never with datasets: its START carries the plan, which
task waits for which; its end carries `airflowState`, the last word on every task. Workers send START, COMPLETE and FAIL
of a task, never ABORT or RUNNING. Every try is a run of its own, told apart by `try_number`; a cleared DAG run begins
again as another run (`clear_number`). A skipped task says COMPLETE; EmptyOperators, upstream_failed and killed tasks
say nothing more: `lineage.views` repairs them from `airflowState`. SQL sent by a hook is a child run of its task, ends
after it, and alone names the datasets: `granularity=application` folds it into its task. Here is mended what one event
tells: assets that only the task's own text still tells (3.3, rows 18 and 19).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Raw

from collectors.producers._wire import content, entries, text, with_facet
from lineage.events import Dataset, Event, Facets
from lineage.model import NodeId, dataset_id

_DECLARED: Final[Facets] = {
    "headwater_declared": Raw(b'{"_producer":"urn:headwater","_schemaURL":"urn:headwater:declared","by":"airflow"}')
}
_REPR_MAX: Final = 64 * 1024  # beyond it a list of assets is no list that a person wrote
_OBJECT_STORES: Final = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "abfss": "abfss", "abfs": "abfss"}
_DATABASES: Final = {"postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "trino": "trino"}


def normalise(event: Event) -> Event:
    """With the declared inlets and outlets of a task, and the plan.

    A declared dataset carries the input or output facet `headwater_declared`; the plan of a DAG is the job facet
    `headwater_control_flow`: which of its tasks wait for which, as pairs of jobs.
    """
    event = _with_plan(event)
    if event.run is None or "airflow" not in event.run.facets:
        return event
    return _with_declared(event)


def _with_plan(event: Event) -> Event:
    job = event.job
    if job is None or "airflow" not in job.facets:
        return event
    tasks = content(job.facets, "airflow").get("tasks")
    if not isinstance(tasks, dict):
        return event
    waits = [
        [f"{job.id.name}.{task}", f"{job.id.name}.{after}"]
        for task, said in tasks.items()
        if isinstance(said, dict)
        for after in _listed(said.get("downstream_task_ids"))
        if after in tasks
    ]
    if not waits:
        return event
    plan = {"_producer": "urn:headwater", "_schemaURL": "urn:headwater:control_flow", "waits": waits}
    return event._replace(job=job._replace(facets=with_facet(job.facets, "headwater_control_flow", plan)))


def _listed(said: object) -> list[str]:
    found = _from_repr(said)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _with_declared(event: Event) -> Event:
    task = content(event.run.facets, "airflow").get("task") if event.run else None
    if not isinstance(task, dict):
        return event
    inlets = tuple(_declared(task.get("inlets"), {dataset.id for dataset in event.inputs}))
    outlets = tuple(_declared(task.get("outlets"), {dataset.id for dataset in event.outputs}))
    if not (inlets or outlets):
        return event
    return event._replace(inputs=(*event.inputs, *inlets), outputs=(*event.outputs, *outlets))


def _declared(listed: object, known: set[NodeId]) -> Iterator[Dataset]:
    found = (asset_id(text(asset.get("uri"))) for asset in entries(_from_repr(listed)))
    return (Dataset(each, {}, _DECLARED) for each in dict.fromkeys(found) if each is not None and each not in known)


def _from_repr(listed: object) -> Any:
    if not isinstance(listed, str) or listed in ("", "[]") or len(listed) > _REPR_MAX:
        return listed
    try:
        return ast.literal_eval(listed)
    except (ValueError, SyntaxError, MemoryError, RecursionError):  # cut short, or with an object in it
        return []


def asset_id(uri: str) -> NodeId | None:
    """The dataset that an Airflow asset's URI names, as Airflow's own converters spell it; None for other schemes."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path).rstrip("/")
    if parts.scheme == "file" and path:
        return dataset_id(f"file://{parts.netloc}" if parts.netloc else "file", path)
    if not parts.netloc or len(path) < len("/a"):
        return None
    return _stored(parts, path.lstrip("/"))


def _stored(parts: SplitResult, path: str) -> NodeId | None:
    if store := _OBJECT_STORES.get(parts.scheme):
        return dataset_id(f"{store}://{parts.netloc}", path)
    if parts.scheme == "kafka":
        return dataset_id(f"kafka://{parts.netloc}", path)
    if database := _DATABASES.get(parts.scheme):
        place = parts.netloc.rpartition("@")[2]
        return dataset_id(f"{database}://{place}", path.replace("/", "."))
    return None
