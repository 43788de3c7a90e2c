"""What a product's SLOs decide together: whether it may be released."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request

from lineage.api.slos import At
from lineage.slo.gate import gate, members, shape_of
from lineage.web import instant, needs, services

router = APIRouter(prefix="/api/v1/products", tags=["slos"], dependencies=[Depends(needs("read"))])


@router.get("/{product:word}/gate")
def product_gate(request: Request, product: str, at: At = None) -> dict[str, Any]:
    """Whether a product may be released: not while an SLO with its label has spent its error budget.

    `because` names those that close it, least budget first. 404 when no SLO has the label.
    """
    house = services(request)
    when, book = instant(at, "at") or house.now(), house.slos
    names = members(product, {name: book.definition(name) for name in book.names()})
    return shape_of(gate(product, (book.status(name, when) for name in names)))
