"""What a product's SLOs decide together: whether it may be released."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from lineage.api.slos import At
from lineage.slo.gate import judged, shape_of
from lineage.web import instant, needs, services

router = APIRouter(prefix="/api/v1/products", tags=["slos"], dependencies=[Depends(needs("read"))])


@router.get("/{product:word}/gate")
def product_gate(request: Request, product: str, at: At = None) -> dict[str, Any]:
    """Whether a product may be released: not while an SLO with its label has spent its error budget.

    `because` names those that close it, least budget first; `undecided` those that say little yet: they are warming, or
    have too few data. 404 when no SLO has the label, 503 while the graph is made anew.
    """
    house = services(request)
    when, book = instant(at, "at") or house.now(), house.slos
    return shape_of(judged(product, book.definitions(), lambda name: book.status(name, when), house.store))
