"""The one way in: the ledger's append is never lost to a fault of the graph's merge, and never kept without it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.journal import UNPROJECTED, Admitted, Journal
from collectors.rebuild import catch_up
from lineage.errors import StoreUnavailable
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.letters import Letter, written
from lineage.model import Delta, Draft, Entry
from lineage.projection import project
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LETTER = written(Letter("id", "not JSON", None, "airflow", NOON, 1, truncated=False, beginning="x"), b"x")


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        yield homes


@pytest.fixture
def journal(homes: Homes) -> Journal:
    return Journal(homes.ledger, homes.store)


def admitted(number: int) -> Admitted:
    """Event *number*, read."""
    body = event(number)
    digest = hashlib.sha256(body).digest()
    return Admitted(Draft("event", body, digest, "ada"), project(parse_event(body), digest))


def hex_of(*numbers: int) -> set[str]:
    return {hashlib.sha256(event(number)).hexdigest() for number in numbers}


def kept(homes: Homes) -> set[str]:
    """What the ledger holds."""
    return {entry.digest.hex() for entry, _ in homes.ledger.read()}


def merged(homes: Homes) -> set[str]:
    """What the graph holds."""
    return {record.digest for record in homes.store.events().items}


def unprojected(homes: Homes) -> set[str]:
    """What is noted as missing from the graph."""
    return {document.id for document in homes.store.documents(UNPROJECTED)}


def failing_on(number: int, homes: Homes, error: Exception) -> Callable[[Sequence[Entry], Sequence[Delta]], None]:
    """The store's merge, with a fault that event *number* meets after it has written."""
    merge = homes.store.merge

    def fail(entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
        merge(entries, deltas)
        if {entry.digest.hex() for entry in entries} & hex_of(number):
            raise error

    return fail


def test_a_commit_is_in_the_ledger_and_in_the_graph(homes: Homes, journal: Journal) -> None:
    """What was committed can be read from both, in the order in which it came."""
    entries = journal.commit([admitted(1), admitted(2)], [], NOON)

    expected = ([1, 2], hex_of(1, 2), hex_of(1, 2))
    assert expected == ([entry.seq for entry in entries], kept(homes), merged(homes))


def test_a_duplicate_is_marked_and_changes_nothing(homes: Homes, journal: Journal) -> None:
    """An event that comes again is answered with its first entry."""
    journal.commit([admitted(1)], [], NOON)
    before = list(homes.store.dump())

    entries = journal.commit([admitted(1)], [], NOON)

    assert ([True], before) == ([entry.duplicate for entry in entries], list(homes.store.dump()))


def test_a_merge_that_fails_costs_no_append(
    homes: Homes, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The event stays in the ledger and is noted; its neighbours are in the graph (DECISIONS 12)."""
    monkeypatch.setattr(homes.store, "merge", failing_on(2, homes, ZeroDivisionError("a fault")))

    journal.commit([admitted(number) for number in (1, 2, 3)], [], NOON)

    expected = (hex_of(1, 2, 3), hex_of(1, 3), hex_of(2), 1)
    assert expected == (kept(homes), merged(homes), unprojected(homes), len(caplog.records))


def test_what_could_not_be_merged_is_merged_later(
    homes: Homes, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the fault is mended the next start takes it up, and the note is gone."""
    with monkeypatch.context() as broken:
        broken.setattr(homes.store, "merge", failing_on(1, homes, ZeroDivisionError("a fault")))
        journal.commit([admitted(1)], [], NOON)

    catch_up(homes.ledger, homes.store)

    assert (hex_of(1), set()) == (merged(homes), unprojected(homes))


def test_what_could_not_be_projected_is_kept_and_noted(homes: Homes, journal: Journal) -> None:
    """An event without a delta is in the ledger, with the reason why it is in no graph."""
    journal.commit([admitted(1)._replace(delta=None, fault="a fault"), admitted(2)], [], NOON)

    (note,) = homes.store.documents(UNPROJECTED)
    expected = (hex_of(1), "a fault", hex_of(2))
    assert expected == ({note.id}, json.loads(note.body)["reason"], merged(homes))


def test_a_store_that_fails_keeps_nothing(homes: Homes, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk in the merge undoes the append too: the caller hears of it and sends again."""
    monkeypatch.setattr(homes.store, "merge", failing_on(2, homes, StoreUnavailable("disk full")))

    with pytest.raises(StoreUnavailable, match="disk full"):
        journal.commit([admitted(1), admitted(2)], LETTER, NOON)

    assert (set(), set(), []) == (kept(homes), merged(homes), homes.store.documents("dead_letter"))


@pytest.mark.parametrize("numbers", [(), (1,)])
def test_dead_letters_come_with_the_events(homes: Homes, journal: Journal, numbers: Sequence[int]) -> None:
    """Refused bodies are kept in the same commit, also when nothing else is; the same one twice is one."""
    journal.commit([admitted(number) for number in numbers], [*LETTER, *LETTER], NOON)

    assert (["id"], hex_of(*numbers)) == ([letter.id for letter in homes.store.documents("dead_letter")], kept(homes))
