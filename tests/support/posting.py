"""Small events to post: equal numbers give equal bytes, different numbers different runs."""

from __future__ import annotations

import json
from typing import Any


def event(number: int, **facets: Any) -> bytes:
    """A RunEvent of run *number* with *facets* of the run, which writes one dataset."""
    body = {
        "eventType": "COMPLETE",
        "eventTime": "2026-11-21T11:59:00Z",
        "producer": "https://example.org/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"00000000-0000-4000-8000-{number:012d}", "facets": facets},
        "job": {"namespace": "airflow", "name": "load"},
        "inputs": [{"namespace": "pg", "name": "raw.orders"}],
        "outputs": [{"namespace": "pg", "name": "shop.orders"}],
    }
    return json.dumps(body).encode()
