"""`/dead-letters`: what the door refused, and why."""

from __future__ import annotations

from collections import Counter

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from dashboards.frame import Nav, Shown, page
from lineage.store.base import Document
from lineage.web import needs, services

NAV = Nav("Dead letters", "inbox", "/dead-letters", 12, "dead_letters")

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

LISTED = 200


class Letter(msgspec.Struct, frozen=True):
    """A body that was refused, as the intake keeps it."""

    reason: str
    received_at: str
    principal: str
    size: int
    beginning: str = ""
    field: str | None = None


@router.get("/dead-letters")
def listed(request: Request) -> Response:
    """The letters, newest first."""
    documents = services(request).store.documents("dead_letter", limit=LISTED)
    letters = sorted(map(_opened, documents), key=lambda letter: letter.received_at, reverse=True)
    reasons = Counter(letter.field or letter.reason for letter in letters)
    return page(request, "dead_letters.html", letters=letters, reasons=reasons.most_common(8), most=LISTED)


def _opened(document: Document) -> Letter:
    return msgspec.json.decode(document.body, type=Letter)
