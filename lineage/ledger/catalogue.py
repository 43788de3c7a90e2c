"""What stands where in a ledger of segments: a small database, made again from their heads by every process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from threading import RLock
from typing import Any, Final, NamedTuple

from lineage.database.times import instant, microseconds
from lineage.ledger.base import Head
from lineage.ledger.segments import Segment
from lineage.model import Entry

_SCHEMA: Final = """
    CREATE TABLE segment (
        id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, writer TEXT NOT NULL,
        first INTEGER NOT NULL, last INTEGER NOT NULL, after BLOB NOT NULL
    );
    CREATE INDEX segment_span ON segment (writer, first, last);
    CREATE TABLE entry (
        writer TEXT NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL,
        received_us INTEGER NOT NULL, principal TEXT NOT NULL, redaction TEXT, segment INTEGER NOT NULL,
        PRIMARY KEY (writer, seq)
    ) WITHOUT ROWID;
    CREATE INDEX entry_digest ON entry (digest);
    CREATE INDEX entry_statements ON entry (writer, seq) WHERE kind = 'statement';
    CREATE INDEX entry_received ON entry (received_us, writer, seq);
"""
_ENTRY: Final = "entry.writer, seq, kind, digest, received_us, principal, redaction"
_PLACED: Final = f"SELECT {_ENTRY}, place, seq - first FROM entry JOIN segment ON segment.id = entry.segment"  # noqa: S608 - of constants
_OVERLAPS: Final = """
    SELECT 1 FROM segment WHERE writer = ?1 AND first <= ?3 AND last >= ?2 AND (first < ?2 OR last > ?3) LIMIT 1
"""
_AT_ONCE: Final = 500
CACHE_KIB: Final = 16 * 1024


class Placed(NamedTuple):
    """An entry, and where its body is: the *at*-th (from 0) of the segment at *place*."""

    entry: Entry
    place: str
    at: int


class Catalogue:
    """Safe to use from any thread. What does not fit into a little memory goes to a file that ends with the process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)  # a nameless file
        self._connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        self._connection.executescript(_SCHEMA)

    def add(self, place: str, segment: Segment) -> None:
        """Note that *segment* is at *place*, instead of all smaller ones that hold a part of it.

        Nothing changes where one that was noted holds a part of it and more.
        """
        span = segment.writer, segment.first, segment.last
        with self._lock:
            if self._rows(_OVERLAPS, span):
                return
            self._connection.execute("BEGIN")
            self._connection.execute("DELETE FROM segment WHERE writer = ? AND first >= ? AND last <= ?", span)
            added = self._connection.execute(
                "INSERT INTO segment (place, writer, first, last, after) VALUES (?, ?, ?, ?, ?)",
                (place, *span, segment.after),
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (entry.writer, entry.seq, entry.kind, entry.digest, microseconds(entry.received_at),
                     entry.principal, entry.redaction, added.lastrowid) for entry in segment.entries
                ],
            )  # fmt: skip
            self._connection.execute("COMMIT")

    def covers(self, writer: str, first: int, last: int) -> bool:
        """Whether one segment that was noted holds the entries from *first* to *last* of *writer*."""
        query = "SELECT 1 FROM segment WHERE writer = ? AND first <= ? AND last >= ? LIMIT 1"
        return bool(self._rows(query, (writer, first, last)))

    def places(self) -> set[str]:
        """Where the segments are that were noted."""
        return {place for (place,) in self._rows("SELECT place FROM segment", ())}

    def segments(self, writer: str) -> list[str]:
        """The places of the segments of *writer*, by their first entry."""
        return [
            place for (place,) in self._rows("SELECT place FROM segment WHERE writer = ? ORDER BY first", (writer,))
        ]

    def heads(self) -> list[Head]:
        """The end of every chain, by writer."""
        query = "SELECT writer, max(last), after FROM segment GROUP BY writer ORDER BY writer"
        return [Head(*row) for row in self._rows(query, ())]

    def known(self, writer: str, digests: Sequence[bytes]) -> dict[bytes, Entry]:
        """Those of *digests* that are events of *writer*."""
        found = {}
        for start in range(0, len(digests), _AT_ONCE):
            some = digests[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT {_ENTRY} FROM entry WHERE digest IN ({marks}) AND writer = ? AND kind = 'event'"  # noqa: S608 - of marks
            for row in self._rows(query, (*some, writer)):
                found[row[3]] = _entry(row)
        return found

    def find(self, digest: bytes) -> Placed | None:
        """The entry with *digest*: of an event's the earliest received, else the first of equal statements."""
        query = f"{_PLACED} WHERE digest = ? ORDER BY kind, received_us, entry.writer, seq LIMIT 1"
        return next((_placed(row) for row in self._rows(query, (digest,))), None)

    def at(self, writer: str, seq: int) -> Placed | None:
        """The entry *seq* of *writer*."""
        return next(map(_placed, self._rows(f"{_PLACED} WHERE entry.writer = ? AND seq = ?", (writer, seq))), None)

    def statements(self) -> Iterator[Placed]:
        """What people stated, by writer and seq."""
        return map(_placed, self._rows(f"{_PLACED} WHERE kind = 'statement' ORDER BY 1, 2", ()))

    def earliest(self, writer: str, seq: int) -> int | None:
        """When the first of what *writer* wrote after *seq* was received (microseconds); None without any."""
        query = (
            "SELECT min(+received_us) FROM entry WHERE writer = ? AND seq > ?"  # + keeps to the key: the tail is short
        )
        ((found,),) = self._rows(query, (writer, seq))
        return None if found is None else int(found)

    def after(self, place: tuple[int, str, int], limit: int) -> Iterator[Placed]:
        """At most *limit* entries behind *place* by receipt (microseconds), writer and seq, in that order."""
        query = f"{_PLACED} WHERE (received_us, entry.writer, seq) > (?, ?, ?) ORDER BY 5, 1, 2 LIMIT ?"
        return map(_placed, self._rows(query, (*place, limit)))

    def close(self) -> None:
        """Let go."""
        with self._lock:
            self._connection.close()

    def _rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()


def _entry(row: Sequence[Any]) -> Entry:
    writer, seq, kind, digest, received_us, principal, redaction = row
    return Entry(writer, seq, kind, digest, instant(received_us), principal, redaction)


def _placed(row: Sequence[Any]) -> Placed:
    *entry, place, at = row
    return Placed(_entry(entry), place, at)
