"""What changed between two schemas of a dataset, and for whom that breaks (SLO.md b.9). Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

import msgspec

# What producers call types, by family and, within it, from narrow to wide: a value of one fits into all after it.
# Spark, Postgres, Snowflake, BigQuery, Avro and Trino spell them so in their documents.
FAMILIES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "integer": (
        ("tinyint", "byte", "byteint", "int8"),
        ("smallint", "short", "int16", "int2"),
        ("int", "integer", "int32", "int4", "mediumint"),
        ("bigint", "long", "int64"),
        ("hugeint", "int128"),
    ),
    "float": (("float", "real", "float32", "float4"), ("double", "double precision", "float64", "float8")),
    "time": (("date",), ("timestamp", "datetime", "timestamp_ntz", "timestamp without time zone")),
    "instant": (("timestamptz", "timestamp_tz", "timestamp_ltz", "timestamp with time zone"),),
    "boolean": (("boolean", "bool"),),
    "bytes": (("binary", "bytes", "varbinary", "bytea", "blob"),),
    "struct": (("struct", "record", "row"),),
    "list": (("array", "list"),),
    "map": (("map",),),
    "json": (("json", "jsonb", "variant"),),
}
DECIMALS = frozenset({"decimal", "numeric", "number", "bignumeric"})
TEXTS = frozenset(
    {"string", "text", "varchar", "char", "character varying", "character", "nvarchar", "nchar", "bpchar", "utf8"}
)
DIGITS = (3, 5, 10, 19, 39)  # of the integers, narrow to wide
RANKS = {
    name: (family, rank) for family, ranks in FAMILIES.items() for rank, names in enumerate(ranks) for name in names
}
NOWHERE: Mapping[str, Collection[str]] = MappingProxyType({})  # nobody tells of what anything is a copy
ELEMENTS = frozenset({"_element", "element", "array_element"})  # how producers name what a list holds

NAMED_USERS = 2
MOST_LETTERS = 200  # of a type's name: what is longer names none of those above
_ENDS = re.compile(r"\.|\[\]")  # of what a path is a part of
_SPELLED = re.compile(r"([a-z_0-9 ]+?)\s*(?:\(\s*(\d+)\s*(?:,\s*(-?\d+)\s*)?\)\s*([a-z ]*))?")


class Weight(StrEnum):
    """Whom a change breaks: all who read the column, nobody, or it only says something."""

    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    INFO = "info"


class Column(NamedTuple):
    """One column: its type as it was told, if it was, its place among its siblings, and what is said of it."""

    type: str | None = None
    place: int = 0
    description: str | None = None


Columns = Mapping[str, Column]  # by path: `address.city`, `lines[].price`


class Change(NamedTuple):
    """What happened to the column at *path*, in words that go after its name. *sure* is False for unknown types."""

    path: str
    what: str
    weight: Weight
    sure: bool = True


class _Field(msgspec.Struct):
    name: str
    type: str | None = None
    description: str | None = None
    ordinal_position: int | None = None
    fields: list[_Field] | None = None


class _Schema(msgspec.Struct):
    fields: list[_Field] | None = None


def read_columns(body: bytes) -> Columns | None:
    """The columns of a schema facet; none of a deleted one, None where the body is no schema or lists no fields."""
    if not body:
        return {}
    try:
        fields = msgspec.json.decode(body, type=_Schema).fields
        return None if fields is None else dict(_flat(fields, ""))
    except (msgspec.DecodeError, RecursionError):
        return None


def drift(
    before: Columns, after: Columns, *, positional: bool = False, origins: Mapping[str, Collection[str]] = NOWHERE
) -> list[Change]:
    """What changed from *before* to *after*, by weight and path. *positional*: it is read by place, as CSV is.

    A column that went was renamed to the one that came and alone holds its values, where *origins* tell which columns
    of *before* those of *after* are copies of; it seems renamed to one that came in its place, of the same type. Either
    breaks as much. Of a column that went as a whole its parts are not told.
    """
    gone = [path for path in before if path not in after and not _part_of_other(path, before, after)]
    come = [path for path in after if path not in before and not _part_of_other(path, after, before)]
    told = _told(gone, come, origins)
    seems = _renames(
        {path: before[path] for path in gone if path not in told},
        {path: after[path] for path in come if path not in told.values()},
    )
    changes = [_renamed(old, f"was renamed to {new}, as column lineage tells") for old, new in told.items()]
    changes += [_renamed(old, f"seems renamed to {new}") for old, new in seems.items()]
    renamed = told | seems
    changes += [Change(path, "was removed", Weight.BREAKING) for path in gone if path not in renamed]
    changes += [_added(path, after, before, positional) for path in come if path not in renamed.values()]
    for path in before.keys() & after.keys():
        changes += _changed(path, before[path], after[path])
    if moved := _moved(before, after):
        weight = Weight.BREAKING if positional else Weight.COMPATIBLE
        changes += [Change(path, "was moved", weight) for path in moved]
    return sorted(changes, key=lambda change: (list(Weight).index(change.weight), change.path))


def phrase(change: Change, users: Sequence[str] = ()) -> str:
    """*change* in words, with the first of the *users* of the column."""
    more = [f"{len(users) - NAMED_USERS} more"] if len(users) > NAMED_USERS else []
    *most, last = [*users[:NAMED_USERS], *more] or [""]
    hurt = f", which {', '.join(most)} and {last} use" if most else f", which {last} uses" if last else ""
    return f"{change.path} {change.what}{'' if change.sure else ' (types that are not known here)'}{hurt}"


def fits(before: str, after: str) -> bool | None:
    """Whether every value of the type *before* is one of *after*; None where one of the two is not known."""
    old, new = _spelled(before), _spelled(after)
    if old == new:
        return True if old is not None else None
    if old is None or new is None:
        return None
    if old.family != new.family:
        return old.family == "integer" and new.family == "decimal" and DIGITS[int(old.size[0])] <= new.size[0]
    return all(one <= other for one, other in zip(old.size, new.size, strict=True))


class _Type(NamedTuple):
    """A family, and measures of which none may shrink."""

    family: str
    size: tuple[float, ...]


def _spelled(text: str) -> _Type | None:
    """*text* as a type; None for a name that is in no list, and for what holds other types, which it may spell."""
    match = _SPELLED.fullmatch(text.strip().lower()) if len(text) <= MOST_LETTERS else None
    if match is None:
        return None
    name, first, second = f"{match[1]} {match[4] or ''}".strip(), match[2], match[3]
    if name in DECIMALS:
        scale = int(second or 0)
        return _Type("decimal", (float("inf"), float("inf")) if first is None else (int(first) - scale, scale))
    if name in TEXTS:
        return _Type("text", (float("inf") if first is None else int(first),))
    if name not in RANKS:
        return None
    family, rank = RANKS[name]
    return _Type(family, (rank,))


def _flat(fields: list[_Field], above: str) -> Iterator[tuple[str, Column]]:
    for place, field in enumerate(fields):
        element = field.name in ELEMENTS and above
        path = f"{above}[]" if element else f"{above}.{field.name}" if above else field.name
        yield path, Column(field.type, field.ordinal_position or place + 1, field.description)
        yield from _flat(field.fields or [], path)


def _part_of_other(path: str, here: Columns, there: Columns) -> bool:
    """Whether something around *path* is not *there* as well."""
    around = (path[: end.start()] for end in _ENDS.finditer(path))
    return any(other in here and other not in there for other in around)


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def _spot(path: str, column: Column) -> tuple[str, int, str | None]:
    return _parent(path), column.place, column.type


def _renames(gone: Columns, come: Columns) -> dict[str, str]:
    """Which of what is *gone* has *come* again under another name, in its place and of its type; each once."""
    told = {_spot(path, column): path for path, column in come.items() if column.type is not None}
    found = {path: told.pop(_spot(path, column), None) for path, column in gone.items()}
    return {old: new for old, new in found.items() if new is not None}


def _told(gone: Collection[str], come: Collection[str], origins: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Which of what is *gone* is what of what has *come*, by *origins*, where there is one choice both ways."""
    held = {new: [old for old in origins.get(new, ()) if old in gone] for new in come}
    sole = [(olds[0], new) for new, olds in held.items() if len(olds) == 1]
    times = Counter(old for olds in held.values() for old in olds)
    return {old: new for old, new in sole if times[old] == 1}


def _renamed(old: str, what: str) -> Change:
    return Change(old, what, Weight.BREAKING)


def _added(path: str, after: Columns, before: Columns, positional: bool) -> Change:  # noqa: FBT001 - private
    if not positional:
        return Change(path, "was added", Weight.COMPATIBLE)
    last = max((column.place for each, column in before.items() if _parent(each) == _parent(path)), default=0)
    return Change(path, "was added", Weight.BREAKING if after[path].place <= last else Weight.COMPATIBLE)


def _changed(path: str, was: Column, is_: Column) -> Iterator[Change]:
    if was.type is not None and is_.type is not None and was.type.lower() != is_.type.lower():
        fitting = fits(was.type, is_.type)
        told = f"went from {was.type} to {is_.type}"
        if fitting is None:
            yield Change(path, told, Weight.BREAKING, sure=False)
        elif not fitting:
            yield Change(path, told, Weight.BREAKING)
        elif not fits(is_.type, was.type):
            yield Change(path, told, Weight.COMPATIBLE)
    if was.description != is_.description:
        yield Change(path, "is described otherwise", Weight.INFO)


def _moved(before: Columns, after: Columns) -> list[str]:
    """Columns that stand in another order among those that stayed."""
    stayed = sorted(before.keys() & after.keys())
    was, is_ = (sorted(stayed, key=lambda path: (_parent(path), of[path].place, path)) for of in (before, after))
    return [path for path, other in zip(is_, was, strict=True) if path != other]
