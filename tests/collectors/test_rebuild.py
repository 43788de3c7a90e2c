"""The ledger read again: what comes out, who sees what meanwhile, and what happens to events that cannot be taken."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from collectors.journal import UNPROJECTED
from collectors.rebuild import Tally, catch_up, rebuild
from lineage.errors import StoreUnavailable
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Delta, Draft, Entry, Verdict, VerdictState, dataset_id
from lineage.normal import rules
from lineage.projection import project
from lineage.settings import Ingest, NamespaceAlias
from lineage.store.base import Change
from lineage.store.making import VERSION_KIND, unfinished
from tests.support.events import all_files, bodies, digest
from tests.support.ledgers import NOON, event, minute, statement
from tests.support.making import body

EVENTS = [body for name in all_files() for body in bodies(name)]
KEPT = len(set(EVENTS))
ALIEN = body(job={"namespace": "mars", "name": "alien"})
ROOT = Path(__file__).parents[2]


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    with open_homes(f"sqlite:///{tmp_path / 'headwater.db'}") as homes:
        yield homes


def drafts(some: Sequence[bytes]) -> list[Draft]:
    return [Draft("event", body, digest(body), "anonymous") for body in some]


def fill(homes: Homes, some: Sequence[bytes] = EVENTS) -> None:
    """Append in a few calls, later received times first, and merge."""
    for number, start in enumerate(range(0, len(some), 100)):
        homes.ledger.append(drafts(some[start : start + 100]), minute(9 - number))
    catch_up(homes.ledger, homes.store)


def merge_behind_the_ledger(homes: Homes) -> None:
    """Give the graph something that no entry says."""
    delta = project(parse_event(ALIEN), digest(ALIEN))
    (head,) = homes.ledger.heads()
    homes.store.merge([Entry(head.writer, 1, "event", delta.digest, NOON, "alien")], [delta])


def dump(homes: Homes) -> bytes:
    return b"".join(homes.store.dump())


def notes(homes: Homes) -> list[tuple[str, str]]:
    """The digest and the reason of each unprojected entry."""
    return [(note.id, json.loads(note.body)["reason"]) for note in homes.store.documents(UNPROJECTED)]


class Grudging:
    """The store of *homes*, except that it fails on the event with this digest."""

    def __init__(self, homes: Homes, refused: bytes) -> None:
        self._store = homes.store
        self._refused = refused

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def merge(self, entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
        """Merge all, unless the one event is among them."""
        if self._refused in {delta.digest for delta in deltas}:
            raise ValueError("grudge")
        self._store.merge(entries, deltas)


# ── The same again. ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rebuild_gives_the_same_graph(homes: Homes) -> None:
    """After a rebuild the dump is byte for byte what it was, for every event we have."""
    fill(homes)
    before = dump(homes)

    tally = rebuild(homes.ledger, homes.store)

    assert (Tally(KEPT, 0), before) == (tally, dump(homes))


def test_a_rebuild_forgets_what_no_entry_says(homes: Homes) -> None:
    """What stands in the graph without an entry is gone after a rebuild."""
    fill(homes)
    before = dump(homes)
    merge_behind_the_ledger(homes)
    rebuild(homes.ledger, homes.store)

    assert before == dump(homes)


def test_a_rebuild_keeps_documents_and_forgets_verdicts(homes: Homes) -> None:
    """Documents are nobody's conclusions and stay; verdicts are, and are judged anew."""
    homes.store.put([Change("slo", "a", b"kept")])
    homes.store.put_verdicts("a", [Verdict("one", NOON, VerdictState.GOOD)])
    rebuild(homes.ledger, homes.store)
    around = (NOON - timedelta(days=1), NOON + timedelta(days=1))

    assert (homes.store.document("slo", "a").body, homes.store.verdicts("a", *around)) == (b"kept", [])


def test_progress_is_told_in_entries(homes: Homes) -> None:
    """Progress counts up to the number of entries in the ledger."""
    homes.ledger.append([*drafts([body(job={"namespace": "n", "name": str(n)}) for n in range(600)])], minute(0))
    told: list[tuple[int, int]] = []
    rebuild(homes.ledger, homes.store, lambda done, everything: told.append((done, everything)))

    assert told == [(500, 600), (600, 600)]


# ── Meanwhile. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_readers_see_the_old_graph_until_the_end(homes: Homes) -> None:
    """While a rebuild is half done, others read the graph as it was."""
    fill(homes)
    before = dump(homes)
    seen: list[bytes] = []

    def look(_done: int, _everything: int) -> None:
        reader = Thread(target=lambda: seen.append(dump(homes)))
        reader.start()
        reader.join()

    rebuild(homes.ledger, homes.store, look)

    assert {before} == set(seen)


def test_a_rebuild_that_fails_changes_nothing(homes: Homes) -> None:
    """An error in the middle of a rebuild leaves graph, notes and verdicts as they were, and goes upward."""
    fill(homes)
    merge_behind_the_ledger(homes)
    before = dump(homes)

    def fail(_done: int, _everything: int) -> None:
        raise StoreUnavailable("full")

    with pytest.raises(StoreUnavailable, match="full"):
        rebuild(homes.ledger, homes.store, fail)

    assert before == dump(homes)


KILLED = """
import os, signal, sys
from collectors.rebuild import rebuild
from lineage.homes import open_homes
homes = open_homes(sys.argv[1])
rebuild(homes.ledger, homes.store, lambda done, everything: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_rebuild_that_is_killed_changes_nothing(tmp_path: Path) -> None:
    """After SIGKILL in the middle of a rebuild the store opens with the graph as it was."""
    url = f"sqlite:///{tmp_path / 'headwater.db'}"
    with open_homes(url) as homes:
        fill(homes)
        merge_behind_the_ledger(homes)
        before = dump(homes)
    killed = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, capture_output=True, timeout=60, check=False)
    with open_homes(url) as homes:
        after = dump(homes)

    assert (-9, before) == (killed.returncode, after)


# ── Catching up. ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_catching_up_merges_only_what_is_new(homes: Homes) -> None:
    """What was merged once is not read again; statements are no events."""
    fill(homes)
    homes.ledger.append([*drafts([ALIEN]), statement("a decision")], minute(20))

    tallies = [catch_up(homes.ledger, homes.store) for _ in range(2)]

    assert [Tally(1, 0), Tally(0, 0)] == tallies


def test_an_event_that_means_nothing_is_noted(homes: Homes) -> None:
    """An entry that cannot be read costs no other entry anything; a note says why, once, however often it is tried."""
    homes.ledger.append([event("not JSON"), *drafts([ALIEN])], minute(0))
    tallies = [catch_up(homes.ledger, homes.store), rebuild(homes.ledger, homes.store)]
    (noted,) = notes(homes)

    assert ([Tally(1, 1), Tally(1, 1)], event("not JSON").digest.hex(), True) == (
        tallies,
        noted[0],
        noted[1].startswith("InvalidEvent: "),
    )


def test_an_event_that_the_store_cannot_take_is_noted_alone(homes: Homes) -> None:
    """When a batch fails each event is tried alone; only the guilty one is left out."""
    refused = digest(EVENTS[7])
    homes.ledger.append(drafts(EVENTS[:20]), minute(0))
    tally = catch_up(homes.ledger, Grudging(homes, refused))

    assert (Tally(len(set(EVENTS[:20])) - 1, 1), [(refused.hex(), "ValueError: grudge")]) == (tally, notes(homes))


def test_a_noted_event_is_tried_again(homes: Homes) -> None:
    """Once the store takes it, the graph is whole and the note is gone."""
    homes.ledger.append(drafts(EVENTS), minute(0))
    catch_up(homes.ledger, Grudging(homes, digest(EVENTS[7])))
    catch_up(homes.ledger, homes.store)
    caught_up = dump(homes)
    rebuild(homes.ledger, homes.store)

    assert ([], dump(homes)) == (notes(homes), caught_up)


def test_a_graph_of_another_version_is_rebuilt(homes: Homes) -> None:
    """When events have come to mean something else since, catching up makes the graph anew, once."""
    fill(homes)
    before = dump(homes)
    merge_behind_the_ledger(homes)
    homes.store.put([Change(VERSION_KIND, "graph", b"an older one")])

    tallies = [catch_up(homes.ledger, homes.store) for _ in range(2)]

    assert ([Tally(KEPT, 0), Tally(0, 0)], before) == (tallies, dump(homes))


def test_a_graph_of_an_earlier_layout_is_rebuilt(tmp_path: Path) -> None:
    """A file whose tables lack a column is opened, says that its graph is not whole, and has it after catching up."""
    url = f"sqlite:///{tmp_path / 'headwater.db'}"
    with open_homes(url) as homes:
        fill(homes)
        before = dump(homes)
    with closing(sqlite3.connect(tmp_path / "headwater.db")) as file:
        file.executescript("ALTER TABLE speaker DROP COLUMN lead; UPDATE schema_versions SET version = 1")

    with open_homes(url) as homes:
        found = [unfinished(homes.store), len(homes.store.find("orders").items)]
        tally = catch_up(homes.ledger, homes.store)
        found += [unfinished(homes.store)]
        assert ([True, 0, False], Tally(KEPT, 0), before) == (found, tally, dump(homes))


def test_other_namespace_aliases_rebuild_the_graph_once(homes: Homes) -> None:
    """The next start makes the graph that they would have made from the beginning, and without them the old one."""
    places = [dataset_id(f"postgres://{host}:5432", "shop.public.orders") for host in ("10.0.0.7", "dw.example")]
    said = [body(inputs=[{"namespace": place.namespace, "name": place.name}]) for place in places]
    under = rules(
        Ingest(namespace_aliases=(NamespaceAlias(namespace="postgres://dw", hosts=("10.0.0.7", "dw.example")),))
    )
    fill(homes, said)

    tallies, joined = [], []
    for named in (under, under, rules(Ingest())):
        tallies.append(catch_up(homes.ledger, homes.store, named).merged)
        joined.append(len({node.canonical for node in homes.store.get(places).values()}))

    assert ([2, 0, 2], [1, 1, 2]) == (tallies, joined)
