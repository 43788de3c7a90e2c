"""The ledger in an object store: many writers, places that are taken once, and what was changed since."""

from __future__ import annotations

from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore, MemoryStore, ObjectStore

from lineage.errors import StoreUnusable
from lineage.ledger.objects import ObjectLedger, open_ledger
from lineage.ledger.segments import written
from tests.support.ledgers import event, minute


@pytest.fixture
def store() -> ObjectStore:
    return MemoryStore()


def places(store: ObjectStore) -> list[str]:
    return sorted(meta["path"] for chunk in obstore.list(store) for meta in chunk)


def numbers(ledger: ObjectLedger) -> list[tuple[str, int, bytes]]:
    return [(entry.writer, entry.seq, body) for entry, body in ledger.read()]


def said(ledger: ObjectLedger) -> list[tuple[int, str]]:
    return [(problem.seq, problem.what) for problem in ledger.verify()]


def test_every_writer_has_its_own_chain(store: ObjectStore) -> None:
    """Two writers number apart; each reads what both appended, by receipt."""
    one, two = ObjectLedger(store, "one"), ObjectLedger(store, "two")
    one.append([event("a")], minute(0))
    two.append([event("b")], minute(1))
    one.append([event("c")], minute(2))

    expected = [("one", 1, b"a"), ("two", 1, b"b"), ("one", 2, b"c")]

    assert [expected, expected] == [numbers(one), numbers(two)]


def test_two_processes_under_one_name_share_one_chain(store: ObjectStore) -> None:
    """Who finds a place taken reads on and takes the next; nothing is lost and the chain is sound."""
    one, same = ObjectLedger(store, "one"), ObjectLedger(store, "one")
    for turn in range(3):
        one.append([event(f"{turn} a")], minute(turn))
        same.append([event(f"{turn} b"), event(f"{turn} a")], minute(turn))

    expected = [("one", seq, f"{(seq - 1) // 2} {'ab'[(seq - 1) % 2]}".encode()) for seq in range(1, 7)]

    assert (expected, []) == (numbers(same), said(one))


def test_an_append_whose_answer_was_lost_is_found_as_its_own(store: ObjectStore) -> None:
    """A place that holds just these bytes was taken by this very append: it is no duplicate."""
    late = ObjectLedger(store, "one")
    (entry,) = ObjectLedger(store, "one").append([event("a")], minute(0))

    assert ([entry], 1) == (late.append([event("a")], minute(0)), len(places(store)))


def test_an_event_of_another_writer_is_appended_again(store: ObjectStore) -> None:
    """An event is one entry per writer (DECISIONS 3); asked for by digest, the earliest received answers."""
    ObjectLedger(store, "one").append([event("a")], minute(1))
    two = ObjectLedger(store, "two")
    (again,) = two.append([event("a")], minute(0))

    assert (again, 2) == (two.entry(again.digest), len(numbers(two)))


def test_a_name_of_any_letters_is_a_writer(store: ObjectStore) -> None:
    """A writer may be called anything: a slash in its name opens no folder."""
    ObjectLedger(store, "pod/ü 1").append([event("a")], minute(0))

    assert ["segments/pod%2F%C3%BC%201/0000000000000001"] == places(store)


def test_a_large_head_is_read_whole(store: ObjectStore) -> None:
    """A segment of thousands of entries, whose head is longer than a first look, is noted with all of them."""
    ObjectLedger(store, "one").append([event(str(number)) for number in range(4_000)], minute(0))

    assert [4_000] == [head.seq for head in ObjectLedger(store, "two").heads() if head.writer == "one"]


def test_a_changed_body_is_found(store: ObjectStore) -> None:
    """`verify` names the entry whose body is not the one that was chained."""
    ledger = ObjectLedger(store, "one")
    entries = ledger.append([event("a"), event("b")], minute(0))
    obstore.put(store, places(store)[0], written(bytes(32), entries, [b"a", b"x"]))

    assert [(2, "the body is not the one whose digest was chained")] == said(ObjectLedger(store, "two"))


def test_a_changed_entry_breaks_the_chain(store: ObjectStore) -> None:
    """An entry that is rewritten with its segment's own chain does not fit to the one behind it."""
    ledger = ObjectLedger(store, "one")
    (first,) = ledger.append([event("a")], minute(0))
    ledger.append([event("b")], minute(1))
    place = places(store)[0]
    obstore.put(store, place, written(bytes(32), [type(first)(*_later(first))], [b"a"]))

    assert [(2, f"{places(store)[1]} does not go on where the one before it ended")] == said(ObjectLedger(store, "two"))


def test_a_segment_that_is_gone_is_found(store: ObjectStore) -> None:
    """Of three segments the one in the middle was deleted."""
    ledger = ObjectLedger(store, "one")
    for turn in range(3):
        ledger.append([event(str(turn))], minute(turn))
    gone = places(store)[1]
    obstore.delete(store, gone)

    assert [(2, f"{places(store)[1]} does not go on where the one before it ended")] == said(ObjectLedger(store, "two"))


def test_what_is_no_segment_is_said_at_once(tmp_path: Path) -> None:
    """A place whose bytes cannot be read makes the ledger unusable, by name."""
    store = LocalStore(tmp_path)
    obstore.put(store, "segments/one/0000000000000001", b"\0\0\0\4rubbish")

    with pytest.raises(StoreUnusable, match="segments/one/0000000000000001: its head cannot be read"):
        ObjectLedger(store, "one")


def _later(entry: object) -> list[object]:
    fields = {name: getattr(entry, name) for name in ("writer", "seq", "kind", "digest", "received_at", "principal")}
    return [*(minute(9) if name == "received_at" else value for name, value in fields.items())]


def test_a_cloud_without_an_account_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can never work ends the start, in one line."""
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreUnusable, match=r"^az://box/ledger: .*Account must be specified$"):
        open_ledger("az://box/ledger", "one")
