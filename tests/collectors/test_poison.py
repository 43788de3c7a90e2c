"""Poison in every position of a batch: all that is good around it is kept and merged, whatever the poison is."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from starlette.testclient import TestClient

from collectors import admission
from lineage.app import Headwater
from lineage.settings import Ingest, Settings
from tests.support.posting import event

BATCH = "/api/v1/lineage/batch"
EVENT_BYTES = 4000


def made(number: int, **parts: Any) -> bytes:
    """Event *number* of the namespace that the key may bring, with *parts* instead of its own."""
    whole = {**json.loads(event(number)), "job": {"namespace": "dbt", "name": "load"}}
    return json.dumps({key: value for key, value in (whole | parts).items() if value is not ...}).encode()


POISON: dict[str, bytes] = {
    "half an object": b'{"eventType": }',
    "no JSON": b"oops",
    "NaN": made(0, rows=float("nan")),
    "a number": b"7",
    "null": b"null",
    "an array": b"[1, [2]]",
    "nothing in it": b"{}",
    "no time": made(0, eventTime=...),
    "no UUID": made(0, run={"runId": "run_id"}),
    "inputs that are none": made(0, inputs={}),
    "a depth bomb of objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "a depth bomb of arrays": b"[" * 5000 + b"]" * 5000,
    "too large": made(0, padding="x" * EVENT_BYTES),
    "not UTF-8": made(0, padding="x").replace(b'"x"', b'"\xff\xfe"'),
    "half a surrogate pair": made(0, padding="x").replace(b'"x"', b'"\\ud800"'),
    "1e999": made(0, padding=0).replace(b": 0}", b": 1e999}"),
    "a quote within": made(0, padding='", ["'),
    "a namespace of others": event(0),
    "a fault of ours": made(0, producer="https://example.org/poison"),
}
KEPT = {"a quote within", "a fault of ours"}  # not poisonous after all, or kept until somebody mends the fault
UNMERGED = {"a fault of ours"}

FORMS: dict[str, Callable[[list[bytes]], tuple[bytes, str]]] = {
    "array": lambda bodies: (b"[" + b",".join(bodies) + b"]", "application/json"),
    "array with space": lambda bodies: (b" [\n " + b" ,\n ".join(bodies) + b"\n]\n", "application/json"),
    "lines": lambda bodies: (b"\n".join(bodies), "application/x-ndjson"),
    "lines of Windows": lambda bodies: (b"\r\n".join(bodies) + b"\r\n", "application/x-ndjson"),
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Those of every test, with a cap that one poison passes."""
    return settings.model_copy(update={"ingest": Ingest(max_event_bytes=EVENT_BYTES)})


class Door:
    """A door of small events, and a key for the namespace `dbt` that comes to it."""

    def __init__(self, client: TestClient, services: Headwater) -> None:
        key = services.keys.create("dbt", ["ingest"], services.now(), ["dbt"])
        self._headers = {"Authorization": f"Bearer {key}"}
        self._client = client
        self._services = services
        self._numbers = iter(range(1, 10**9))

    def good(self, most: int) -> list[bytes]:
        """So many events that never came before."""
        return [made(next(self._numbers)) for _ in range(most)]

    def bring(self, bodies: list[bytes], form: str, *, packed: bool, chunk: int) -> Any:
        """Post *bodies* as one batch."""
        body, kind = FORMS[form](bodies)
        headers = self._headers | {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if packed else {})
        sent = gzip.compress(body) if packed else body
        content = (sent[at : at + chunk] for at in range(0, len(sent), chunk)) if chunk else sent
        answer = self._client.post(BATCH, content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def kept(self, bodies: list[bytes]) -> list[bool]:
        """Of each body whether the ledger has its bytes."""
        return [self._services.ledger.raw(hashlib.sha256(body).digest()) == body for body in bodies]

    def merged(self, bodies: list[bytes]) -> int:
        """How many of *bodies* the graph knows."""
        names = [hashlib.sha256(body).hexdigest() for body in bodies]
        return self._services.store.events(digests=names, limit=len(names) + 1).total


@pytest.fixture
def door(client: TestClient, services: Headwater, monkeypatch: pytest.MonkeyPatch) -> Door:
    """One whose projection fails for one producer."""
    really = admission.understand

    def understand(found: Any, *rest: Any) -> Any:
        if found.producer.endswith("poison"):
            raise ZeroDivisionError("a fault of ours")
        return really(found, *rest)

    monkeypatch.setattr(admission, "understand", understand)
    return Door(client, services)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", POISON)
def test_it_harms_no_neighbour_in_any_position(door: Door, kind: str, form: str) -> None:
    """First, last and between; the reply names its place."""
    for place in range(3):
        good = door.good(2)

        answer = door.bring([*good[:place], POISON[kind], *good[place:]], form, packed=False, chunk=0)

        failed = [] if kind in KEPT else [place]
        assert (failed, [True, True], 2) == (
            [one["index"] for one in answer["failed_events"]],
            door.kept(good),
            door.merged(good),
        )


@tried(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kinds=st.lists(st.sampled_from([*POISON, None, None]), min_size=1, max_size=12).filter(
        lambda kinds: set(kinds) != {"a namespace of others"}  # which is refused as a whole
    ),
    form=st.sampled_from(sorted(FORMS)),
    packed=st.booleans(),
    chunk=st.sampled_from((0, 0, 1, 100, 4096)),
)
def test_any_mixture_in_any_form_loses_nothing_good(
    door: Door,
    kinds: list[str | None],
    form: str,
    packed: bool,  # noqa: FBT001
    chunk: int,
) -> None:
    """Arrays and lines, plain and gzip, whole and in chunks."""
    bodies = [POISON[kind] if kind else door.good(1)[0] for kind in kinds]
    good = [body for kind, body in zip(kinds, bodies, strict=True) if kind is None]

    answer = door.bring(bodies, form, packed=packed, chunk=chunk)

    failed = [place for place, kind in enumerate(kinds) if kind is not None and kind not in KEPT]
    assert (failed, all(door.kept(good)), door.merged(good)) == (
        [one["index"] for one in answer["failed_events"]],
        True,
        len(good),
    )


def test_what_a_fault_of_ours_left_out_is_kept_and_noted(door: Door, services: Headwater) -> None:
    """It is in the ledger and among the unprojected, not in the graph; a rebuild will try it again."""
    body = POISON["a fault of ours"]

    door.bring([body], "array", packed=False, chunk=0)

    noted = [document.id for document in services.store.documents("unprojected")]
    assert ([True], 0, [hashlib.sha256(body).hexdigest()]) == (door.kept([body]), door.merged([body]), noted)
