"""A ledger that stands apart from the graph: what it took is kept, and the graph follows (DECISIONS 12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from collectors.commits import Apart
from collectors.journal import Admitted, Journal
from collectors.rebuild import Tally, catch_up, commits, rebuild
from lineage.errors import HeadwaterError, StoreUnavailable, StoreUnusable
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.ledger.objects import ObjectLedger
from lineage.ledger.retention import Acts, retain
from lineage.model import Draft, Entry
from lineage.projection import project
from tests.support import deltas
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Failing:
    """The store of *homes*, which refuses to merge as often as is wanted."""

    def __init__(self, homes: Homes, times: int, error: type[HeadwaterError] = StoreUnavailable) -> None:
        self._store: Any = homes.store
        self.times = times
        self.error = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def merge(self, entries: Sequence[Entry], seen: Sequence[Any]) -> None:
        """Refuse, or merge."""
        if self.times:
            self.times -= 1
            raise self.error("nobody answers")
        self._store.merge(entries, seen)


@contextmanager
def opened(folder: Path) -> Iterator[Homes]:
    with open_homes(f"sqlite:///{folder / 'headwater.db'}", f"file://{folder / 'ledger'}", "one") as homes:
        yield homes


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    with opened(tmp_path) as homes:
        yield homes


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Homes]:
    """Ledger and graph in one file."""
    with open_homes(f"sqlite:///{tmp_path / 'alone.db'}") as homes:
        yield homes


def admitted(number: int) -> Admitted:
    body = event(number)
    digest = sha256(body).digest()
    return Admitted(Draft("event", body, digest, "ada"), project(parse_event(body), digest))


def failing(homes: Homes, times: int, error: type[HeadwaterError] = StoreUnavailable) -> Journal:
    """The journal of *homes*, whose store fails at the next merges, and which nobody tries between commits."""
    store: Any = Failing(homes, times, error)
    return Journal(homes.ledger, store, commits=Apart(store, lambda: catch_up(homes.ledger, store), pause_s=3600))


def graph(homes: Homes) -> str:
    return deltas.sha256(homes.store)


def test_a_ledger_apart_gives_the_same_graph(homes: Homes, alone: Homes) -> None:
    """The same events through an object store and through one file come to equal graphs."""
    apart = Journal(homes.ledger, homes.store, commits=commits(homes))
    together = Journal(alone.ledger, alone.store, commits=commits(alone))
    for journal in (apart, together):
        journal.commit([admitted(1), admitted(2)], [], NOON)

    assert graph(alone) == graph(homes)


def test_an_event_that_the_graph_missed_is_acknowledged_and_follows(homes: Homes, alone: Homes) -> None:
    """A store that fails after the append costs nothing: the next commit merges first what the graph lacks."""
    journal = failing(homes, 1)
    (entry,) = journal.commit([admitted(1)], [], NOON)
    journal.commit([admitted(2)], [], NOON)
    whole = Journal(alone.ledger, alone.store)
    for number in (1, 2):
        whole.commit([admitted(number)], [], NOON)

    assert (False, graph(alone)) == (entry.duplicate, graph(homes))


def test_the_graph_follows_when_nobody_brings_another_event(homes: Homes, alone: Homes) -> None:
    """It is tried again by itself: the last event of an evening does not wait for the first of a morning."""
    store: Any = Failing(homes, 3)
    came_up = Event()

    def follow() -> None:
        catch_up(homes.ledger, store)
        came_up.set()

    apart = Apart(store, follow, pause_s=0)
    Journal(homes.ledger, store, commits=apart).commit([admitted(1)], [], NOON)
    came = came_up.wait(20)
    apart.close()
    Journal(alone.ledger, alone.store).commit([admitted(1)], [], NOON)

    assert (True, graph(alone)) == (came, graph(homes))


def test_a_store_that_became_unusable_is_one_that_is_away(homes: Homes, alone: Homes) -> None:
    """What was appended is acknowledged; who comes next is told to come again, until somebody mends it."""
    journal = failing(homes, 2, StoreUnusable)
    journal.commit([admitted(1)], [], NOON)
    with pytest.raises(StoreUnavailable, match="nobody answers"):
        journal.commit([admitted(2)], [], NOON)
    journal.commit([admitted(2)], [], NOON)
    whole = Journal(alone.ledger, alone.store)
    for number in (1, 2):
        whole.commit([admitted(number)], [], NOON)

    assert graph(alone) == graph(homes)


def test_while_the_graph_is_behind_nothing_more_is_appended(homes: Homes) -> None:
    """A producer is told to come again before its event is taken, so that no gap is merged over."""
    journal = failing(homes, 2)
    journal.commit([admitted(1)], [], NOON)
    with pytest.raises(StoreUnavailable):
        journal.commit([admitted(2)], [], NOON)

    assert [sha256(event(1)).digest()] == [entry.digest for entry, _ in homes.ledger.read()]


def test_what_a_crash_left_unmerged_is_merged_at_the_next_start(tmp_path: Path, alone: Homes) -> None:
    """An entry whose process died between append and merge is in the graph after `catch_up`."""
    with opened(tmp_path) as homes:
        homes.ledger.append([admitted(1).draft], NOON)
    Journal(alone.ledger, alone.store).commit([admitted(1)], [], NOON)
    with opened(tmp_path) as homes:
        catch_up(homes.ledger, homes.store)

        assert graph(alone) == graph(homes)


def test_two_writers_make_one_graph(tmp_path: Path, alone: Homes) -> None:
    """Two processes with chains of their own and one store come to the graph that one would have made."""
    store = f"sqlite:///{tmp_path / 'headwater.db'}"
    ledger = f"file://{tmp_path / 'ledger'}"
    with open_homes(store, ledger, "one") as one, open_homes(store, ledger, "two") as two:
        for number, homes in enumerate((one, two, one, two)):
            Journal(homes.ledger, homes.store, commits=commits(homes)).commit([admitted(number)], [], NOON)
        both = graph(one)
    for number in range(4):
        Journal(alone.ledger, alone.store).commit([admitted(number)], [], NOON)

    assert graph(alone) == both


class Deaf:
    """The ledger of *homes*, whose next answer is lost."""

    def __init__(self, homes: Homes) -> None:
        self._ledger = homes.ledger
        self._deaf = True

    def append(self, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        """Append, and at the first time say nothing of it."""
        entries = self._ledger.append(drafts, received_at)
        if self._deaf:
            self._deaf = False
            raise StoreUnavailable("the answer was lost")
        return entries


def test_an_append_whose_answer_was_lost_comes_into_the_graph(homes: Homes, alone: Homes) -> None:
    """The producer comes again and is told of a duplicate; the graph has the event all the same."""
    ledger: Any = Deaf(homes)
    journal = Journal(ledger, homes.store, commits=commits(homes))
    with pytest.raises(StoreUnavailable):
        journal.commit([admitted(1)], [], NOON)
    (entry,) = journal.commit([admitted(1)], [], NOON)
    Journal(alone.ledger, alone.store).commit([admitted(1)], [], NOON)

    assert (True, graph(alone)) == (entry.duplicate, graph(homes))


@pytest.mark.parametrize("number", [1, 2])
def test_what_one_of_the_same_name_left_unmerged_is_merged_by_the_other(
    tmp_path: Path, alone: Homes, number: int
) -> None:
    """Of two processes under one name one dies between append and merge; the next commit of the other fills the gap.

    Whether that brings something new, or what the dead one had taken.
    """
    with opened(tmp_path) as dead, opened(tmp_path) as alive:
        dead.ledger.append([admitted(1).draft], NOON)
        Journal(alive.ledger, alive.store, commits=commits(alive)).commit([admitted(number)], [], NOON)
        made = graph(alive)
    for each in sorted({1, number}):
        Journal(alone.ledger, alone.store).commit([admitted(each)], [], NOON)

    assert graph(alone) == made


def test_a_graph_is_not_opened_with_another_ledger(tmp_path: Path) -> None:
    """Neither without its ledger, nor with an empty one, nor with one apart where it has its own."""
    with opened(tmp_path) as homes:
        Journal(homes.ledger, homes.store, commits=commits(homes)).commit([admitted(1)], [], NOON)
    with open_homes(f"sqlite:///{tmp_path / 'alone.db'}") as homes:
        Journal(homes.ledger, homes.store).commit([admitted(1)], [], NOON)
    apart, alone = (f"sqlite:///{tmp_path / name}.db" for name in ("headwater", "alone"))
    empty = f"file://{tmp_path / 'empty'}"

    for store, ledger in ((apart, None), (apart, empty), (alone, empty)):
        with pytest.raises(StoreUnusable, match="name the ledger that it was made of"):
            open_homes(store, ledger)


def test_what_retention_took_is_in_the_graph_until_it_is_made_anew(homes: Homes, alone: Homes) -> None:
    """Its body is gone: the graph that was made of it stays, a new one is made of the rest."""
    journal = Journal(homes.ledger, homes.store, commits=commits(homes))
    journal.commit([admitted(1)], [], NOON)
    journal.commit([admitted(2)], [], NOON + HOUR)
    before = graph(homes)
    assert isinstance(homes.ledger, ObjectLedger)
    retain(homes.ledger.shelf, Acts(), NOON + HOUR)
    kept = graph(homes)
    tally = rebuild(homes.ledger, homes.store)
    Journal(alone.ledger, alone.store).commit([admitted(2)], [], NOON + HOUR)

    assert (before, Tally(merged=1), graph(alone)) == (kept, tally, graph(homes))
