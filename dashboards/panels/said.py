"""What producers said of a dataset, a job or a run beside its lineage, as rows: a word, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from dashboards.panels.facets import DatasetType, facet, read
from lineage.facets import Tags

Row = tuple[str, str]

MOST = 12  # parameters or variables in one row


class _Level(msgspec.Struct):
    name: str = ""


class Hierarchy(msgspec.Struct):
    """`hierarchy`, from the highest level to the lowest."""

    hierarchy: list[_Level] = []


class Storage(msgspec.Struct, rename="camel"):
    """`storage`."""

    storage_layer: str = ""
    file_format: str = ""


class Catalog(msgspec.Struct):
    """`catalog`."""

    framework: str = ""
    type: str = ""
    name: str = ""


class DataQualityMetrics(msgspec.Struct, rename="camel"):
    """`dataQualityMetrics`, as far as it says when the data last changed."""

    last_updated: str = ""


class ProcessingEngine(msgspec.Struct):
    """`processing_engine`."""

    name: str = ""
    version: str = ""


class ExternalQuery(msgspec.Struct, rename="camel"):
    """`externalQuery`."""

    external_query_id: str = ""
    source: str = ""


class _Parameter(msgspec.Struct):
    key: str = ""
    name: str = ""
    value: Any = None


class ExecutionParameters(msgspec.Struct):
    """`executionParameters`."""

    parameters: list[_Parameter] = []


class EnvironmentVariables(msgspec.Struct, rename="camel"):
    """`environmentVariables`, redacted at the door."""

    environment_variables: list[_Parameter] = []


class Checkpoints(msgspec.Struct):
    """Flink's `checkpoints`."""

    completed: int | None = None
    failed: int | None = None
    restored: int | None = None


class SourceCodeLocation(msgspec.Struct):
    """`sourceCodeLocation`."""

    version: str = ""
    branch: str = ""
    tag: str = ""


def of_dataset(facets: Mapping[str, bytes]) -> list[Row]:
    """Where a dataset lies, what it is, how it is stored, when its data last changed, and its tags."""
    storage, catalog = facet(facets, Storage), facet(facets, Catalog)
    return _told(
        ("Kind", facet(facets, DatasetType).dataset_type.capitalize()),
        ("Lies in", " / ".join(level.name for level in facet(facets, Hierarchy).hierarchy)),
        ("Stored as", _listed(storage.storage_layer, storage.file_format)),
        ("Catalog", _listed(catalog.name, catalog.framework, catalog.type)),
        ("Data changed", facet(facets, DataQualityMetrics).last_updated),
        ("Tags", _tags(facets)),
    )


def of_job(facets: Mapping[str, bytes]) -> list[Row]:
    """Which version of its code a job runs, and its tags."""
    code = facet(facets, SourceCodeLocation)
    return _told(("Code version", _listed(code.version, code.tag, code.branch)), ("Tags", _tags(facets)))


def of_run(facets: Mapping[str, bytes]) -> list[Row]:
    """Where and with what a run was carried out: engine, query, parameters, environment, checkpoints, tags."""
    engine = read(facets.get("processing_engine"), ProcessingEngine)
    query = facet(facets, ExternalQuery)
    taken = facet(facets, Checkpoints)
    return _told(
        ("Engine", f"{engine.name} {engine.version}".strip()),
        ("Query", _listed(query.external_query_id, query.source and f"at {query.source}")),
        ("Parameters", _pairs(facet(facets, ExecutionParameters).parameters)),
        ("Environment", _pairs(facet(facets, EnvironmentVariables).environment_variables)),
        ("Checkpoints", _listed(*_counts(completed=taken.completed, failed=taken.failed, restored=taken.restored))),
        ("Tags", _tags(facets)),
    )


def _told(*rows: Row) -> list[Row]:
    return [row for row in rows if row[1]]


def _listed(*words: str) -> str:
    return ", ".join(dict.fromkeys(word for word in words if word))


def _tags(facets: Mapping[str, bytes]) -> str:
    return _listed(*(str(tag) for tag in facet(facets, Tags).tags if tag.field is None))


def _pairs(parameters: Iterable[_Parameter]) -> str:
    told = [f"{one.key or one.name}={one.value}" for one in parameters if one.key or one.name]
    more = f" and {len(told) - MOST} more" if len(told) > MOST else ""
    return ", ".join(told[:MOST]) + more


def _counts(**counts: int | None) -> Iterator[str]:
    return (f"{count} {word}" for word, count in counts.items() if count is not None)
