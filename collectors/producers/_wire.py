"""Reading and rewriting facets, for the files beside this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from lineage.events import Dataset, Event, Facets

_ANY: Final = msgspec.json.Decoder()


def content(facets: Facets, name: str) -> dict[str, Any]:
    """The decoded body of the facet *name*; empty when it is absent."""
    raw = facets.get(name)
    found = _ANY.decode(raw) if raw is not None else {}
    return found if isinstance(found, dict) else {}


def text(value: object) -> str:
    """*value* if it is a text, else nothing."""
    return value if isinstance(value, str) else ""


def entries(value: object) -> list[dict[str, Any]]:
    """The objects in *value*, if it is an array."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def with_facet(facets: Facets, name: str, body: Mapping[str, Any]) -> Facets:
    """*facets* with *body* under *name*."""
    return {**facets, name: Raw(msgspec.json.encode(body))}


def each_dataset(event: Event, change: Callable[[Dataset], Dataset]) -> Event:
    """*event* with each of its datasets changed; the event itself when nothing changed."""
    inputs, outputs = tuple(map(change, event.inputs)), tuple(map(change, event.outputs))
    own = change(event.dataset) if event.dataset is not None else None
    if (inputs, outputs, own) == (event.inputs, event.outputs, event.dataset):
        return event
    return event._replace(inputs=inputs, outputs=outputs, dataset=own)
