"""Where a list goes on: a cursor names the last thing shown, so that what comes in meanwhile moves nothing."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from fastapi import Depends, Query

from lineage.api._answers import Limit, Offset
from lineage.errors import InvalidInput
from lineage.model import NodeId, Page

Place = TypeVar("Place")

Cursor = Annotated[
    str | None,
    Query(
        description="`next` of the page before, instead of offset.",
        json_schema_extra={"format": "cursor"},
    ),
]


class Part(NamedTuple):
    """Which part of a list is wanted."""

    limit: int
    offset: int
    cursor: str | None


def part(limit: Limit = 100, offset: Offset = 0, cursor: Cursor = None) -> Part:
    """A dependency that reads limit, offset and cursor, which goes before offset."""
    return Part(limit, offset, cursor)


Paging = Annotated[Part, Depends(part)]


class Moment(NamedTuple):
    """A place in a list by time: the items until *at* (None: all) but *passed* of them."""

    at: datetime | None
    passed: int


def by_name(names: Iterable[str], part: Part) -> tuple[list[str], str | None]:
    """A page of *names*, in order, and the cursor of the next one. Raises InvalidInput."""
    after = _read(part.cursor, str) if part.cursor else None
    left = sorted(name for name in set(names) if after is None or name > after)
    begin = part.offset if after is None else 0
    page = left[begin : begin + part.limit]
    return page, _written(page[-1]) if page and begin + part.limit < len(left) else None


def by_node(ask: Callable[[NodeId | None, int, int], Page], part: Part) -> tuple[Page, str | None]:
    """What *ask* answers behind a node, past so many items, at most so many; and the cursor of the next page.

    Raises InvalidInput.
    """
    after = _read(part.cursor, NodeId) if part.cursor else None
    found = ask(after, part.offset if after is None else 0, part.limit + 1)
    page = Page(found.items[: part.limit], found.total)
    goes_on = page.items and len(found.items) > part.limit
    return page, _written(page.items[-1].id) if goes_on else None


def by_moment(
    ask: Callable[[datetime | None, int, int], Page], time: Callable[[Any], datetime | None], part: Part
) -> tuple[Page, str | None]:
    """What *ask* answers until a time, past so many items, newest first; and the cursor of the next page.

    The total is that of the whole list. Where *time* is None the cursor counts, as an offset does. Raises InvalidInput.
    """
    place = _read(part.cursor, Moment) if part.cursor else Moment(None, part.offset)
    found = ask(place.at, place.passed, part.limit + 1)
    total = found.total if place.at is None else ask(None, 0, 0).total
    page = Page(found.items[: part.limit], total)
    goes_on = page.items and len(found.items) > part.limit
    return page, _written(_end(place, [time(item) for item in page.items])) if goes_on else None


def by_place(every: Sequence[Any], part: Part) -> tuple[Page, str | None]:
    """A page of *every*, and the cursor of the next one, which counts as an offset does. Raises InvalidInput."""
    return by_moment(lambda _, passed, most: Page(every[passed : passed + most], len(every)), lambda _: None, part)


def _end(place: Moment, times: Sequence[datetime | None]) -> Moment:
    last = times[-1]
    same = next((count for count, at in enumerate(reversed(times)) if at != last), len(times))
    if last is None or same == len(times):  # what stands before the page may be of the same time
        return Moment(place.at, place.passed + len(times))
    return Moment(last, same)


def _written(place: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def _read(cursor: str, kind: type[Place]) -> Place:
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor.encode() + b"=="), type=kind)
    except (NotBase64, ValueError, msgspec.DecodeError):
        raise InvalidInput(f"cursor: {cursor[:80]!r} is none; take `next` of the page before", field="cursor") from None
