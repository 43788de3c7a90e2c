"""An installation that moved to other homes is the same there: ledger, documents, graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from collectors.copying import Copied, copy
from collectors.decisions import Decisions
from collectors.journal import Admitted, Journal
from collectors.rebuild import commits
from lineage.auth import Keys, server_key
from lineage.errors import Conflict, StoreUnusable
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.ledger.objects import ObjectLedger, open_ledger
from lineage.ledger.retention import Acts, retain
from lineage.model import Draft
from lineage.projection import project
from lineage.statements import Statement, Subject, Word
from lineage.store.base import Change
from tests.support import deltas
from tests.support.posting import event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@contextmanager
def opened(folder: Path, name: str, *, apart: str = "", writer: str = "looking") -> Iterator[Homes]:
    """The homes *name* in *folder*: a file, or a file and a ledger apart."""
    ledger = f"file://{folder / name}-ledger" if apart else None
    with open_homes(f"sqlite:///{folder / name}.db", ledger, writer) as homes:
        yield homes


def grow(homes: Homes, numbers: range, at: datetime = NOON) -> None:
    """Events, one commit each, and a decision."""
    journal = Journal(homes.ledger, homes.store, commits=commits(homes))
    for number in numbers:
        body = event(number)
        digest = sha256(body).digest()
        admitted = Admitted(Draft("event", body, digest, "ada"), project(parse_event(body), digest))
        journal.commit([admitted], [], at + number * MINUTE)
    secret = server_key(homes.store, "redaction")
    said = Statement(Subject("dataset", "pg", "shop.orders"), "ada", at, (Word("tag", "pii"),))
    Decisions(homes.ledger, homes.store, secret, lambda: at, commits(homes)).keep([said])


def moved(folder: Path, old: Homes, name: str, *, apart: str) -> Copied:
    """What was copied to the homes *name*."""
    with opened(folder, name, apart=apart) as new:
        return copy(old, new, lambda writer: adopting(folder, name, writer), lambda *_: None)


def adopting(folder: Path, name: str, writer: str) -> ObjectLedger:
    found = open_ledger(f"file://{folder / name}-ledger", writer)
    found.heads()
    return found


def graph(folder: Path, name: str, *, apart: str) -> str:
    with opened(folder, name, apart=apart) as homes:
        return deltas.sha256(homes.store)


@pytest.mark.parametrize("was_apart", ["", "apart"])
@pytest.mark.parametrize("is_apart", ["", "apart"])
def test_the_graph_is_the_same_there(tmp_path: Path, was_apart: str, is_apart: str) -> None:
    """From a file or a ledger apart, to a file or a ledger apart."""
    with opened(tmp_path, "old", apart=was_apart, writer="one") as old:
        grow(old, range(5))
        moved(tmp_path, old, "new", apart=is_apart)
        before = deltas.sha256(old.store)

    assert before == graph(tmp_path, "new", apart=is_apart)


def test_chains_are_the_same_in_an_object_store(tmp_path: Path) -> None:
    """Who has noted the end of a chain finds it there again, and nothing is wrong with it."""
    with opened(tmp_path, "old") as old:
        grow(old, range(5))
        moved(tmp_path, old, "new", apart="apart")
        head = old.ledger.heads()
    with opened(tmp_path, "new", apart="apart") as new:
        found = [each for each in new.ledger.heads() if each.seq]
        problems = list(new.ledger.verify())

    assert (head, []) == (found, problems)


def test_an_event_of_two_writers_is_once_in_a_file(tmp_path: Path) -> None:
    """Under the time at which the first had it."""
    with opened(tmp_path, "old", apart="apart", writer="late") as old:
        grow(old, range(1), NOON + 60 * MINUTE)
    with opened(tmp_path, "old", apart="apart", writer="early") as old:
        grow(old, range(1))
        moved(tmp_path, old, "new", apart="")
    with opened(tmp_path, "new") as new:
        entry = new.ledger.entry(sha256(event(0)).digest())

    assert entry is not None
    assert entry.received_at == NOON


def test_documents_and_keys_come_along(tmp_path: Path) -> None:
    """Who has a key opens the new door with it, and what waits to be said still waits."""
    with opened(tmp_path, "old") as old:
        grow(old, range(1))
        text = Keys(old.store).create("airflow", ["ingest"], NOON)
        old.store.put([Change("outbox", "INC-1:1", b"{}", "pending", NOON)])
        moved(tmp_path, old, "new", apart="apart")
    with opened(tmp_path, "new", apart="apart") as new:
        caller = Keys(new.store).caller({"x-api-key": text}, {}, NOON)
        waiting = [document.id for document in new.store.documents("outbox", state="pending")]

    assert ("airflow", ["INC-1:1"]) == (caller.name, waiting)


@pytest.mark.parametrize("is_apart", ["", "apart"])
def test_a_second_copy_brings_what_came_since(tmp_path: Path, is_apart: str) -> None:
    """So the old server serves while most is copied, and stands still only for the rest."""
    with opened(tmp_path, "old") as old:
        grow(old, range(3))
        old.store.put([Change("dead_letter", "a", b"{}")])
        first = moved(tmp_path, old, "new", apart=is_apart)
        grow(old, range(3, 5))
        old.store.put([Change("dead_letter", "a", None)])
        second = moved(tmp_path, old, "new", apart=is_apart)
        before = deltas.sha256(old.store)
    with opened(tmp_path, "new", apart=is_apart) as new:
        letters = new.store.documents("dead_letter")

    assert (4, 3, before, []) == (first.entries, second.entries, graph(tmp_path, "new", apart=is_apart), letters)


def test_homes_that_share_a_ledger_copy_the_rest(tmp_path: Path) -> None:
    """The graph moves, the ledger stays."""
    ledger = f"file://{tmp_path / 'ledger'}"
    with ExitStack() as homes:
        old, new = (homes.enter_context(open_homes(f"sqlite:///{tmp_path / name}.db", ledger)) for name in "ab")
        grow(old, range(3))
        done = copy(old, new, None, lambda *_: None)
        same = deltas.sha256(old.store) == deltas.sha256(new.store)

    assert (0, 3, True) == (done.entries, done.merged, same)


@pytest.mark.parametrize("is_apart", ["", "apart"])
def test_what_holds_another_installation_is_left_alone(tmp_path: Path, is_apart: str) -> None:
    """Nothing is mixed, and nothing lost."""
    with opened(tmp_path, "new", apart=is_apart, writer="one") as new:
        grow(new, range(1))
    with opened(tmp_path, "old") as old:
        grow(old, range(5))
        with pytest.raises(Conflict, match="the target h"):
            moved(tmp_path, old, "new", apart=is_apart)


@pytest.mark.parametrize("is_apart", ["", "apart"])
def test_what_has_gone_on_by_itself_is_copied_to_no_more(tmp_path: Path, is_apart: str) -> None:
    """A server took events there since: what it knows is not to be written over."""
    with opened(tmp_path, "old") as old:
        grow(old, range(3))
        moved(tmp_path, old, "new", apart=is_apart)
        with opened(tmp_path, "new", apart=is_apart, writer="server") as new:
            grow(new, range(7, 8))
        with pytest.raises(Conflict, match="of its own"):
            moved(tmp_path, old, "new", apart=is_apart)


def test_a_ledger_without_bodies_is_not_copied_in_part(tmp_path: Path) -> None:
    """The sentence says what to do instead."""
    with opened(tmp_path, "old", apart="apart", writer="one") as old:
        grow(old, range(3))
        assert isinstance(old.ledger, ObjectLedger)
        retain(old.ledger.shelf, Acts(), NOON + 60 * MINUTE)
        with pytest.raises(StoreUnusable, match="copy the objects as they are"):
            moved(tmp_path, old, "new", apart="apart")
