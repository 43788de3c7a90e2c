"""The small records beside the graph: documents, leases, and verdicts packed into a page per SLO and day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from sqlite3 import Connection
from typing import Any, TypeVar

from lineage.database import Database
from lineage.database.times import instant, microseconds
from lineage.errors import Conflict
from lineage.model import Verdict
from lineage.store import _pages
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
PAGE = "SELECT page FROM verdict_pages WHERE slo = ? AND day = ?"
MARKED_PAGES = "SELECT day, page FROM verdict_pages WHERE slo = ? AND instr(marks, ?)"


class Records:
    """The part of a store over `_database` that keeps documents, leases and verdicts; `SCHEMA` makes its tables."""

    _database: Database

    def together(self, work: Callable[[], T]) -> T:
        """Run *work* on the writer thread, all of it kept or none; inside another, an error undoes this one alone."""

        def run(_: Connection) -> T:
            with self._database.savepoint():
                return work()

        return self._database.write(run)

    def anew(self, work: Callable[[], T]) -> T:
        """As `together`: however much it is, it is one transaction."""
        return self.together(work)

    def put_verdicts(self, slo: str, verdicts: Sequence[Verdict]) -> None:
        """Keep *verdicts* as `Store.put_verdicts` promises; nothing is written where nothing changed."""
        latest = {verdict.occurrence: verdict for verdict in verdicts}
        if latest:
            self._database.write(lambda connection: _put_verdicts(connection, slo, latest))

    def verdicts(self, slo: str, since: datetime, until: datetime) -> list[Verdict]:
        """Kept verdicts of *slo* with since < due <= until, by due; ties by occurrence."""
        days = (slo, microseconds(since) // _pages.DAY_US, microseconds(until) // _pages.DAY_US)
        with self._database.read() as connection:
            pages = connection.execute(
                "SELECT page FROM verdict_pages WHERE slo = ? AND day BETWEEN ? AND ? ORDER BY day", days
            ).fetchall()
        return [verdict for (page,) in pages for verdict in _pages.unpack(page) if since < verdict.due <= until]

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

    def kinds(self) -> list[str]:
        """The kinds of which there are documents, sorted."""
        with self._database.read() as connection:
            return [kind for (kind,) in connection.execute("SELECT DISTINCT kind FROM documents ORDER BY kind")]

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
    wanted = {_pages.day(verdict) for verdict in latest.values()}
    known = {day: _pages.by_occurrence(page) for day in wanted for (page,) in connection.execute(PAGE, (slo, day))}
    for occurrence in _pages.astray(latest, known):  # its due time may have moved from another day
        for day, page in connection.execute(MARKED_PAGES, (slo, _pages.mark(occurrence))):
            known.setdefault(day, _pages.by_occurrence(page))
    rows = [(slo, day, _pages.marks(page), _pages.pack(page)) for day, page in _pages.revised(latest, known).items()]
    connection.executemany("INSERT OR REPLACE INTO verdict_pages VALUES (?, ?, ?, ?)", rows)
