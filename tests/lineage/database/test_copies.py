"""Backups made while the store is in use, and put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.database import Database
from lineage.database.copies import restore
from lineage.errors import StoreUnusable


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "headwater.db")
    database.migrate("words", ("CREATE TABLE words (word TEXT)",))
    yield database
    database.close()


def write(database: Database, word: str) -> None:
    database.write(lambda connection: connection.execute("INSERT INTO words VALUES (?)", (word,)))


def words(path: Path) -> list[str]:
    database = Database(path)
    with database.read() as connection:
        found = [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]
    database.close()
    return found


def test_a_backup_holds_what_was_there_when_it_began(tmp_path: Path, database: Database) -> None:
    """A backup of an open database is a database with the same rows; later ones are not in it."""
    write(database, "before")
    database.backup(tmp_path / "backup.db")
    write(database, "behind")

    assert words(tmp_path / "backup.db") == ["before"]


def test_a_backup_does_not_wait_for_a_transaction(tmp_path: Path, database: Database) -> None:
    """While a transaction is open a backup has what was committed before it."""
    write(database, "before")

    def run() -> None:
        with database.transaction():
            write(database, "under way")
            database.backup(tmp_path / "backup.db")

    database.submit(run).result()

    assert words(tmp_path / "backup.db") == ["before"]


def test_a_backup_over_the_store_itself_is_refused(database: Database) -> None:
    """Naming the store's own file as the target is refused."""
    with pytest.raises(StoreUnusable, match="the store itself"):
        database.backup(database.path)


def test_a_backup_into_a_missing_folder_is_refused(tmp_path: Path, database: Database) -> None:
    """A target whose folder does not exist is refused in a sentence."""
    with pytest.raises(StoreUnusable, match="does not exist"):
        database.backup(tmp_path / "missing" / "backup.db")


def test_restoring_brings_the_backup_back(tmp_path: Path, database: Database) -> None:
    """After a restore the store has the rows of the backup and none of its own."""
    write(database, "kept")
    database.backup(tmp_path / "backup.db")
    write(database, "lost")
    database.close()

    restore(tmp_path / "backup.db", database.path)

    assert words(database.path) == ["kept"]


def leave_a_log(path: Path) -> None:
    """Write to *path* and end as badly as a power cut would: the words stand in its write-ahead log alone."""
    killed = sqlite3.connect(path)
    killed.execute("INSERT INTO words VALUES ('in the log')")
    killed.commit()
    log_file = path.with_name(path.name + "-wal")
    left = log_file.read_bytes()
    killed.close()
    log_file.write_bytes(left)


def test_a_leftover_log_does_not_spoil_a_restore(tmp_path: Path, database: Database) -> None:
    """The write-ahead log of a store that ended badly is not applied to the backup that replaces it."""
    write(database, "kept")
    database.backup(tmp_path / "backup.db")
    database.close()
    leave_a_log(database.path)

    restore(tmp_path / "backup.db", database.path)

    assert words(database.path) == ["kept"]


def test_a_leftover_log_does_not_spoil_a_backup(tmp_path: Path, database: Database) -> None:
    """A backup that replaces one which was opened and ended badly is not mixed with its write-ahead log."""
    write(database, "kept")
    database.backup(tmp_path / "backup.db")
    assert words(tmp_path / "backup.db") == ["kept"]
    leave_a_log(tmp_path / "backup.db")

    database.backup(tmp_path / "backup.db")

    assert words(tmp_path / "backup.db") == ["kept"]


def test_another_store_in_use_is_not_backed_up_over(tmp_path: Path, database: Database) -> None:
    """A backup never takes the place of a database that somebody has open."""
    other = Database(tmp_path / "other.db")
    with pytest.raises(StoreUnusable, match="in use"):
        database.backup(other.path)
    other.close()

    assert list(tmp_path.glob("other.db-*")) == []


def test_a_store_in_use_is_not_replaced(tmp_path: Path, database: Database) -> None:
    """While any process has the store open, a restore is refused."""
    database.backup(tmp_path / "backup.db")

    with pytest.raises(StoreUnusable, match="in use"):
        restore(tmp_path / "backup.db", database.path)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no such file"), (b"", "empty"), (b"a letter " * 999, "not a SQLite database")]
)
def test_what_is_no_backup_is_not_restored(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """A missing, empty or foreign file is refused, and the store stays as it was."""
    store, backup = tmp_path / "headwater.db", tmp_path / "backup.db"
    if content is not None:
        backup.write_bytes(content)
    store.write_bytes(b"as it was")

    with pytest.raises(StoreUnusable, match=reason):
        restore(backup, store)

    assert (store.read_bytes(), list(tmp_path.glob("headwater.db-*"))) == (b"as it was", [])
