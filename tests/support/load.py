"""Clients that post to a real server under way, and what of it was promised to be kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Lock, Thread

import httpx2

from lineage.homes import open_homes
from tests.support.posting import event

SENDERS = 4


class Load:
    """Clients that post single events and batches until they are stopped or cut off; it remembers the acknowledged.

    `answers` are the kinds of answers that came: status, and whether it said when to come again.
    """

    def __init__(self, url: str, numbers: Iterator[int]) -> None:
        self.acknowledged: set[bytes] = set()
        self.answers: set[tuple[int, bool]] = set()
        self.unanswered: list[bytes] = []
        self._url = url
        self._numbers = numbers
        self._lock = Lock()
        self._over = Event()
        self._threads = [Thread(target=self._send, args=(size,)) for size in [1, 20] * (SENDERS // 2)]

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self, size: int) -> None:
        with httpx2.Client(base_url=self._url, timeout=10, trust_env=False) as client, suppress(httpx2.TransportError):
            while not self._over.is_set():
                with self._lock:
                    events = [event(next(self._numbers)) for _ in range(size)]
                    self.unanswered += events
                path = "/api/v1/lineage" if size == 1 else "/api/v1/lineage/batch"
                headers = {"Content-Type": "application/x-ndjson"} if size > 1 else {}
                answer = client.post(path, content=b"\n".join(events), headers=headers)
                self.answers.add((answer.status_code, "Retry-After" in answer.headers))
                if answer.is_success:
                    with self._lock:
                        self.acknowledged |= {hashlib.sha256(one).digest() for one in events}
                        self.unanswered = [one for one in self.unanswered if one not in events]


def lost(store: str, acknowledged: set[bytes]) -> set[bytes]:
    """What of *acknowledged* is not in the ledger, or not in the graph."""
    with open_homes(store) as homes:
        names = [digest.hex() for digest in acknowledged]
        known = {record.digest for record in homes.store.events(digests=names, limit=len(names)).items}
        return {digest for digest in acknowledged if homes.ledger.entry(digest) is None or digest.hex() not in known}
