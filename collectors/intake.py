"""The one door: bytes become receipts. Whatever waits while the writer is busy becomes the next commit."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import itemgetter
from threading import Condition, Thread
from typing import Any

from collectors.admission import Forbidden, Found, Refused, admit, turned_away
from collectors.journal import Admitted, Journal
from collectors.producers import sender
from lineage.errors import HeadwaterError, Overloaded, TooLarge
from lineage.letters import BEGINNING, BODY_BYTES, Letter, written
from lineage.model import AHEAD, Entry, Principal, Receipt
from lineage.settings import MIB, Ingest
from lineage.store.base import Change
from lineage.telemetry import (
    EVENT_DELAY_S,
    EVENTS_AHEAD,
    EVENTS_DUPLICATE,
    EVENTS_RECEIVED,
    EVENTS_REJECTED,
    EVENTS_WARNED,
    QUEUE_EVENTS,
    logger,
)

COMMIT_EVENTS_MAX = 1000  # beyond 500 a larger commit is no faster per event (DESIGN 5) and keeps others waiting
COMMIT_BYTES_MAX = 4 * MIB
LARGE_BYTES = MIB // 4  # a larger body is read aside and committed alone: of 10 MiB the reading alone takes seconds
AGAIN_KEPT = 10_000  # duplicates that are remembered, for receipts
GATHER_S = 0.003  # about a commit of one event, most of it the disk's

log = logger(__name__)


@dataclass(slots=True, eq=False)
class _Unit:
    """What one call brought: it is answered when all of it is durable."""

    bodies: Sequence[bytes]
    principal: Principal
    answer: Callable[[list[Receipt]], Any]  # from the receipts to what the caller was promised
    future: Future[Any] = field(default_factory=Future)
    receipts: list[Receipt] = field(default_factory=list)
    aside: Found | None = None  # what was read of the next body, if that is large

    @property
    def left(self) -> int:
        """How many of its bodies have no receipt yet."""
        return len(self.bodies) - len(self.receipts)

    def begin(self) -> bool:
        """Whether its caller is still there; from the first time on it cannot go."""
        return self.future.running() or self.future.set_running_or_notify_cancel()

    def next(self, events: int, size: int = COMMIT_BYTES_MAX) -> Sequence[bytes]:
        """The next bodies without a receipt, one at least: no more than *events*, nor *size* bytes, nor a large one."""
        begin = end = len(self.receipts)
        for body in self.bodies[begin : begin + (1 if self.is_large else events)]:
            size -= len(body)
            if end > begin and (size < 0 or len(body) > LARGE_BYTES):
                break
            end += 1
        return self.bodies[begin:end]

    @property
    def is_large(self) -> bool:
        """Whether the next body is."""
        return len(self.bodies[len(self.receipts)]) > LARGE_BYTES


_Part = tuple[_Unit, Sequence[bytes]]  # what one commit takes of a unit


class Intake:
    """Keeps the promise of `lineage.web.Intake`: a bounded queue before one thread that reads and commits.

    *secret* keys the HMAC of what redaction changed; *now* is the clock that dates receipts; *collector* is the word
    for this door in the metrics. Call `start` before and `stop` after; what is submitted before the start waits.
    """

    def __init__(
        self, journal: Journal, limits: Ingest, secret: bytes, now: Callable[[], datetime], collector: str
    ) -> None:
        self._journal = journal
        self._limits = limits
        self._secret = secret
        self._now = now
        self._collector = collector
        self._waiting: deque[_Unit] = deque()
        self._events = self._bytes = 0  # that wait
        self._changed = Condition()
        self._company = 1  # units in the last commit
        self._again: dict[str, int] = {}  # by digest, what came last at the end
        self._stopping = False
        self._aside: set[_Unit] = set()  # whose next body is being read
        self._reader = ThreadPoolExecutor(1, "headwater-intake-large")
        self._thread = Thread(target=self._run, name="headwater-intake", daemon=True)

    def start(self) -> None:
        """Begin to take from the queue."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the commit that is under way, refuse what still waits, and take no more."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
        self._reader.shutdown(wait=False, cancel_futures=True)
        with self._changed:
            left, self._waiting, self._aside = [*self._waiting, *self._aside], deque(), set()
        self._fail(
            [unit for unit in left if unit.begin()],
            Overloaded("the server is stopping; send it again"),
        )

    @property
    def waiting(self) -> int:
        """How many bodies wait for the writer."""
        return self._events

    def submit(self, body: bytes, principal: Principal) -> Future[Receipt]:
        """Take one event; the future is done when it is durable or refused.

        Raises Overloaded, having taken nothing, and TooLarge for a body over `ingest.max_event_bytes`.
        """
        if len(body) > self._limits.max_event_bytes:
            raise TooLarge(f"an event of {len(body)} bytes; the limit is {self._limits.max_event_bytes}")
        return self._enqueue(_Unit((body,), principal, itemgetter(0)))

    def submit_many(self, bodies: Sequence[bytes], principal: Principal) -> Future[list[Receipt]]:
        """Take many, in order, as one unit of back-pressure; receipts[i] is for bodies[i].

        A body that is too large is refused alone. Raises Overloaded, having taken nothing.
        """
        return self._enqueue(_Unit(bodies, principal, list))

    def refuse(self, body: bytes, principal: Principal, reason: str) -> Future[Receipt]:
        """Keep *body* among the dead letters for *reason*, unread. Raises Overloaded."""
        return self._enqueue(_Unit((body,), principal, itemgetter(0), aside=turned_away(body, principal, reason)))

    def require_room(self) -> None:
        """Raise Overloaded when the queue is full whatever comes."""
        if self._events >= self._limits.queue_events or self._bytes >= self._limits.queue_bytes:
            raise Overloaded(f"{self._events} events wait for the writer; send it again")

    def times_again(self, digest: str) -> int:
        """How often the event came again since this intake began; of over AGAIN_KEPT the oldest are forgotten."""
        return self._again.get(digest, 0)

    def take(self, bodies: Sequence[bytes], principal: Principal) -> list[Receipt]:
        """Take *bodies* as `submit_many` does, and wait until they are durable."""
        return self.submit_many(bodies, principal).result()

    def examine(self, body: bytes, principal: Principal) -> Receipt:
        """What would become of *body* if it came now, duplicates aside; nothing is kept."""
        found = admit(body, principal, self._limits, self._secret)
        return Receipt("accepted", found.draft.digest.hex()) if isinstance(found, Admitted) else _refusal(found)

    # ── The queue. ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _enqueue(self, unit: _Unit) -> Future[Any]:
        events, size = len(unit.bodies), sum(map(len, unit.bodies))
        with self._changed:
            if self._stopping:
                raise Overloaded("the server is stopping; send it again")
            # An empty queue takes anything, or a unit larger than the queue would be refused for ever.
            if self._events and (
                self._events + events > self._limits.queue_events or self._bytes + size > self._limits.queue_bytes
            ):
                raise Overloaded(f"{self._events} events wait for the writer; send it again")
            self._waiting.append(unit)
            self._count(events, size)
            self._changed.notify()
        return unit.future

    def _take(self) -> list[_Part]:
        """What goes into the next commit, oldest first; waits for the first. Empty: it is time to stop."""
        parts: list[_Part] = []
        room, size = COMMIT_EVENTS_MAX, COMMIT_BYTES_MAX
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopping)
            # Clients that were answered together come again together: a commit of their own for the first of them
            # would keep all others waiting.
            self._changed.wait_for(lambda: len(self._waiting) >= self._company or self._stopping, GATHER_S)
            while self._waiting and room and size > 0 and not self._stopping:
                if parts and room < self._waiting[0].left <= COMMIT_EVENTS_MAX:
                    break  # the next commit takes it whole
                if parts and self._waiting[0].aside:
                    break  # what is large is committed alone
                unit = self._waiting.popleft()
                if not unit.begin():
                    self._count(-unit.left, -sum(map(len, unit.bodies[len(unit.receipts) :])))
                elif unit.is_large and unit.aside is None:
                    self._set_aside(unit)
                else:
                    part = unit.next(room, size)
                    taken = sum(map(len, part))
                    self._count(-len(part), -taken)
                    parts.append((unit, part))
                    room, size = room - len(part), size - taken
        self._company = max(len(parts), 1)
        return parts

    def _set_aside(self, unit: _Unit) -> None:
        """Let the next body of *unit* be read beside the commits, and those behind it go first meanwhile."""
        self._aside.add(unit)
        body = unit.bodies[len(unit.receipts)]

        def read() -> None:
            found = admit(body, unit.principal, self._limits, self._secret)
            with self._changed:
                if unit in self._aside:
                    unit.aside = found
                    self._aside.remove(unit)
                    self._waiting.appendleft(unit)
                    self._changed.notify()

        self._reader.submit(read)

    def _count(self, events: int, size: int) -> None:
        self._events += events
        self._bytes += size
        QUEUE_EVENTS.set(self._events)

    # ── The thread. ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while not self._stopping:
            if parts := self._take():
                self._serve(parts)

    def _serve(self, parts: Sequence[_Part]) -> None:
        try:
            receipts = iter(self._keep([found for unit, part in parts for found in self._read(unit, part)]))
        except Exception as error:
            if not isinstance(error, HeadwaterError):
                log.exception("commit_failed", extra={"events": sum(len(part) for _, part in parts)})
            self._fail([unit for unit, _ in parts], error)
            return
        for unit, part in parts:
            unit.receipts += islice(receipts, len(part))
            if not unit.left:
                unit.future.set_result(unit.answer(unit.receipts))
        with self._changed:  # Behind all that came meanwhile, so that a large batch holds nobody up.
            self._waiting += (unit for unit, _ in parts if unit.left)

    def _fail(self, units: Iterable[_Unit], error: Exception) -> None:
        for unit in units:
            unit.future.set_exception(error)

    def _read(self, unit: _Unit, part: Sequence[bytes]) -> list[Found]:
        if unit.aside is None:
            return [admit(body, unit.principal, self._limits, self._secret) for body in part]
        found, unit.aside = unit.aside, None
        return [found]

    def _keep(self, read: Sequence[Found]) -> list[Receipt]:
        """One commit: keep the good ones and the dead letters, answer in order."""
        received_at = self._now()
        admitted = [one for one in read if isinstance(one, Admitted)]
        refused = [one for one in read if isinstance(one, Refused)]
        letters = [change for one in refused for change in _letter(one, received_at)]
        entries = self._journal.commit(admitted, letters, received_at)
        self._measure(admitted, entries, received_at)
        for entry in entries:
            if entry.duplicate:
                self._remember(entry.digest.hex())
        if refused:
            EVENTS_REJECTED.labels(self._collector, "invalid").inc(len(refused))
        for (principal, namespace), events in Counter(
            (one.principal, one.namespace) for one in read if isinstance(one, Forbidden)
        ).items():
            EVENTS_REJECTED.labels(self._collector, "forbidden").inc(events)
            log.warning("events_forbidden", extra={"key": principal, "namespace": namespace, "events": events})
        places = iter(entries)
        return [_receipt(one, places) for one in read]

    def _remember(self, digest: str) -> None:
        self._again[digest] = self._again.pop(digest, 0) + 1
        if len(self._again) > AGAIN_KEPT:
            del self._again[next(iter(self._again))]

    def _measure(self, admitted: Sequence[Admitted], entries: Sequence[Entry], received_at: datetime) -> None:
        deltas = [one.delta for one in admitted if one.delta is not None]
        for kind, events in Counter(delta.type or delta.kind for delta in deltas).items():
            EVENTS_RECEIVED.labels(self._collector, kind).inc(events)
        for delta in deltas:
            delay = (received_at - delta.at).total_seconds()
            EVENT_DELAY_S.labels(self._collector, delta.type or delta.kind).observe(delay)
        for producer, events in Counter(sender(delta.producer) for delta in deltas if delta.warnings).items():
            EVENTS_WARNED.labels(self._collector, producer).inc(events)
        ahead = (delta for delta in deltas if delta.at - received_at > AHEAD)
        for producer, events in Counter(sender(delta.producer) for delta in ahead).items():
            EVENTS_AHEAD.labels(self._collector, producer).inc(events)
        if twice := sum(entry.duplicate for entry in entries):
            EVENTS_DUPLICATE.labels(self._collector).inc(twice)


def _receipt(read: Found, places: Iterator[Entry]) -> Receipt:
    if not isinstance(read, Admitted):
        return _refusal(read)
    entry = next(places)
    return Receipt("duplicate" if entry.duplicate else "accepted", entry.digest.hex())


def _refusal(read: Refused | Forbidden) -> Receipt:
    if isinstance(read, Forbidden):
        return Receipt("forbidden", read.digest, read.reason, read.field)
    return Receipt("dead-lettered", read.name, read.reason, read.field)


def _letter(refused: Refused, received_at: datetime) -> list[Change]:
    text = refused.body.decode("utf-8", "backslashreplace")
    letter = Letter(
        id=refused.name,
        reason=refused.reason,
        field=refused.field,
        principal=refused.principal,
        received_at=received_at,
        size=refused.size,
        truncated=refused.size > BODY_BYTES,
        beginning=text[:BEGINNING],
    )
    return written(letter, text.encode())
