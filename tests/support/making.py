"""Events made up for a test: a valid one, with whatever the test says about it."""

from __future__ import annotations

import json
from typing import Any

RUN = "0197d5f0-0000-7000-8000-000000000001"
FACET = {"_producer": "https://example.com/test", "_schemaURL": "https://example.com/facet.json"}


def event(**parts: Any) -> dict[str, Any]:
    """A RunEvent; *parts* replace its fields, and a part that is `...` takes the field away."""
    whole = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-21T08:30:00Z",
        "run": {"runId": RUN},
        "job": {"namespace": "etl", "name": "load"},
        "producer": "https://example.com/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    } | parts
    return {key: value for key, value in whole.items() if value is not ...}


def body(**parts: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(event(**parts)).encode()


def dataset(name: str, **parts: Any) -> dict[str, Any]:
    """A dataset of the namespace `lake`; *parts* are its facets, inputFacets, outputFacets."""
    return {"namespace": "lake", "name": name, **parts}


def facet(**fields: Any) -> dict[str, Any]:
    """A facet with its two obligatory fields."""
    return FACET | fields
