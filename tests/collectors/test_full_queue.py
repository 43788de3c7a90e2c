"""A queue that is full, over HTTP: 503 at once, whole units or nothing of them, and all that waited is kept."""

from __future__ import annotations

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx2
import pytest

from collectors.intake import COMMIT_EVENTS_MAX
from lineage.homes import open_homes
from tests.support.posting import event
from tests.support.server import Server

ROOM = 3  # events that may wait
BOUNDS = {
    "events": ("HEADWATER_INGEST__QUEUE_EVENTS", ROOM),
    "bytes": ("HEADWATER_INGEST__QUEUE_BYTES", ROOM * len(event(0))),
}
ONE, BATCH = "/api/v1/lineage", "/api/v1/lineage/batch"
TRIES = 5
WITHIN_S = 0.1


class Crowd:
    """Clients of one server: some wait for its writer, others are told at once to come again."""

    def __init__(self, client: httpx2.Client, senders: ThreadPoolExecutor) -> None:
        self._client = client
        self._senders = senders
        self._waiting: list[Future[httpx2.Response]] = []
        self.refused: list[bytes] = []
        self.taken: list[bytes] = []
        self.answers: list[tuple[int, str | None]] = []
        self.took_s: list[float] = []

    def wait(self, bodies: list[bytes], until: int) -> None:
        """Send *bodies* and leave them waiting, so that then *until* events wait for the writer."""
        self.taken += bodies
        self._waiting.append(self._senders.submit(self._post, bodies))
        while f"headwater_queue_events {until}.0" not in self._client.get("/metrics").text.splitlines():
            assert not self._waiting[-1].done(), self._waiting[-1].result().text

    def knock(self, bodies: list[bytes]) -> None:
        """Send *bodies*, a few times, to a queue that has no room for them."""
        self.refused += bodies
        for _ in range(TRIES):
            began = perf_counter()
            answer = self._post(bodies)
            self.took_s.append(perf_counter() - began)
            self.answers.append((answer.status_code, answer.headers.get("retry-after")))

    def served(self) -> list[int]:
        """What those who waited were told."""
        return [future.result().status_code for future in self._waiting]

    def _post(self, bodies: list[bytes]) -> httpx2.Response:
        if len(bodies) == 1:
            return self._client.post(ONE, content=bodies[0])
        return self._client.post(BATCH, content=b"\n".join(bodies), headers={"Content-Type": "application/x-ndjson"})


def kept(store: str, bodies: list[bytes]) -> int:
    """How many of *bodies* the ledger has."""
    with open_homes(store) as homes:
        return sum(homes.ledger.entry(sha256(body).digest()) is not None for body in bodies)


@pytest.mark.parametrize("bound", BOUNDS)
def test_what_finds_no_room_is_refused_at_once_and_whole(tmp_path: Path, bound: str) -> None:
    """503 with Retry-After in 100 ms, for a batch of which half had room too; nothing of it is kept, all else is."""
    knob, most = BOUNDS[bound]
    events = [event(number) for number in range(COMMIT_EVENTS_MAX + ROOM + 3)]
    with (
        Server(tmp_path / "headwater.db", environment={knob: str(most)}) as server,
        httpx2.Client(base_url=server.url, timeout=30, trust_env=False) as client,
        ThreadPoolExecutor() as senders,
        closing(sqlite3.connect(tmp_path / "headwater.db", isolation_level=None)) as other,
    ):
        crowd = Crowd(client, senders)
        other.execute("BEGIN IMMEDIATE")  # of another process, for whose end the writer has to wait
        crowd.wait(events[: COMMIT_EVENTS_MAX + ROOM - 1], until=ROOM - 1)
        crowd.knock(events[-2:])
        crowd.wait(events[-4:-3], until=ROOM)
        crowd.knock(events[-3:-2])
        other.execute("ROLLBACK")
        served = crowd.served()

    assert ({(503, "1")}, [200, 201], True) == (set(crowd.answers), served, median(crowd.took_s) < WITHIN_S)
    assert (len(crowd.taken), 0) == (kept(server.store, crowd.taken), kept(server.store, crowd.refused))
