"""The official OpenLineage schemas, which stand beside the checkout or are missed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, Registry

FOLDER = Path(__file__).parents[3] / "shared" / "openlineage-schemas"
# Their relative references were never published: what refers to one of them means the body of 2-0-2 (OPENLINEAGE 1.2).
OLDER = ("1-0-0", "1-0-1", "1-0-2", "1-0-3", "1-0-4", "1-0-5", "2-0-0", "2-0-1", "2-0-2")

conformance = [
    pytest.mark.conformance,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="the official schemas are not beside the checkout"),
]


@cache
def core(*, formats: bool) -> Draft202012Validator:
    """The core schema 2-0-2, with format assertions or without."""
    return Draft202012Validator(_read(FOLDER / "OpenLineage.json"), validate_formats=formats)


@cache
def facets() -> dict[str, Draft202012Validator]:
    """The facet schemas by whose facet it is and its key, as `run.parent`; each validates `{key: body}`."""
    return {f"{_of(schema)}.{key}": facet(schema) for schema in _found() for key in schema.get("properties", {})}


def facet(schema: dict[str, Any]) -> Draft202012Validator:
    """A facet's *schema*, which may refer to any version of the core and to other facets."""
    whole = _read(FOLDER / "OpenLineage.json")
    known = [(f"https://openlineage.io/spec/{version}/OpenLineage.json", whole) for version in OLDER]
    registry = Registry([*known, *((each["$id"], each) for each in _found())])
    return Draft202012Validator(schema, registry=registry, validate_formats=False)


@cache
def _found() -> list[dict[str, Any]]:
    return [_read(path) for path in sorted((FOLDER / "facets").glob("*.json"))]


def _of(schema: dict[str, Any]) -> str:
    """Whose facet it is: run, job, dataset, input or output."""
    bases = json.dumps(schema)
    owners = ("InputDatasetFacet", "OutputDatasetFacet", "DatasetFacet", "RunFacet", "JobFacet")
    base = next(owner for owner in owners if f'/{owner}"' in bases)
    return base.removesuffix("Facet").removesuffix("Dataset").lower() or "dataset"


def _read(path: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema
