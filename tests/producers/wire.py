"""A wire tap: what a producer and Headwater really said to each other, byte by byte."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """Listens at `url` within `with`, passes everything on to *server*, and keeps both sides of the talk."""

    def __init__(self, server: str) -> None:
        there = urlsplit(server)
        self._there = (there.hostname, there.port)
        self._said, self._answered = bytearray(), bytearray()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def posts(self) -> int:
        """How many requests posted something."""
        return len(re.findall(rb"POST /\S+ HTTP/1\.1\r\n", self._said))

    @property
    def zipped(self) -> int:
        """How many requests said that their body is gzip."""
        return len(re.findall(rb"\r\ncontent-encoding: gzip\r\n", self._said, re.IGNORECASE))

    @property
    def answers(self) -> set[int]:
        """The status codes of all answers."""
        return {int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", self._answered)}

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(here,), daemon=True).start()

    def _pass_on(self, here: socket.socket) -> None:
        with suppress(OSError), here, socket.create_connection(self._there) as there:
            back = threading.Thread(target=_pump, args=(there, here, self._answered), daemon=True)
            back.start()
            _pump(here, there, self._said)
            back.join()


def _pump(one: socket.socket, other: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):
        while heard := one.recv(65536):
            kept += heard
            other.sendall(heard)
        other.shutdown(socket.SHUT_WR)
