"""A schema as a file has it: OpenLineage's schema facet, or an object of a data contract (ODCS 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field, ValidationError

from lineage.errors import InvalidDefinition
from lineage.slo.documents import Document, documents, read
from lineage.slo.drift import read_columns
from lineage.slo.terms import Strict
from lineage.slo.wording import of_others

Fields = list[dict[str, Any]]  # as a schema facet has them


class _Property(Strict, extra="ignore"):
    """A column; of an object its own properties, of an array what it holds."""

    name: str = ""
    physical_name: str | None = None
    physical_type: str | None = None
    description: str | None = None
    properties: list[_Property] = Field([])
    items: _Property | None = None


class _Thing(Strict, extra="ignore"):
    """A table, topic or file."""

    name: str
    physical_name: str | None = None
    properties: list[_Property] = Field([])

    @property
    def called(self) -> set[str]:
        """The names that it goes by."""
        return {self.name, self.physical_name or self.name}


class _Contract(Strict, extra="ignore"):
    """A contract as far as it tells columns."""

    schema_: list[_Thing] = Field([], alias="schema")


def fields_of(path: Path, dataset: str) -> Fields:
    """The columns that the file at *path* gives *dataset*, as a schema facet has them.

    Types of a contract are its physical ones; a logical type says less than a column holds, and is passed over. Of
    several objects the one is meant by whose name that of *dataset* ends. Raises InvalidDefinition.
    """
    found = list(documents(read(path), str(path)))
    if len(found) != 1:
        raise InvalidDefinition(f"{path}:1:1: holds {len(found)} documents; write one schema")
    document = found[0]
    body = document.body
    if isinstance(body, Mapping) and body.get("kind") == "DataContract":
        return list(_columns(_thing(document, dataset).properties))
    fields = body.get("fields") if isinstance(body, Mapping) else body
    try:
        written = msgspec.json.encode({"fields": fields})
    except (TypeError, ValueError, OverflowError, RecursionError) as error:  # what YAML has and JSON has not
        raise InvalidDefinition(f"{document.at()}: {error}; write what JSON can hold") from None
    if not isinstance(fields, list) or read_columns(written) is None:
        wanted = 'no schema; write {"fields": [{"name": …, "type": …}]}, or name a contract of kind DataContract'
        raise InvalidDefinition(f"{document.at()}: {wanted}")
    told: dict[str, Fields] = msgspec.json.decode(written)
    return told["fields"]


def _thing(document: Document, dataset: str) -> _Thing:
    """The object of a contract that is *dataset*."""
    try:
        things = _Contract.model_validate(document.body).schema_
    except ValidationError as error:
        raise document.refused(error, of_others) from None
    named = [each for each in things if _names(each, dataset)] if len(things) > 1 else things
    if len(named) != 1:
        told = ", ".join(each.name for each in things) or "none"
        raise InvalidDefinition(
            f"{document.at('schema')}: schema: which object is {dataset} is not clear; there are: {told}"
        )
    return named[0]


def _names(thing: _Thing, dataset: str) -> bool:
    """Whether the name of *dataset* ends as *thing* is called."""
    return any(dataset.endswith((f".{name}", f"/{name}", f":{name}")) for name in thing.called)


def _columns(properties: Sequence[_Property]) -> Iterator[dict[str, Any]]:
    for each in properties:
        told = {"name": each.physical_name or each.name, "type": each.physical_type, "description": each.description}
        within = [*_columns(each.properties)]
        if each.items is not None:
            held = each.items.model_copy(update={"name": "_element", "physical_name": None})
            within += _columns([held])
        yield {key: value for key, value in told.items() if value is not None} | ({"fields": within} if within else {})
