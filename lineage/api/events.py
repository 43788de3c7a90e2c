"""`/events`: the events themselves, as they were stored, and where each of them stands."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from lineage.api._answers import Asked, Asking, Limit, Offset
from lineage.errors import NotFound
from lineage.model import Entry, EventRecord
from lineage.names import run_key
from lineage.web import choice, instant, needs

router = APIRouter(prefix="/api/v1/events", tags=["events"], dependencies=[Depends(needs("read"))])

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BYTES = "application/octet-stream"


@router.get("/lineage")
def events(  # noqa: PLR0913 - a filter has this many fields
    *,
    asking: Asking,
    before: Annotated[str | None, Query(description="Event time, exclusive.")] = None,
    after: Annotated[str | None, Query(description="Event time, inclusive.")] = None,
    run: Annotated[str | None, Query(alias="runId", description="Only the events of this run.")] = None,
    order: Annotated[str, Query(alias="sortDirection", description="desc: newest first; or asc.")] = "desc",
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Events of every kind as they were stored, by event time; totalCount counts those that the filter lets through."""
    moment = timedelta(microseconds=1)  # the store's window is open below and closed above
    since, until = instant(after, "after"), instant(before, "before")
    page = asking.store.events(
        run=None if run is None else run_key(run) or run,
        since=since and since - moment,
        until=until and until - moment,
        newest_first=choice(order.lower(), ("desc", "asc"), "sortDirection") == "desc",
        limit=limit,
        offset=offset,
    )
    bodies = (asking.ledger.raw(bytes.fromhex(record.digest)) for record in page.items)
    return asking.answer({"events": [msgspec.Raw(body) for body in bodies if body], "totalCount": page.total})


@router.get("/{digest:word}")
def event(asking: Asking, digest: str, accept: Annotated[str, Header()] = "application/json") -> Response:
    """One event: where it stands and what it is about, or, for those who accept octets, its stored bytes."""
    key = bytes.fromhex(digest) if _DIGEST.fullmatch(digest.lower()) else b""
    entry = asking.ledger.entry(key) if key else None
    if entry is None or entry.kind != "event":
        raise NotFound(f"no event {digest!r}; an event's name is the SHA-256 of its bytes in 64 hex digits")
    if _BYTES in accept.lower():
        return Response(asking.ledger.raw(key), media_type=_BYTES, headers={"ETag": f'"{digest}"', "Vary": "Accept"})
    answer = asking.answer(_status(asking, entry))
    answer.headers["Vary"] = "Accept"
    return answer


def _status(asking: Asked, entry: Entry) -> dict[str, object]:
    records: list[EventRecord] = list(asking.store.events(digests=[entry.digest.hex()]).items)
    record = records[0] if records else None
    return {
        "digest": entry.digest.hex(),
        "status": "projected" if record else "unprojected",
        "receivedAt": entry.received_at,
        "principal": entry.principal,
        "place": {"writer": entry.writer, "seq": entry.seq},
        "redacted": entry.redaction is not None,
        "kind": record and record.kind,
        "eventType": record and record.type,
        "eventTime": record and record.at,
        "producer": record and record.producer,
        "runId": record and record.run,
        "job": record and record.job and str(record.job),
        "dataset": record and record.dataset and str(record.dataset),
        "warnings": list(record.warnings) if record else [],
    }
