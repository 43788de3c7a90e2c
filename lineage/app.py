"""The program that serves: one house of services behind all routes, opened, started, drained and closed in order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Match

from collectors.attendance import Attendance
from collectors.decisions import Decisions
from collectors.forwarding import Forwarding
from collectors.idempotency import Repeats
from collectors.intake import Intake
from collectors.journal import Journal
from collectors.rebuild import catch_up, commits
from collectors.transports import base as transports
from collectors.transports import http
from dashboards import router as dashboards
from lineage import __version__
from lineage.auth import Keys, server_key
from lineage.contract import contract
from lineage.errors import NotFound
from lineage.gate import Gate, Named
from lineage.homes import Homes, homes_of
from lineage.model import Principal
from lineage.normal import rules
from lineage.parts import part, words
from lineage.paths import WholeSegments
from lineage.scheduler import Scheduler
from lineage.settings import MIB, Role, Settings
from lineage.slo.book import SloBook
from lineage.web import PROBLEM, answer_problems, needs, problem

ALWAYS = "health"  # the noun of lineage.api that every process answers, whatever its roles
FORM_BYTES = MIB  # what a route takes that says nothing of its own


def utc_now() -> datetime:
    """The wall clock; what `Headwater` reads unless it is given another."""
    return datetime.now(UTC)


class Headwater:
    """Keeps the promise of `lineage.web.Services` over *homes*, which it closes. *clock* is read for every now."""

    def __init__(self, settings: Settings, homes: Homes, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.store = homes.store
        self.ledger = homes.ledger
        self.keys = Keys(homes.store, settings.api_key.get_secret_value() if settings.api_key else None)
        self._commits = ways = commits(homes, rules(settings.ingest))
        self.journal = Journal(homes.ledger, homes.store, settings.ingest.dead_letters_kept, ways)
        secret = server_key(homes.store, "redaction")
        self.intake = Intake(self.journal, settings.ingest, secret, clock, "http")
        self._transports = transports.ready(settings, self.intake) if "collector" in settings.roles else []
        self.decisions = Decisions(homes.ledger, homes.store, secret, clock, ways)
        self.slos = SloBook(homes.store, settings)
        self._homes = homes
        self._clock = clock
        self._scheduler = Scheduler(self)
        self._attendance = Attendance(homes.store, self.decisions, clock, settings.ingest.attendance_s)
        urls = [url.get_secret_value() for url in settings.forward]
        self._forwarding = Forwarding(urls, homes.ledger, homes.store)

    def now(self) -> datetime:
        """The clock: aware, UTC."""
        return self._clock()

    def caller(self, request: Request) -> Principal:
        """Who is asking. Raises Unauthenticated when keys exist and the request carries none that is known."""
        return self.keys.caller(request.headers, request.cookies, self.now())

    def start(self) -> None:
        """Merge what an earlier end left unmerged, then begin what the roles of this process are.

        Whoever serves people may be told to keep something, as a decision or a mended letter, and so has a door too.
        """
        roles = set(self.settings.roles)
        if roles != {"scheduler"}:
            catch_up(self._homes.ledger, self._homes.store, rules(self.settings.ingest))
            self.intake.start()
        if "collector" in roles:
            self._attendance.start()  # before anybody judges what was due meanwhile
            self._forwarding.start()
            for transport in self._transports:
                transport.start()
        if roles != {"collector"}:
            self._scheduler.start()

    def close(self) -> None:
        """Finish the commit and the tick that are under way, give the lease back, close. Twice is harmless."""
        for transport in self._transports:
            transport.stop()
        self._attendance.stop()
        self.intake.stop()
        self._scheduler.stop()
        self._forwarding.stop()
        self._commits.close()
        self._homes.close()


def open_headwater(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Headwater:
    """Open the homes that *settings* name. Raises as `homes_of` does; nothing has started yet."""
    homes = homes_of(settings)
    try:
        return Headwater(settings, homes, clock)
    except BaseException:
        homes.close()
        raise


def build(settings: Settings, headwater: Headwater | None = None) -> FastAPI:
    """The application over *headwater*, which the caller starts and closes; without one it opens and closes its own.

    Every module in lineage/api and dashboards/pages brings its `router`; a new file is a new page or noun. What belongs
    to a role that the process has not is not mounted; who asks for it is told so.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if headwater is not None:
            yield
            return
        house = await run_in_threadpool(open_headwater, settings)
        _move_in(app, house)
        try:
            await run_in_threadpool(house.start)
            yield
        finally:
            await run_in_threadpool(house.close)

    app = FastAPI(
        title="Headwater",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,  # served below, behind the same keys; FastAPI's pages of docs load foreign scripts
        redirect_slashes=False,  # clients follow a redirect of a POST with a GET, and the event is lost
        max_body_size=FORM_BYTES,
        # The route's template is written into the innermost scope, so that what logs it stands within WholeSegments.
        middleware=[Middleware(WholeSegments), Middleware(Named), Middleware(Gate, settings=settings)],
    )
    answer_problems(app)
    app.add_exception_handler(HTTPException, _answer_refusal)
    app.add_api_route("/api/openapi.json", _openapi, include_in_schema=False, dependencies=[Depends(needs("read"))])
    app.include_router(part("lineage.api", ALWAYS).router)
    app.state.elsewhere = {}
    for role, routers in _routers().items():
        if role in settings.roles:
            for router in routers:
                app.include_router(router)
        else:
            app.state.elsewhere[role] = routers
    if "dashboards" in settings.roles:
        dashboards.mount(app)
    if headwater is not None:
        _move_in(app, headwater)
    return app


def _routers() -> dict[Role, list[APIRouter]]:
    """What is mounted for whom."""
    nouns = [part("lineage.api", word).router for word in words("lineage.api") if word != ALWAYS]
    pages = [part("dashboards.pages", word).router for word in words("dashboards.pages")]
    return {"collector": [http.router], "api": nouns, "dashboards": pages}


def _move_in(app: FastAPI, house: Headwater) -> None:
    app.state.services = house
    app.state.repeats = Repeats(house.store, house.now)


def _openapi(request: Request) -> JSONResponse:
    application: FastAPI = request.app
    return JSONResponse(contract(application))


async def _answer_refusal(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself (404, 405, 413), in the form of all other refusals."""
    assert isinstance(error, HTTPException), "registered for HTTPException only"
    if (role := _role(request)) is not None:
        return problem(NotFound(f"this process has no role {role}; ask one that has: `headwater serve --role {role}`"))
    body = {"type": "about:blank", "title": error.detail, "status": error.status_code, "instance": request.url.path}
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
        body["detail"] = f"{request.method} is not done here; {headers['Allow']} are"
    elif error.status_code == 404:  # noqa: PLR2004 - no route; what a route does not know has a sentence of its own
        body["detail"] = "nothing is served at this path; /api/openapi.json describes what is"
    return JSONResponse(body, error.status_code, headers=headers, media_type=PROBLEM)


def _role(request: Request) -> Role | None:
    """The role, which this process has not, that would answer the request."""
    elsewhere: dict[Role, list[APIRouter]] = request.app.state.elsewhere
    for role, routers in elsewhere.items():
        for route in iter_route_contexts([route for router in routers for route in router.routes]):
            if route.matches(request.scope)[0] is Match.FULL:
                return role
    return None


def _methods(request: Request) -> set[str]:
    """What may be done at the request's path; the framework names what the first route there takes, and no more."""
    application: FastAPI = request.app
    found: set[str] = set()
    for route in iter_route_contexts(application.routes):
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= set(route.methods or ())
    return found
