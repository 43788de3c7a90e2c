"""What passes through a client, counted as it passes: totals that only ever grow, one set for each thread.

Who reports takes the difference between two looks, so that nothing is ever set back to zero under a writer's hands.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock, get_ident
from typing import Final

# Upper bounds in ms of how long ago a record was made when it was read: 1 ms to about a day, each half as much again.
DELAY_BOUNDS_MS: Final = tuple(round(1.5**power) for power in range(46))
SAMPLE_EVERY: Final = 1024  # records between two looks for a schema id; a power of two
FRAMED_BYTES: Final = (
    5  # a zero byte and the id: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/
)

_read_now: ContextVar[tuple[str, ...]] = ContextVar("headwater_read_now", default=())


@dataclass(slots=True)
class Topic:
    """What one thread read from, or had acknowledged by, one topic so far. *firsts* and *lasts* are offsets."""

    rows: int = 0
    size_bytes: int = 0
    failed: int = 0
    newest_ms: int = 0
    firsts: dict[int, int] = field(default_factory=dict)
    lasts: dict[int, int] = field(default_factory=dict)
    delays: list[int] = field(default_factory=lambda: [0] * (len(DELAY_BOUNDS_MS) + 1))
    schemas: set[int] = field(default_factory=set)

    def count(self, partition: int, offset: int, value: object, size_bytes: int) -> None:
        """One more record; *value* is looked at for a schema id where it is bytes."""
        self.rows += 1
        self.size_bytes += size_bytes
        if self.rows & (SAMPLE_EVERY - 1) == 1 and isinstance(value, bytes):
            self._look(value)
        if partition not in self.lasts:
            self.firsts[partition] = offset
        self.lasts[partition] = offset

    def _look(self, value: bytes) -> None:
        if len(value) > FRAMED_BYTES and value[0] == 0:
            self.schemas.add(int.from_bytes(value[1:FRAMED_BYTES], "big"))


class Meters:
    """All that passed through the clients of one service. Counting takes no lock; looking may be a record behind."""

    def __init__(self, ignored: frozenset[str] = frozenset()) -> None:
        self.ignored = ignored
        self.edges: set[tuple[str, str]]  # (topic read, topic written because of it)
        self.loose: set[str]  # topics that were written while nothing had been read
        self._read: dict[int, dict[str, Topic]]
        self._written: dict[int, dict[str, Topic]]
        self.clear()

    def read(  # noqa: PLR0913, PLR0917 - what a record is
        self, name: str, partition: int, offset: int, made_ms: int, value: object, size_bytes: int
    ) -> None:
        """A record of topic *name* was handed to the service; what it writes now, in this thread or task, comes of it.

        *made_ms* since 1970, 0 or less where it is unknown.
        """
        if name in self.ignored:
            return
        topic = self._topic(self._read, name)
        topic.count(partition, offset, value, size_bytes)
        if made_ms > 0:
            if made_ms > topic.newest_ms:  # noqa: PLR1730 - max() takes twice as long
                topic.newest_ms = made_ms
            topic.delays[bisect_left(DELAY_BOUNDS_MS, time.time() * 1000 - made_ms)] += 1
        if _read_now.get() != (name,):
            _read_now.set((name,))

    def together(self, topics: Iterable[str | None]) -> None:
        """Records of *topics* were handed over as one batch."""
        _read_now.set(tuple(sorted({name for name in topics if name and name not in self.ignored})))

    def made_of(self) -> dict[str, list[str]]:
        """For each topic that was only ever written on account of what had been read: the topics that it comes of."""
        found: dict[str, list[str]] = {}
        for source, target in sorted(self.edges.copy()):
            if target not in self.loose:
                found.setdefault(target, []).append(source)
        return found

    def clear(self) -> None:
        """Forget everything: what the child of a fork begins with."""
        self.edges, self.loose = set(), set()
        self._lock = Lock()
        self._read, self._written = {}, {}

    def wrote(self, name: str) -> None:
        """The service hands over a record for topic *name*; note what it comes of."""
        if name in self.ignored:
            return
        sources = _read_now.get()
        if not sources:
            self.loose.add(name)
        for source in sources:
            if (source, name) not in self.edges:
                self.edges.add((source, name))

    def acknowledged(  # noqa: PLR0913, PLR0917 - what a record is
        self, name: str, partition: int, offset: int, made_ms: int, value: object, size_bytes: int
    ) -> None:
        """The broker has a record of topic *name*."""
        if name in self.ignored:
            return
        topic = self._topic(self._written, name)
        topic.count(partition, offset, value, size_bytes)
        topic.newest_ms = max(topic.newest_ms, made_ms)

    def failed(self, name: str | None) -> None:
        """A record for topic *name* was given up."""
        if name and name not in self.ignored:
            self._topic(self._written, name).failed += 1

    def look(self) -> tuple[dict[str, Topic], dict[str, Topic]]:
        """What was read and written so far, by topic, over all threads."""
        with self._lock:
            return _together(self._read), _together(self._written)

    def _topic(self, side: dict[int, dict[str, Topic]], name: str) -> Topic:
        thread = get_ident()
        mine = side.get(thread)
        if mine is None:
            with self._lock:  # so that nobody looks while the dictionary grows
                mine = side.setdefault(thread, {})
        topic = mine.get(name)
        if topic is None:
            with self._lock:
                topic = mine.setdefault(name, Topic())
        return topic


def _together(side: dict[int, dict[str, Topic]]) -> dict[str, Topic]:
    found: dict[str, Topic] = {}
    for topics in side.values():
        for name, topic in topics.items():
            whole = found.setdefault(name, Topic())
            whole.rows += topic.rows
            whole.size_bytes += topic.size_bytes
            whole.failed += topic.failed
            whole.newest_ms = max(whole.newest_ms, topic.newest_ms)
            whole.delays = [a + b for a, b in zip(whole.delays, topic.delays, strict=True)]
            whole.schemas |= topic.schemas.copy()
            for partition, offset in topic.firsts.copy().items():
                whole.firsts[partition] = min(whole.firsts.get(partition, offset), offset)
            for partition, offset in topic.lasts.copy().items():
                whole.lasts[partition] = max(whole.lasts.get(partition, offset), offset)
    return found
