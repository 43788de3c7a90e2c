"""Which columns a column was made of: the columnLineage facet as edges, and no more of them than say it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from lineage.events import Dataset
from lineage.model import WHOLE, ColumnEdge, ColumnsSeen, FieldId, NodeId, dataset_id
from lineage.projection.bodies import COLUMN_LINEAGE, SCHEMA, InputField, OutputField, is_deleted

Transformation = tuple[str, str, bool]
Sources = dict[FieldId, set[Transformation]]

_NONE: Final[frozenset[Transformation]] = frozenset()
_NAMELESS: Final = re.compile(r"_\d+")  # what a parser of SQL calls the column of an expression without a name
_WITHIN: Final = re.compile(r"[.\[]")
_OF_ROWS: Final = frozenset({"FILTER", "GROUP_BY", "JOIN", "SORT"})  # not so CONDITIONAL and WINDOW


def columns_seen(dataset: Dataset, warnings: list[str]) -> ColumnsSeen | None:
    """The column lineage that the facets of *dataset* carry; None without any (or, warned, when it cannot be read).

    A deleted facet is column lineage without an edge: it speaks, and takes back what its job said before.

    What affects every column is one edge to `WHOLE`: the facet's own `dataset`, and whatever stands with the same
    INDIRECT transformation under each of several columns, as Spark copies it (OPENLINEAGE 2.6). Of each of the facet's
    columns, its own edges and those of WHOLE say what the facet says; of others that the schema knows, what holds for
    whole rows.

    A column that the schema beside it does not know takes the name that the schema has in its place, if there are as
    many columns in both and the others stand in theirs; else it keeps its own, warned where that is none.
    """
    raw = dataset.facets.get("columnLineage")
    if raw is None:
        return None
    if is_deleted(body := bytes(raw)):
        return ColumnsSeen(dataset.id, _digest(dataset.id, b"", ()), ())
    schema = dataset.facets.get("schema")
    try:
        seen, nameless = _read(dataset.id, body, bytes(schema) if schema is not None else b"")
    except msgspec.ValidationError as error:
        warnings.append(f"columnLineage: kept unread, {error}")
        return None
    if nameless:
        warnings.append(f"columnLineage of {dataset.id.name}: {', '.join(nameless)} are unresolved, kept as they are")
    return seen


def is_column(name: str, columns: Collection[str]) -> bool:
    """Whether *name* is one of *columns* or within one: `a.b` of a struct and `a[0].b` of an array are within `a`."""
    if name in columns:
        return True
    return any(name[: border.start()] in columns for border in _WITHIN.finditer(name))


def _edges(target: NodeId, body: bytes, schema: bytes) -> tuple[ColumnsSeen, tuple[str, ...]]:
    facet = COLUMN_LINEAGE.decode(body)
    known = _column_names(schema)
    named = _in_place(facet.fields, known)
    columns = {name: _sources(field.input_fields, field) for name, field in named.items() if name}
    copied = _copied(columns, known)
    whole = _sources(facet.dataset or ())
    for source, how in copied.items():
        whole.setdefault(source, set()).update(how)
    edges = [ColumnEdge(source, FieldId(target, WHOLE), tuple(sorted(how))) for source, how in whole.items()]
    for name, sources in columns.items():
        to = FieldId(target, name)
        for source, how in sources.items():
            own = how - _indirect(whole[source]) if source in whole else how
            if own or not how:
                edges.append(ColumnEdge(source, to, tuple(sorted(own))))
    # What the schema decided is part of the digest: equal digests are equal edges.
    digest = _digest(target, body, (*named, *(f"{source} {sorted(how)}" for source, how in copied.items())))
    nameless = (name for name in columns if _NAMELESS.fullmatch(name) and name not in known)
    return ColumnsSeen(target, digest, tuple(sorted(edges))), tuple(nameless)


# Spark repeats the same body, mostly up to 125 kB of it, on every event of a run (OPENLINEAGE 4.5); of those with
# megabytes only a few are remembered.
_SMALL: Final = 256 * 1024
_of_small, _of_large = lru_cache(maxsize=128)(_edges), lru_cache(maxsize=4)(_edges)


def _read(target: NodeId, body: bytes, schema: bytes) -> tuple[ColumnsSeen, tuple[str, ...]]:
    return (_of_small if len(body) <= _SMALL else _of_large)(target, body, schema)


def _column_names(schema: bytes) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(each.name for each in SCHEMA.decode(schema).fields or ())) if schema else ()
    except msgspec.ValidationError:
        return ()  # The reader of the schema facet says so; here it only lends its names.


def _in_place(sent: Mapping[str, OutputField], known: Sequence[str]) -> Mapping[str, OutputField]:
    # A parser of SQL names columns as the SELECT does; the table has names of its own, in the same order.
    if len(known) != len(sent) or all(is_column(name, known) for name in sent):
        return sent
    if any(is_column(name, known) and name != place for name, place in zip(sent, known, strict=True)):
        return sent
    return dict(zip(known, sent.values(), strict=True))


def _sources(fields: Iterable[InputField], of: OutputField | None = None) -> Sources:
    found: Sources = {}
    for each in fields:
        if each.namespace and each.name and each.field:
            source = FieldId(dataset_id(each.namespace, each.name), each.field)
            found.setdefault(source, set()).update(_transformations(each, of))
    return found


def _transformations(source: InputField, field: OutputField | None) -> Iterable[Transformation]:
    if source.transformations:
        return [(each.type, each.subtype or "", each.masking is True) for each in source.transformations]
    deprecated = field.transformation_type if field and field.transformation_type else ""
    if deprecated == "MASKED":
        return [("DIRECT", "TRANSFORMATION", True)]
    return [("DIRECT", deprecated, False)] if deprecated else ()


def _copied(columns: Mapping[str, Sources], known: Collection[str]) -> Sources:
    """What stands under each of several *columns*.

    Where the schema knows others beside them, such as a literal's, only what decides over rows is told of these too.
    """
    if len(columns) < 2:  # noqa: PLR2004 - one copy is no copy
        return {}
    covered = _cover(columns, known)
    first, *others = columns.values()
    common = {
        source: kept
        for source, how in first.items()
        if (kept := {each for each in _indirect(how) if covered or each[1] in _OF_ROWS})
    }
    for sources in others:
        common = {source: kept for source, how in common.items() if (kept := how & sources.get(source, _NONE))}
    return common


def _cover(columns: Collection[str], known: Iterable[str]) -> bool:
    return {*columns, *(_WITHIN.split(name, 1)[0] for name in columns)}.issuperset(known)


def _indirect(how: Iterable[Transformation]) -> set[Transformation]:
    return {each for each in how if each[0] == "INDIRECT"}


def _digest(target: NodeId, body: bytes, names: Iterable[str]) -> bytes:
    # The target is part of it: Airflow sends one and the same body for all outputs of a task.
    return hashlib.sha256(b"\0".join((str(target).encode(), body, *(name.encode() for name in names)))).digest()
