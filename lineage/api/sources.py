"""`/sources`: where datasets are kept, as their dataSource facets say or as somebody stated."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field

from lineage.api import _shapes
from lineage.api._answers import Asking, as_json
from lineage.api._facets import DataSource
from lineage.api._paging import Paging, by_name
from lineage.api._saying import Says
from lineage.api._shapes import Shape
from lineage.api._stated import stated, stated_all
from lineage.errors import NotFound
from lineage.facets import facet
from lineage.statements import Subject, Word
from lineage.store.answers import Carried
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


class SourceBody(BaseModel):
    """What is stated of a source."""

    type: Annotated[str, Field(description="As POSTGRESQL or KAFKA.")]
    connection_url: Annotated[str, Field(alias="connectionUrl", description="Where it is; credentials are taken out.")]
    description: Annotated[str | None, Field(description="What it is.")] = None


@router.get("", dependencies=[Depends(needs("read"))])
def sources(asking: Asking, paging: Paging) -> Response:
    """All sources, by name; a dataset without a dataSource facet is kept in a source named like its namespace."""
    carried = _carried(asking.store)
    told = stated_all(asking.store, "source")
    names = carried.keys() | told.keys()
    page, following = by_name(names, paging)
    shapes = [_shapes.source(name, carried.get(name, ()), told.get(name)) for name in page]
    return asking.answer({"sources": shapes, "totalCount": len(names), "next": following})


@router.get("/{source:word}", dependencies=[Depends(needs("read"))])
def source(asking: Asking, source: str) -> Response:
    """One source."""
    return asking.answer(known(asking.store, source))


@router.put("/{source:word}")
def put_source(says: Says, source: str, body: SourceBody) -> Response:
    """State what a source is and where; it need not be known yet."""
    words = [Word("type", body.type), Word("url", body.connection_url)]
    if body.description is not None:
        words.append(Word("description", body.description))
    says.decide((Subject("source", source), tuple(words)))
    return as_json(known(says.store, source))


def first_seen(store: Store) -> list[datetime]:
    """When each source was first seen or stated."""
    first = {name: min(each.first_at for each in found) for name, found in _carried(store).items()}
    for name, told in stated_all(store, "source").items():
        first[name] = min(told.first_at, first.get(name, told.first_at))
    return list(first.values())


def known(store: Store, name: str) -> Shape:
    """The source of this name. Raises NotFound."""
    found, told = _carried(store).get(name, []), stated(store, Subject("source", name))
    if not found and told is None:
        raise NotFound(f"no source {name!r}; /api/v1/sources lists those there are")
    return _shapes.source(name, found, told)


def _carried(store: Store) -> dict[str, list[Carried]]:
    found: dict[str, list[Carried]] = {}
    for each in store.carried("dataSource", "dataset"):
        named = facet({"dataSource": each.body}, DataSource).name if each.body else None
        found.setdefault(named or each.namespace, []).append(each)
    return found
