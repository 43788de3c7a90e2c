"""Any producer: what its SQL parser took for tables, and schemas without a column (OPENLINEAGE 2.3; 3.3, row 16)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from collectors.producers._wire import content, each_dataset, entries, text, with_facet
from lineage.events import Dataset, Event
from lineage.model import NodeId, dataset_id
from lineage.projection.bodies import is_deleted

# Functions that stand where a table may stand.
_FUNCTIONS: Final = frozenset({
    *("generate_series", "generate_subscripts", "unnest", "flatten", "string_split", "string_to_table", "openjson"),
    *("json_each", "json_each_text", "json_array_elements", "json_array_elements_text", "json_to_recordset"),
    *("jsonb_each", "jsonb_each_text", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_to_recordset"),
    "regexp_split_to_table",
})  # fmt: skip
# Found one after the other: far quicker than one expression in the 125 kB that Spark sends.
_TRACES: Final = (
    b"generate_s",
    b"unnest",
    b"flatten",
    b"string_",
    b"openjson",
    b"json_",
    b"jsonb_",
    b"split_to_",
)
_WITH: Final = re.compile(r"\bwith\s", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"(?:\bwith(?:\s+recursive)?|,)\s*\"?(\w+)\"?\s*(?:\([^()]*\)\s*)?as\s*(?:(?:not\s+)?materialized\s*)?\(",
    re.IGNORECASE,
)
_QUALIFIED: Final = re.compile(r"[\w\"]\.\"?(\w+)")
_COLUMN: Final = b'"name"'  # what a schema facet with a column has


def normalise(event: Event) -> Event:
    """Without the functions and the WITH names among its inputs, nor column lineage from them.

    A dataset that brings columns of its own is a table, whatever it is called. Without the schemas that have no column:
    they say that the columns are not known, and do not clear what is known, unless the dataset is dropped.
    """
    written = _with_names(event)

    def is_real(name: NodeId) -> bool:
        last = name.name.rpartition(".")[2].lower()
        return (last not in _FUNCTIONS and last not in written) or _is_table(name, event)

    inputs = tuple(dataset for dataset in event.inputs if is_real(dataset.id))
    real = event if len(inputs) == len(event.inputs) else event._replace(inputs=inputs)
    return each_dataset(real, lambda dataset: _with_real_sources(_with_known_schema(dataset), is_real, written))


def _with_known_schema(dataset: Dataset) -> Dataset:
    raw = dataset.facets.get("schema")
    if raw is None or _COLUMN in (body := bytes(raw)) or is_deleted(body):
        return dataset
    if content(dataset.facets, "lifecycleStateChange").get("lifecycleStateChange") == "DROP":
        return dataset
    return dataset._replace(facets={name: each for name, each in dataset.facets.items() if name != "schema"})


def _is_table(name: NodeId, event: Event) -> bool:
    return any(_has_columns(dataset) for dataset in (*event.inputs, *event.outputs) if dataset.id == name)


def _has_columns(dataset: Dataset) -> bool:
    return "schema" in dataset.facets and bool(content(dataset.facets, "schema").get("fields"))


def _with_names(event: Event) -> frozenset[str]:
    """The names that the event's own SQL gives to queries, less those that it also spells with a schema before them."""
    if event.job is None or "sql" not in event.job.facets:
        return frozenset()
    sql = text(content(event.job.facets, "sql").get("query"))
    if not _WITH.search(sql):
        return frozenset()
    return frozenset(map(str.lower, _NAMED.findall(sql))) - frozenset(map(str.lower, _QUALIFIED.findall(sql)))


def _with_real_sources(dataset: Dataset, is_real: Callable[[NodeId], bool], written: frozenset[str]) -> Dataset:
    raw = dataset.facets.get("columnLineage")
    if raw is None:
        return dataset
    body = bytes(raw)
    if not any(trace in body for trace in _TRACES) and not any(name.encode() in body.lower() for name in written):
        return dataset
    lineage = content(dataset.facets, "columnLineage")
    fields = lineage.get("fields")
    if not isinstance(fields, dict):
        return dataset

    def real(sources: object) -> list[dict[str, Any]]:
        return [
            each
            for each in entries(sources)
            if is_real(dataset_id(text(each.get("namespace")), text(each.get("name"))))
        ]

    kept = {
        column: {**how, "inputFields": real(how.get("inputFields"))} if isinstance(how, dict) else how
        for column, how in fields.items()
    }
    whole = {"dataset": real(lineage["dataset"])} if "dataset" in lineage else {}
    changed = {**lineage, "fields": kept, **whole}
    if changed == lineage:
        return dataset
    return dataset._replace(facets=with_facet(dataset.facets, "columnLineage", changed))


def _named(source: dict[str, Any]) -> NodeId:
    return dataset_id(text(source.get("namespace")), text(source.get("name")))
