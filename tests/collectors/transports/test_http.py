"""Events over HTTP in every form that OpenLineage's clients send, and the answers that they understand."""

from __future__ import annotations

import gzip
import hashlib
import json
from asyncio import Event
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from collectors.transports import http
from lineage.app import Headwater
from lineage.errors import Overloaded, StoreUnavailable, TooSlow
from lineage.model import Receipt
from lineage.settings import Ingest, Settings
from tests.support.looping import finished
from tests.support.posting import event

ONE, BATCH = "/api/v1/lineage", "/api/v1/lineage/batch"
JSON, LINES = "application/json", "application/x-ndjson"
NOT_AN_EVENT = b'{"eventType": "START"}'


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def post(client: TestClient, path: str, body: bytes | Iterator[bytes], kind: str | None = JSON, **more: str) -> Any:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return client.post(path, content=body, headers=headers | ({"Content-Type": kind} if kind is not None else {}))


@pytest.mark.parametrize("path", [ONE, ONE + "/", "/lineage", "/lineage/"])
def test_an_event_is_created(client: TestClient, services: Headwater, path: str) -> None:
    """201 with a small receipt, whichever way the client spells the path; the ledger then has the very bytes."""
    answer = post(client, path, event(1))

    expected = (201, {"status": "accepted", "digest": digest(event(1))}, digest(event(1)), event(1))
    stored = services.ledger.raw(bytes.fromhex(answer.json()["digest"]))
    assert expected == (answer.status_code, answer.json(), answer.headers["headwater-digest"], stored)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", [ONE, "/lineage", BATCH, "/lineage/batch"])
def test_who_knocks_is_answered(client: TestClient, method: str, path: str, slash: str) -> None:
    """A client that looks whether somebody is there, before it sends, is told so."""
    answer = client.request(method, path + slash)

    expected = b"" if method == "HEAD" else b'{"status":"ready","ingest":true}'
    assert (answer.status_code, answer.content) == (200, expected)


def test_who_knocks_with_a_reading_key_is_told_so(client: TestClient, services: Headwater) -> None:
    """The door is well, and this key will not open it."""
    key = services.keys.create("ada", ["read"], services.now())

    answer = client.get(ONE, headers={"Authorization": f"Bearer {key}"})

    assert answer.json() == {"status": "ready", "ingest": False}


def test_a_question_at_the_ingest_path_is_a_question(client: TestClient) -> None:
    """GET with a query is the lineage query, as in Marquez."""
    assert client.get(ONE, params={"depth": 1}).json()["field"] == "nodeId"


def bound(services: Headwater) -> dict[str, str]:
    """The header of a key that may bring events of the namespace `dbt` only."""
    return {"Authorization": f"Bearer {services.keys.create('dbt', ['ingest'], services.now(), ['dbt'])}"}


@pytest.mark.parametrize(("path", "body"), [(ONE, event(1)), (BATCH, b"[" + event(1) + b"]")])
def test_a_bound_key_is_refused_elsewhere(client: TestClient, services: Headwater, path: str, body: bytes) -> None:
    """403 says whose key, which field and which namespace; nothing is kept."""
    answer = client.post(path, content=body, headers=bound(services))

    said = answer.json()
    kept = [*services.store.documents("dead_letter"), *services.ledger.read()]
    assert (403, "job.namespace", []) == (answer.status_code, said["field"], kept)
    assert said["detail"] == "job.namespace: the key 'dbt' may not bring events of 'airflow'"


def test_a_forbidden_event_harms_no_neighbour(client: TestClient, services: Headwater) -> None:
    """What of a batch is the key's own is taken; the rest is told apart."""
    own = {**json.loads(event(2)), "job": {"namespace": "dbt", "name": "orders"}}
    batch = json.dumps([json.loads(event(1)), own]).encode()

    answer = client.post(BATCH, content=batch, headers=bound(services)).json()

    assert (1, [0]) == (answer["summary"]["successful"], [failed["index"] for failed in answer["failed_events"]])


def test_an_event_that_comes_again_is_no_error(client: TestClient) -> None:
    """A client that repeats itself is told 201 again, and that it was known."""
    post(client, ONE, event(1))

    answer = post(client, ONE, event(1))

    assert (answer.status_code, answer.json()["status"]) == (201, "duplicate")


@pytest.mark.parametrize(
    "kind",
    [None, JSON, "application/json; charset=utf-8", "APPLICATION/JSON", "application/cloudevents+json", "text/plain",
     "application/x-www-form-urlencoded", "application/octet-stream"],
)  # fmt: skip
def test_json_is_taken_under_any_honest_name(client: TestClient, kind: str | None) -> None:
    """Clients that name no type, or curl's, are understood: the event decides."""
    assert post(client, ONE, event(1), kind).status_code == 201


@pytest.mark.parametrize("kind", ["application/xml", "multipart/form-data; boundary=x", "image/png", "text/html"])
@pytest.mark.parametrize("path", [ONE, BATCH])
def test_other_types_are_refused(client: TestClient, path: str, kind: str) -> None:
    """A type that can be no event is refused by name; the body is kept, for it may be an event all the same."""
    answer = post(client, path, event(1), kind)

    letter = client.get(f"/api/v1/dead-letters/{answer.headers['headwater-digest']}").json()
    named = kind.partition(";")[0] in answer.json()["detail"]
    assert (415, True, event(1).decode()) == (answer.status_code, named, letter["body"])


def test_gzip_is_undone(client: TestClient) -> None:
    """A compressed event is the event: its identity is that of the bytes inside."""
    answer = post(client, ONE, gzip.compress(event(1)), content_encoding="gzip")

    assert (answer.status_code, answer.json()["digest"]) == (201, digest(event(1)))


@pytest.mark.parametrize("encoding", ["", " ", "identity", "Identity"])
def test_no_encoding_is_no_encoding(client: TestClient, encoding: str) -> None:
    """An empty header says nothing."""
    assert post(client, ONE, event(1), content_encoding=encoding).status_code == 201


def test_gzip_that_nobody_told_is_named(client: TestClient) -> None:
    """A packed body without its header is refused with the header that it lacks."""
    assert "send Content-Encoding: gzip" in post(client, ONE, gzip.compress(event(1))).json()["detail"]


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_mark_of_byte_order_harms_no_event(client: TestClient, form: str) -> None:
    """Before a batch it stands outside of its events; before a single event it is refused, as JSON has it."""
    body, kind = FORMS[form]([event(1), event(2)])

    found = post(client, BATCH, b"\xef\xbb\xbf" + body, kind).json()["summary"]

    assert (summary(2), 400) == (found, post(client, ONE, b"\xef\xbb\xbf" + event(1)).status_code)


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After so long the client is told 408; other requests go on meanwhile, for nothing waits for it but itself."""
    monkeypatch.setattr(http, "BODY_S", 0.01)
    request = Request({"type": "http", "method": "POST", "headers": []}, Event().wait)

    with pytest.raises(TooSlow, match="send it again"):
        finished(http._body(request, 1000))


def test_a_chunked_body_is_whole(client: TestClient) -> None:
    """A body without a length is read to its end."""
    pieces = (event(1)[at : at + 50] for at in range(0, len(event(1)), 50))

    assert post(client, ONE, pieces).json()["digest"] == digest(event(1))


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_other_encodings_are_refused(client: TestClient, encoding: str) -> None:
    """Only gzip is undone."""
    assert post(client, ONE, event(1), content_encoding=encoding).status_code == 415


@pytest.mark.parametrize("body", [b"", b" \n"])
@pytest.mark.parametrize("path", [ONE, BATCH])
def test_an_empty_body_is_refused(client: TestClient, path: str, body: bytes) -> None:
    """Nothing is no event, and no dead letter either."""
    assert post(client, path, body).status_code == 400


def test_a_broken_core_is_named(client: TestClient) -> None:
    """A refused event answers problem+json that names the field, and the dead letter that keeps it."""
    body = json.dumps({**json.loads(event(1)), "run": {"runId": "run_id"}}).encode()

    answer = post(client, ONE, body)

    letter = client.get(f"/api/v1/dead-letters/{answer.headers['headwater-digest']}").json()
    expected = (400, "application/problem+json", "run.runId", answer.json()["detail"])
    assert expected == (answer.status_code, answer.headers["content-type"], answer.json()["field"], letter["reason"])


def test_dead_letters_are_listed_page_by_page(client: TestClient) -> None:
    """All letters come, each once, without their bodies."""
    post(client, BATCH, b"\n".join(b"not json %d" % number for number in range(3)), LINES)

    first = client.get("/api/v1/dead-letters?limit=2").json()
    second = client.get(f"/api/v1/dead-letters?limit=2&cursor={first['next']}").json()

    letters = first["deadLetters"] + second["deadLetters"]
    assert (len({one["id"] for one in letters}), second["next"], "body" in letters[0]) == (3, None, False)


def test_an_unknown_dead_letter_is_not_found(client: TestClient) -> None:
    """404 for an id that is none."""
    assert client.get("/api/v1/dead-letters/none").status_code == 404


def summary(received: int, failed: int = 0, duplicates: int = 0) -> dict[str, int]:
    return {
        "received": received,
        "successful": received - failed,
        "failed": failed,
        "retriable": 0,
        "non_retriable": failed,
        "duplicates": duplicates,
    }


FORMS: dict[str, Callable[[list[bytes]], tuple[bytes, str]]] = {
    "array": lambda events: (b"[" + b",\n ".join(events) + b"]", JSON),
    "lines": lambda events: (b"\n".join(events) + b"\n", LINES),
    "lines with gaps": lambda events: (b"\r\n\r\n".join(events), "application/jsonl"),
}


@pytest.mark.parametrize("path", [BATCH, BATCH + "/", "/lineage/batch"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_batch_is_taken_whole(client: TestClient, path: str, form: str, packed: bool) -> None:  # noqa: FBT001
    """Arrays and lines, plain and gzip: every event is taken, and the reply is the spec's."""
    body, kind = FORMS[form]([event(1), event(2), event(1)])
    more = {"content_encoding": "gzip"} if packed else {}

    answer = post(client, path, gzip.compress(body) if packed else body, kind, **more)

    expected = {"status": "success", "summary": summary(3, duplicates=1), "failed_events": []}
    assert (200, expected) == (answer.status_code, answer.json())


def test_lines_are_taken_at_the_single_door_too(client: TestClient) -> None:
    """NDJSON is many events wherever it comes in."""
    answer = post(client, ONE, event(1) + b"\n" + event(2), LINES)

    assert (200, summary(2)) == (answer.status_code, answer.json()["summary"])


@pytest.mark.parametrize("bad", [NOT_AN_EVENT, b'{"a": }', b"[]", b"7"])
@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_bad_event_harms_no_neighbour(client: TestClient, services: Headwater, form: str, bad: bytes) -> None:
    """Of a batch all that is good is kept, and the reply tells which one is not."""
    body, kind = FORMS[form]([event(1), bad, event(2)])

    answer = post(client, BATCH, body, kind).json()

    kept = [services.ledger.raw(hashlib.sha256(event(number)).digest()) for number in (1, 2)]
    failed = [(one["index"], one["retriable"]) for one in answer["failed_events"]]
    expected = ("partial_success", summary(3, failed=1), [(1, False)], [event(1), event(2)])
    assert expected == (answer["status"], answer["summary"], failed, kept)


def test_a_cut_batch_is_taken_as_far_as_it_goes(client: TestClient) -> None:
    """What is whole of an array that breaks off is kept; the rest is one dead letter."""
    body = b"[" + event(1) + b"," + event(2)[:-20]

    answer = post(client, BATCH, body).json()

    assert (answer["summary"]["successful"], [one["index"] for one in answer["failed_events"]]) == (1, [1])


@pytest.mark.parametrize("body", [event(1), b"events", b'"events"'])
def test_what_is_no_array_is_no_batch(client: TestClient, body: bytes) -> None:
    """A single event at the batch's door is refused with the way to the right one, and kept as a dead letter."""
    answer = post(client, BATCH, body)

    letter = client.get(f"/api/v1/dead-letters/{answer.headers['headwater-digest']}").json()
    assert (400, answer.json()["detail"], body.decode()) == (answer.status_code, letter["reason"], letter["body"])


def test_an_empty_batch_is_a_success(client: TestClient) -> None:
    """Nothing was sent, nothing failed."""
    assert post(client, BATCH, b"[]").json() == {"status": "success", "summary": summary(0), "failed_events": []}


class TestLimits:
    """A door that takes 2 000 bytes for an event, 5 000 and ten events for a batch."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Those of every test, with small limits."""
        return settings.model_copy(
            update={"ingest": Ingest(max_event_bytes=2000, max_batch_bytes=5000, max_batch_events=10)}
        )

    @pytest.mark.parametrize(("path", "size"), [(ONE, 2001), (BATCH, 5001)])
    def test_a_body_over_the_limit_is_refused(self, client: TestClient, path: str, size: int) -> None:
        """More bytes than the door takes: 413."""
        assert post(client, path, b"[" + b" " * (size - 1)).status_code == 413

    def test_a_chunked_body_over_the_limit_is_refused(self, client: TestClient) -> None:
        """Also when the length is not told beforehand."""
        assert post(client, ONE, iter([b" " * 1500] * 2)).status_code == 413

    @pytest.mark.parametrize("path", [ONE, BATCH])
    def test_a_bomb_is_refused(self, client: TestClient, path: str) -> None:
        """It is the inflated size that counts, and no more than that is ever held."""
        bomb = gzip.compress(b"\0" * 2_000_000)

        assert (len(bomb) < 2000, 413) == (True, post(client, path, bomb, content_encoding="gzip").status_code)

    @pytest.mark.parametrize("form", FORMS)
    def test_a_batch_of_too_many_events_is_refused(self, client: TestClient, services: Headwater, form: str) -> None:
        """The setting says how many; nothing of it is taken."""
        body, kind = FORMS[form]([b"{}"] * 11)

        answer = post(client, BATCH, body, kind)

        expected = (413, "a batch of more than 10 events; send smaller batches", [])
        kept = services.store.documents("dead_letter")
        assert expected == (answer.status_code, answer.json()["detail"], list(kept))

    def test_a_large_event_harms_no_neighbour(self, client: TestClient) -> None:
        """In a batch the event that is too large is refused alone."""
        large = json.dumps({**json.loads(event(2)), "padding": "x" * 2000}).encode()

        assert post(client, BATCH, event(1) + b"\n" + large, LINES).json()["summary"] == summary(2, failed=1)


class Refusing:
    """An intake that can take nothing."""

    def __init__(self, error: Overloaded, *, later: bool) -> None:
        self._error = error
        self._later = later

    def submit(self, *_: object) -> Future[Receipt]:
        """Fail at once, or when the commit fails."""
        if not self._later:
            raise self._error
        future: Future[Receipt] = Future()
        future.set_exception(self._error)
        return future

    submit_many = submit

    def require_room(self) -> None:
        """There is some."""

    def stop(self) -> None:
        """Nothing is under way."""


@pytest.mark.parametrize("error", [Overloaded("too many wait", retry_after_s=3), StoreUnavailable("disk full")])
@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("path", [ONE, BATCH])
def test_a_door_that_cannot_take_says_when_to_come_again(
    client: TestClient, services: Headwater, path: str, error: Overloaded, *, later: bool
) -> None:
    """Back-pressure and a full disk answer 503 with Retry-After, which every OpenLineage client understands."""
    services.intake.stop()
    services.intake = Refusing(error, later=later)  # type: ignore[assignment]

    answer = post(client, path, b"[" + event(1) + b"]" if path == BATCH else event(1))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(error.retry_after_s))
