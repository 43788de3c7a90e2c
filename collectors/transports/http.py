"""Events over HTTP, as OpenLineage's clients send them: one, an array or lines; plain or gzip; 201 means durable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from collectors.bodies import elements, inflate, lines
from collectors.idempotency import HEADER, Answer, Repeats
from lineage.errors import (
    Forbidden,
    HeadwaterError,
    InvalidEvent,
    InvalidInput,
    Overloaded,
    TooLarge,
    TooSlow,
    UnsupportedType,
)
from lineage.model import Principal, Receipt
from lineage.web import needs, problem, services

LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
# What curl says when it is told nothing, and what a careful client might say. The events in it decide.
PLAIN = frozenset({"", "text/plain", "text/json", "application/octet-stream", "application/x-www-form-urlencoded"})
DIGEST = "Headwater-Digest"
# A client that has waited 5 s sends the event five times more and calls it lost (OPENLINEAGE 5.1). One that is told
# 503 comes again too; what was committed after all is then a duplicate.
ANSWER_S = 4.0
KEYS_S = 0.9  # of the same five seconds
BODY_S = 120  # for a body to come whole; 64 MiB in that time is 4 Mbit/s
UNBOUNDED = 2**62  # our own cap counts inflated bytes; FastAPI's would count those on the wire

router = APIRouter(tags=["ingest"])


async def _may_ingest(request: Request) -> Principal:
    """`needs("ingest")` from memory; for one event in two seconds the store is asked before, for all that come then."""
    house, state = services(request), request.app.state
    if not house.keys.is_fresh(house.now()):
        asked: asyncio.Future[bool] | None = getattr(state, "asked_for_keys", None)
        if asked is None or asked.done():
            asked = state.asked_for_keys = asyncio.ensure_future(run_in_threadpool(house.keys.exist, house.now()))
            asked.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        try:
            async with asyncio.timeout(KEYS_S):
                await asyncio.shield(asked)
        except TimeoutError:
            raise Overloaded("the store does not answer; send it again") from None
        if not house.keys.is_fresh(house.now()):
            raise Overloaded("the store is slow to answer; send it again")
    return needs("ingest")(request)


Caller = Annotated[Principal, Depends(_may_ingest)]


class _Unasked(APIRoute):
    """A route for GET and HEAD without a question: with one, the path is that of the lineage query."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route does, unless there is a query string."""
        return (Match.NONE, {}) if scope.get("query_string") else super().matches(scope)


def health(request: Request) -> Response:
    """Answer who knocks before it sends: 200 when events can be kept, 503 otherwise, 401 without a known key.

    `ingest` tells whether the caller's key may bring events.
    """
    house = services(request)
    may_ingest = bool(house.caller(request).scopes & {"ingest", "admin"})
    house.store.check()
    return JSONResponse({"status": "ready", "ingest": may_ingest})


@router.post("/lineage", status_code=201, max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/lineage/", status_code=201, max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/api/v1/lineage/", status_code=201, max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/api/v1/lineage", status_code=201, max_body_size=UNBOUNDED)
async def post_event(request: Request, caller: Caller) -> Response:
    """Take one OpenLineage event (or NDJSON, which answers as a batch does); 201 once it is durable.

    400 says what is wrong with it, 403 that the key may not bring events of its namespace, 413 and 415 what
    the door does not take, 503 that it is worth sending again. Under an `Idempotency-Key` a repetition within a day
    gets the first answer, and another body 422.
    """
    form = _form(request)
    if form == "other":
        return await _refuse_type(request, caller)
    if form == "lines":
        return await _take_many(request, caller)
    body = await _body(request, services(request).settings.ingest.max_event_bytes)
    return await _once(request, caller, body, lambda: _take_one(request, caller, body))


async def _take_one(request: Request, caller: Principal, body: bytes) -> Response:
    answer: Response
    waiting = asyncio.wrap_future(services(request).intake.submit(body, caller))
    try:
        async with asyncio.timeout(ANSWER_S):
            receipt = await waiting
    except TimeoutError:
        raise Overloaded("the writer is busy; send it again") from None
    if receipt.status == "forbidden":
        answer = problem(Forbidden(receipt.reason or "", field=receipt.field), request.url.path)
    elif receipt.status == "dead-lettered":
        answer = problem(InvalidEvent(receipt.reason or "", field=receipt.field), request.url.path)
    else:
        answer = JSONResponse({"status": receipt.status, "digest": receipt.digest}, 201)
    answer.headers[DIGEST] = receipt.digest
    return answer


@router.post("/lineage/batch", max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/lineage/batch/", max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/api/v1/lineage/batch/", max_body_size=UNBOUNDED, include_in_schema=False)
@router.post("/api/v1/lineage/batch", max_body_size=UNBOUNDED)
async def post_batch(request: Request, caller: Caller) -> Response:
    """Take a JSON array of events, or NDJSON; 200 with what became of them once all that is good is durable.

    A bad event harms none of its neighbours: it is among `failed_events`, and with the dead letters. 403 when the key
    may bring none of them. `Idempotency-Key` as for one event.
    """
    return await (_refuse_type if _form(request) == "other" else _take_many)(request, caller)


async def _take_many(request: Request, caller: Principal) -> Response:
    body = await _body(request, services(request).settings.ingest.max_batch_bytes)
    return await _once(request, caller, body, lambda: _take_batch(request, caller, body))


async def _once(request: Request, caller: Principal, body: bytes, take: Callable[[], Awaitable[Response]]) -> Response:
    """The answer of *take*, or under an Idempotency-Key the one that this request got before."""
    key = request.headers.get(HEADER)
    if key is None:
        return await take()

    async def answer() -> Answer:
        taken = await take()
        return Answer(taken.status_code, dict(taken.headers), bytes(taken.body))

    repeats: Repeats = request.app.state.repeats  # Starlette's state is untyped
    path = request.url.path.rstrip("/").removeprefix("/api/v1").encode()
    kept = await repeats.once(caller, key, path + b" " + body, answer)
    return Response(kept.body, kept.status, kept.headers)


async def _turn_away(request: Request, caller: Principal, body: bytes, error: HeadwaterError) -> Response:
    """Answer *error*, once *body* is among the dead letters."""
    refused = await run_in_threadpool(services(request).intake.refuse, body, caller, str(error))
    receipt = await asyncio.wrap_future(refused)
    answer = problem(error, request.url.path)
    answer.headers[DIGEST] = receipt.digest
    return answer


async def _refuse_type(request: Request, caller: Principal) -> Response:
    body = await _body(request, services(request).settings.ingest.max_event_bytes)
    error = UnsupportedType(
        f"Content-Type {_kind(request)!r} is not taken; send application/json or application/x-ndjson"
    )
    return await _turn_away(request, caller, body, error)


async def _take_batch(request: Request, caller: Principal, body: bytes) -> Response:
    split = lines if _form(request) == "lines" else elements
    try:
        bodies = await run_in_threadpool(split, body, services(request).settings.ingest.max_batch_events)
    except InvalidEvent as error:
        return await _turn_away(request, caller, body, error)
    receipts = await asyncio.wrap_future(services(request).intake.submit_many(bodies, caller)) if bodies else []
    if receipts and all(receipt.status == "forbidden" for receipt in receipts):
        return problem(Forbidden(receipts[0].reason or "", field=receipts[0].field), request.url.path)
    return JSONResponse(_summary(receipts))


# Behind the doors for events, which are asked for thousands of times as often and are looked for in this order.
for _path in (
    "/lineage",
    "/lineage/",
    "/api/v1/lineage",
    "/api/v1/lineage/",
    "/lineage/batch",
    "/lineage/batch/",
    "/api/v1/lineage/batch",
    "/api/v1/lineage/batch/",
):
    router.add_api_route(_path, health, methods=["GET", "HEAD"], include_in_schema=False, route_class_override=_Unasked)


def _summary(receipts: Sequence[Receipt]) -> dict[str, object]:
    """The reply of OpenLineage's HTTP API 2.0.2; a refused event is never worth sending again as it is."""
    failed = [
        {"index": index, "reason": receipt.reason, "retriable": False}
        for index, receipt in enumerate(receipts)
        if receipt.reason is not None
    ]
    return {
        "status": "partial_success" if failed else "success",
        "summary": {
            "received": len(receipts),
            "successful": len(receipts) - len(failed),
            "failed": len(failed),
            "retriable": 0,
            "non_retriable": len(failed),
            "duplicates": sum(receipt.status == "duplicate" for receipt in receipts),
        },
        "failed_events": failed,
    }


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _form(request: Request) -> Literal["json", "lines", "other"]:
    kind = _kind(request)
    if kind in LINES:
        return "lines"
    if kind in PLAIN or kind == "application/json" or kind.endswith("+json"):
        return "json"
    return "other"


async def _body(request: Request, limit: int) -> bytes:
    """The whole body, inflated; no more than *limit* bytes of it are ever held."""
    encoding = request.headers.get("content-encoding", "").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedType(f"Content-Encoding {encoding!r} is not taken; send gzip or none")
    too_large = TooLarge(f"the body has more than {limit} bytes; send smaller batches")
    if int(request.headers.get("content-length") or 0) > limit:  # its digits were checked by the HTTP parser
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise TooSlow(f"the body did not come whole within {BODY_S} s; send it again") from None
    except ClientDisconnect:
        raise InvalidInput("the body ended before it was whole") from None
    services(request).intake.require_room()
    body = b"".join(parts)
    if encoding != "identity":
        body = await run_in_threadpool(inflate, body, limit)
    if not body.strip():
        raise InvalidInput("the body is empty; send an OpenLineage event")
    return body
