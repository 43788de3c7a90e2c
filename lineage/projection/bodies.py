"""The facets whose content Headwater understands, typed; any other facet is kept as bytes and never read here."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from lineage.events import Facets


class RunRef(msgspec.Struct, rename="camel"):
    """A run as another facet names it."""

    run_id: str


class Ref(msgspec.Struct):
    """A job or dataset as a facet names it."""

    namespace: str
    name: str


class Root(msgspec.Struct):
    """The run at the top of a hierarchy."""

    run: RunRef | None = None
    job: Ref | None = None


class Parent(msgspec.Struct):
    """ParentRunFacet 1-2-0."""

    run: RunRef | None = None
    job: Ref | None = None
    root: Root | None = None


class NominalTime(msgspec.Struct, rename="camel"):
    """NominalTimeRunFacet 1-0-1."""

    nominal_start_time: str
    nominal_end_time: str | None = None


class Dependency(msgspec.Struct):
    """One neighbour in JobDependenciesRunFacet."""

    job: Ref


class JobDependencies(msgspec.Struct):
    """JobDependenciesRunFacet 1-0-1."""

    upstream: list[Dependency] = []
    downstream: list[Dependency] = []


class ControlFlow(msgspec.Struct):
    """Which job of this one's namespace waits for which, by name: what a producer's reading found in a plan."""

    waits: list[tuple[str, str]] = []


class Identifier(msgspec.Struct):
    """Another name of a dataset: TABLE, LOCATION, or CLUSTER for the same topic whichever broker is asked."""

    namespace: str
    name: str
    type: str | None = None


class Catalog(msgspec.Struct):
    """CatalogDatasetFacet 1-1-0, as far as it tells what a name leaves out."""

    framework: str = ""
    name: str = ""


class Symlinks(msgspec.Struct):
    """SymlinksDatasetFacet 1-0-1."""

    identifiers: list[Identifier]


class Lifecycle(msgspec.Struct, rename="camel"):
    """LifecycleStateChangeDatasetFacet 1-0-1."""

    lifecycle_state_change: str
    previous_identifier: Ref | None = None


class DatasetVersion(msgspec.Struct, rename="camel"):
    """DatasetVersionDatasetFacet 1-0-1; some producers send the number of an Iceberg snapshot as a number."""

    dataset_version: str | int


class Counts(msgspec.Struct, rename="camel"):
    """What inputStatistics, outputStatistics (`size`) and dataQualityMetrics (`bytes`) count."""

    row_count: int | float | None = None
    size: int | float | None = None
    bytes: int | float | None = None
    file_count: int | float | None = None


class _Deletable(msgspec.Struct):
    deleted: Any = msgspec.field(default=False, name="_deleted")


class Transformation(msgspec.Struct):
    """How a source column went into a target column."""

    type: str
    subtype: str | None = None
    masking: bool | None = None


class InputField(msgspec.Struct):
    """A source column."""

    namespace: str
    name: str
    field: str
    transformations: list[Transformation] | None = None


class OutputField(msgspec.Struct, rename="camel"):
    """All sources of one target column; *transformation_type* is the deprecated form (IDENTITY, MASKED)."""

    input_fields: list[InputField]
    transformation_type: str | None = None


class ColumnLineage(msgspec.Struct):
    """ColumnLineageDatasetFacet 1-2-0; *dataset* holds the columns that affect the whole target."""

    fields: dict[str, OutputField]
    dataset: list[InputField] | None = None


class LineageInput(msgspec.Struct):
    """A source in an explicit lineage, DATASET or JOB; a job without a name is the event's own."""

    type: str
    namespace: str | None = None
    name: str | None = None
    field: str | None = None
    transformations: list[Transformation] | None = None


class LineageField(msgspec.Struct):
    """All sources of one target column."""

    inputs: list[LineageInput]


class DatasetLineage(msgspec.Struct, kw_only=True):
    """LineageDatasetFacet 1-0-0; no *inputs* at all are another thing than an empty list of them."""

    inputs: list[LineageInput] | None = None
    fields: dict[str, LineageField] | None = None


class LineageEntry(DatasetLineage, kw_only=True):
    """A target, DATASET or JOB, in LineageJobFacet; a job without a name is the event's own."""

    type: str
    namespace: str | None = None
    name: str | None = None


class JobLineage(msgspec.Struct):
    """LineageJobFacet 1-0-0."""

    entries: list[LineageEntry]


class SchemaField(msgspec.Struct):
    """A column of a schema."""

    name: str


class Schema(msgspec.Struct):
    """SchemaDatasetFacet 1-2-0, as far as it names top-level columns."""

    fields: list[SchemaField] | None = None


Body = TypeVar("Body")

PARENT: Final = msgspec.json.Decoder(Parent)
NOMINAL_TIME: Final = msgspec.json.Decoder(NominalTime)
JOB_DEPENDENCIES: Final = msgspec.json.Decoder(JobDependencies)
CONTROL_FLOW: Final = msgspec.json.Decoder(ControlFlow)
SYMLINKS: Final = msgspec.json.Decoder(Symlinks)
CATALOG: Final = msgspec.json.Decoder(Catalog)
LIFECYCLE: Final = msgspec.json.Decoder(Lifecycle)
DATASET_VERSION: Final = msgspec.json.Decoder(DatasetVersion)
COUNTS: Final = msgspec.json.Decoder(Counts)
COLUMN_LINEAGE: Final = msgspec.json.Decoder(ColumnLineage)
DATASET_LINEAGE: Final = msgspec.json.Decoder(DatasetLineage)
JOB_LINEAGE: Final = msgspec.json.Decoder(JobLineage)
SCHEMA: Final = msgspec.json.Decoder(Schema)
_DELETABLE: Final = msgspec.json.Decoder(_Deletable)


def view(facets: Facets, name: str, decoder: msgspec.json.Decoder[Body], warnings: list[str]) -> Body | None:
    """The typed body of the facet *name*; None when it is absent, deleted, or (warned) not as its schema says."""
    raw = facets.get(name)
    if raw is None or is_deleted(bytes(raw)):
        return None
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        warnings.append(f"{name}: kept unread, {error}")
        return None


def is_deleted(body: bytes) -> bool:
    """True when a job's or dataset's facet says `_deleted: true`."""
    return b'"_deleted"' in body and _DELETABLE.decode(body).deleted is True
