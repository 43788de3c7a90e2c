"""One server from its first breath to its last: listen, open, serve until SIGTERM, drain, close."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Callable
from socket import gethostname

import uvicorn
from starlette.types import ASGIApp

from lineage.app import Headwater, build, open_headwater
from lineage.commands._door import Door
from lineage.commands._wire import protocol
from lineage.errors import InvalidInput
from lineage.gate import is_loopback
from lineage.homes import is_remote
from lineage.settings import Settings, without_password
from lineage.telemetry import configure

DRAIN_S = 5  # of the 10 that SIGTERM grants; the commit and the tick under way have the rest
KEEP_ALIVE_S = 30  # longer than the pauses of a client's connection pool
GARBAGE = (50_000, 20, 50)  # an event is hundreds of tuples and no cycle: 15 % of a batch went into looking for one


def announce(address: str, headwater: Headwater) -> None:
    """Say where the server listens."""
    del headwater
    print(f"Headwater listens on {address}", flush=True)


def serve(settings: Settings, opened: Callable[[str, Headwater], None] = announce) -> None:
    """Serve until SIGTERM or Ctrl-C. *opened* is told the address once requests are taken into the backlog.

    A store that is a server and away is waited for: until it is there, all requests are answered 503, with the reason.
    Raises InvalidInput when the port is taken or the host wants a key first, and whatever opening the homes raises.
    """
    configure(settings.log.level, settings.log.style)
    listener = _listen(settings.host, settings.port)
    port = listener.getsockname()[1]  # messages name the port that it is, and a writer is one process of a host
    settings = settings.model_copy(update={"port": port, "writer": settings.writer or f"{gethostname()}-{port}"})
    houses: list[Headwater] = []

    def open_() -> ASGIApp:
        houses.append(_started(settings))
        app = build(settings, houses[0])
        opened(_address(listener), houses[0])
        return app

    door = Door(open_, lambda: setattr(server, "should_exit", True))
    server = uvicorn.Server(
        uvicorn.Config(
            door,
            http=protocol(),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
    )
    gc.set_threshold(*GARBAGE)
    # Before uvicorn listens to signals, and after: it raises what ended it once more, after a graceful end.
    signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
    try:
        door.open(patient=is_remote(settings))
        server.run(sockets=[listener])
        door.close()
    finally:
        for house in houses:
            house.close()


def _started(settings: Settings) -> Headwater:
    headwater = open_headwater(settings)
    try:
        _require_key(settings, headwater)
        headwater.start()
    except BaseException:
        headwater.close()
        raise
    return headwater


def _require_key(settings: Settings, headwater: Headwater) -> None:
    if not is_loopback(settings.host) and not headwater.keys.exist(headwater.now()):
        raise InvalidInput(
            f"--host {settings.host} can be reached from elsewhere and no API key exists; first run "
            f"`headwater keys create NAME --scope admin --store {without_password(settings.store)}`",
            field="host",
        )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)  # asyncio sets TCP_NODELAY only where TCP is named
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except socket.gaierror as error:
        raise InvalidInput(f"--host {host!r} names no address: {error.strerror}", field="host") from None
    except OSError as error:
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port", field="port"
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
