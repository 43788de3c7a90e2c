"""What the door refused, with the reason, as far as it was kept."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from lineage.errors import NotFound
from lineage.store.base import Document
from lineage.web import needs, services

KIND = "dead_letter"

router = APIRouter(prefix="/api/v1/dead-letters", tags=["dead letters"], dependencies=[Depends(needs("read"))])


@router.get("")
def letters(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000, description="Letters in the answer.")] = 100,
    after: Annotated[str | None, Query(description="The id to go on from: `next` of the answer before.")] = None,
) -> dict[str, Any]:
    """Dead letters by id, without their bodies; `next` is the `after` of the page that follows, or null."""
    found = services(request).store.documents(KIND, after=after, limit=limit + 1)
    page = [_shown(document) for document in found[:limit]]
    for letter in page:
        del letter["body"]
    return {"deadLetters": page, "next": page[-1]["id"] if len(found) > limit else None}


@router.get("/{letter_id}")
def letter(request: Request, letter_id: str) -> dict[str, Any]:
    """One dead letter with the scrubbed body, up to 64 KiB of it. Unknown: 404."""
    found = services(request).store.document(KIND, letter_id)
    if found is None:
        raise NotFound(f"no dead letter {letter_id!r}")
    return _shown(found)


def _shown(document: Document) -> dict[str, Any]:
    """As JSON spells it elsewhere: camelCase."""
    body = json.loads(document.body)
    return {
        "id": document.id,
        "reason": body["reason"],
        "field": body["field"],
        "principal": body["principal"],
        "receivedAt": body["received_at"],
        "size": body["size"],
        "truncated": body["truncated"],
        "body": body["body"],
    }
