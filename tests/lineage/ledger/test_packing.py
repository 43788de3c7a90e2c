"""How bodies are packed: small, and readable for ever, whoever packed them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.database import Database
from lineage.ledger.packing import LARGE_BYTES, Packing
from lineage.ledger.sqlite import SqliteLedger
from tests.support.events import bodies

OTHER_WORDS = b'{"words":"of another version of the program"}'


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file with a ledger in it."""
    database = Database(tmp_path / "headwater.db")
    SqliteLedger(database)
    yield database
    database.close()


def with_words(body: bytes, words: bytes) -> bytes:
    packer = zlib.compressobj(zdict=words)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff" * 3, b"x" * LARGE_BYTES, b"y" * (LARGE_BYTES + 1)])
def test_what_is_packed_is_unpacked(database: Database, body: bytes) -> None:
    """Any bytes come back, few or many."""
    packing = Packing(database)

    assert body == packing.unpack(packing.pack(body))


def test_a_body_without_words_is_read(database: Database) -> None:
    """A plain zlib stream is a packed body too."""
    assert b"plain" == Packing(database).unpack(zlib.compress(b"plain"))


def test_words_of_another_version_are_read_from_the_file(database: Database) -> None:
    """What another program packed is read with the words that it left in the file, also by one that was open before."""
    packing = Packing(database)
    database.write(
        lambda connection: connection.execute(
            "INSERT INTO ledger_words VALUES (?, ?)", (zlib.adler32(OTHER_WORDS), OTHER_WORDS)
        )
    )

    assert OTHER_WORDS == packing.unpack(with_words(OTHER_WORDS, OTHER_WORDS))


def test_a_body_whose_words_are_gone_is_no_body(database: Database) -> None:
    """Without its words a body is refused, and not guessed."""
    with pytest.raises(ValueError, match="words that are not here"):
        Packing(database).unpack(with_words(b"body", OTHER_WORDS))


def test_the_words_are_worth_their_place(database: Database) -> None:
    """Real Airflow events take less than three quarters of what plain zlib makes of them."""
    packing, found = Packing(database), bodies("airflow/3.3.2")

    packed, plain = sum(len(packing.pack(body)) for body in found), sum(len(zlib.compress(body)) for body in found)

    assert packed < plain * 3 / 4
