"""Who answers for the datasets of the estate, and for which of them nobody does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from lineage.api._answers import Asking, json
from lineage.api._paging import Paging, by_name
from lineage.api._shapes import Shape
from lineage.slo.ownership import Owned, Share, ownership
from lineage.slo.shape import number
from lineage.web import needs, services

router = APIRouter(prefix="/api/v1/ownership", tags=["datasets"], dependencies=[Depends(needs("read"))])


@router.get("")
def owned(
    request: Request,
    asking: Asking,
    paging: Paging,
    namespace: Annotated[str | None, Query(description="Only the datasets of this one.", min_length=1)] = None,
) -> Response:
    """How many datasets have an owner who can be told and one system of record, and which have not, with the reasons.

    `ratio` is null for 0 of 0. `truncated`: there are more datasets than one question looks at; name a namespace.
    """
    estate = ownership(asking.store, services(request).slos.definitions().values(), asking.now, namespace)
    failing = {str(each.dataset): each for each in estate.failing}
    page, following = by_name(failing, paging)
    body = {
        **_share(estate.share),
        "failing": [_fault(failing[name]) for name in page],
        "namespaces": [{"namespace": name, **_share(share)} for name, share in estate.by_namespace().items()],
        "totalCount": len(failing),
        "next": following,
        "truncated": not estate.whole,
    }
    return asking.answer(body, json(body))


def _share(share: Share) -> Shape:
    return {"datasets": share.datasets, "owned": share.owned, "ratio": number(share.ratio)}


def _fault(owned: Owned) -> Shape:
    dataset = {"namespace": owned.dataset.namespace, "name": owned.dataset.name}
    return {"dataset": dataset, "owners": list(owned.owners), "reasons": list(owned.faults)}
