"""`…/identity`: which names are one dataset, why, and by which events; `/identity/suggestions`: which may be."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from lineage.api._answers import MOST, Asking
from lineage.api._paging import Paging, by_place
from lineage.api._shapes import Shape
from lineage.api.datasets import known_dataset
from lineage.model import Declaration, NodeId
from lineage.normal import Normal, rules
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1", tags=["identity"], dependencies=[Depends(needs("read"))])


@router.get("/namespaces/{namespace:word}/datasets/{name:word}/identity")
def identity(request: Request, asking: Asking, namespace: str, name: str) -> Response:
    """The names of a dataset, what each means by the rules of naming, and every declaration that made them one.

    A declaration that no longer `counts` was overtaken by a newer one of the same alias for the same reason.
    """
    node = known_dataset(asking.store, namespace, name)
    normal = rules(services(request).settings.ingest.namespace_aliases).normal
    said = asking.store.declarations(node.id)
    speaker = known_dataset(asking.store, node.canonical.namespace, node.canonical.name)
    raw = sorted({speaker.id, *speaker.aliases})
    return asking.answer(
        {
            "canonical": _shape(node.canonical),
            "names": [_name(normal(each), each) for each in raw],
            "because": list(map(_because, said)),
        }
    )


@router.get("/identity/suggestions")
def suggestions(asking: Asking, paging: Paging) -> Response:
    """Datasets that are read and never written, beside written ones whose names differ by case, scheme or host only.

    Of very many the first thousand.
    """
    page, following = by_place(asking.store.suggestions(MOST), paging)
    shapes = [
        {"unwritten": _shape(each.unwritten), "written": _shape(each.written), "differs": list(each.differs)}
        for each in page.items
    ]
    return asking.answer({"suggestions": shapes, "totalCount": page.total, "next": following})


def _shape(dataset: NodeId) -> Shape:
    return {"namespace": dataset.namespace, "name": dataset.name}


def _name(normal: Normal, raw: NodeId) -> Shape:
    return {
        **_shape(raw),
        "normal": _shape(normal.dataset),
        "rules": list(normal.rules),
        "subset": normal.subset or None,
    }


def _because(said: Declaration) -> Shape:
    return {
        "alias": _shape(said.alias),
        "dataset": _shape(said.dataset),
        "why": said.why,
        "counts": said.counts,
        "firstAt": said.first_at,
        "lastAt": said.last_at,
        "evidence": list(said.evidence),
    }
