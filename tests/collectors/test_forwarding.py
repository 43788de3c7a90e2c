"""Forward mode: what was accepted here arrives there, once it can, and no secret of an address is told."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from collectors import forwarding
from collectors.forwarding import KIND, target
from lineage.app import Headwater, open_headwater
from lineage.auth import ANONYMOUS
from lineage.channels.base import sections
from lineage.errors import InvalidInput
from lineage.model import Draft
from lineage.settings import load
from tests.support.posting import event
from tests.support.server import Server
from tests.support.waiting import until


@dataclass
class Backend:
    """An OpenLineage backend on the loopback: answers what it was told to, then 201."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[str, str | None, bytes]] = field(default_factory=list)  # path, Authorization, body
    taken: list[bytes] = field(default_factory=list)


@contextmanager
def backend() -> Iterator[Backend]:
    found = Backend()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.requests.append((self.path, self.headers.get("Authorization"), body))
            status = found.answers.pop(0) if found.answers else 201
            if status < 300:
                found.taken.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def house(folder: Path, *urls: str) -> Iterator[Headwater]:
    settings = load(None, sections(), store=f"sqlite:///{folder / 'headwater.db'}", forward=list(urls))
    opened = open_headwater(settings)
    try:
        opened.start()
        yield opened
    finally:
        opened.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forwarding, "POLL_S", 0.02)
    monkeypatch.setattr(forwarding, "PAUSE_MAX_S", 0.05)


def test_a_second_headwater_gets_what_the_first_accepted(tmp_path: Path) -> None:
    """Over the wire, to the byte, refused bodies left out."""
    with Server(tmp_path / "second.db") as second, house(tmp_path, second.url) as first:
        receipts = first.intake.take([event(1), b"no event", event(2)], ANONYMOUS)
        names = [receipt.digest for receipt in receipts if receipt.reason is None]

        def arrived() -> list[int]:
            return [httpx2.get(f"{second.url}/api/v1/events/{name}", trust_env=False).status_code for name in names]

        assert until(lambda: arrived() == [200, 200])


def test_what_was_there_before_is_not_sent(tmp_path: Path) -> None:
    """A new backend begins with the next event."""
    with house(tmp_path) as before:
        before.intake.take([event(1)], ANONYMOUS)
    with backend() as other, house(tmp_path, other.url) as now:
        now.intake.take([event(2)], ANONYMOUS)

        assert (True, [event(2)]) == (until(lambda: bool(other.taken)), other.taken)


def test_a_backend_goes_on_where_it_was(tmp_path: Path) -> None:
    """Through restarts, and through a time in which it was configured and away, everything comes once."""
    with backend() as other:
        for number in (1, 2, 3):
            with house(tmp_path, other.url) as opened:
                opened.intake.take([event(number)], ANONYMOUS)
                until(lambda number=number: len(other.taken) == number)  # type: ignore[misc]

        assert [event(1), event(2), event(3)] == other.taken


@pytest.mark.parametrize("status", [500, 503, 429, 401, 404, 302])
def test_what_may_pass_is_tried_again(tmp_path: Path, status: int) -> None:
    """A backend that is busy, away or wrongly set up misses nothing, and nothing overtakes."""
    with backend() as other, house(tmp_path, other.url) as opened:
        other.answers += [status, status]
        opened.intake.take([event(1), event(2)], ANONYMOUS)

        assert (True, [event(1), event(2)]) == (until(lambda: len(other.taken) == 2), other.taken)


def test_a_backend_that_is_away_holds_nobody_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where nobody listens, and where nobody answers: events are taken and reach the other backend all the same."""
    with socket.create_server(("127.0.0.1", 0)) as silent, backend() as other:
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with house(tmp_path, "http://127.0.0.1:9", slow, other.url) as opened:
            statuses = [receipt.status for receipt in opened.intake.take([event(1), event(2)], ANONYMOUS)]
            arrived = until(lambda: len(other.taken) == 2)
            is_told = until(lambda: any(line.message == "forward_postponed" for line in caplog.records))

    assert (["accepted"] * 2, True, True) == (statuses, arrived, is_told)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_will_never_be_taken_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int) -> None:
    """One event that the backend refuses holds up nobody; the log names it."""
    with backend() as other, house(tmp_path, other.url) as opened:
        other.answers.append(status)
        names = [receipt.digest for receipt in opened.intake.take([event(1), event(2)], ANONYMOUS)]
        until(lambda: bool(other.taken))

    refused = [line.__dict__["digest"] for line in caplog.records if line.message == "forward_refused"]
    assert ([event(2)], names[:1]) == (other.taken, refused)


def test_a_statement_is_nobody_elses(tmp_path: Path) -> None:
    """What people decided stays here; the events round it go."""
    with backend() as other, house(tmp_path, other.url) as opened:
        opened.ledger.append([Draft("statement", b"{}", hashlib.sha256(b"{}").digest(), "ada")], opened.now())
        opened.intake.take([event(1)], ANONYMOUS)

        assert (True, [event(1)]) == (until(lambda: bool(other.taken)), other.taken)


def test_secrets_of_the_address_are_used_and_not_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A key goes into the header; neither log, nor store, nor metrics, nor settings show it."""
    caplog.set_level(logging.DEBUG)
    with backend() as other:
        url = other.url.replace("://", "://:hunter2@") + "/lineage?sig=s3cr3t"
        with house(tmp_path, url) as opened:
            other.answers.append(503)
            opened.intake.take([event(1)], ANONYMOUS)
            until(lambda: bool(other.taken))
            kept = b"".join(document.body + document.id.encode() for document in opened.store.documents(KIND))
            shown = repr(opened.settings)

    told = caplog.text + json.dumps([str(line.__dict__) for line in caplog.records]) + shown + kept.decode()
    sent = {(path, authorization) for path, authorization, _ in other.requests}
    assert ({("/lineage?sig=s3cr3t", "Bearer hunter2")}, False, False) == (sent, "hunter2" in told, "s3cr3t" in told)


@pytest.mark.parametrize(
    ("url", "posted", "headers", "name"),
    [
        ("http://marquez:5000", "http://marquez:5000/api/v1/lineage", None, "marquez:5000"),
        ("https://ol.example.com/", "https://ol.example.com/api/v1/lineage", None, "ol.example.com:443"),
        ("https://ol.example.com/hook", "https://ol.example.com/hook", None, "ol.example.com:443"),
        ("http://:key@marquez", "http://marquez/api/v1/lineage", "Bearer key", "marquez:80"),
    ],
)
def test_an_address_may_be_short(url: str, posted: str, headers: str | None, name: str) -> None:
    """Without a path it is the OpenLineage API; a password alone is a key."""
    found = target(url)

    assert (posted, headers, name) == (str(found.url), found.headers.get("Authorization"), found.name)


def test_a_backend_is_the_same_when_its_key_is_another() -> None:
    """Rotating a secret sends nothing twice."""
    assert target("http://:old@m:5000?k=1").id == target("http://:new@m:5000?k=2").id


@pytest.mark.parametrize("url", ["marquez:5000", "ftp://secret@host", "http://", "http://secret:x@host:port"])
def test_what_is_no_address_is_said_without_it(url: str) -> None:
    """It may hold a secret even so."""
    with pytest.raises(InvalidInput, match=r"write it as http://marquez:5000") as refused:
        target(url)

    assert "secret" not in str(refused.value)
