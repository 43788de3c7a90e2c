"""`/namespaces`: where datasets and jobs are named."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from lineage.api import _shapes
from lineage.api._answers import Asking, Limit, Offset, known_namespace
from lineage.web import needs

router = APIRouter(prefix="/api/v1/namespaces", tags=["namespaces"], dependencies=[Depends(needs("read"))])


@router.get("")
def namespaces(asking: Asking, limit: Limit = 100, offset: Offset = 0) -> Response:
    """All namespaces, by name."""
    found = asking.store.namespaces()
    page = found[offset : offset + limit]
    return asking.answer({"namespaces": [_shapes.namespace(each) for each in page], "totalCount": len(found)})


@router.get("/{namespace:word}")
def namespace(asking: Asking, namespace: str) -> Response:
    """One namespace."""
    return asking.answer(_shapes.namespace(known_namespace(asking.store, namespace)))
