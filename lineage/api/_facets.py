"""The few facets whose inside an answer needs, as far as it needs it; `lineage.facets` reads them."""

from __future__ import annotations

from typing import Any

import msgspec


class SchemaField(msgspec.Struct):
    """One column; nested ones stay in the type."""

    name: str
    type: str | None = None
    description: str | None = None


class Schema(msgspec.Struct):
    """The columns, in order."""

    fields: list[SchemaField] = []


class DataSource(msgspec.Struct):
    """Where the dataset is kept."""

    name: str | None = None
    uri: str | None = None


class DatasetType(msgspec.Struct, rename="camel"):
    """What kind of thing the dataset is."""

    dataset_type: str | None = None


class Documentation(msgspec.Struct):
    """What people wrote of a dataset or job."""

    description: str | None = None


class LifecycleStateChange(msgspec.Struct, rename="camel"):
    """What the last writer did to the dataset as a whole."""

    lifecycle_state_change: str | None = None


class JobType(msgspec.Struct, rename="camel"):
    """How the job runs."""

    processing_type: str | None = None


class SourceCodeLocation(msgspec.Struct):
    """Where the code of the job is."""

    url: str | None = None


class MarquezDataset(msgspec.Struct, rename="camel"):
    """What Marquez's clients tell of a dataset and OpenLineage has no facet for; the API itself writes it."""

    physical_name: str | None = None
    schema_location: str | None = None


class MarquezArgs(msgspec.Struct):
    """The arguments of a run, from the same clients."""

    args: dict[str, Any] = {}
