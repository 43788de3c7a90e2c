"""The ledger as a table of the SQLite file: bodies compressed, every entry chained to the one before."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from sqlite3 import Connection
from typing import Any

from lineage.database import Database
from lineage.database.times import instant, microseconds
from lineage.errors import StoreUnusable
from lineage.ledger.base import Head, Problem
from lineage.ledger.chain import GENESIS, link
from lineage.ledger.packing import Packing
from lineage.model import Draft, Entry

SCHEMA = (
    """
    CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        digest BLOB NOT NULL,        -- SHA-256 of the body
        received_us INTEGER NOT NULL,
        principal TEXT NOT NULL,
        redaction TEXT,
        chain BLOB NOT NULL,         -- over this entry and all before it
        body BLOB NOT NULL           -- as lineage.ledger.packing packs it
    );
    CREATE UNIQUE INDEX ledger_events ON ledger (digest) WHERE kind = 'event';
    CREATE INDEX ledger_statements ON ledger (digest) WHERE kind = 'statement';
    CREATE INDEX ledger_received ON ledger (received_us);

    CREATE TABLE ledger_words (adler INTEGER PRIMARY KEY, words BLOB NOT NULL);  -- never deleted: bodies need them

    CREATE TABLE ledger_head (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL, chain BLOB NOT NULL) WITHOUT ROWID;
    INSERT INTO ledger_head VALUES (lower(hex(randomblob(6))), 0, zeroblob(32));
    """,
)

ENTRY = "seq, kind, digest, received_us, principal, redaction"
BY_DIGEST = f"""
    SELECT {ENTRY}, body FROM ledger WHERE digest = :digest AND kind = 'event'
    UNION ALL SELECT {ENTRY}, body FROM ledger WHERE digest = :digest AND kind = 'statement'
    ORDER BY seq LIMIT 1
"""  # noqa: S608 - of constants
IN_ORDER = f"""
    SELECT {ENTRY}, body FROM ledger INDEXED BY ledger_received
    WHERE (received_us, seq) > (?, ?) AND seq > ? AND seq <= ? ORDER BY received_us, seq LIMIT ?
"""  # noqa: S608 - of constants
TO_VERIFY = f"SELECT {ENTRY}, body, chain FROM ledger WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"  # noqa: S608

STRAYS = """
    SELECT count(*) FROM ledger WHERE seq < 1 OR seq > (SELECT seq FROM ledger_head)
"""

# By seq: the index on received_us would be walked from its beginning.
EARLIEST = "SELECT min(received_us) FROM ledger NOT INDEXED WHERE seq > ? AND seq <= ?"
TAIL = 2_000

ROWS_AT_ONCE = 256
DIGESTS_AT_ONCE = 500

Row = tuple[Any, ...]  # as sqlite3 gives it; `verify` trusts none of it


class SqliteLedger:
    """The ledger in *database*: one chain, which all processes that share the file go on with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("ledger", SCHEMA)
        self._packing = Packing(database)
        self._writer = self._head().writer

    def append(self, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        """Append *drafts* as `Ledger.append` promises; inside a transaction on the writer thread, as part of it."""
        return self._database.write(lambda connection: self._append(connection, drafts, received_at))

    def read(self, after: Mapping[str, int] | None = None) -> Iterator[tuple[Entry, bytes]]:
        """The entries that are there when the first is asked for, as `Ledger.read` promises; memory stays small."""
        seen, last = (after or {}).get(self._writer, 0), self._head().seq
        place = (self._earliest(seen, last), 0)
        while rows := self._rows(IN_ORDER, (*place, seen, last, ROWS_AT_ONCE)):
            for row in rows:
                yield self._read(row)
            place = (rows[-1][3], rows[-1][0])

    def entry(self, digest: bytes) -> Entry | None:
        """The entry of an event or statement, or None; of equal statements the first."""
        rows = self._rows(BY_DIGEST, {"digest": digest})
        return self._entry(rows[0][:-1]) if rows else None

    def raw(self, digest: bytes) -> bytes | None:
        """The stored bytes of an entry, or None."""
        rows = self._rows(BY_DIGEST, {"digest": digest})
        return self._read(rows[0])[1] if rows else None

    def heads(self) -> list[Head]:
        """The end of the one chain."""
        return [self._head()]

    def verify(self) -> Iterator[Problem]:
        """Read everything and yield every place that was changed since; what is appended meanwhile is left out.

        A change shows at its own entry and a changed chain at the next one too; after that all is well again. That the
        end was cut and the head rewritten to match shows only against a head that was kept elsewhere.
        """
        head = self._head()
        seq = 0
        chain: bytes | None = GENESIS
        while rows := self._stored(TO_VERIFY, (seq, head.seq, ROWS_AT_ONCE)):
            for *fields, body, stored in rows:
                if fields[0] != seq + 1:
                    yield Problem(self._writer, seq + 1, _missing(seq + 1, fields[0] - 1))
                    chain = None
                yield from self._wrong(fields, body, chain, stored)
                seq, chain = fields[0], stored
        if seq < head.seq:
            yield Problem(self._writer, seq + 1, _missing(seq + 1, head.seq))
        elif chain != head.chain:
            yield Problem(self._writer, seq, "the head of the chain is not the chain of its last entry")
        ((strays,),) = self._rows(STRAYS, ())
        if strays:
            yield Problem(
                self._writer, head.seq, f"{strays} more stand outside of the chain, before 1 or after its head"
            )

    def close(self) -> None:
        """Nothing is left open: the database is its owner's."""

    def _append(self, connection: Connection, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        head = self._head()
        seq, chain, received_us = head.seq, head.chain, microseconds(received_at)
        known = self._known(connection, {draft.digest for draft in drafts if draft.kind == "event"})
        entries, rows = [], []
        for draft in drafts:
            if draft.kind == "event" and (old := known.get(draft.digest)):
                entries.append(replace(old, duplicate=True))
                continue
            seq += 1
            entry = Entry(head.writer, seq, draft.kind, draft.digest, received_at, draft.principal, draft.redaction)
            chain = link(chain, entry)
            rows.append(
                (
                    seq,
                    draft.kind,
                    draft.digest,
                    received_us,
                    draft.principal,
                    draft.redaction,
                    chain,
                    self._packing.pack(draft.body),
                )
            )
            if draft.kind == "event":
                known[draft.digest] = entry
            entries.append(entry)
        if rows:
            connection.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("UPDATE ledger_head SET seq = ?, chain = ?", (seq, chain))
        return entries

    def _known(self, connection: Connection, digests: set[bytes]) -> dict[bytes, Entry]:
        known = {}
        wanted = list(digests)
        for start in range(0, len(wanted), DIGESTS_AT_ONCE):
            some = wanted[start : start + DIGESTS_AT_ONCE]
            places = ", ".join("?" * len(some))
            query = f"SELECT {ENTRY} FROM ledger WHERE kind = 'event' AND digest IN ({places})"  # noqa: S608 - of places
            for row in connection.execute(query, some):
                known[row[2]] = self._entry(row)
        return known

    def _head(self) -> Head:
        heads = self._rows("SELECT writer, seq, chain FROM ledger_head", ())
        if len(heads) != 1:
            raise self._unusable(f"has {len(heads)} heads instead of one")
        if tuple(map(type, heads[0])) != (str, int, bytes):
            raise self._unusable("has a head that cannot be read")
        return Head(*heads[0])

    def _unusable(self, why: str) -> StoreUnusable:
        return StoreUnusable(f"{self._database.path}: the ledger {why}; bring a backup with `headwater restore`")

    def _earliest(self, seen: int, last: int) -> int:
        """Where by time to begin: who asks often for little must not walk by all that was there before."""
        if last - seen > TAIL:
            return -(2**63)
        ((earliest,),) = self._rows(EARLIEST, (seen, last))
        return -(2**63) if earliest is None else int(earliest)

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
        with self._database.read() as connection:
            return connection.execute(query, values).fetchall()

    def _stored(self, query: str, values: Sequence[Any]) -> list[Row]:
        """The same, also where a text is no UTF-8 any more: then it comes as bytes."""
        with self._database.read() as connection:
            connection.text_factory = _text_or_bytes
            try:
                return connection.execute(query, values).fetchall()
            finally:
                connection.text_factory = str

    def _read(self, row: Row) -> tuple[Entry, bytes]:
        *fields, body = row
        try:
            return self._entry(fields), self._packing.unpack(body)
        except (zlib.error, TypeError, ValueError, OverflowError) as error:
            raise self._unusable(f"has an entry {fields[0]} that cannot be read") from error

    def _entry(self, fields: Sequence[Any]) -> Entry:
        seq, kind, digest, received_us, principal, redaction = fields
        return Entry(self._writer, seq, kind, digest, instant(received_us), principal, redaction)

    def _wrong(self, fields: Sequence[Any], body: Any, chain: bytes | None, stored: Any) -> Iterator[Problem]:
        seq = fields[0]
        try:
            if sha256(self._packing.unpack(body)).digest() != fields[2]:
                yield Problem(self._writer, seq, "the body is not the one whose digest was chained")
        except (zlib.error, TypeError, ValueError):
            yield Problem(self._writer, seq, "the body cannot be read")
        try:
            # A fraction of a microsecond would be rounded away, and is a change all the same.
            if chain is not None and (isinstance(fields[3], float) or link(chain, self._entry(fields)) != stored):
                yield Problem(self._writer, seq, "a field, the order or the chain is not what it was")
        except (AttributeError, TypeError, ValueError, OverflowError):
            yield Problem(self._writer, seq, "a field cannot be read")


def _text_or_bytes(stored: bytes) -> str | bytes:
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def _missing(first: int, last: int) -> str:
    return f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
