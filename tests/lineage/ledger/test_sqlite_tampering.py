"""What `verify` finds after somebody has changed the ledger's table by hand."""

from __future__ import annotations

import sqlite3
import zlib
from hashlib import sha256
from pathlib import Path

import pytest

from lineage.database import Database
from lineage.errors import StoreUnusable
from lineage.ledger.packing import Packing
from lineage.ledger.sqlite import SqliteLedger
from tests.support.ledgers import event, minute, sqlite, statement

FORGED = zlib.compress(b"forged")
FORGED_DIGEST = sha256(b"forged").digest()

FIELD = "a field, the order or the chain is not what it was"
BODY = "the body is not the one whose digest was chained"
UNREADABLE_BODY = "the body cannot be read"
UNREADABLE_FIELD = "a field cannot be read"


def problems_after(folder: Path, *statements: tuple[str, tuple[object, ...]]) -> list[tuple[int, str]]:
    """Append ten entries, change the file with *statements*, and answer what `verify` finds."""
    with sqlite(folder) as ledger:
        ledger.append([event(f"event {number}", redaction="aa") for number in range(9)], minute(0))
        ledger.append([statement("statement")], minute(1))
    hand = sqlite3.connect(folder / "headwater.db")
    for query, values in statements:
        hand.execute(query, values)
    hand.commit()
    hand.close()
    with sqlite(folder) as ledger:
        return [(problem.seq, problem.what) for problem in ledger.verify()]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("kind", "statement"),
        ("received_us", 1),
        ("principal", "mallory"),
        ("redaction", None),
        ("redaction", "ab"),
        ("redaction", ""),
    ],
)
def test_a_changed_field_is_found(tmp_path: Path, change: str, value: object) -> None:
    """Each field of an entry is covered by the chain."""
    assert problems_after(tmp_path, (f"UPDATE ledger SET {change} = ? WHERE seq = 4", (value,))) == [(4, FIELD)]


def test_a_forged_body_is_found(tmp_path: Path) -> None:
    """A body replaced by another does not match its digest."""
    assert problems_after(tmp_path, ("UPDATE ledger SET body = ? WHERE seq = 4", (FORGED,))) == [(4, BODY)]


def test_a_forged_body_with_its_digest_is_found(tmp_path: Path) -> None:
    """A body replaced together with its digest does not match the chain."""
    forgery = ("UPDATE ledger SET body = ?, digest = ? WHERE seq = 4", (FORGED, FORGED_DIGEST))

    assert problems_after(tmp_path, forgery) == [(4, FIELD)]


def test_every_bit_of_a_stored_body_counts(tmp_path: Path) -> None:
    """Whichever bit of the packed bytes is flipped: it is found, unless it pads and the body is what it was."""
    packed = _packed(tmp_path)
    database = Database(tmp_path / "headwater.db")
    ledger, packing = SqliteLedger(database), Packing(database)
    found, harmless = 0, 0
    for bit in range(8 * len(packed)):
        changed = _flipped(packed, bit)
        database.write(lambda connection, body=changed: connection.execute("UPDATE ledger SET body = ?", (body,)))
        if list(ledger.verify()):
            found += 1
        else:
            harmless += packing.unpack(changed) == packing.unpack(packed)
    database.close()

    assert (found + harmless, True) == (8 * len(packed), harmless < 16)


@pytest.mark.parametrize("body", [b"", b"not zlib", "text", 7])
def test_a_body_that_cannot_be_unpacked_is_found(tmp_path: Path, body: object) -> None:
    """A body that is no longer what zlib made is a problem, not an error."""
    assert problems_after(tmp_path, ("UPDATE ledger SET body = ? WHERE seq = 4", (body,))) == [(4, UNREADABLE_BODY)]


def test_bytes_behind_a_body_are_found(tmp_path: Path) -> None:
    """Something smuggled in behind the packed body is found, though the body is still right."""
    smuggled = ("UPDATE ledger SET body = CAST(body || x'00' AS BLOB) WHERE seq = 4", ())

    assert problems_after(tmp_path, smuggled) == [(4, UNREADABLE_BODY)]


@pytest.mark.parametrize(
    "change",
    [
        "received_us = 'noon'",
        "received_us = 4611686018427387904",
        "kind = CAST(kind AS BLOB)",
        "principal = CAST(principal AS BLOB)",
        "principal = CAST(x'ff' AS TEXT)",
        "redaction = CAST(x'fffe' AS TEXT)",
    ],
)
def test_a_field_of_another_kind_is_found(tmp_path: Path, change: str) -> None:
    """A time that is none, bytes for a text, a text that is no UTF-8: a problem, not an error."""
    assert problems_after(tmp_path, (f"UPDATE ledger SET {change} WHERE seq = 4", ())) == [(4, UNREADABLE_FIELD)]


def test_a_fraction_of_a_microsecond_is_found(tmp_path: Path) -> None:
    """A received time that rounds to what it was is still not what it was."""
    change = ("UPDATE ledger SET received_us = received_us + 0.25 WHERE seq = 4", ())

    assert problems_after(tmp_path, change) == [(4, FIELD)]


@pytest.mark.parametrize(
    ("value", "what"),
    [("x''", FIELD), ("CAST(x'ff' AS TEXT)", FIELD), ("'abc'", UNREADABLE_FIELD), ("7", UNREADABLE_FIELD)],
)
def test_a_changed_digest_is_found(tmp_path: Path, value: str, what: str) -> None:
    """Whatever takes the place of a digest fits neither the body nor the chain."""
    found = problems_after(tmp_path, (f"UPDATE ledger SET digest = {value} WHERE seq = 4", ()))

    assert found == [(4, BODY), (4, what)]


def test_a_changed_writer_is_found(tmp_path: Path) -> None:
    """The writer stands in every entry's words, so that none fits another name."""
    found = problems_after(tmp_path, ("UPDATE ledger_head SET writer = 'mallory'", ()))

    assert [(seq, FIELD) for seq in range(1, 11)] == found


def test_a_changed_chain_is_found(tmp_path: Path) -> None:
    """A chain value that was changed shows at its entry and at the next."""
    change = ("UPDATE ledger SET chain = zeroblob(32) WHERE seq = 4", ())

    assert problems_after(tmp_path, change) == [(4, FIELD), (5, FIELD)]


def test_entries_that_changed_places_are_found(tmp_path: Path) -> None:
    """Two entries that swapped their numbers no longer match the chain."""
    swap = [(f"UPDATE ledger SET seq = {new} WHERE seq = {old}", ()) for old, new in ((4, 99), (7, 4), (99, 7))]

    found = problems_after(tmp_path, *swap)

    assert {(4, FIELD), (7, FIELD)} <= set(found)


@pytest.mark.parametrize(
    ("gone", "first", "what"),
    [
        ("seq = 4", 4, "entry 4 is missing"),
        ("seq BETWEEN 1 AND 3", 1, "entries 1 to 3 are missing"),
        ("seq > 7", 8, "entries 8 to 10 are missing"),
        ("TRUE", 1, "entries 1 to 10 are missing"),
    ],
)
def test_missing_entries_are_found(tmp_path: Path, gone: str, first: int, what: str) -> None:
    """Entries deleted at the beginning, in the middle, at the end or altogether are named."""
    assert [(first, what)] == problems_after(tmp_path, (f"DELETE FROM ledger WHERE {gone}", ()))


def test_a_body_behind_a_gap_is_still_checked(tmp_path: Path) -> None:
    """A missing entry does not hide a forged body in the next."""
    forgery = ("UPDATE ledger SET body = ? WHERE seq = 5", (FORGED,))
    found = problems_after(tmp_path, ("DELETE FROM ledger WHERE seq = 4", ()), forgery)

    assert found == [(4, "entry 4 is missing"), (5, BODY)]


def test_closing_the_gap_does_not_hide_it(tmp_path: Path) -> None:
    """An entry deleted and all later ones renumbered: the chain breaks there, and the head is too long."""
    found = problems_after(
        tmp_path,
        ("DELETE FROM ledger WHERE seq = 4", ()),
        *((f"UPDATE ledger SET seq = {seq - 1} WHERE seq = {seq}", ()) for seq in range(5, 11)),
    )

    assert {(4, FIELD), (10, "entry 10 is missing")} <= set(found)


def test_an_end_cut_with_its_head_renumbered_is_found(tmp_path: Path) -> None:
    """The last entries deleted and the head's number adjusted: the head's chain still tells."""
    found = problems_after(tmp_path, ("DELETE FROM ledger WHERE seq > 7", ()), ("UPDATE ledger_head SET seq = 7", ()))

    assert found == [(7, "the head of the chain is not the chain of its last entry")]


@pytest.mark.parametrize("seq", [-3, 0, 11, 500])
def test_a_stray_entry_is_found(tmp_path: Path, seq: int) -> None:
    """An entry put in outside of the chain, before its first or behind its head, is counted."""
    stray = (
        "INSERT INTO ledger VALUES (?, 'event', ?, 0, 'mallory', NULL, zeroblob(32), ?)",
        (seq, FORGED_DIGEST, FORGED),
    )

    assert problems_after(tmp_path, stray) == [(10, "1 more stand outside of the chain, before 1 or after its head")]


@pytest.mark.parametrize("change", ["DELETE FROM ledger_head", "INSERT INTO ledger_head VALUES ('two', 0, x'')"])
def test_a_ledger_has_one_head(tmp_path: Path, change: str) -> None:
    """A ledger whose head was deleted, or given a second, is refused in a sentence."""
    with pytest.raises(StoreUnusable, match="instead of one"):
        problems_after(tmp_path, (change, ()))


@pytest.mark.parametrize("change", ["seq = 'abc'", "seq = 9.5", "writer = x'ff'", "chain = 'abc'"])
def test_a_head_of_another_kind_is_refused(tmp_path: Path, change: str) -> None:
    """A head whose fields are not what a head has is refused in a sentence."""
    with pytest.raises(StoreUnusable, match="a head that cannot be read"):
        problems_after(tmp_path, (f"UPDATE ledger_head SET {change}", ()))


@pytest.mark.parametrize("change", ["body = x'00'", "received_us = 'noon'", "principal = CAST(x'ff' AS TEXT)"])
def test_reading_a_damaged_entry_ends_in_a_sentence(tmp_path: Path, change: str) -> None:
    """Who reads the ledger is told that it is damaged and what to do, and never gets a wrong entry."""
    problems_after(tmp_path, (f"UPDATE ledger SET {change} WHERE seq = 4", ()))
    with sqlite(tmp_path) as ledger, pytest.raises(StoreUnusable, match="bring a backup with `headwater restore`"):
        list(ledger.read())


def _packed(folder: Path) -> bytes:
    with sqlite(folder) as ledger:
        ledger.append([event("a body of some words")], minute(0))
    hand = sqlite3.connect(folder / "headwater.db")
    ((packed,),) = hand.execute("SELECT body FROM ledger")
    hand.close()
    return bytes(packed)


def _flipped(packed: bytes, bit: int) -> bytes:
    changed = bytearray(packed)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
