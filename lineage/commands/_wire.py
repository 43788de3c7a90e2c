"""How HTTP is read off the wire: quickly where the extra `fast` is, and patiently what offers another protocol."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec

from uvicorn.protocols.http.h11_impl import H11Protocol


def protocol() -> type[asyncio.Protocol]:
    """The quickest reader that is installed."""
    return H11Protocol if find_spec("httptools") is None else _quick()


def _quick() -> type[asyncio.Protocol]:
    """httptools, as far as it goes.

    Java's own client offers HTTP/2 with each request, also with a POST, and waits for no answer to that before it
    sends the body (RFC 9110 7.8 lets it). httptools takes what comes behind such a head for the other protocol, so
    that the event would be lost; h11 passes over the offer and reads on.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class QuickProtocol(HttpToolsProtocol):
        """As uvicorn made it, until something offers another protocol: from there on h11 has the connection."""

        def data_received(self, data: bytes) -> None:
            """Read on."""
            self._data = data
            super().data_received(data)

        def _should_upgrade(self) -> bool:
            return True  # asked only of a request that makes an offer: uvicorn then begins nothing and calls the next

        def handle_websocket_upgrade(self) -> None:
            """Hand the connection over, with the request that made the offer."""
            offered = sys.exception()  # HttpParserUpgrade, which tells where the head ends
            assert offered is not None, "uvicorn calls this while it handles that"
            self.connections.discard(self)
            head = [b"%b %b HTTP/1.1\r\n" % (self.scope["method"].encode(), self.url)]
            head += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
            patient = H11Protocol(self.config, self.server_state, self.app_state)
            patient.connection_made(self.transport)
            self.transport.set_protocol(patient)
            patient.data_received(b"".join([*head, b"\r\n", self._data[offered.args[0] :]]))

    return QuickProtocol
