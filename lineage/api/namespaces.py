"""`/namespaces`: where datasets and jobs are named."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, Field

from lineage.api import _shapes
from lineage.api._answers import Asking, as_json
from lineage.api._paging import Paging, by_name
from lineage.api._saying import Says
from lineage.api._shapes import Shape
from lineage.api._stated import stated, stated_all
from lineage.errors import NotFound
from lineage.statements import Subject, Word
from lineage.store.base import Store
from lineage.web import needs

router = APIRouter(prefix="/api/v1/namespaces", tags=["namespaces"])


class NamespaceBody(BaseModel):
    """What is stated of a namespace."""

    owner_name: Annotated[str | None, Field(alias="ownerName", description="Who answers for it.")] = None
    description: Annotated[str | None, Field(description="What it is.")] = None


@router.get("", dependencies=[Depends(needs("read"))])
def namespaces(asking: Asking, paging: Paging) -> Response:
    """All namespaces, by name: those that events named, and those that somebody stated."""
    found = {each.name: each for each in asking.store.namespaces()}
    told = stated_all(asking.store, "namespace")
    page, after = by_name(found.keys() | told.keys(), paging)
    shapes = [_shapes.namespace(name, found.get(name), told.get(name)) for name in page]
    return asking.answer({"namespaces": shapes, "totalCount": len(found.keys() | told.keys()), "next": after})


@router.get("/{namespace:word}", dependencies=[Depends(needs("read"))])
def namespace(asking: Asking, namespace: str) -> Response:
    """One namespace."""
    return asking.answer(known(asking.store, namespace))


@router.put("/{namespace:word}")
def put_namespace(says: Says, namespace: str, body: NamespaceBody) -> Response:
    """State who owns a namespace and what it is; it need not be known yet, and is hidden no longer."""
    told = stated(says.store, Subject("namespace", namespace))
    words = [Word("hidden", holds=False)] if told is not None and told.hidden else []
    if body.owner_name is not None:
        words.append(Word("owner", body.owner_name))
    if body.description is not None:
        words.append(Word("description", body.description))
    says.decide((Subject("namespace", namespace), tuple(words)))
    return as_json(known(says.store, namespace))


def known(store: Store, name: str) -> Shape:
    """The namespace of this name. Raises NotFound."""
    found = next((each for each in store.namespaces() if each.name == name), None)
    told = stated(store, Subject("namespace", name))
    if found is None and told is None:
        raise NotFound(f"no namespace {name!r}; /api/v1/namespaces lists those there are")
    return _shapes.namespace(name, found, told)
