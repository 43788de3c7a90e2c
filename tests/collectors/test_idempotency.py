"""`Idempotency-Key`: what is sent again gets the first answer, whatever happened since."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from collectors.idempotency import FORGET_EVERY, KIND, LASTS, Answer, KeyReused, Repeats
from lineage.app import Headwater
from lineage.errors import Overloaded
from lineage.homes import open_homes
from lineage.model import Principal
from lineage.store.base import Store
from tests.support.looping import finished
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE, BATCH = "/api/v1/lineage", "/api/v1/lineage/batch"
AIRFLOW, DBT = Principal("airflow", frozenset({"ingest"})), Principal("dbt", frozenset({"ingest"}))


def post(client: TestClient, path: str, body: bytes, **headers: str) -> Any:
    return client.post(path, content=body, headers={"Idempotency-Key": "k-1", **headers})


@pytest.mark.parametrize(("path", "body"), [(ONE, event(1)), (BATCH, b"[" + event(1) + b"]"), (ONE, b'{"job": 1}')])
def test_a_repetition_gets_the_first_answer(client: TestClient, path: str, body: bytes) -> None:
    """Not `duplicate`: the very status, headers and body that the first request got, refusals too."""
    first, again = post(client, path, body), post(client, path, body)

    heads = [{name: each.headers.get(name) for name in ("content-type", "headwater-digest")} for each in (first, again)]
    assert (first.status_code, first.content, heads[0]) == (again.status_code, again.content, heads[1])


def test_the_trailing_slash_makes_no_other_request(client: TestClient) -> None:
    """However the client spells the path."""
    assert post(client, ONE, event(1)).json() == post(client, "/lineage/", event(1)).json()


def test_another_body_under_the_same_key_is_refused(client: TestClient, services: Headwater) -> None:
    """422, and nothing is taken."""
    post(client, ONE, event(1))

    answer = post(client, ONE, event(2))

    assert (422, "Idempotency-Key", 1) == (
        answer.status_code,
        answer.json()["field"],
        len(list(services.ledger.read())),
    )


@pytest.mark.parametrize("key", [" ", "k" * 256])
def test_a_key_that_is_none_is_refused(client: TestClient, key: str) -> None:
    """Blank or endless, it names nothing."""
    assert client.post(ONE, content=event(1), headers={"Idempotency-Key": key}).status_code == 400


def test_a_busy_door_is_no_answer_to_keep(client: TestClient, services: Headwater, monkeypatch: Any) -> None:
    """503 asks to come again, and who comes again is heard."""

    def refuse(*_: object) -> None:
        raise Overloaded("wait")

    with monkeypatch.context() as busy:
        busy.setattr(services.intake, "submit", refuse)
        first = post(client, ONE, event(1))

    assert (503, 201) == (first.status_code, post(client, ONE, event(1)).status_code)


def test_no_plain_digest_of_what_was_sent_is_kept(client: TestClient, services: Headwater) -> None:
    """Of a body with secrets not even a hash that could be guessed at (DECISIONS 2)."""
    post(client, ONE, event(1))
    (kept,) = services.store.documents(KIND)

    plain = [hashlib.sha256(b"/lineage " + event(1)).hexdigest(), "k-1"]
    assert not any(word.encode() in kept.body + kept.id.encode() for word in plain)


# ── Repeats alone. ───────────────────────────────────────────────────────────────────────────────────────────────────


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        """The test's own time."""
        return self.at


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        yield homes.store


def answering(
    word: str, asked: list[str], begun: asyncio.Event | None = None, wait: asyncio.Event | None = None
) -> Callable[[], Awaitable[Answer]]:
    async def answer() -> Answer:
        asked.append(word)
        if begun is not None and wait is not None:
            begun.set()
            await wait.wait()
        return Answer(201, {}, word.encode())

    return answer


def test_a_request_under_way_is_waited_for(store: Store) -> None:
    """Two at once are one: the second waits and gets the answer of the first."""
    asked: list[str] = []

    async def both() -> list[Answer]:
        repeats, begun, wait = Repeats(store, Clock()), asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(repeats.once(AIRFLOW, "k", b"body", answering("first", asked, begun, wait)))
        second = asyncio.create_task(repeats.once(AIRFLOW, "k", b"body", answering("second", asked)))
        await begun.wait()
        wait.set()
        return await asyncio.gather(first, second)

    answers = finished(both())

    assert ([b"first", b"first"], ["first"]) == ([answer.body for answer in answers], asked)


def test_an_answer_outlives_the_process(store: Store) -> None:
    """What one process answered another repeats."""
    asked: list[str] = []
    finished(Repeats(store, Clock()).once(AIRFLOW, "k", b"body", answering("first", asked)))

    answer = finished(Repeats(store, Clock()).once(AIRFLOW, "k", b"body", answering("second", asked)))

    assert (b"first", ["first"]) == (answer.body, asked)


def test_a_key_is_its_principals(store: Store) -> None:
    """Two clients that count from one do not meet."""
    repeats, asked = Repeats(store, Clock()), list[str]()
    finished(repeats.once(AIRFLOW, "1", b"a", answering("first", asked)))

    answer = finished(repeats.once(DBT, "1", b"b", answering("second", asked)))

    assert answer.body == b"second"


@pytest.mark.parametrize(("later", "expected"), [(LASTS - timedelta(seconds=1), KeyReused), (LASTS, None)])
def test_a_key_lasts_a_day(store: Store, later: timedelta, expected: type[Exception] | None) -> None:
    """After that it may stand for something else."""
    clock, asked = Clock(), list[str]()
    repeats = Repeats(store, clock)
    finished(repeats.once(AIRFLOW, "k", b"a", answering("first", asked)))
    clock.at += later

    found: type[Exception] | None = None
    try:
        finished(repeats.once(AIRFLOW, "k", b"b", answering("second", asked)))
    except KeyReused as error:
        found = type(error)

    assert expected is found


def test_answers_that_are_over_are_forgotten(store: Store) -> None:
    """The store does not grow with every key that there ever was."""
    clock, asked = Clock(), list[str]()
    repeats = Repeats(store, clock)
    for number in range(FORGET_EVERY):
        finished(repeats.once(AIRFLOW, str(number), b"a", answering("first", asked)))
    clock.at += 2 * LASTS

    finished(repeats.once(AIRFLOW, "new", b"a", answering("first", asked)))

    assert len(store.documents(KIND)) == 1
