"""The monitoring files that are shipped, as tests look at them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MONITORING = Path(__file__).parent.parent.parent / "examples" / "monitoring"


def expressions(file: str) -> list[str]:
    """Every PromQL expression of a file of rules or of a dashboard."""
    text = (MONITORING / file).read_text()
    return list(_expressions(json.loads(text) if file.endswith(".json") else yaml.safe_load(text)))


def _expressions(value: Any) -> Iterator[str]:
    """Those under `expr` anywhere in *value*, JSON or YAML as it was read."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "expr":
                yield each
            else:
                yield from _expressions(each)
    elif isinstance(value, list):
        for each in value:
            yield from _expressions(each)
