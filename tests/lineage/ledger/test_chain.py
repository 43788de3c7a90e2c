"""The canonical words of an entry and the hashes over them: they must never change, or no old ledger verifies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

from lineage.ledger.chain import GENESIS, canonical, leaf, link
from lineage.model import Entry

ENTRY = Entry(
    "5f0c", 7, "event", bytes(range(32)), datetime(2026, 11, 21, 8, 30, 0, 5, tzinfo=UTC), 'Zoë "Z"\n', redaction="ff00"
)
WORDS = (
    '["5f0c",7,"event","000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",'
    '"2026-11-21T08:30:00.000005Z","Zoë \\"Z\\"\\n","ff00"]'
)


def test_an_entry_is_one_line_of_canonical_json() -> None:
    """The words of an entry are those that RFC 8785 gives for its fields, in UTF-8."""
    assert WORDS.encode() == canonical(ENTRY)


def test_the_zone_of_the_received_time_does_not_matter() -> None:
    """The same instant written in another zone gives the same words."""
    elsewhere = ENTRY.received_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    entry = Entry("5f0c", 7, "event", bytes(range(32)), elsewhere, 'Zoë "Z"\n', redaction="ff00")

    assert canonical(ENTRY) == canonical(entry)


def test_whether_an_append_found_it_there_is_not_chained() -> None:
    """The mark of a duplicate belongs to an answer, not to the entry."""
    marked = Entry(*(getattr(ENTRY, name) for name in Entry.__slots__[:-1]), duplicate=True)

    assert canonical(ENTRY) == canonical(marked)


def test_a_leaf_is_hashed_as_rfc_9162_says() -> None:
    """The leaf hash is SHA-256 over a zero byte and the words (section 2.1.1)."""
    assert sha256(b"\x00" + WORDS.encode()).digest() == leaf(ENTRY)


def test_a_chain_begins_with_zeros_and_adds_a_leaf_at_a_time() -> None:
    """The chain after an entry is SHA-256 over the chain before it and the leaf."""
    assert sha256(bytes(32) + leaf(ENTRY)).digest() == link(GENESIS, ENTRY)
