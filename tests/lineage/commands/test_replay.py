"""Events from files through the door: into a store, or to a running server that may be busy."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from typer.testing import CliRunner, Result

from collectors import senders
from collectors.senders import FIRST_PATIENCE_S, PATIENCE_S, Outcome, batches, to_server
from lineage.cli import build, main
from lineage.errors import InvalidInput, Overloaded
from lineage.homes import open_homes
from tests.support.posting import event
from tests.support.server import Server


def replay(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(build(), ["replay", *arguments], input=stdin)


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'headwater.db'}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Three events, one of them twice."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join([event(1), event(2), event(1)]))
    return str(path)


def test_events_go_into_the_store(store: str, file: str) -> None:
    """What is replayed is in the ledger and in the graph."""
    done = replay(file, "--store", store)

    with open_homes(store) as homes:
        kept = sum(head.seq for head in homes.ledger.heads()), homes.store.events().total
    assert (done.exit_code, done.stdout, kept) == (0, "2 accepted, 1 duplicate, 0 refused\n", (2, 2))


def test_a_second_replay_changes_nothing(store: str, file: str) -> None:
    """What was there before is counted as duplicate."""
    replay(file, "--store", store)

    assert json.loads(replay(file, "--store", store, "--json").stdout) == {"accepted": 0, "duplicate": 3, "refused": 0}


def test_standard_input_is_a_source(store: str) -> None:
    """`-` takes what another program prints."""
    assert replay("-", "--store", store, stdin=event(1) + b"\n").stdout == "1 accepted, 0 duplicate, 0 refused\n"


def test_a_refused_event_ends_with_1(store: str, tmp_path: Path) -> None:
    """A script notices that not all was taken; the reason is on stderr, the rest was taken."""
    (tmp_path / "bad.jsonl").write_bytes(event(1) + b"\n{}\n")

    done = replay(str(tmp_path / "bad.jsonl"), "--store", store)

    expected = (1, "1 accepted, 0 duplicate, 1 refused\n", True)
    assert expected == (done.exit_code, done.stdout, done.stderr.startswith("refused: "))


def test_events_go_to_a_running_server(server: Server, file: str) -> None:
    """With --url a server takes them, and counts alike."""
    assert replay(file, "--url", server.url).stdout == "2 accepted, 1 duplicate, 0 refused\n"


class Busy(BaseHTTPRequestHandler):
    """A server that answers what `answers` holds, one after the other, and remembers what it got."""

    answers: ClassVar[list[tuple[int, dict[str, str]]]] = []
    bodies: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        """Answer the next."""
        self.bodies.append(gzip.decompress(self.rfile.read(int(self.headers["Content-Length"]))))
        status, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        summary = {"summary": {"successful": 1, "duplicates": 0}, "failed_events": []}
        body = b"<html>" if status == 404 else json.dumps(summary if status == 200 else {"detail": "told so"}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def busy() -> Iterator[str]:
    Busy.answers, Busy.bodies = [], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_busy_server_is_asked_again(busy: str) -> None:
    """503 with Retry-After is waited for, and the very same body sent again."""
    Busy.answers = [(503, {"Retry-After": "2"}), (502, {}), (200, {})]
    pauses: list[float] = []

    outcomes = list(to_server(busy, None, [event(1)], sleep=pauses.append))

    expected = ([Outcome(1, 0, ())], [event(1)] * 3, [2, 4])
    assert expected == (outcomes, Busy.bodies, pauses)


def test_a_server_that_stays_busy_is_given_up(busy: str) -> None:
    """After two minutes of patience the replay ends with a sentence."""
    Busy.answers = [(503, {"Retry-After": "5"})]
    pauses: list[float] = []

    with pytest.raises(Overloaded, match="answers 503"):
        list(to_server(busy, None, [event(1)], sleep=pauses.append))

    assert sum(pauses) == PATIENCE_S


def test_a_server_that_is_not_there_is_given_up_soon() -> None:
    """Nobody listens, and nobody ever did: that is said at once, and after some seconds it is the end."""
    said: list[str] = []
    pauses: list[float] = []

    with pytest.raises(Overloaded, match="cannot be reached"):
        list(to_server("http://127.0.0.1:9", None, [event(1)], said.append, pauses.append))

    assert (1, True) == (len(said), FIRST_PATIENCE_S <= sum(pauses) <= 2 * FIRST_PATIENCE_S)


def test_a_server_that_went_away_is_waited_for(busy: str) -> None:
    """Once it has answered, a restart of it may take its time."""
    Busy.answers = [(200, {}), (503, {}), (503, {}), (200, {})]
    said: list[str] = []

    outcomes = list(to_server(busy, None, [event(1)] * 501, said.append, lambda _: None))

    assert (2, ["answers 503; trying again for 120 s"]) == (len(outcomes), [words.partition(" ")[2] for words in said])


def test_the_command_says_that_it_waits(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr and at once; in the end it says so again, and ends with 2."""
    monkeypatch.setattr(senders, "FIRST_PATIENCE_S", 0.1)
    monkeypatch.setattr("sys.argv", ["headwater", "replay", file, "--url", "http://127.0.0.1:9"])

    with pytest.raises(SystemExit) as ended:
        main()

    said = [line.partition(" (")[0] for line in capsys.readouterr().err.splitlines()]
    away = "127.0.0.1:9 cannot be reached"
    assert (2, [f"waiting: {away}", f"headwater: {away}"]) == (ended.value.code, said)


def test_another_server_is_told_from_headwater(busy: str) -> None:
    """A page instead of an answer makes one doubt the --url."""
    Busy.answers = [(404, {})]

    with pytest.raises(InvalidInput, match="is there a Headwater"):
        list(to_server(busy, None, [event(1)]))


@pytest.mark.parametrize("status", [400, 401, 413])
def test_what_waiting_does_not_help_is_told_at_once(busy: str, status: int) -> None:
    """A refusal of the whole request ends the replay with the server's reason."""
    Busy.answers = [(status, {})]

    with pytest.raises(InvalidInput, match=f"answers {status}: told so"):
        list(to_server(busy, None, [event(1)]))


def test_batches_are_bounded() -> None:
    """No batch holds more than 500 events or 4 MiB; a larger event comes alone."""
    events = [b"x"] * 501 + [b"x" * 5 * 2**20, b"x"]

    assert [len(batch) for batch in batches(events)] == [500, 1, 1, 1]


def test_an_event_over_several_lines_keeps_its_bytes(busy: str) -> None:
    """A pretty-printed event is sent as it is, not as lines."""
    Busy.answers = [(200, {})]

    list(to_server(busy, None, [b'{\n"a": 1}', event(1)]))

    assert Busy.bodies == [b'[{\n"a": 1},' + event(1) + b"]"]
