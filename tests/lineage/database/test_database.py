"""One SQLite file: what is written together, who sees it when, and what a failure says."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.database import Database, parse_url
from lineage.errors import InvalidInput, StoreUnavailable, StoreUnusable

WORDS = ("CREATE TABLE words (word TEXT PRIMARY KEY)",)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "headwater.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    database = Database(path)
    database.migrate("words", WORDS)
    yield database
    database.close()


def write(database: Database, word: str) -> None:
    database.write(lambda connection: connection.execute("INSERT INTO words VALUES (?)", (word,)))


def words(database: Database) -> list[str]:
    with database.read() as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY word")]


# ── URLs. ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "expected"), [("sqlite:///a b.db", "a b.db"), ("sqlite:////var/lib/headwater.db", "/var/lib/headwater.db")]
)
def test_a_url_names_a_path(url: str, expected: str) -> None:
    """Three slashes begin a relative path, four an absolute one."""
    assert Path(expected) == parse_url(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "headwater.db", "neo4j://host"])
def test_a_url_without_a_file_is_refused(url: str) -> None:
    """A URL that names no file is refused with one that would do."""
    with pytest.raises(InvalidInput, match=r"sqlite:///headwater\.db"):
        parse_url(url)


# ── Transactions. ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_written_is_read_after_opening_again(path: Path, database: Database) -> None:
    """What `write` returned from is in the file."""
    write(database, "river")
    database.close()
    again = Database(path)

    found = words(again)
    again.close()

    assert found == ["river"]


def test_a_nested_transaction_shares_the_fate_of_the_outer(database: Database) -> None:
    """An error after a nested transaction undoes what that one wrote."""

    def fail() -> None:
        with database.transaction():
            write(database, "inner")
            raise ValueError("outer")

    with pytest.raises(ValueError, match="outer"):
        database.submit(fail).result()

    assert words(database) == []


def test_a_savepoint_is_undone_alone(database: Database) -> None:
    """An error inside a savepoint undoes what was written there and nothing else."""

    def fail() -> None:
        with database.savepoint():
            write(database, "inside")
            raise ValueError("inner")

    def run() -> None:
        with database.transaction():
            write(database, "before")
            with pytest.raises(ValueError, match="inner"):
                fail()
            write(database, "behind")

    database.submit(run).result()

    assert words(database) == ["before", "behind"]


def test_readers_see_one_state(database: Database) -> None:
    """Within one `read` the file does not change, whatever is written meanwhile."""
    with database.read() as connection:
        before = connection.execute("SELECT count(*) FROM words").fetchone()
        write(database, "river")
        after = connection.execute("SELECT count(*) FROM words").fetchone()

    assert before == after


def test_the_writer_reads_what_it_has_written(database: Database) -> None:
    """Inside a transaction on the writer thread, `read` sees the writes that are not committed yet."""

    def run() -> list[str]:
        with database.transaction():
            write(database, "river")
            return words(database)

    assert database.submit(run).result() == ["river"]


def test_a_reader_cannot_write(database: Database) -> None:
    """A connection from `read` refuses to write, as a read-only file would."""
    with pytest.raises(StoreUnusable, match="read-only"), database.read() as connection:
        connection.execute("INSERT INTO words VALUES ('river')")


def test_many_threads_read_and_write_at_once(database: Database) -> None:
    """Threads that read while others write get whole answers, and no write is lost."""
    seen: list[int] = []

    def work(name: int) -> None:
        for turn in range(20):
            write(database, f"{name}-{turn}")
            seen.append(len(words(database)))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(words(database)), len(seen)) == (240, 240)


def test_a_bug_of_ours_stays_a_bug(database: Database) -> None:
    """A statement that breaks a constraint is no failure of the disk, and keeps its own error."""
    write(database, "river")

    with pytest.raises(sqlite3.IntegrityError):
        write(database, "river")


# ── Memories. ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_memories_are_doubtful_once_another_process_wrote(path: Path, database: Database) -> None:
    """The first transaction after a foreign write begins with the call to forget, before its work."""
    write(database, "ours")
    told: list[str] = []
    database.when_doubtful(lambda: told.append("forget"))
    write(database, "ours again")
    other = Database(path)
    write(other, "theirs")
    other.close()

    database.write(lambda _: told.append("work"))

    assert told == ["forget", "work"]


def test_memories_are_doubtful_after_a_rollback(database: Database) -> None:
    """What was remembered from a transaction that was undone is forgotten."""
    write(database, "ours")
    told: list[str] = []
    database.when_doubtful(lambda: told.append("forget"))
    with pytest.raises(sqlite3.IntegrityError):
        write(database, "ours")

    assert told == ["forget"]


# ── Migrations. ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_migrations_run_once_and_in_order(path: Path, database: Database) -> None:
    """A file that has seen the first script runs only the second; triggers keep their semicolons."""
    write(database, "river")
    second = """
        CREATE TABLE log (word TEXT); -- a comment; with a semicolon
        CREATE TRIGGER noted AFTER INSERT ON words BEGIN INSERT INTO log VALUES (new.word); SELECT 1; END;
    """
    database.migrate("words", (*WORDS, second))
    write(database, "delta")

    with database.read() as connection:
        assert connection.execute("SELECT word FROM log").fetchall() == [("delta",)]


def test_a_migration_that_fails_leaves_nothing(database: Database) -> None:
    """A script that breaks in its second statement is undone with its first."""
    with pytest.raises(sqlite3.OperationalError):
        database.migrate("words", (*WORDS, "CREATE TABLE half (a); CREATE TABLE words (again);"))

    with database.read() as connection:
        assert connection.execute("SELECT name FROM sqlite_schema WHERE name = 'half'").fetchall() == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    """A file that has seen more scripts than there are belongs to a newer Headwater."""
    database.migrate("words", (*WORDS, "CREATE TABLE later (a)"))

    with pytest.raises(StoreUnusable, match="newer Headwater"):
        database.migrate("words", WORDS)


# ── Files that cannot be used. ───────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A text file is refused in a sentence, and left as it was."""
    path.write_text("a letter to a friend, not a database " * 100)

    with pytest.raises(StoreUnusable, match="not a SQLite database"):
        Database(path)

    assert path.read_text().startswith("a letter")


def test_the_database_of_another_program_is_refused(path: Path) -> None:
    """A SQLite file that we did not make is refused, and its journal mode is left alone."""
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE bookmarks (url TEXT)")
    foreign.commit()

    with pytest.raises(StoreUnusable, match="another program"):
        Database(path)

    mode = foreign.execute("PRAGMA journal_mode").fetchone()
    foreign.close()
    assert mode == ("delete",)


def test_a_newer_layout_is_refused(path: Path, database: Database) -> None:
    """A file whose own books are kept in a newer way is refused."""
    database.write(lambda connection: connection.execute("PRAGMA user_version = 99"))

    with pytest.raises(StoreUnusable, match="newer Headwater"):
        Database(path)


@pytest.mark.parametrize("place", ["missing/headwater.db", ".", "plain/headwater.db"])
def test_an_impossible_place_is_refused(tmp_path: Path, place: str) -> None:
    """A folder that is missing, is the path itself or is a file: a sentence, and nothing is made."""
    (tmp_path / "plain").write_text("a file")

    with pytest.raises(StoreUnusable, match=r"folder"):
        Database(tmp_path / place)


# ── Failures that pass. ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_lock_that_another_process_holds_is_worth_waiting_for(path: Path, database: Database) -> None:
    """While another connection writes for too long, a write is refused as unavailable; afterwards it succeeds."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    database._connected().execute("PRAGMA busy_timeout = 20")
    with pytest.raises(StoreUnavailable, match="another process is writing"):
        write(database, "river")
    other.execute("ROLLBACK")
    other.close()

    write(database, "river")

    assert words(database) == ["river"]


FULL_DISK = """
import resource, sys
from lineage.database import Database
from lineage.errors import StoreUnavailable
database = Database(sys.argv[1])
database.migrate("blobs", ("CREATE TABLE blobs (body BLOB)",))
insert = "INSERT INTO blobs VALUES (randomblob(?))"
def add(size): database.write(lambda connection: connection.execute(insert, (size,)))
add(1000)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    add(2_000_000)
except StoreUnavailable as error:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
add(2_000_000)
with database.read() as connection:
    print(connection.execute("SELECT count(*) FROM blobs").fetchone()[0])
database.close()
"""


def test_a_disk_that_is_full_is_refused_and_recovers(path: Path) -> None:
    """A write that the disk cannot hold is refused and leaves nothing; once there is room the next one succeeds."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=30, check=False
    )

    assert (done.stdout, done.stderr) == ("refused\n2\n", "")


def test_a_savepoint_cannot_outlive_a_lost_transaction(database: Database) -> None:
    """After SQLite undid a transaction by itself, going on inside it is refused instead of committing by halves."""

    def run() -> None:
        with database.transaction() as connection:
            write(database, "lost")
            connection.execute("ROLLBACK")  # what SQLite does when the disk is full
            write(database, "half")

    with pytest.raises(StoreUnavailable, match="lost"):
        database.submit(run).result()

    assert words(database) == []


def test_a_closed_database_refuses_everything(path: Path, database: Database) -> None:
    """After closing, reading and writing are refused as unavailable, and no file appears beside the database."""
    database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        words(database)
    with pytest.raises(StoreUnavailable, match="closed"):
        write(database, "river")

    assert [path] == list(path.parent.iterdir())


def test_check_answers_while_all_is_well_and_not_after_closing(database: Database) -> None:
    """`check` is silent on a file that can be written, and refuses once it is closed."""
    database.check()
    database.close()

    with pytest.raises(StoreUnavailable, match="closed"):
        database.check()


# ── Ends. ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_closing_leaves_one_file(path: Path, database: Database) -> None:
    """After a good end there is the file and nothing beside it; closing again is harmless."""
    write(database, "river")
    database.close()
    database.close()

    assert [path] == list(path.parent.iterdir())


KILLED = """
import os, signal, sys
from lineage.database import Database
database = Database(sys.argv[1])
database.migrate("words", ("CREATE TABLE words (word TEXT PRIMARY KEY)",))
for number in range(50):
    database.write(lambda connection: connection.execute("INSERT INTO words VALUES (?)", (f"{number:03}",)))
    print(number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_written_survives_a_kill(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """After SIGKILL the next start finds the unclean end, checks the file, and has all that was acknowledged."""
    subprocess.run([sys.executable, "-c", KILLED, str(path)], capture_output=True, timeout=30, check=False)

    database = Database(path)
    found = words(database)
    database.close()

    assert (len(found), [record.message for record in caplog.records]) == (50, ["unclean_end_found"])


def test_a_damaged_file_is_found_after_an_unclean_end(path: Path, database: Database) -> None:
    """The check that follows an unclean end refuses a file whose structure is broken, and names the way out."""
    database.write(lambda connection: connection.execute("INSERT INTO words VALUES (hex(randomblob(60000)))"))
    database.close()
    damaged = bytearray(path.read_bytes())
    damaged[2 * 4096 : 5 * 4096] = bytes(3 * 4096)
    path.write_bytes(damaged)
    path.with_name("headwater.db-open").touch()

    with pytest.raises(StoreUnusable, match="damaged; bring a backup"):
        Database(path)
