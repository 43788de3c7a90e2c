"""`/search`: datasets and jobs by words of their names."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from operator import attrgetter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from lineage.api._answers import Asking, Limit, Offset, one_of
from lineage.api._paging import Cursor, Part, by_moment, by_node
from lineage.errors import InvalidInput
from lineage.model import Kind, Node, NodeId, Page
from lineage.web import choice, needs

router = APIRouter(prefix="/api/v1/search", tags=["search"], dependencies=[Depends(needs("read"))])

Words = Annotated[
    str, Query(description="Words; each must begin a part of the name, or be in it from three letters on.")
]


@router.get("")
def search(  # noqa: PLR0913 - a search form has this many fields
    *,
    asking: Asking,
    q: Words,
    filter: Annotated[  # noqa: A002 - Marquez's word
        str | None,
        Query(
            description="DATASET or JOB; both without it or when empty.",
            json_schema_extra=one_of("DATASET", "JOB", "", None),
        ),
    ] = None,
    sort: Annotated[
        str,
        Query(description="NAME, or UPDATE_AT with the newest first.", json_schema_extra=one_of("NAME", "UPDATE_AT")),
    ] = "NAME",
    namespace: Annotated[str | None, Query(description="Only in this namespace.")] = None,
    before: Annotated[date | None, Query(description="Only what was seen last before this day, UTC.")] = None,
    after: Annotated[date | None, Query(description="Only what was seen last on this day or later.")] = None,
    limit: Limit = 10,
    offset: Offset = 0,
    cursor: Cursor = None,
) -> Response:
    """Datasets and jobs whose namespace and name hold all the words."""
    newest_first = choice(sort.upper(), ("NAME", "UPDATE_AT"), "sort") == "UPDATE_AT"
    kind, since, until = _kind(filter), _midnight(after), _midnight(before)
    part = Part(limit, offset, cursor)

    def ask(behind: NodeId | None, reached: datetime | None, passed: int, most: int) -> Page:
        return asking.store.find(
            q,
            kind=kind,
            namespace=namespace,
            order="updated" if newest_first else "name",
            since=since,
            until=until if reached is None else reached,
            after=behind,
            limit=most,
            offset=passed,
        )

    if newest_first:
        page, following = by_moment(partial(ask, None), attrgetter("last_at"), part)
    else:
        page, following = by_node(lambda behind, passed, most: ask(behind, None, passed, most), part)
    return asking.answer(
        {"totalCount": page.total, "results": [_result(node) for node in page.items], "next": following}
    )


def _midnight(day: date | None) -> datetime | None:
    """The last moment before *day*: the store's window is open below and closed above."""
    if day is None:
        return None
    return datetime.combine(day, time(), UTC) - timedelta(microseconds=1)


def _kind(word: str | None) -> Kind | None:
    match word and word.upper():
        case None | "":
            return None
        case "DATASET":
            return "dataset"
        case "JOB":
            return "job"
    raise InvalidInput(f"filter: {word!r} is none of DATASET, JOB", field="filter")


def _result(node: Node) -> dict[str, object]:
    return {
        "type": node.id.kind.upper(),
        "name": node.id.name,
        "updatedAt": node.last_at,
        "namespace": node.id.namespace,
        "nodeId": str(node.id),
    }
