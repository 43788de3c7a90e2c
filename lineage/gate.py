"""What stands before every route: a name and a log line for each request, and no entry from foreign pages."""

from __future__ import annotations

import re
from ipaddress import ip_address
from itertools import count
from logging import DEBUG, INFO
from os import urandom
from time import perf_counter
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineage.errors import Forbidden, HeadwaterError
from lineage.settings import Settings
from lineage.telemetry import logger, request_id
from lineage.web import problem

READING = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

SERVER = urandom(4).hex()  # names this process; a random name for each request was a system call for each
_REQUESTS = count(1)

FAULT = "a fault of ours; the server's log tells more under this X-Request-Id"

# What comes many times a second and is counted in /metrics: its successes are logged at debug.
ROUTINE = frozenset(
    {
        ("POST", "/api/v1/lineage"),
        ("POST", "/api/v1/lineage/"),
        ("POST", "/lineage"),
        ("POST", "/lineage/"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
    }
)
FAULTY = 400

log = logger("headwater.access")


def is_loopback(host: str) -> bool:
    """True when *host*, a name or an address without port, can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Named:
    """ASGI middleware: give every request an id, answer it as X-Request-Id, and log the request when it is over.

    An id that the caller sent is kept if it is short and plain. A fault of ours is answered as 500 under that id and
    goes on upward to the server's log, which has the id too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, named and timed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        name = sent if REQUEST_ID.fullmatch(sent) else f"{SERVER}{next(_REQUESTS):08x}"
        request_id.set(name)  # for this request's task and its threads; the server makes a task for each
        began, status = perf_counter(), 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = name
            await send(message)

        try:
            await self._app(scope, receive, send_named)
        except Exception:
            if not status:
                await problem(HeadwaterError(FAULT), scope["path"])(scope, receive, send_named)
            raise
        finally:
            route = getattr(scope.get("route"), "path", None)  # the template: no names of datasets in the log
            level = DEBUG if status < FAULTY and (scope["method"], scope["path"]) in ROUTINE else INFO
            if log.isEnabledFor(level):
                took_ms = round((perf_counter() - began) * 1000, 1)
                fields = {"method": scope["method"], "route": route, "status": status, "took_ms": took_ms}
                log.log(level, "request_answered", extra=fields)


class Gate:
    """ASGI middleware: refuse requests that a foreign web page makes a browser send.

    On a loopback address, where keys may be missing, the Host must be a name of this machine or of `public_url`: a
    rebound DNS name is neither. Elsewhere keys guard, and a cluster has many names for one server. Everywhere, a
    request that changes something and says from where (Origin, Sec-Fetch-Site) must come from our own pages; programs
    say nothing and are welcome.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._only_here = is_loopback(settings.host)
        self._public = urlsplit(settings.public_url or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refusal = self._foreign_host(headers) or self._foreign_page(scope["method"], headers)
            if refusal is not None:
                await problem(refusal, scope["path"])(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _foreign_host(self, headers: Headers) -> Forbidden | None:
        host = _hostname(headers.get("host", ""))
        if not self._only_here or is_loopback(host) or (host and host == self._public.hostname):
            return None
        return Forbidden(f"Host {host!r} is not this server; set public_url (HEADWATER_PUBLIC_URL) if it should be")

    def _foreign_page(self, method: str, headers: Headers) -> Forbidden | None:
        if method in READING:
            return None
        origin = headers.get("origin")
        if origin is None:
            same = headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        else:
            where = _place(origin)
            same = bool(where) and where in (headers.get("host", "").lower(), self._public.netloc.lower())
        return None if same else Forbidden("a page of another site may not change anything here")


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # an unclosed bracket
        return ""


def _place(origin: str) -> str:
    """The host and port of *origin*, in lower case; empty where it is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # an unclosed bracket
        return ""
