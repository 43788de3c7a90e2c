"""`…/identity`: which names are one dataset, why, and by which events; `/identity/suggestions`: which may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lineage.api._answers import MOST, Asking, as_json
from lineage.api._paging import Paging, by_place
from lineage.api._shapes import Shape
from lineage.api.datasets import known_dataset
from lineage.model import Declaration, NodeId, Principal, dataset_id
from lineage.normal import Normal, rules
from lineage.rulings import Said, ruling
from lineage.sameness import suspicion
from lineage.statements import Ruling, Verdict
from lineage.store.base import Store
from lineage.web import Services, needs, services

router = APIRouter(prefix="/api/v1", tags=["identity"], dependencies=[Depends(needs("read"))])

_IDENTITY = "/namespaces/{namespace:word}/datasets/{name:word}/identity"
Admin = Annotated[Principal, Depends(needs("admin"))]


class Other(BaseModel):
    """The other dataset, and why."""

    model_config = ConfigDict(strict=True, extra="forbid")

    namespace: str = Field(min_length=1, description="Of the other dataset.")
    name: str = Field(min_length=1, description="Of the other dataset, as an event names it.")
    because: str = Field(min_length=1, description="Why; it stays on record with the name of the key.")


@router.get(_IDENTITY)
def identity(request: Request, asking: Asking, namespace: str, name: str) -> Response:
    """The names of a dataset, what each means by the rules of naming, and every declaration that made them one.

    A declaration that no longer `counts` was overtaken by a newer one of the same alias for the same reason; one that
    is `cut` counts, and joins nothing, because people keep apart what it would join. `by` counts those that do join;
    `warning` says where they seem to join too much.
    """
    return asking.answer(_identity(services(request), asking.store, namespace, name))


@router.post(_IDENTITY + "/split")
def split(request: Request, admin: Admin, namespace: str, name: str, other: Other) -> Response:
    """Keep the dataset and another apart from now on, whatever events or rules of naming say of the two.

    What joins them through others is cut at its weakest link. A question about a time before sees them as they were.
    """
    return _ruled(request, admin, (namespace, name), other, "apart")


@router.post(_IDENTITY + "/join")
def join(request: Request, admin: Admin, namespace: str, name: str, other: Other) -> Response:
    """Let the dataset and another be one from now on, though no event says so."""
    return _ruled(request, admin, (namespace, name), other, "one")


@router.post(_IDENTITY + "/undo")
def undo(request: Request, admin: Admin, namespace: str, name: str, other: Other) -> Response:
    """Take back what was said last of the two: events and rules tell again. Nobody said anything: 404."""
    return _ruled(request, admin, (namespace, name), other, None)


def _ruled(request: Request, admin: Principal, named: tuple[str, str], other: Other, verdict: Verdict) -> Response:
    house = services(request)
    said = Said(dataset_id(*named), dataset_id(other.namespace, other.name), verdict, other.because)
    house.decisions.keep([ruling(said, admin, house.store, house.now())])
    return as_json(_identity(house, house.store, *named))


@router.get("/identity/suggestions")
def suggestions(asking: Asking, paging: Paging) -> Response:
    """Datasets that are read and never written, beside written ones that differ by case, scheme, host or catalog only.

    Of very many the first thousand.
    """
    page, following = by_place(asking.store.suggestions(MOST), paging)
    shapes = [
        {"unwritten": _shape(each.unwritten), "written": _shape(each.written), "differs": list(each.differs)}
        for each in page.items
    ]
    return asking.answer({"suggestions": shapes, "totalCount": page.total, "next": following})


def _identity(house: Services, store: Store, namespace: str, name: str) -> Shape:
    node = known_dataset(store, namespace, name)
    normal = rules(house.settings.ingest).normal
    said = store.declarations(node.id)
    speaker = known_dataset(store, node.canonical.namespace, node.canonical.name)
    return {
        "canonical": _shape(node.canonical),
        "names": [_name(normal(each), each) for each in sorted({speaker.id, *speaker.aliases})],
        "by": dict(sorted(_by(said).items())),
        "warning": suspicion(said),
        "because": list(map(_because, said)),
        "decisions": list(map(_decision, store.rulings(node.id))),
    }


def _by(said: Sequence[Declaration]) -> Counter[str]:
    return Counter(each.why for each in said if each.counts and not each.cut)


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
        "cut": said.cut,
        "firstAt": said.first_at,
        "lastAt": said.last_at,
        "evidence": list(said.evidence),
    }


def _decision(said: Ruling) -> Shape:
    return {
        "datasets": [_shape(said.one), _shape(said.other)],
        "verdict": said.verdict,
        "counts": said.counts,
        "by": said.actor,
        "at": said.at,
        "because": said.reason,
        "evidence": said.digest,
    }
