"""A Slack that only listens: the demo's messages take the real way, over HTTP on loopback, and go no further."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from urllib.parse import parse_qs


class SlackStandIn:
    """Answers chat.postMessage and chat.update as Slack does; `url` is what `slack.api_url` wants."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/"
        Thread(target=self._server.serve_forever, name="slack stand-in", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    stamps = count(1)

    def do_POST(self) -> None:
        said = self._said()
        receipt = {"ok": True, "channel": said.get("channel"), "ts": said.get("ts") or f"{next(self.stamps)}.000100"}
        body = json.dumps(receipt).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _said(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.headers.get("Content-Type", "").startswith("application/json"):
            return dict(json.loads(body))
        return {name: values[0] for name, values in parse_qs(body).items()}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own word
        """Nothing: the outbox has it."""
