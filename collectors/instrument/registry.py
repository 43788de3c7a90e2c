"""The columns of a topic's records, from the schema ids that they carry, as a Confluent-compatible registry tells."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.request import Request, urlopen

TIMEOUT_S: Final = 3.0
DEEPEST: Final = 8  # records within records
ACCEPT: Final = "application/vnd.schemaregistry.v1+json"

Fields = tuple[tuple[str, str], ...]  # (path, type)

log = logging.getLogger("headwater.instrument")


class Registry:
    """Asks each id once, for ever; without *url* it knows nothing. A registry that fails is asked again later."""

    def __init__(self, url: str | None) -> None:
        self._url = url.rstrip("/") if url else None
        self._known: dict[int, Fields] = {}

    def fields(self, topics: Mapping[str, Collection[int]]) -> dict[str, Fields]:
        """The columns of each topic whose newest id is known, nested ones by their path."""
        return {topic: found for topic, ids in topics.items() if ids and (found := self._of(max(ids)))}

    def _of(self, number: int) -> Fields:
        if number not in self._known and self._url is not None:
            try:
                self._known[number] = self._ask(number)
            except (OSError, ValueError) as error:
                log.debug("schema %d: %s", number, error)
        return self._known.get(number, ())

    def _ask(self, number: int) -> Fields:
        request = Request(f"{self._url}/schemas/ids/{number}", headers={"Accept": ACCEPT})  # noqa: S310 - as configured
        with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - as configured
            said = json.load(answer)
        return flattened(said.get("schemaType", "AVRO"), said["schema"])


def flattened(kind: str, schema: str) -> Fields:
    """The columns of *schema*, which is of *kind* AVRO or JSON; of another nothing. Raises ValueError."""
    if kind == "AVRO":
        return tuple(_avro("", json.loads(schema), DEEPEST))
    if kind == "JSON":
        return tuple(_json("", json.loads(schema), DEEPEST))
    return ()


def _avro(path: str, schema: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict) and schema.get("type") == "record" and depth:
        for field in schema.get("fields", ()):
            name = f"{path}.{field['name']}" if path else field["name"]
            yield name, _avro_type(field["type"])
            yield from _avro(name, _not_null(field["type"]), depth - 1)


def _not_null(kind: Any) -> Any:
    """The one branch of an optional field."""
    if isinstance(kind, list):
        branches = [branch for branch in kind if branch != "null"]
        return branches[0] if len(branches) == 1 else None
    return kind


def _avro_type(kind: Any) -> str:
    if isinstance(kind, list):
        return "|".join(_avro_type(branch) for branch in kind)
    if isinstance(kind, dict):
        return str(kind.get("logicalType") or kind["type"])
    return str(kind)


def _json(path: str, schema: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(schema, dict) and depth:
        for word, field in schema.get("properties", {}).items():
            name = f"{path}.{word}" if path else word
            kind = field.get("type", "object") if isinstance(field, dict) else "any"
            yield name, "|".join(kind) if isinstance(kind, list) else str(kind)
            yield from _json(name, field, depth - 1)
