"""The small records beside the graph: documents, leases, and verdicts packed into a page per SLO and day."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec

from lineage.database import Database
from lineage.database.times import instant, microseconds
from lineage.errors import Conflict
from lineage.model import Verdict
from lineage.store.base import Change, Document, Lease

SCHEMA = (
    """
    CREATE TABLE documents (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        state TEXT NOT NULL,
        due_us INTEGER,
        revision INTEGER NOT NULL,
        body BLOB NOT NULL,
        PRIMARY KEY (kind, id)
    );
    CREATE INDEX documents_state ON documents (kind, state, id);

    CREATE TABLE leases (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,        -- '' once released
        epoch INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL
    ) WITHOUT ROWID;

    CREATE TABLE verdict_pages (
        slo TEXT NOT NULL,
        day INTEGER NOT NULL,        -- of the due times, in days since 1970 UTC
        marks BLOB NOT NULL,         -- of its occurrences, to find one without unpacking
        page BLOB NOT NULL,          -- zlib of JSON
        PRIMARY KEY (slo, day)
    ) WITHOUT ROWID;
    """,
)

T = TypeVar("T")

DOCUMENT = "kind, id, body, state, due_us, revision"
PUT_DOCUMENT = """
    INSERT INTO documents VALUES (:kind, :id, :state, :due_us, 1, :body)
    ON CONFLICT (kind, id) DO UPDATE SET
        state = excluded.state, due_us = excluded.due_us, revision = revision + 1, body = excluded.body
"""
NOW_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
# A lease that had run out gets a new epoch even for the same holder: it may be another process under the same name.
TAKE_LEASE = f"""
    INSERT INTO leases VALUES (:name, :holder, 1, {NOW_MS} + :ttl_ms)
    ON CONFLICT (name) DO UPDATE SET
        epoch = epoch + (holder <> excluded.holder OR expires_ms <= {NOW_MS}),
        holder = excluded.holder,
        expires_ms = excluded.expires_ms
    WHERE holder = excluded.holder OR expires_ms <= {NOW_MS}
    RETURNING epoch, expires_ms
"""  # noqa: S608 - of a constant
DAY_US = 24 * 60 * 60 * 1_000_000
MARK_BYTES = 8


class Records:
    """The part of a store over `_database` that keeps documents, leases and verdicts; `SCHEMA` makes its tables."""

    _database: Database

    def together(self, work: Callable[[], T]) -> T:
        """Run *work* on the writer thread, all of it kept or none; inside another, an error undoes this one alone."""

        def run(_: Connection) -> T:
            with self._database.savepoint():
                return work()

        return self._database.write(run)

    def put_verdicts(self, slo: str, verdicts: Sequence[Verdict]) -> None:
        """Keep *verdicts* as `Store.put_verdicts` promises; nothing is written where nothing changed."""
        latest = {verdict.occurrence: verdict for verdict in verdicts}
        if latest:
            self._database.write(lambda connection: _put_verdicts(connection, slo, latest))

    def verdicts(self, slo: str, since: datetime, until: datetime) -> list[Verdict]:
        """Kept verdicts of *slo* with since < due <= until, by due; ties by occurrence."""
        days = (slo, microseconds(since) // DAY_US, microseconds(until) // DAY_US)
        with self._database.read() as connection:
            pages = connection.execute(
                "SELECT page FROM verdict_pages WHERE slo = ? AND day BETWEEN ? AND ? ORDER BY day", days
            ).fetchall()
        return [verdict for (page,) in pages for verdict in _unpack(page) if since < verdict.due <= until]

    def put(self, changes: Sequence[Change], *, lease: Lease | None = None) -> None:
        """Write all *changes*, in order, or none. Raises Conflict as `Store.put` promises."""

        def run(connection: Connection) -> None:
            if lease is not None:
                _require_held(connection, lease)
            for change in changes:
                _change(connection, change)

        self._database.write(run)

    def document(self, kind: str, id: str) -> Document | None:  # noqa: A002 - the contract's own word
        """One document, or None."""
        with self._database.read() as connection:
            row = connection.execute(
                f"SELECT {DOCUMENT} FROM documents WHERE kind = ? AND id = ?",  # noqa: S608 - of a constant
                (kind, id),
            ).fetchone()
        return None if row is None else _document(row)

    def documents(
        self,
        kind: str,
        *,
        state: str | None = None,
        due_before: datetime | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[Document]:
        """Documents of *kind* by id; one that is never due is not due before any time."""
        conditions: dict[str, Any] = {"kind = ?": kind}
        if state is not None:
            conditions["state = ?"] = state
        if due_before is not None:
            conditions["due_us < ?"] = microseconds(due_before)
        if after is not None:
            conditions["id > ?"] = after
        query = f"SELECT {DOCUMENT} FROM documents WHERE {' AND '.join(conditions)} ORDER BY id LIMIT ?"  # noqa: S608 - of constants
        with self._database.read() as connection:
            rows = connection.execute(query, (*conditions.values(), limit)).fetchall()
        return [_document(row) for row in rows]

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease, on SQLite's clock; None while another holder has it."""
        values = {"name": name, "holder": holder, "ttl_ms": round(ttl_s * 1000)}
        taken = self._database.write(lambda connection: connection.execute(TAKE_LEASE, values).fetchall())
        return next((Lease(name, holder, epoch, instant(expires_ms * 1000)) for epoch, expires_ms in taken), None)

    def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still held under this epoch."""
        held = (lease.name, lease.holder, lease.epoch)
        self._database.write(
            lambda connection: connection.execute(
                "UPDATE leases SET holder = '', expires_ms = 0 WHERE (name, holder, epoch) = (?, ?, ?)", held
            )
        )


def _require_held(connection: Connection, lease: Lease) -> None:
    held = connection.execute("SELECT holder, epoch FROM leases WHERE name = ?", (lease.name,)).fetchone()
    if held != (lease.holder, lease.epoch):
        raise Conflict(f"the lease {lease.name!r} of {lease.holder!r} is no longer held under epoch {lease.epoch}")


def _change(connection: Connection, change: Change) -> None:
    key = (change.kind, change.id)
    if change.expects is not None:
        row = connection.execute("SELECT revision FROM documents WHERE kind = ? AND id = ?", key).fetchone()
        revision = row[0] if row else 0
        if revision != change.expects:
            raise Conflict(
                f"{change.kind} {change.id!r} is at revision {revision}, not {change.expects}; read it again"
            )
    if change.body is None:
        connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", key)
        return
    due_us = None if change.due is None else microseconds(change.due)
    values = {"kind": change.kind, "id": change.id, "state": change.state, "due_us": due_us, "body": change.body}
    connection.execute(PUT_DOCUMENT, values)


def _document(row: tuple[Any, ...]) -> Document:
    kind, id_, body, state, due_us, revision = row
    return Document(kind, id_, body, state, None if due_us is None else instant(due_us), revision)


# ── Pages of verdicts. ───────────────────────────────────────────────────────────────────────────────────────────────


def _put_verdicts(connection: Connection, slo: str, latest: dict[str, Verdict]) -> None:
    days: dict[int, dict[str, Verdict]] = {}
    for verdict in latest.values():
        days.setdefault(_day(verdict), {})[verdict.occurrence] = verdict
    for day, new in days.items():
        old = _page(connection, slo, day)
        for verdict in new.values():
            if verdict.occurrence not in old:
                _forget(connection, slo, verdict.occurrence)  # its due time may have moved from another day
        if old | new != old:
            _write_page(connection, slo, day, (old | new).values())


def _forget(connection: Connection, slo: str, occurrence: str) -> None:
    days = connection.execute(
        "SELECT day FROM verdict_pages WHERE slo = ? AND instr(marks, ?)", (slo, _mark(occurrence))
    ).fetchall()
    for (day,) in days:
        rest = _page(connection, slo, day)
        if rest.pop(occurrence, None):
            _write_page(connection, slo, day, rest.values())


def _page(connection: Connection, slo: str, day: int) -> dict[str, Verdict]:
    row = connection.execute("SELECT page FROM verdict_pages WHERE slo = ? AND day = ?", (slo, day)).fetchone()
    return {verdict.occurrence: verdict for verdict in _unpack(row[0])} if row else {}


def _write_page(connection: Connection, slo: str, day: int, verdicts: Iterable[Verdict]) -> None:
    page = sorted(verdicts, key=lambda verdict: (verdict.due, verdict.occurrence))
    marks = b"".join(_mark(verdict.occurrence) for verdict in page)
    connection.execute("INSERT OR REPLACE INTO verdict_pages VALUES (?, ?, ?, ?)", (slo, day, marks, _pack(page)))


def _day(verdict: Verdict) -> int:
    return microseconds(verdict.due) // DAY_US


def _mark(occurrence: str) -> bytes:
    return blake2b(occurrence.encode(), digest_size=MARK_BYTES).digest()


def _pack(verdicts: Sequence[Verdict]) -> bytes:
    return zlib.compress(_ENCODER.encode(verdicts))


def _unpack(page: bytes) -> list[Verdict]:
    return _DECODER.decode(zlib.decompress(page))


def _exact(value: Any) -> str:
    assert isinstance(value, Fraction), "a verdict holds nothing else that JSON lacks"
    return str(value)  # as in 1/3


@lru_cache(maxsize=4096)
def _fraction(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(int(numerator), int(denominator or 1))


_ENCODER = msgspec.json.Encoder(enc_hook=_exact)
_DECODER = msgspec.json.Decoder(list[Verdict], dec_hook=lambda _type, text: _fraction(text))
