"""`/events`: the events themselves, as they were stored, and where each of them stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Annotated
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import Response

from lineage.api._answers import Asked, Asking, known_namespace
from lineage.api._paging import Paging, by_moment
from lineage.errors import NotFound
from lineage.model import Entry, EventRecord, Page
from lineage.names import run_key
from lineage.web import choice, instant, needs

router = APIRouter(prefix="/api/v1/events", tags=["events"], dependencies=[Depends(needs("read"))])

_MOMENT = timedelta(microseconds=1)
_BYTES = "application/octet-stream"


@router.get("/lineage")
@router.get("")
def events(  # noqa: PLR0913 - a filter has this many fields
    *,
    asking: Asking,
    namespace: Annotated[str | None, Query(description="Only events of jobs (or datasets alone) of it.")] = None,
    before: Annotated[str | None, Query(description="Event time, exclusive.")] = None,
    after: Annotated[str | None, Query(description="Event time, inclusive.")] = None,
    run: Annotated[str | None, Query(alias="runId", description="Only the events of this run.")] = None,
    order: Annotated[str, Query(alias="sortDirection", description="desc: newest first; or asc.")] = "desc",
    paging: Paging,
) -> Response:
    """Events of every kind as they were stored, by event time; totalCount counts those that the filter lets through."""
    since, until = instant(after, "after"), instant(before, "before")
    newest_first = choice(order.lower(), ("desc", "asc"), "sortDirection") == "desc"
    earliest, latest = since and since - _MOMENT, until and until - _MOMENT  # the window is open below, closed above

    def ask(reached: datetime | None, passed: int, most: int) -> Page:
        begin = earliest if reached is None or newest_first else reached - _MOMENT
        return asking.store.events(
            run=None if run is None else run_key(run) or run,
            namespace=namespace,
            since=begin,
            until=reached if reached is not None and newest_first else latest,
            newest_first=newest_first,
            limit=most,
            offset=passed,
        )

    page, following = by_moment(ask, attrgetter("at"), paging)
    bodies = (asking.ledger.raw(bytes.fromhex(record.digest)) for record in page.items)
    found = [msgspec.Raw(body) for body in bodies if body]
    return asking.answer({"events": found, "totalCount": page.total, "next": following})


@router.get("/{digest:digest}")
def event(asking: Asking, digest: str, accept: Annotated[str, Header()] = "application/json") -> Response:
    """One event: where it stands and what it is about, or, for those who accept octets, its stored bytes."""
    key = bytes.fromhex(digest)
    entry = asking.ledger.entry(key)
    if entry is None or entry.kind != "event":
        raise NotFound(f"no event {digest!r}; an event's name is the SHA-256 of its bytes in 64 hex digits")
    if _BYTES in accept.lower():
        return Response(asking.ledger.raw(key), media_type=_BYTES, headers={"ETag": f'"{digest}"', "Vary": "Accept"})
    answer = asking.answer(_status(asking, entry))
    answer.headers["Vary"] = "Accept"
    return answer


@router.get("/{namespace:path}")
def events_of(asking: Asking, namespace: str, paging: Paging) -> Response:
    """The events of a namespace, the newest first; its slashes may be encoded or not."""
    known = known_namespace(asking.store, unquote(namespace))
    return events(asking=asking, namespace=known.name, paging=paging)


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
