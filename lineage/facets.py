"""One facet, read as far as an answer needs it; a body that is not what its name says counts as absent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape", bound=msgspec.Struct)


@cache
def _decoder(shape: type[Any], strict: bool) -> msgspec.json.Decoder[Any]:  # noqa: FBT001 - a cache key
    return msgspec.json.Decoder(shape, strict=strict)


def read(body: bytes | None, shape: type[Shape], *, strict: bool = True) -> Shape:
    """The facet *body* as *shape*; an empty one when it is absent, deleted or something else.

    Not *strict*: texts that spell a number or a boolean count as one, for people to read.
    """
    if not body:
        return shape()
    try:
        found: Shape = _decoder(shape, strict).decode(body)  # the cache forgets the type
    except msgspec.DecodeError:
        return shape()
    return found


def facet(facets: Mapping[str, bytes], shape: type[Shape], *, strict: bool = True) -> Shape:
    """The facet that *shape* is named for, of *facets* by name."""
    return read(facets.get(shape.__name__[0].lower() + shape.__name__[1:]), shape, strict=strict)


class Tag(msgspec.Struct):
    """One tag; *field* names the column that it is of."""

    key: str
    value: str | float | bool | None = None  # the schema wants a text; some send others
    field: str | None = None

    def __str__(self) -> str:
        """The tag as one word, as Marquez has it."""
        return self.key if self.value in (None, "", "true", self.key) else f"{self.key}:{self.value}"


class Tags(msgspec.Struct):
    """Tags of a dataset, its columns, or a job."""

    tags: list[Tag] = []
