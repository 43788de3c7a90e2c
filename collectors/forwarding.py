"""Forward mode: accepted events go on to another OpenLineage backend, from a place in the ledger, until it has them.

Trying Headwater is free of risk that way: producers talk to it, and whom they talked to before hears all of it too. At
least once, in the order of the ledger, as the ledger holds them: redacted. What a backend will never take is passed
over, counted and logged by its digest; the address is logged by host and port alone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

import httpx2
import msgspec

from lineage.errors import HeadwaterError, InvalidInput, StoreUnavailable
from lineage.ledger.base import Ledger
from lineage.model import Entry
from lineage.store.base import Change, Lease, Store
from lineage.telemetry import FORWARD_LAG, FORWARDED, logger

KIND = "forward"  # the document that holds how far a backend is
INGEST = "/api/v1/lineage"
POLL_S = 0.5  # between two looks at the ledger
TIMEOUT_S = 10
PAUSE_MAX_S = 60
KEEP_EVERY = 100  # events between two notes of the place: as many may come twice after a crash
LEASE_S = 60
STOP_S = 1  # for all backends together

NEVER = frozenset({400, 413, 415, 422})  # the event is at fault; anything else may pass, a wrong key too

logger("httpx2").setLevel(logging.WARNING)  # below that the library logs URLs with their queries

log = logger(__name__)


class Target(NamedTuple):
    """A backend: where to post, how to say who we are, and the *name* that may be shown."""

    url: httpx2.URL
    headers: dict[str, str]
    name: str

    @property
    def id(self) -> str:
        """The same however its secrets change."""
        plain = self.url.copy_with(userinfo=b"", query=None)
        return hashlib.sha256(str(plain).encode()).hexdigest()[:16]


def target(url: str) -> Target:
    """The backend at *url*; without a path its OpenLineage API. `user:password@` is sent as Basic, `:key@` as Bearer.

    Raises InvalidInput, which does not repeat the URL.
    """
    try:
        parsed = httpx2.URL(url)
        port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
    except (httpx2.InvalidURL, KeyError, ValueError):
        raise InvalidInput("forward: one is no URL; write it as http://marquez:5000", field="forward") from None
    if not parsed.host:
        raise InvalidInput("forward: one has no host; write it as http://marquez:5000", field="forward")
    headers = {"Content-Type": "application/json"}
    if parsed.password and not parsed.username:
        headers["Authorization"] = f"Bearer {parsed.password}"
        parsed = parsed.copy_with(userinfo=b"")
    if parsed.path in ("", "/"):
        parsed = parsed.copy_with(path=INGEST)
    return Target(parsed, headers, f"{parsed.host}:{port}")


class _Away(Exception):
    """The backend takes nothing now; *wait_s* is what it asked for."""

    def __init__(self, why: str, wait_s: float = 0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _Place:
    """How far a backend is: by writer, the last seq up to which it has everything."""

    def __init__(self, done: dict[str, int]) -> None:
        self.done = done
        self._ahead: set[tuple[str, int]] = set()  # entries come by time of receipt, which a clock may have set back

    def has(self, entry: Entry) -> bool:
        """True when *entry* went already."""
        return entry.seq <= self.done.get(entry.writer, 0) or (entry.writer, entry.seq) in self._ahead

    def passed(self, entry: Entry) -> None:
        """Note that *entry* went."""
        self._ahead.add((entry.writer, entry.seq))
        last = self.done.get(entry.writer, 0)
        while (entry.writer, last + 1) in self._ahead:
            last += 1
            self._ahead.discard((entry.writer, last))
        self.done[entry.writer] = last


class Forwarding:
    """Sends what the ledger takes from now on to every one of *urls*, each in a thread and at a pace of its own.

    One process of those that share a store forwards to a backend. Raises InvalidInput for what is no URL.
    """

    def __init__(self, urls: Sequence[str], ledger: Ledger, store: Store) -> None:
        self._stopping = threading.Event()
        self._routes = [_Route(target(url), ledger, store, self._stopping) for url in urls]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin where each stopped; a new one begins with the next entry."""
        for route in self._routes:
            route.begin()
            thread = threading.Thread(target=route.run, name=f"headwater-forward-{route.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the event that is under way, if that is soon; a backend that hangs gets it again next time."""
        self._stopping.set()
        deadline = monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0, deadline - monotonic()))


class _Route:
    """The way to one backend."""

    def __init__(self, to: Target, ledger: Ledger, store: Store, stopping: threading.Event) -> None:
        self.name = to.name
        self._to = to
        self._ledger = ledger
        self._store = store
        self._stopping = stopping
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._failures = 0

    def begin(self) -> None:
        """Take the end of the ledger for the place of a backend that has none yet."""
        if self._store.document(KIND, self._to.id) is None:
            self._keep(_Place({head.writer: head.seq for head in self._ledger.heads()}))

    def run(self) -> None:
        """Forward until it is time to stop."""
        lease: Lease | None = None
        with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            pause_s = 0.0
            while not self._stopping.wait(pause_s):
                try:
                    lease = self._store.lease(f"{KIND}:{self._to.id}", self._holder, LEASE_S)
                    if lease is not None:
                        self._round(client.post)
                    self._failures, pause_s = 0, POLL_S
                except _Away as away:
                    pause_s = max(away.wait_s, self._backoff_s())
                    log.warning("forward_postponed", extra={"to": self.name, "why": str(away), "wait_s": pause_s})
                except HeadwaterError as error:
                    pause_s = self._backoff_s()
                    log.warning("forward_postponed", extra={"to": self.name, "why": str(error), "wait_s": pause_s})
                except Exception:
                    pause_s = self._backoff_s()
                    if not self._stopping.is_set():  # else it was left behind, and the store is closed
                        log.exception("forward_failed", extra={"to": self.name})
        if lease is not None:
            with suppress(StoreUnavailable):  # left behind by `stop`, and the store is closed: the lease runs out
                self._store.release(lease)

    def _round(self, post: Callable[..., httpx2.Response]) -> None:
        """Send everything that waits, renewing the lease and noting the place every so often."""
        place = self._place()
        heads = {head.writer: head.seq for head in self._ledger.heads()}
        FORWARD_LAG.labels(self.name).set(_lag(heads, place))
        if not _lag(heads, place):
            return
        since = 0
        try:
            for entry, body in self._ledger.read(dict(place.done)):
                if self._stopping.is_set() or since >= KEEP_EVERY:
                    break
                if entry.kind == "event" and body is not None and not place.has(entry):
                    self._send(post, entry, body)
                place.passed(entry)
                since += 1
        finally:
            self._keep(place)
            FORWARD_LAG.labels(self.name).set(_lag(heads, place))

    def _send(self, post: Callable[..., httpx2.Response], entry: Entry, body: bytes) -> None:
        try:
            answer = post(self._to.url, content=body, headers=self._to.headers)
        except httpx2.HTTPError as error:
            raise _Away(type(error).__name__) from None  # its text may hold the URL
        if answer.is_success:
            FORWARDED.labels(self.name, "taken").inc()
        elif answer.status_code in NEVER:
            FORWARDED.labels(self.name, "refused").inc()
            fields = {"to": self.name, "digest": entry.digest.hex(), "status": answer.status_code}
            log.warning("forward_refused", extra=fields)
        else:
            told = answer.headers.get("Retry-After", "")
            raise _Away(f"it answers {answer.status_code}", min(float(told), PAUSE_MAX_S) if told.isdecimal() else 0)

    def _backoff_s(self) -> float:
        self._failures += 1
        return float(min(PAUSE_MAX_S, 2 ** min(self._failures - 1, 10)))

    def _place(self) -> _Place:
        document = self._store.document(KIND, self._to.id)
        return _Place(msgspec.json.decode(document.body, type=dict[str, int]) if document else {})

    def _keep(self, place: _Place) -> None:
        self._store.put([Change(KIND, self._to.id, msgspec.json.encode(place.done))])


def _lag(heads: dict[str, int], place: _Place) -> int:
    return sum(max(seq - place.done.get(writer, 0), 0) for writer, seq in heads.items())
