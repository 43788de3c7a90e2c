"""dbt: one node, one job, whatever mode tells of it; and a test's table of failing rows is nobody's output.

The wrapper's two modes and its commands name one model up to three ways: `db.schema.project.model` after `run`, with
`.build.run` after `build`, and its unique id where structured logs are read (OPENLINEAGE 4.6). The unique id, which the
job facet `dbt_node` carries in all of them, is the job here; what was sent stays in the job facet `headwater_sent_as`.
All tests of a model, which one event tells after the fact, are the job `MODEL.test`; a test that stands alone has a
unique id of its own. Statements (`….sql.N`) keep their names under their node. Assertions come twice in one event, on
START and at the end, and as failures of tests that never ran: what counts of them is `lineage.slo.checks`'s to say.
"""

from __future__ import annotations

from typing import Final

from collectors.producers._wire import content, text, with_facet
from lineage.events import Dataset, Entity, Event
from lineage.model import job_id

_NODES: Final = frozenset({"MODEL", "SEED", "SNAPSHOT"})
_TESTS: Final = ("test.", "unit_test.")
_SENT_AS: Final = "headwater_sent_as"


def normalise(event: Event) -> Event:
    """Under the unique id of its node, and without the outputs of dbt's tests."""
    outputs = tuple(dataset for dataset in event.outputs if not _is_audit(dataset))
    event = event if len(outputs) == len(event.outputs) else event._replace(outputs=outputs)
    if event.job is None or "dbt_node" not in event.job.facets or _SENT_AS in event.job.facets:
        return event
    return event._replace(job=_as_node(event.job))


def _as_node(job: Entity) -> Entity:
    unique_id = text(content(job.facets, "dbt_node").get("unique_id"))
    kind = text(content(job.facets, "jobType").get("jobType"))
    if kind == "TEST" and not unique_id.startswith(_TESTS) and unique_id:
        unique_id = f"{unique_id}.test"
    elif kind not in _NODES and kind != "TEST":
        return job
    if not unique_id or unique_id == job.id.name:
        return job
    sent = {"_producer": "urn:headwater", "_schemaURL": "urn:headwater:sent_as", "name": job.id.name}
    return job._replace(id=job_id(job.id.namespace, unique_id), facets=with_facet(job.facets, _SENT_AS, sent))


def _is_audit(dataset: Dataset) -> bool:
    if dataset.id.name.rpartition(".")[0].endswith("_dbt_test__audit"):
        return True
    config = content(dataset.facets, "dbt_model").get("config") if "dbt_model" in dataset.facets else None
    return isinstance(config, dict) and config.get("materialized") == "test"
