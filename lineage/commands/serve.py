"""Run the server: events in; lineage, SLOs, alerts and pages out."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import read_settings
from lineage.errors import InvalidInput

DRAIN_S = 5  # of the 10 that SIGTERM grants; the commit and the tick under way have the rest
KEEP_ALIVE_S = 30  # longer than the pauses of a client's connection pool


def run(
    store: _options.Store = None,
    config: _options.Config = None,
    slos: Annotated[
        Path | None, typer.Option("--slos", metavar="DIR", help="Folder of DataSLO files; watched while serving.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on; one that is not loopback needs an API key.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = None,
) -> None:
    """Serve events in; lineage, SLOs, alerts and pages out, until SIGTERM.

    OpenLineage clients reach it by OPENLINEAGE_URL=http://127.0.0.1:5000.

    $ headwater serve --store sqlite:///headwater.db --slos slos/
    """
    settings = read_settings(config, store=store, slos=slos, host=host, port=port)

    import uvicorn

    from lineage.app import build, open_headwater
    from lineage.gate import is_loopback
    from lineage.telemetry import configure

    configure(settings.log.level, settings.log.style)
    listener = _listen(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})  # messages name the port that it is
    headwater = open_headwater(settings)
    try:
        if not is_loopback(settings.host) and not headwater.keys.exist(headwater.now()):
            raise InvalidInput(
                f"--host {settings.host} can be reached from elsewhere and no API key exists; first run "
                f"`headwater keys create NAME --scope admin --store {settings.store}`",
                field="host",
            )
        headwater.start()
        server = uvicorn.Server(
            uvicorn.Config(
                build(settings, headwater),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_S,
                timeout_keep_alive=KEEP_ALIVE_S,
            )
        )
        print(f"Headwater listens on {_address(listener)}", flush=True)
        signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more after a graceful end
        server.run(sockets=[listener])
    finally:
        headwater.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        raise InvalidInput(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port", field="port"
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
