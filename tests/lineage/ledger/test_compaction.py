"""Small segments packed into large ones: nothing is lost at any step, and no place is claimed twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import obstore
import pytest
from obstore.store import MemoryStore, ObjectStore

from lineage.ledger.compaction import Compacted, compact
from lineage.ledger.objects import SLEPT_S, ObjectLedger
from lineage.ledger.segments import SegmentBroken
from lineage.ledger.shelf import Shelf
from tests.support.ledgers import event, minute, statement

HOUR = timedelta(hours=1)


class Interrupted(Exception):
    """A process that ends just before its *number*-th word to the store."""


class Dying(Shelf):
    """A shelf that ends instead of writing or taking away for the *number*-th time."""

    def __init__(self, store: ObjectStore, number: int) -> None:
        super().__init__(store)
        self._left = number

    def create(self, path: str, segment: bytes) -> bool:
        """End, or put."""
        self._step()
        return super().create(path, segment)

    def delete(self, path: str) -> None:
        """End, or take away."""
        self._step()
        super().delete(path)

    def _step(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Interrupted


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@pytest.fixture
def store() -> ObjectStore:
    return MemoryStore()


def filled(store: ObjectStore, appends: int = 4, writer: str = "one") -> ObjectLedger:
    ledger = ObjectLedger(store, writer)
    for turn in range(appends):
        ledger.append([event(f"{writer} {turn} a"), event(f"{writer} {turn} b")], minute(turn))
    return ledger


def places(store: ObjectStore) -> list[str]:
    return sorted(meta["path"] for chunk in obstore.list(store) for meta in chunk)


def numbers(ledger: ObjectLedger) -> list[tuple[str, int, bytes | None]]:
    return [(entry.writer, entry.seq, body) for entry, body in ledger.read()]


def later() -> datetime:
    return datetime.now(UTC) + 2 * HOUR


def packed(store: ObjectStore) -> Compacted:
    return compact(Shelf(store), later())


def test_neighbours_become_one(store: ObjectStore) -> None:
    """What one writer wrote one after the other is one segment, named by its first and last entry."""
    filled(store)
    filled(store, 1, "two")
    done = packed(store)

    assert (Compacted(4, 1), ["packed/one/0000000000000001-0000000000000008", "segments/two/0000000000000001"]) == (
        done,
        places(store),
    )


def test_what_is_packed_reads_and_proves_as_before(store: ObjectStore) -> None:
    """Entries, bodies, heads and chain are the same, for who was there before and for who comes after."""
    before = filled(store)
    told = numbers(before), before.heads()
    packed(store)
    after = ObjectLedger(store, "one")

    assert [(*told, []), (*told, [])] == [
        (numbers(each), each.heads(), list(each.verify())) for each in (before, after)
    ]


def test_the_young_stay_as_they_are(store: ObjectStore) -> None:
    """A segment that was put less than an hour ago may still be in somebody's hands."""
    filled(store)
    done = compact(Shelf(store), datetime.now(UTC) + HOUR / 2)

    assert (Compacted(), 4) == (done, len(places(store)))


def test_a_packed_segment_holds_8_mib_at_most(store: ObjectStore) -> None:
    """Of three times 3 MiB two are packed."""
    ledger = ObjectLedger(store, "one")
    for turn in range(3):
        ledger.append([event(str(turn) * 3 * 1024 * 1024)], minute(turn))
    packed(store)

    assert ["packed/one/0000000000000001-0000000000000002", "segments/one/0000000000000003"] == places(store)


def test_what_is_packed_is_packed_again_with_what_came_later(store: ObjectStore) -> None:
    """Hourly compaction makes one segment grow instead of leaving one an hour."""
    ledger = filled(store, 2)
    packed(store)
    ledger.append([event("later")], minute(9))
    packed(store)

    assert (["packed/one/0000000000000001-0000000000000005"], 5, []) == (
        places(store),
        len(numbers(ledger)),
        list(ledger.verify()),
    )


@pytest.mark.parametrize("step", range(5))
def test_a_crash_at_any_step_loses_nothing(store: ObjectStore, step: int) -> None:
    """Before the packed one is put, and before each of the four is taken away."""
    told = numbers(filled(store))
    with pytest.raises(Interrupted):
        compact(Dying(store, step), later())
    crashed = ObjectLedger(store, "two")

    assert (told, []) == (numbers(crashed), list(crashed.verify()))


@pytest.mark.parametrize("step", range(5))
def test_the_next_compaction_goes_on_after_a_crash(store: ObjectStore, step: int) -> None:
    """What the crash left is packed, or taken away."""
    filled(store)
    with pytest.raises(Interrupted):
        compact(Dying(store, step), later())
    packed(store)

    assert ["packed/one/0000000000000001-0000000000000008"] == places(store)


def test_appending_goes_on_behind_what_was_packed(store: ObjectStore) -> None:
    """A process that starts after the compaction takes the next number."""
    filled(store)
    packed(store)
    (entry,) = ObjectLedger(store, "one").append([event("more")], minute(9))

    assert entry.seq == 9


def test_a_duplicate_of_what_was_packed_is_one(store: ObjectStore) -> None:
    """An event is found by its digest, wherever it stands now."""
    filled(store)
    packed(store)
    (entry,) = ObjectLedger(store, "one").append([event("one 2 a")], minute(9))

    assert (5, True) == (entry.seq, entry.duplicate)


def test_who_slept_does_not_take_a_place_that_was_packed_away(store: ObjectStore) -> None:
    """A process that slept while another of its name wrote, and all was packed, goes on behind that."""
    clock = Clock()
    slept = ObjectLedger(store, "one", clock)
    told = numbers(filled(store))
    packed(store)
    clock.seconds += SLEPT_S + 1
    (entry,) = slept.append([event("late")], minute(9))

    assert (9, [*told, ("one", 9, b"late")], []) == (entry.seq, numbers(slept), list(slept.verify()))


def test_a_place_claimed_twice_by_one_that_died_is_passed_over(store: ObjectStore) -> None:
    """Nobody was told of what was put there: readers and the next compaction go by what was packed."""
    told = numbers(filled(store))
    stray = MemoryStore()
    ObjectLedger(stray, "one").append([event("never answered")], minute(0))
    packed(store)
    (place,) = places(stray)
    obstore.put(store, place, bytes(obstore.get(stray, place).bytes()))
    done = packed(store)
    fresh = ObjectLedger(store, "one")

    assert (Compacted(), told, []) == (done, numbers(fresh), list(fresh.verify()))


def test_a_segment_that_was_changed_is_not_packed(store: ObjectStore) -> None:
    """What does not prove is left for `verify` to tell of."""
    filled(store, 2)
    other = MemoryStore()
    ObjectLedger(other, "one").append([event("forged"), statement("too")], minute(0))
    first, second = places(store)
    obstore.put(store, first, bytes(obstore.get(other, first).bytes()))
    packed(store)

    assert [first, second] == places(store)


def test_a_segment_that_comes_back_changed_stops_the_compaction(store: ObjectStore) -> None:
    """Bytes that came back other than they were put are noticed before anything is taken away."""
    filled(store, 2)

    class Lying(Shelf):
        """Keeps something else than it was given."""

        def create(self, path: str, segment: bytes) -> bool:
            """Put all but the last byte."""
            return super().create(path, segment[:-1])

    with pytest.raises(SegmentBroken, match="is not what was written there"):
        compact(Lying(store), later())

    assert len([place for place in places(store) if place.startswith("segments/")]) == 2


def test_a_long_listing_is_read_from_its_end(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows much asks only for what came since, and sees what was written, and packed, all the same."""
    monkeypatch.setattr("lineage.ledger.objects.LISTED_AT_ONCE", 1)
    reader = filled(store, 6, "two")
    filled(store, 2)
    told = len(numbers(reader))
    packed(store)
    ObjectLedger(store, "one").append([event("more")], minute(9))

    assert (16, 17, []) == (told, len(numbers(reader)), list(reader.verify()))


class Overtaken(Shelf):
    """A shelf of which somebody packs everything just before the *number*-th look at a segment."""

    def __init__(self, store: ObjectStore, number: int) -> None:
        super().__init__(store)
        self._own = store
        self._left = number

    def fetch(self, path: str) -> bytes | None:
        """Let it be packed, or look."""
        self._left -= 1
        if self._left == 0:
            packed(self._own)
        return super().fetch(path)


@pytest.mark.parametrize("look", range(1, 5))
def test_what_is_packed_while_it_is_proven_is_no_fault(store: ObjectStore, look: int) -> None:
    """`verify` begins anew where its segments went under its eyes."""
    ledger = filled(store)
    ledger.shelf = Overtaken(store, look)

    assert [] == list(ledger.verify())


@pytest.mark.parametrize("look", range(1, 5))
def test_what_is_packed_while_it_is_read_is_read_to_its_end(store: ObjectStore, look: int) -> None:
    """A reader finds the rest where it is now."""
    told = numbers(filled(store))
    reader = ObjectLedger(store, "two")
    reader.shelf = Overtaken(store, look)

    assert told == numbers(reader)
