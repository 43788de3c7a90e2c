"""One SQLite file: one thread that writes, a pool that reads, migrations, and plain words for every failure.

The ledger and the store of a single machine both live in it, so that one transaction can hold an append and its merge.
Two processes may share a file; what a process remembers of it is doubtful once the other has written (`when_doubtful`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, LifoQueue
from sqlite3 import Connection
from typing import TypeVar

from lineage.database.copies import copy, in_place_of
from lineage.database.presence import Presence, beside
from lineage.database.soundness import (
    APPLICATION_ID,
    LAYOUT,
    WAITING_HELPS,
    plain_words,
    require_ours,
    require_place,
    require_sound,
)
from lineage.errors import InvalidInput, StoreUnavailable, StoreUnusable
from lineage.settings import without_password
from lineage.telemetry import logger

T = TypeVar("T")

SCHEME = "sqlite:///"
BUSY_MS = 5000
IDLE_READERS = 8
CHECK_FREE_BYTES = 4 * 1024 * 1024  # less than one commit of 500 events needs is as good as full
log = logger(__name__)


def parse_url(url: str) -> Path:
    """The path in `sqlite:///PATH` (three slashes: relative; four: absolute). Raises InvalidInput."""
    path = url.removeprefix(SCHEME)
    if path in {url, "", ":memory:"}:
        shown = without_password(url)
        raise InvalidInput(f"store: {shown!r} names no file; write it as sqlite:///headwater.db", field="store")
    return Path(path)


class Database:
    """One SQLite file, opened and created on construction. Safe to use from any thread; `close` it.

    Raises StoreUnusable when the file can never be used as it is, StoreUnavailable when trying again may help. So do
    all its methods; StoreUnavailable always means that nothing of the work was kept.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        require_place(self.path)
        self._doubtful: list[Callable[[], None]] = []
        self._idle: LifoQueue[Connection] = LifoQueue(IDLE_READERS)
        self._writer: Connection | None = None
        self._depth = 0
        self._data_version = -1
        self._closed = False
        self._presence = Presence(self.path)
        self._thread = ThreadPoolExecutor(1, "headwater-writer")
        self._writer_thread = self._thread.submit(threading.get_ident).result()
        try:
            self.submit(self._prepare).result()
        except BaseException:
            self.close()
            raise

    # ── Writing. ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Run *work* on the writer thread, after all that was submitted before; it may open a `transaction`."""
        try:
            return self._thread.submit(work)
        except RuntimeError as error:  # the executor's word for having been shut down
            raise StoreUnavailable(f"{self.path}: closed") from error

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run *work* with the writing connection in a transaction and answer its result, once it is durable.

        On the writer thread it joins the transaction that is open there; from any other thread it waits its turn.
        """
        if self._on_writer():
            with self.transaction() as connection:
                return work(connection)
        return self.submit(lambda: self.write(work)).result()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or none of what is written inside, durable at the end; a nested one joins. On the writer thread only.

        An error that leaves a nested one and is caught further out leaves its writes behind: use `savepoint` there.
        """
        assert self._on_writer(), "a transaction belongs to the writer thread; use submit or write"
        with plain_words(self.path):
            if self._depth:
                yield self._joined()
                return
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                self._notice_others(connection)
                yield connection
                self._joined().execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                self._depth = 0

    @contextmanager
    def savepoint(self) -> Iterator[Connection]:
        """Within a transaction: what is written inside is undone when an error leaves it, and only that.

        Let StoreUnavailable go on upward: SQLite may have undone the whole transaction with it.
        """
        with self.transaction() as connection:
            connection.execute("SAVEPOINT part")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK TO part")
                    connection.execute("RELEASE part")
                self._doubt()
                raise
            self._joined().execute("RELEASE part")

    def when_doubtful(self, forget: Callable[[], None]) -> None:
        """Call *forget*, on the writer thread, when what was remembered of the file may no longer be true.

        That is: at the start of a transaction before which another process wrote, and after anything was rolled back.
        """
        self._doubtful.append(forget)

    def migrate(self, room: str, scripts: Sequence[str]) -> None:
        """Bring the tables of *room* up to date: run the *scripts* that the file has not seen, each once, in order.

        All in one transaction. Raises StoreUnusable when the file has seen more than there are.
        """
        if self._version(room) == len(scripts):
            return

        def run(connection: Connection) -> None:
            seen = self._version(room)
            if seen > len(scripts):
                raise StoreUnusable(
                    f"{self.path}: written by a newer Headwater ({room} schema {seen}, this one knows {len(scripts)}); "
                    "use that version, or another --store"
                )
            for script in scripts[seen:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(
                "INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version",
                (room, len(scripts)),
            )

        self.write(run)

    def versions(self) -> dict[str, int]:
        """For each room of tables, up to which script it is; a room that was never made is left out."""
        with self.read() as connection:
            return dict(connection.execute("SELECT room, version FROM schema_versions ORDER BY room").fetchall())

    # ── Reading. ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the file until the block ends, and cannot write.

        On the writer thread inside a transaction it is the writing connection, which sees its own writes.
        """
        with plain_words(self.path):
            if self._on_writer() and self._depth:
                yield self._joined()
                return
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                self._put_back(connection)

    def size_bytes(self) -> int:
        """What the file and its write-ahead log take on disk."""
        files = (self.path, beside(self.path, "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def check(self) -> None:
        """Return when the file can be read and written within 5 s; raise StoreUnavailable otherwise."""
        disk = os.statvfs(self.path.parent)
        if disk.f_bavail * disk.f_frsize < CHECK_FREE_BYTES:
            raise StoreUnavailable(f"{self.path}: {WAITING_HELPS[sqlite3.SQLITE_FULL]}")
        turn = self.submit(lambda: self.write(lambda connection: connection.execute("SELECT 1").fetchone()))
        try:
            turn.result(BUSY_MS / 1000)
        except TimeoutError:
            turn.cancel()
            raise StoreUnavailable(f"{self.path}: the writer is busy; try again") from None

    def backup(self, target: Path) -> None:
        """Copy the file as it is at this moment to *target*, replacing it, while reading and writing go on.

        Raises StoreUnusable where no database can be, and for a *target* that is open, as this very file is.
        """
        if target.exists() and target.samefile(self.path):
            raise StoreUnusable(f"{target}: the store itself; name another file")
        source = self._reader()
        try:
            with in_place_of(target) as unfinished, plain_words(target, opening=True):
                copy(source, unfinished)
        finally:
            self._put_back(source)

    def close(self) -> None:
        """Finish the work submitted so far, leave all of it in the one file, and let go. Twice is harmless."""
        with suppress(StoreUnavailable):  # it was closed before
            self.submit(self._finish).result()
        self._thread.shutdown()

    # ── Within. ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_writer(self) -> bool:
        return threading.get_ident() == self._writer_thread

    def _connect(self, *, reading: bool) -> Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={'ro' if reading else 'rwc'}",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MS / 1000,
            check_same_thread=False,  # a pooled connection serves one thread at a time
            cached_statements=512,
        )
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = {-16_384 if reading else -65_536}")  # KiB
            if not reading:
                require_ours(connection, self.path)  # before the next line would change another program's file
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages; 15 % more events/s than with 1000
                connection.execute("PRAGMA journal_size_limit = 67108864")  # what a rebuild needed is given back
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> Connection:
        if self._writer is None:
            self._require_open()
            self._writer = self._connect(reading=False)
            self._data_version = -1
        return self._writer

    def _joined(self) -> Connection:
        connection = self._connected()
        if not connection.in_transaction:  # SQLite undoes all of it by itself when a disk is full or fails
            raise StoreUnavailable(f"{self.path}: the transaction was lost to an earlier error; try again")
        return connection

    def _roll_back(self, connection: Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:  # a connection that cannot even undo is not to be trusted again
            connection.close()
            self._writer = None
        self._doubt()

    def _notice_others(self, connection: Connection) -> None:
        (data_version,) = connection.execute("PRAGMA data_version").fetchone()
        if data_version != self._data_version:
            self._data_version = data_version
            self._doubt()

    def _doubt(self) -> None:
        for forget in self._doubtful:
            forget()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable(f"{self.path}: closed")

    def _reader(self) -> Connection:
        self._require_open()
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._connect(reading=True)

    def _put_back(self, connection: Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if self._closed:
                connection.close()
            else:
                self._idle.put_nowait(connection)
        except Exception:  # noqa: BLE001 - a full pool or a failing connection: either way it is not kept
            connection.close()

    def _version(self, room: str) -> int:
        with self.read() as connection:
            found = connection.execute("SELECT version FROM schema_versions WHERE room = ?", (room,)).fetchone()
        return int(found[0]) if found else 0

    def _prepare(self) -> None:
        with plain_words(self.path, opening=True):
            connection = self._connected()
            if self._presence.unclean:
                log.warning("unclean_end_found", extra={"path": str(self.path)})
                require_sound(connection, self.path)
            if require_ours(connection, self.path):
                return
        with self.transaction() as connection:
            if not require_ours(connection, self.path):  # another process may have been quicker
                connection.execute(
                    "CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER) WITHOUT ROWID"
                )
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {LAYOUT}")

    def _finish(self) -> None:
        if self._closed:
            return
        self._closed = True
        with suppress(Empty):
            while True:
                self._idle.get_nowait().close()
        if self._writer is not None:
            self._writer.close()  # the last to close moves the write-ahead log into the file, and removes it
            self._writer = None
        self._presence.end()


def _statements(script: str) -> Iterator[str]:
    """The statements of *script*. Its own executescript would commit the transaction that they belong to."""
    statement = ""
    for piece in script.split(";"):
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
