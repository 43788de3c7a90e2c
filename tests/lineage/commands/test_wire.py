"""The door on a socket, with the extra `fast` and without: what clients send arrives, whoever reads it off the wire."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lineage.app import Headwater, build
from lineage.commands._wire import protocol
from lineage.settings import Settings
from tests.support.posting import event

WIRES = {"without": (H11Protocol, "asyncio"), "fast": (protocol(), "uvloop")}
LINEAGE = "/api/v1/lineage"
ZIPPED = gzip.compress(event(1))
JSON = {"Content-Type": "application/json"}
IN_GZIP = JSON | {"Content-Encoding": "gzip"}
HTTP_2 = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAAB"}

# What is sent, and the status of the answer: method, path, headers, body (a list goes in chunks).
ASKED = {
    "an event": ("POST", LINEAGE, JSON, event(1), 201),
    "gzip in chunks": ("POST", LINEAGE, IN_GZIP, [ZIPPED[:50], ZIPPED[50:]], 201),
    "an offer of HTTP/2": ("POST", LINEAGE, JSON | HTTP_2, event(1), 201),
    "an offer of HTTP/2 in chunks": ("POST", LINEAGE, IN_GZIP | HTTP_2, [ZIPPED[:50], ZIPPED[50:]], 201),
    "an offer of TLS": ("GET", LINEAGE, {"Connection": "Upgrade", "Upgrade": "TLS/1.2"}, None, 200),
    "a batch": ("POST", f"{LINEAGE}/batch/", JSON, b"[" + event(1) + b"]", 200),
    "a knock": ("HEAD", "/lineage", {}, None, 200),
    "nothing": ("POST", LINEAGE, JSON, b"", 400),
    "too much": ("POST", LINEAGE, JSON | {"Content-Length": "10485761"}, None, 413),
    "a length that is none": ("POST", LINEAGE, {"Content-Length": "1_0"}, None, 400),
    "a name with slashes": ("GET", "/api/v1/namespaces/s3%3A%2F%2Fa%2Fb", {}, None, 404),
}


@pytest.fixture(params=WIRES)
def there(request: pytest.FixtureRequest, settings: Settings, services: Headwater) -> Iterator[HTTPConnection]:
    """A connection to the door over each wire."""
    app = build(settings, services)
    app.state.services = services
    wire, loop = WIRES[request.param]
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=wire, loop=loop, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    connection = HTTPConnection(*listener.getsockname(), timeout=20)
    yield connection
    connection.close()
    server.should_exit = True
    thread.join(10)
    listener.close()


def test_both_wires_are_tried() -> None:
    """With `fast`, which the tools for tests bring along, HTTP is read by another protocol than without."""
    assert protocol() is not H11Protocol


@pytest.mark.parametrize("name", ASKED)
def test_a_request_has_the_same_answer_over_each_wire(there: HTTPConnection, name: str) -> None:
    """Also twice over one connection, unless the server had to close it."""
    method, path, headers, body, status = ASKED[name]
    found = []
    for _ in range(2):
        there.request(method, path, body, headers, encode_chunked=isinstance(body, list))
        answer = there.getresponse()
        answer.read()
        found.append(answer.status)
        if answer.will_close or body is None:
            there.close()

    assert [status, status] == found
