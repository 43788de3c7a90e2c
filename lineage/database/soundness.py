"""What a file must be to be used, and what SQLite's errors mean in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

from lineage.errors import StoreUnavailable, StoreUnusable

# Stamps a file as ours: https://sqlite.org/pragma.html#pragma_application_id
APPLICATION_ID = int.from_bytes(b"Hdwr", "big")
LAYOUT = 1  # PRAGMA user_version: how the database keeps its own books, the table schema_versions
SQLITE_MIN = (3, 35, 0)  # RETURNING

# SQLite's primary result codes, by what the program may do about them: https://sqlite.org/rescode.html
WAITING_HELPS = {
    sqlite3.SQLITE_FULL: "the disk is full; it goes on by itself once there is room",
    sqlite3.SQLITE_IOERR: "the disk does not answer; look at the system's log",
    sqlite3.SQLITE_BUSY: "another process is writing; try again",
    sqlite3.SQLITE_LOCKED: "another connection is writing; try again",
    sqlite3.SQLITE_PROTOCOL: "another process holds its locks; try again",
    sqlite3.SQLITE_NOMEM: "there is not enough memory; try again",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened now; look for missing files or too many open ones",
}
BEYOND_USE = {
    sqlite3.SQLITE_NOTADB: "not a SQLite database; give another --store",
    sqlite3.SQLITE_CORRUPT: "damaged; bring a backup with `headwater restore`",
    sqlite3.SQLITE_READONLY: "read-only; give this user the right to write it and its folder",
    sqlite3.SQLITE_PERM: "not ours to open; give this user the right to read and write it",
}


@contextmanager
def plain_words(path: Path, *, opening: bool = False) -> Iterator[None]:
    """Turn SQLite's errors into StoreUnavailable or StoreUnusable; a bug of ours, as a wrong statement, stays one."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; the rest is detail
        if code in BEYOND_USE:
            raise StoreUnusable(f"{path}: {BEYOND_USE[code]}") from error
        if code == sqlite3.SQLITE_CANTOPEN and opening:
            raise StoreUnusable(f"{path}: cannot be opened; give another --store, or the right to it") from error
        if code in WAITING_HELPS:
            raise StoreUnavailable(f"{path}: {WAITING_HELPS[code]}") from error
        if not code and "UTF-8" in str(error):  # Python's own complaint, on reading a text that is none
            raise StoreUnusable(f"{path}: {BEYOND_USE[sqlite3.SQLITE_CORRUPT]}") from error
        raise


def require_place(path: Path) -> None:
    """Raise StoreUnusable when no database can be at *path*."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise StoreUnusable(f"SQLite {sqlite3.sqlite_version} is too old; a Python with SQLite 3.35 or newer is needed")
    folder = path.absolute().parent
    try:
        missing = not folder.is_dir()
    except PermissionError:
        raise StoreUnusable(f"{path}: {BEYOND_USE[sqlite3.SQLITE_PERM]}") from None
    if missing:
        raise StoreUnusable(f"{path}: the folder {folder} does not exist; create it first")
    if path.is_dir():
        raise StoreUnusable(f"{path}: a folder; name a file in it, as in {path / 'headwater.db'}")


def require_ours(connection: Connection, path: Path) -> bool:
    """True when the file is a Headwater database, False when it is empty. Raises StoreUnusable for any other."""
    with _one_state(connection):
        ((application,),) = connection.execute("PRAGMA application_id")
        ((layout,),) = connection.execute("PRAGMA user_version")
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application != APPLICATION_ID and (application or layout or tables):
        raise StoreUnusable(f"{path}: a SQLite database of another program; give another --store")
    if layout > LAYOUT:
        raise StoreUnusable(f"{path}: written by a newer Headwater; use that version, or another --store")
    return bool(application)


def require_sound(connection: Connection, path: Path) -> None:
    """Read the whole file and raise StoreUnusable when its structure is damaged."""
    ((found,),) = connection.execute("PRAGMA quick_check(1)")
    if found != "ok":
        raise StoreUnusable(f"{path}: {BEYOND_USE[sqlite3.SQLITE_CORRUPT]} ({found})")


@contextmanager
def _one_state(connection: Connection) -> Iterator[None]:
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
