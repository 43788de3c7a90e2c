"""The door of a server whose store is a server too: it says so while that one is away, and tries again."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lineage import __version__
from lineage.errors import StoreUnavailable
from lineage.telemetry import logger
from lineage.web import problem

PAUSE_S = 2.0

log = logger("headwater.serve")


class Door:
    """ASGI: what *open_* answers, which is called until it succeeds; before that 503, with the reason, for everything.

    Who asks `/livez` meanwhile hears that the process lives: to start it again would help nobody. *failed* is called
    when *open_* raises anything but StoreUnavailable; `close` raises it again.
    """

    def __init__(self, open_: Callable[[], ASGIApp], failed: Callable[[], None]) -> None:
        self._open = open_
        self._failed = failed
        self._inner: ASGIApp | None = None
        self._why = StoreUnavailable("the store is being opened")
        self._error: BaseException | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._try_again, name="headwater-door", daemon=True)

    def open(self, *, patient: bool) -> None:
        """Open now; where *patient*, go on in a thread when the store is away. Raises what opening raises."""
        try:
            self._inner = self._open()
        except StoreUnavailable as error:
            if not patient:
                raise
            self._wait_for(error)
            self._thread.start()

    def close(self) -> None:
        """Try no longer. Raises what ended the trying."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/livez":
            await JSONResponse({"status": "live", "version": __version__})(scope, receive, send)
        elif scope["type"] == "http":
            await problem(self._why, scope["path"])(scope, receive, send)

    def _try_again(self) -> None:
        while not self._stopping.wait(PAUSE_S):
            try:
                self._inner = self._open()
            except StoreUnavailable as error:
                self._wait_for(error)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the server ends
                self._error = error
                self._failed()
                return
            else:
                return

    def _wait_for(self, error: StoreUnavailable) -> None:
        if str(error) != str(self._why):
            log.warning("store_awaited", extra={"reason": str(error)})
        self._why = error


async def _live(receive: Receive, send: Send) -> None:
    """What is behind the door is started and closed by whoever made it."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
