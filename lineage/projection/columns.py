"""Which columns a column was made of: the columnLineage facet as edges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from lineage.events import Dataset
from lineage.model import ColumnEdge, ColumnsSeen, FieldId, NodeId, dataset_id
from lineage.projection.bodies import COLUMN_LINEAGE, SCHEMA, InputField, OutputField, is_deleted

Transformations = set[tuple[str, str, bool]]


def columns_seen(dataset: Dataset, warnings: list[str]) -> ColumnsSeen | None:
    """The column lineage that the facets of *dataset* carry; None without any (or, warned, when it cannot be read)."""
    raw = dataset.facets.get("columnLineage")
    if raw is None or is_deleted(body := bytes(raw)):
        return None
    schema = dataset.facets.get("schema")
    try:
        return _expand(dataset.id, body, bytes(schema) if schema is not None and b'"dataset"' in body else b"")
    except msgspec.ValidationError as error:
        warnings.append(f"columnLineage: kept unread, {error}")
        return None


# Spark repeats the same body, up to 125 kB of it, on every event of a run (OPENLINEAGE 4.5).
@lru_cache(maxsize=128)
def _expand(target: NodeId, body: bytes, schema: bytes) -> ColumnsSeen:
    facet = COLUMN_LINEAGE.decode(body)
    whole = facet.dataset or []
    names = list(facet.fields)
    if whole:  # They affect every column, also those that `fields` need not explain, such as count(*).
        names = list(dict.fromkeys((*names, *_column_names(schema))))
    found: dict[tuple[FieldId, FieldId], Transformations] = {}
    for name in names:
        field = facet.fields.get(name)
        for source in (*(field.input_fields if field else ()), *whole):
            if name and source.namespace and source.name and source.field:
                edge = _field_id(source), FieldId(target, name)
                found.setdefault(edge, set()).update(_transformations(source, field))
    edges = (ColumnEdge(source, to, tuple(sorted(how))) for (source, to), how in found.items())
    return ColumnsSeen(target, _digest(target, body, names), tuple(sorted(edges)))


def _column_names(schema: bytes) -> Iterable[str]:
    try:
        return [field.name for field in SCHEMA.decode(schema).fields or ()] if schema else ()
    except msgspec.ValidationError:
        return ()  # The reader of the schema facet says so; here it only adds columns.


def _field_id(source: InputField) -> FieldId:
    return FieldId(dataset_id(source.namespace, source.name), source.field)


def _transformations(source: InputField, field: OutputField | None) -> Transformations:
    if source.transformations:
        return {(each.type, each.subtype or "", each.masking is True) for each in source.transformations}
    deprecated = field.transformation_type if field and field.transformation_type else ""
    if deprecated == "MASKED":
        return {("DIRECT", "TRANSFORMATION", True)}
    return {("DIRECT", deprecated, False)} if deprecated else set()


def _digest(target: NodeId, body: bytes, names: Iterable[str]) -> bytes:
    # The target is part of it: Airflow sends one and the same body for all outputs of a task.
    return hashlib.sha256(b"\0".join((str(target).encode(), body, *(name.encode() for name in names)))).digest()
