"""The facets that pages show in words; a body that is not what its name says counts as absent."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lineage import facets
from lineage.facets import Shape


class Column(msgspec.Struct, frozen=True):
    """A column of the schema facet."""

    name: str
    type: str | None = None
    description: str | None = None


class Schema(msgspec.Struct, frozen=True):
    """`schema`."""

    fields: tuple[Column, ...] = ()


class Owner(msgspec.Struct, frozen=True):
    """One of `ownership`."""

    name: str
    type: str | None = None


class Ownership(msgspec.Struct, frozen=True):
    """`ownership`."""

    owners: tuple[Owner, ...] = ()


class Documentation(msgspec.Struct, frozen=True):
    """`documentation`."""

    description: str = ""


class Sql(msgspec.Struct, frozen=True):
    """`sql`."""

    query: str = ""


class SourceCode(msgspec.Struct, frozen=True, rename="camel"):
    """`sourceCode`."""

    source_code: str = ""


class ErrorMessage(msgspec.Struct, frozen=True, rename="camel"):
    """`errorMessage`."""

    message: str = ""
    stack_trace: str | None = None


class SourceCodeLocation(msgspec.Struct, frozen=True):
    """`sourceCodeLocation`."""

    url: str = ""


class JobType(msgspec.Struct, frozen=True, rename="camel"):
    """`jobType`."""

    integration: str = ""
    job_type: str = ""
    processing_type: str = ""


class DatasetType(msgspec.Struct, frozen=True, rename="camel"):
    """`datasetType`."""

    dataset_type: str = ""


class Assertion(msgspec.Struct, frozen=True):
    """One of `dataQualityAssertions`."""

    assertion: str
    success: bool
    column: str | None = None
    severity: str | None = None
    actual: str | None = None
    expected: str | None = None


class DataQualityAssertions(msgspec.Struct, frozen=True):
    """`dataQualityAssertions`."""

    assertions: tuple[Assertion, ...] = ()


def read(body: bytes | None, shape: type[Shape]) -> Shape:
    """The facet *body* as *shape*, as kindly as people read; an empty one when it is absent or something else."""
    return facets.read(body, shape, strict=False)


def facet(found: Mapping[str, bytes], shape: type[Shape]) -> Shape:
    """The facet that *shape* is named for, of those *found* by name."""
    return facets.facet(found, shape, strict=False)


def pretty(body: bytes) -> str:
    """JSON on many lines for people; what is not JSON as it is."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
