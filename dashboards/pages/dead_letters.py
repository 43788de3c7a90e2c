"""`/dead-letters`: what the door refused, and why."""

from __future__ import annotations

from collections import Counter
from heapq import nlargest

from fastapi import APIRouter, Depends, Request, Response

from dashboards.frame import Nav, Shown, page
from lineage.letters import letters
from lineage.web import needs, services

NAV = Nav("Dead letters", "inbox", "/dead-letters", 12, "dead_letters")

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

LISTED = 200
REASONS = 8


@router.get("/dead-letters")
def listed(request: Request) -> Response:
    """The newest letters, newest first, and what all were refused for."""
    found = list(letters(services(request).store))
    reasons = Counter(letter.field or letter.reason for letter in found)
    newest = nlargest(LISTED, found, key=lambda letter: (letter.received_at, letter.id))
    return page(request, "dead_letters.html", letters=newest, total=len(found), reasons=reasons.most_common(REASONS))
