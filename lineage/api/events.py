"""`/events`: the events themselves, as they were stored, and where each of them stands."""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Annotated
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response

from lineage import letters
from lineage.api._answers import TIME, UUID, Asked, Asking, as_json, known_namespace, one_of
from lineage.api._paging import Paging, by_moment
from lineage.errors import Gone, InvalidInput, NotFound
from lineage.model import AHEAD, Entry, EventRecord, Page
from lineage.names import run_key
from lineage.slo.ahead import warnings_of
from lineage.store.base import Store
from lineage.web import choice, instant, needs, services

router = APIRouter(prefix="/api/v1/events", tags=["events"], dependencies=[Depends(needs("read"))])

_MOMENT = timedelta(microseconds=1)
_BYTES = "application/octet-stream"


@router.get("/lineage")
@router.get("")
def events(  # noqa: PLR0913 - a filter has this many fields
    *,
    asking: Asking,
    namespace: Annotated[str | None, Query(description="Only events of jobs (or datasets alone) of it.")] = None,
    before: Annotated[
        str | None, Query(description="Event time, exclusive.", min_length=1, json_schema_extra=TIME)
    ] = None,
    after: Annotated[
        str | None, Query(description="Event time, inclusive.", min_length=1, json_schema_extra=TIME)
    ] = None,
    run: Annotated[
        str | None, Query(alias="runId", description="Only the events of this run.", json_schema_extra=UUID)
    ] = None,
    ahead: Annotated[
        bool, Query(description="Only those whose producer's clock was more than 5 minutes ahead.")
    ] = False,
    order: Annotated[
        str,
        Query(
            alias="sortDirection", description="desc: newest first; or asc.", json_schema_extra=one_of("desc", "asc")
        ),
    ] = "desc",
    paging: Paging,
) -> Response:
    """Events of every kind as they were stored, by event time; totalCount counts those that the filter lets through."""
    key = None if run is None else run_key(run)
    if run is not None and key is None:
        raise InvalidInput(f"runId: {run!r} is not a UUID", field="runId")
    since, until = instant(after, "after"), instant(before, "before")
    newest_first = choice(order.lower(), ("desc", "asc"), "sortDirection") == "desc"
    earliest, latest = since and since - _MOMENT, until and until - _MOMENT  # the window is open below, closed above

    def ask(reached: datetime | None, passed: int, most: int) -> Page:
        begin = earliest if reached is None or newest_first else reached - _MOMENT
        return asking.store.events(
            run=key,
            namespace=namespace,
            since=begin,
            until=reached if reached is not None and newest_first else latest,
            ahead=AHEAD if ahead else None,
            newest_first=newest_first,
            limit=most,
            offset=passed,
        )

    page, following = by_moment(ask, attrgetter("at"), paging)
    bodies = (asking.ledger.raw(bytes.fromhex(record.digest)) for record in page.items)
    found = [msgspec.Raw(body) for body in bodies if body]
    return asking.answer({"events": found, "totalCount": page.total, "next": following})


@router.get("/{digest:digest}")
def event(
    request: Request, asking: Asking, digest: str, accept: Annotated[str, Header()] = "application/json"
) -> Response:
    """The receipt of what was sent: `status` is accepted or duplicate, and the rest says what it is about.

    Or dead-lettered, replayed or discarded, with the reason. Those who accept octets get the stored bytes of an event.
    """
    key = bytes.fromhex(digest)
    entry = asking.ledger.entry(key)
    if entry is None and (refused := _refused(asking.store, digest.lower())):
        return as_json(refused)
    if entry is None or entry.kind != "event":
        raise NotFound(f"no event {digest!r}; an event's name is the SHA-256 of its bytes in 64 hex digits")
    if _BYTES in accept.lower():
        if (raw := asking.ledger.raw(key)) is None:
            raise Gone(f"the bytes of event {digest} were taken out by retention; the ledger still has its line")
        return Response(raw, media_type=_BYTES, headers={"ETag": f'"{digest}"', "Vary": "Accept"})
    again = services(request).intake.times_again(entry.digest.hex())
    return as_json(_status(asking, entry, again), headers={"Vary": "Accept"})


@router.get("/{namespace:path}", include_in_schema=False)
def events_of(asking: Asking, namespace: str, paging: Paging) -> Response:
    """The events of a namespace, the newest first; its slashes may be encoded or not."""
    known = known_namespace(asking.store, unquote(namespace))
    return events(asking=asking, namespace=known.name, paging=paging)


def _status(asking: Asked, entry: Entry, again: int) -> dict[str, object]:
    records: list[EventRecord] = list(asking.store.events(digests=[entry.digest.hex()]).items)
    record = records[0] if records else None
    return {
        "digest": entry.digest.hex(),
        "status": "duplicate" if again else "accepted",
        "timesAgain": again,
        "receivedAt": entry.received_at,
        "projectedAt": entry.received_at if record else None,  # one commit; `headwater rebuild` keeps the time
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
        "aheadSeconds": record and record.ahead and record.ahead.total_seconds(),
        "warnings": warnings_of(record) if record else [],
    }


def _refused(store: Store, id_: str) -> dict[str, object] | None:
    """What became of a body that was refused; None when none of that name was."""
    if closed := letters.closed(store, id_):
        return {
            "digest": id_,
            "status": closed.how,
            "reason": closed.reason,
            "by": closed.actor,
            "at": closed.at,
            "event": closed.event,
            "refusedFor": closed.letter.reason,
        }
    if store.document(letters.KIND, id_) is None:
        return None
    letter = letters.letter(store, id_)
    return {
        "digest": id_,
        "status": "dead-lettered",
        "reason": letter.reason,
        "field": letter.field,
        "receivedAt": letter.received_at,
        "principal": letter.principal,
        "timesAgain": letter.times_again,
    }
