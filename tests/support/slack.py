"""A Slack on the loopback: keeps what it was sent, answers as Slack does or as it was told to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Answer:
    """An answer to be given instead of the usual one, once; *wait_s* keeps the caller waiting first."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0


@dataclass
class Slack:
    """What was received, and what is to be answered next: *answers* are used up, first to last.

    *received* holds (path, body) pairs of every request, *posted* the paths of what was said with success;
    *said* are the messages that stand in its channels, oldest first.
    """

    url: str = ""
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    said: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, path: str, body: dict[str, Any], token: str) -> Answer:
        """Keep the request and choose its answer."""
        self.received.append((path, body))
        self.tokens.add(token)
        if self.answers:
            return self.answers.pop(0)
        if path in {"/api/conversations.history", "/api/conversations.replies"}:
            listed = [each for each in reversed(self.said) if each["channel"] == body["channel"]]
            if "ts" in body:
                listed = [each for each in listed if body["ts"] in {each["ts"], each.get("thread_ts")}]
            return Answer(body=json.dumps({"ok": True, "messages": listed}))
        self.posted.append(path)
        if path == "/webhook":
            return Answer(body="ok")
        ts = body.get("ts", f"1795257000.{len(self.received):06d}")
        if path == "/api/chat.postMessage":
            self.said.append({**body, "ts": ts})
        return Answer(body=json.dumps({"ok": True, "channel": body["channel"], "ts": ts}))


@contextmanager
def slack_on_loopback() -> Iterator[Slack]:
    """A running Slack; `url` is its root, the Web API lies under `/api/` and a webhook at `/webhook`."""
    slack = Slack()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            form = self.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
            body = dict(parse_qsl(raw.decode())) if form else json.loads(raw)
            answer = slack.answer(self.path, body, self.headers.get("Authorization", ""))
            time.sleep(answer.wait_s)
            payload = answer.body.encode()
            with suppress(ConnectionError):  # the caller may have given up
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    slack.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
