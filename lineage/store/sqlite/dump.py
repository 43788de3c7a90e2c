"""The graph as canonical JSON lines: the same for every store that merged the same set, whatever its rows look like.

Section by section, and within a section in the order of the lines' own bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.store._codes import KINDS
from lineage.store._dump import SIDE, TYPE, optional, types
from lineage.store._dump import line as written

_SOURCES: Final = """
    iif(sources IS NULL, NULL, (
        SELECT json_group_array(json_array(named.kind, namespace, name))
        FROM json_each(sources) JOIN node AS named ON named.id = value
    ))
"""


def _read_node(row: Sequence[Any]) -> list[Any]:
    return [KINDS[row[0]], *row[1:]]


class Field(NamedTuple):
    """A column of a section: its expression, and how its value is written."""

    sql: str
    read: Callable[[Any], Any] = lambda value: value


def _plain(*columns: str) -> dict[str, Field]:
    return {column.rpartition(".")[2]: Field(column) for column in columns}


def _node(column: str) -> Field:
    found = f"(SELECT json_array(named.kind, namespace, name) FROM node AS named WHERE named.id = {column})"  # noqa: S608 - of constants
    return Field(found, optional(lambda row: _read_node(json.loads(row))))


def _nodes(*columns: str) -> dict[str, Field]:
    return {column.rpartition(".")[2]: _node(column) for column in columns}


def _digest(table: str, column: str) -> Field:
    found = f"(SELECT digest FROM {table} WHERE id = {column})"  # noqa: S608 - of constants
    return Field(found, optional(bytes.hex))


def _word(column: str) -> Field:
    return Field(f"(SELECT text FROM word WHERE id = {column})")  # noqa: S608 - of constants


_MADE_OF: Final = {
    **_nodes("job", "target"),
    "sources": Field(_SOURCES, optional(lambda rows: sorted(map(_read_node, json.loads(rows))))),
}
_BY_EVENT: Final = {"event": _digest("event", "event")}
_ON_SIDE: Final = {"side": Field("side", SIDE.__getitem__)}
_OF_TYPE: Final = {"type": Field("type", optional(TYPE.__getitem__))}
_OF_TYPES: Final = {"types": Field("types", types)}
_SPAN: Final = _plain("first_at", "last_at")
_FAMILY: Final = _nodes("job", "parent_run", "parent_job", "root_run", "root_job")
_NOMINAL: Final = _plain("nominal_start", "nominal_end")

SECTIONS: Final[Mapping[str, Mapping[str, Field]]] = {
    "node": {
        "id": Field("json_array(kind, namespace, name)", _node("node.id").read),
        **_SPAN,
        **_plain("first_received", "last_received"),
        "canonical": _node("coalesce((SELECT canonical FROM component WHERE component.id = node.component), node.id)"),
    },
    "event": {
        "digest": Field("digest", bytes.hex),
        "kind": Field("kind", KINDS.__getitem__),
        **_OF_TYPE,
        **_plain("at", "received"),
        "producer": _word("producer"),
        **_nodes("run", "job", "dataset"),
        "warnings": Field("warnings", optional(json.loads)),
    },
    "mention": {**_nodes("node"), **_plain("own", "at", "listed"), **_BY_EVENT},
    "moment": {**_nodes("speaker"), **_OF_TYPE, **_plain("at"), **_BY_EVENT, **_FAMILY, **_NOMINAL},
    "touch": {
        **_nodes("speaker", "dataset"),
        **_ON_SIDE,
        **_OF_TYPE,
        **_plain("at", "rows", "bytes", "files", "version", "windowed", "told"),
        **_BY_EVENT,
    },
    "facet": {
        **_nodes("node"),
        **_ON_SIDE,
        "name": _word("name"),
        **_plain("at"),
        **_BY_EVENT,
        "body": _digest("body", "body"),
    },
    "derived": {**_nodes("dataset", "job"), **_plain("at"), **_BY_EVENT, "body": _digest("column_body", "body")},
    "derivation": {
        "body": _digest("column_body", "body"),
        **_plain("target", "source"),
        **_nodes("source_dataset"),
        "transformations": Field("transformations", json.loads),
    },
    "made_of": {**_MADE_OF, **_plain("at"), **_BY_EVENT},
    "same_as": {**_nodes("alias", "dataset"), "why": _word("why"), **_plain("at"), **_BY_EVENT},
    "tombstone": {**_nodes("dataset"), **_plain("at", "dropped"), **_BY_EVENT},
    "depends": {**_nodes("upstream", "downstream"), **_BY_EVENT},
    "statement": {
        "digest": Field("digest", bytes.hex),
        **_plain("kind", "namespace", "name", "actor", "at", "received", "reason"),
        "words": Field("words", json.loads),
    },
    "speaker": {
        "id": _node("speaker.id"),
        **_plain("state", "started", "ended", "began", "conflict"),
        **_SPAN,
        **_OF_TYPES,
        **_FAMILY,
        **_NOMINAL,
        **{name: _digest("event", name) for name in ("job_event", "parent_event", "nominal_event")},
        **_plain("first_seen", "last_seen", "first_received", "last_received", "lead"),
    },
    "moved": _nodes("node", "speaker"),
    "listing": {
        **_nodes("speaker", "dataset", "job"),
        **_ON_SIDE,
        **_OF_TYPES,
        **_SPAN,
        "last_event": _digest("event", "last_event"),
        **_plain("told", "effective", "written_at"),
    },
    "edge": {**_nodes("job", "dataset"), **_ON_SIDE, **_SPAN, **_plain("runs", "stated")},
    "column_now": {**_nodes("dataset", "job"), **_plain("at"), **_BY_EVENT, "body": _digest("column_body", "body")},
    "made_of_now": _MADE_OF,
    "link": {**_nodes("alias", "dataset"), "why": _word("why"), **_plain("active")},
    "namespace": {**_plain("name", "datasets", "jobs"), **_SPAN},
}


def dump(connection: Connection) -> Iterator[bytes]:
    """Keep the promise of `Store.dump`."""
    for section, fields in SECTIONS.items():
        connection.create_function("line", -1, _writer(section, fields), deterministic=True)
        columns = ", ".join(field.sql for field in fields.values())
        for (line,) in connection.execute(f"SELECT line({columns}) AS line FROM {section} ORDER BY line"):  # noqa: S608 - of constants
            yield line


def _writer(section: str, fields: Mapping[str, Field]) -> Callable[..., bytes]:
    def line(*values: Any) -> bytes:
        read = {name: field.read(value) for (name, field), value in zip(fields.items(), values, strict=True)}
        return written(section, read)

    return line
