"""The facets that pages show in words; a body that is not what its name says counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape", bound=msgspec.Struct)


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


@cache
def _decoder(shape: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape, strict=False)


def read(body: bytes | None, shape: type[Shape]) -> Shape:
    """The facet *body* as *shape*; an empty one when it is absent or something else."""
    if not body:
        return shape()
    try:
        found: Shape = _decoder(shape).decode(body)  # the cache forgets the type
    except msgspec.DecodeError:
        return shape()
    return found


def facet(facets: Mapping[str, bytes], shape: type[Shape]) -> Shape:
    """The facet that *shape* is named for, of *facets* by name."""
    return read(facets.get(shape.__name__[0].lower() + shape.__name__[1:]), shape)


def pretty(body: bytes) -> str:
    """JSON on many lines for people; what is not JSON as it is."""
    try:
        return msgspec.json.format(body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")
