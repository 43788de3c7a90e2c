"""Bodies that are not kept any longer: lines and chain stay, a hold outweighs, and nothing goes without a statement."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import obstore
import pytest
from obstore.store import MemoryStore, ObjectStore

from lineage.errors import StoreUnusable
from lineage.ledger.compaction import compact
from lineage.ledger.objects import ObjectLedger
from lineage.ledger.retention import Acts, Hold, Retained, holding, releasing, retain, retaining
from lineage.ledger.segments import stripped
from lineage.ledger.shelf import Shelf
from lineage.model import Draft
from lineage.statements import Statement
from lineage.statements import written as statement_bytes
from tests.lineage.ledger.test_compaction import later
from tests.support.ledgers import event, minute

HOLD = Hold("case-7", minute(1), minute(2), "ada", "Smith v. Shop")


@pytest.fixture
def store() -> ObjectStore:
    return MemoryStore()


@pytest.fixture
def ledger(store: ObjectStore) -> ObjectLedger:
    """Three segments, a minute apart, each of one event; a fourth in which `retention` was stated."""
    ledger = ObjectLedger(store, "one")
    for turn in range(3):
        ledger.append([event(f"event {turn}")], minute(turn))
    state(ledger, retaining(minute(2), "ada", "ninety days", minute(3)), minute(3))
    return ledger


def state(ledger: ObjectLedger, said: Statement, at: datetime) -> None:
    body = statement_bytes(said)
    ledger.append([Draft("statement", body, sha256(body).digest(), said.actor)], at)


def events(ledger: ObjectLedger) -> list[bytes | None]:
    return [body for entry, body in ledger.read() if entry.kind == "event"]


def test_what_is_old_loses_its_bodies(store: ObjectStore, ledger: ObjectLedger) -> None:
    """Segments with nothing from that time or later; whoever reads is told None."""
    done = retain(ledger.shelf, ledger.acts(), minute(2))

    assert (Retained(2, 2), [None, None, b"event 2"]) == (done, events(ObjectLedger(store, "two")))


def test_lines_and_chain_stay_and_prove_the_rest(store: ObjectStore, ledger: ObjectLedger) -> None:
    """Entries and heads are the same, and `verify` finds nothing wrong."""
    told = [entry for entry, _ in ledger.read()], ledger.heads()
    retain(ledger.shelf, ledger.acts(), minute(2))

    assert (*told, []) == ([entry for entry, _ in ledger.read()], ledger.heads(), list(ledger.verify()))


def test_a_dry_run_changes_nothing(ledger: ObjectLedger) -> None:
    """It counts what would go."""
    done = retain(ledger.shelf, ledger.acts(), minute(2), dry=True)

    assert (Retained(2, 2), None) == (done, next((body for body in events(ledger) if body is None), None))


def test_what_is_under_a_hold_stays(ledger: ObjectLedger) -> None:
    """A hold is by receipt, its end exclusive."""
    state(ledger, holding(HOLD, minute(3)), minute(3))
    done = retain(ledger.shelf, ledger.acts(), minute(2))

    assert (Retained(1, 1, held=1), [None, b"event 1", b"event 2"]) == (done, events(ledger))


def test_a_hold_that_is_released_holds_nothing(ledger: ObjectLedger) -> None:
    """The newest word on a hold counts."""
    state(ledger, holding(HOLD, minute(3)), minute(3))
    state(ledger, releasing(HOLD, "ada", "settled", minute(4)), minute(4))

    assert Acts((), minute(2)) == ledger.acts()


def test_a_hold_says_who_and_why(ledger: ObjectLedger) -> None:
    """What stands on the ledger comes back whole."""
    state(ledger, holding(HOLD, minute(3)), minute(3))

    assert (HOLD,) == ledger.acts().holds


def test_what_people_stated_stays(store: ObjectStore) -> None:
    """An old segment with a statement keeps the statement's body: no human decision is lost."""
    ledger = ObjectLedger(store, "one")
    body = statement_bytes(holding(HOLD, minute(0)))
    ledger.append([event("a"), Draft("statement", body, sha256(body).digest(), "ada"), event("b")], minute(0))
    retain(ledger.shelf, Acts(), minute(5))

    assert [None, body, None] == [body for _, body in ObjectLedger(store, "two").read()]


def test_bodies_that_nobody_let_go_are_missed(store: ObjectStore) -> None:
    """Who takes bodies out by hand is found by `verify`."""
    ledger = ObjectLedger(store, "one")
    ledger.append([event("a")], minute(0))
    place = "segments/one/0000000000000001"
    obstore.put(store, place, stripped(bytes(obstore.get(store, place).bytes())))

    assert [f"{place}: its bodies are gone, and nobody stated that they should"] == [
        problem.what for problem in ledger.verify()
    ]


def test_what_went_is_packed_apart_from_what_is_there(store: ObjectStore, ledger: ObjectLedger) -> None:
    """So that the next retention takes whole segments again."""
    retain(ledger.shelf, ledger.acts(), minute(2))
    compact(Shelf(store), later())

    assert (
        ["packed/one/0000000000000001-0000000000000002", "packed/one/0000000000000003-0000000000000004"],
        [None, None, b"event 2"],
        [],
    ) == (sorted(place.path for place in Shelf(store).places()), events(ledger), list(ledger.verify()))


def test_retention_twice_is_retention_once(ledger: ObjectLedger) -> None:
    """What an end in the middle left is done by the next; what is done is not done again."""
    retain(ledger.shelf, ledger.acts(), minute(1))
    rest = retain(ledger.shelf, ledger.acts(), minute(2))

    assert (Retained(1, 1), Retained()) == (rest, retain(ledger.shelf, ledger.acts(), minute(2)))


def test_a_statement_that_cannot_be_read_is_named_and_stops_retention(store: ObjectStore, ledger: ObjectLedger) -> None:
    """`verify` goes on and says where; what might be a hold is never passed over."""
    place = "segments/one/0000000000000004"
    obstore.put(store, place, bytes(obstore.get(store, place).bytes())[:-1])
    with pytest.raises(StoreUnusable, match=place):
        ledger.acts()

    assert [f"{place}: its bodies are cut short, or there is more behind them"] == [
        problem.what for problem in ledger.verify()
    ]
