"""What every route may ask for, and how a route says no: the services behind a request, and problem+json."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, Literal, Protocol, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

import lineage.paths  # noqa: F401 - routes may write {name:word} once it is imported
from lineage.auth import Keys
from lineage.errors import Forbidden, HeadwaterError, InvalidInput, Overloaded
from lineage.ledger.base import Ledger
from lineage.model import Principal, Receipt
from lineage.settings import Settings
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.statements import Statement
from lineage.store.base import Store

PROBLEM = "application/problem+json"

SHOWN = 100  # characters of what was given that a refusal repeats: a body may hold megabytes
_NEVER = datetime.min.replace(tzinfo=UTC)


class Intake(Protocol):
    """The one door, as routes see it (collectors/intake.py keeps the promise)."""

    def submit(self, body: bytes, principal: Principal) -> Future[Receipt]:
        """Take one event; the future is done when it is durable or refused. Raises Overloaded, having taken nothing."""

    def submit_many(self, bodies: Sequence[bytes], principal: Principal) -> Future[list[Receipt]]:
        """Take many, in order, as one unit of back-pressure; receipts[i] is for bodies[i]. Raises Overloaded."""

    def refuse(self, body: bytes, principal: Principal, reason: str) -> Future[Receipt]:
        """Keep *body* among the dead letters for *reason*, unread. Raises Overloaded."""

    def require_room(self) -> None:
        """Raise Overloaded when the queue is full whatever comes."""

    def take(self, bodies: Sequence[bytes], principal: Principal) -> list[Receipt]:
        """Take *bodies* as `submit_many` does, and wait until they are durable."""

    def examine(self, body: bytes, principal: Principal) -> Receipt:
        """What would become of *body* if it came now, duplicates aside; nothing is kept."""

    def times_again(self, digest: str) -> int:
        """How often the event came again since the server started; of very many the oldest are forgotten."""

    @property
    def waiting(self) -> int:
        """How many bodies wait for the writer."""


class Decisions(Protocol):
    """Where what a person decides is kept (collectors/decisions.py keeps the promise)."""

    def keep(self, statements: Sequence[Statement]) -> None:
        """Keep *statements* on the ledger, all or none; they speak and are durable when it returns.

        Raises StoreUnavailable.
        """


class Slos(Protocol):
    """The SLO engine, as routes see it (lineage/slo/book.py keeps the promise)."""

    problem: str | None  # why the SLO files, as they are now, are not what is in force

    def names(self) -> list[str]:
        """Names of the SLOs in force, sorted."""

    def definition(self, name: str) -> DataSLO:
        """What the SLO promises. Raises NotFound."""

    def definitions(self) -> Mapping[str, DataSLO]:
        """The SLOs in force by name."""

    def status(self, name: str, at: datetime) -> Status:
        """The status of one SLO at *at*. Raises NotFound."""

    def statuses(self, at: datetime) -> list[Status]:
        """All of them, by name, at *at*, which is `Services.now`; of other times ask `status`."""

    def reread(self) -> None:
        """Take up what was applied meanwhile."""


class Services(Protocol):
    """What `app` wires and a route may use."""

    settings: Settings
    store: Store
    ledger: Ledger
    intake: Intake
    decisions: Decisions
    slos: Slos
    keys: Keys

    def now(self) -> datetime:
        """The clock: aware, UTC. Routes read no other."""

    def caller(self, request: Request) -> Principal:
        """Who is asking. Raises Unauthenticated when keys exist and the request carries none that is known."""


class Unchanged(Exception):
    """The caller's copy is still good. A route raises it, `answer_problems` answers."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


def services(request: Request) -> Services:
    """The services behind *request*. The one place that knows where `app` put them."""
    return cast(Services, request.app.state.services)  # Starlette's state is untyped


def needs(scope: Literal["ingest", "read", "admin"]) -> Callable[[Request], Principal]:
    """A dependency that answers who is asking, once they may do *scope* (admin may do everything).

    Raises Unauthenticated or Forbidden. Every route carries one: `dependencies=[Depends(needs("read"))]`.
    """

    def check(request: Request) -> Principal:
        principal = services(request).caller(request)
        if not principal.scopes & {scope, "admin"}:
            raise Forbidden(f"the key {principal.name!r} has no {scope} scope; create one with `headwater keys create`")
        return principal

    return check


def problem(error: HeadwaterError, instance: str | None = None) -> JSONResponse:
    """*error* as RFC 9457 problem+json, with the field that is wrong and Retry-After where waiting helps."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    if error.field is not None:
        body["field"] = error.field
    if instance is not None:
        body["instance"] = instance
    headers: dict[str, str] = {}
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(error.retry_after_s)
    if error.status == 401:  # noqa: PLR2004 - RFC 9110 15.5.2 wants the challenge
        headers["WWW-Authenticate"] = 'Bearer realm="headwater"'
    return JSONResponse(body, error.status, headers=headers, media_type=PROBLEM)


def _refused(fault: Mapping[str, Any]) -> InvalidInput:  # pydantic's own words, of any body
    """What FastAPI says of a parameter or a body, with the beginning of what was given."""
    if fault["type"] == "json_invalid":
        return InvalidInput(f"the body is no JSON: {fault['ctx']['error']}, at character {fault['loc'][-1]}")
    field, given = str(fault["loc"][-1]), repr(fault["input"])
    if fault["type"] == "missing":
        return InvalidInput(f"{field}: {fault['msg']}", field=field)
    shown = given if len(given) <= SHOWN else f"{given[:SHOWN]}…"
    return InvalidInput(f"{field}: {fault['msg']} ({shown} was given)", field=field)


def answer_problems(app: FastAPI) -> None:
    """Let *app* answer every HeadwaterError as problem+json, and every parameter that FastAPI refuses (400)."""

    async def handle(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HeadwaterError), "registered for HeadwaterError only"
        return problem(error, request.url.path)

    async def refuse(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError), "registered for RequestValidationError only"
        return problem(_refused(error.errors()[0]), request.url.path)

    async def confirm(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Unchanged), "registered for Unchanged only"
        return Response(status_code=304, headers={"ETag": error.etag})

    app.add_exception_handler(HeadwaterError, handle)
    app.add_exception_handler(Unchanged, confirm)
    app.add_exception_handler(RequestValidationError, refuse)


def instant(text: str | None, field: str) -> datetime | None:
    """An ISO 8601 time from a query; without a zone it is UTC; None stays None. Raises InvalidInput naming *field*."""
    if text is None or text == "":
        return None
    try:
        at = datetime.fromisoformat(text.strip().replace(" ", "+") if " " in text.strip()[10:] else text.strip())
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        at = _NEVER
    if not MINYEAR < at.year < MAXYEAR:  # Room for a question that looks a little to either side.
        raise InvalidInput(f"{field}: {text!r} is not a time; write it as 2026-11-21T08:30:00Z", field=field)
    return at


def choice(text: str, among: Iterable[str], field: str) -> str:
    """*text* if it is one of *among*. Raises InvalidInput naming *field* and what would do."""
    options = tuple(among)
    if text not in options:
        raise InvalidInput(f"{field}: {text!r} is none of {', '.join(options)}", field=field)
    return text
