"""A graph made anew in a real Neo4j, piece by piece: who may write meanwhile, and what a broken end leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.rebuild import catch_up, rebuild
from lineage.errors import StoreUnavailable
from lineage.ledger.base import Ledger
from lineage.model import Draft
from lineage.projection import resolve
from lineage.store.base import Store
from lineage.store.making import unfinished
from lineage.store.neo4j import Neo4jStore, anew, dump
from lineage.store.neo4j import open as open_store
from tests.engines.engine import Engine
from tests.engines.neo4j_server import url
from tests.support.deltas import merge, received, sqlite
from tests.support.events import all_files, bodies, deltas, digest
from tests.support.ledgers import NOON
from tests.support.ledgers import sqlite as sqlite_ledger

NAME = next(name for name in all_files() if "spark" in name)


@pytest.fixture
def other(neo4j_server: Engine, home: Neo4jStore) -> Iterator[Neo4jStore]:
    """The same graph, as another process has it."""
    store = open_store(url(neo4j_server), resolve)
    yield store
    store.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger of real events."""
    with sqlite_ledger(tmp_path) as ledger:
        ledger.append([Draft("event", body, digest(body), "test") for body in bodies(NAME)], NOON)
        yield ledger


def lines(store: Store) -> list[bytes]:
    """What *store* holds."""
    return list(store.dump())


def test_a_graph_is_cleared_in_pieces(graph: Neo4jStore, monkeypatch: Any) -> None:
    """However little is forgotten at a time, in the end all is."""
    monkeypatch.setattr(anew, "PIECE", 7)
    merge(graph, received(deltas(NAME)))
    graph.clear()

    assert ([], {}) == (lines(graph), dict(graph.watermark()))


def test_no_merge_comes_between_two_pieces(graph: Neo4jStore, other: Neo4jStore, monkeypatch: Any) -> None:
    """Half of what it wrote would be forgotten; and who clears the graph next ends what another began."""
    pairs = received(deltas(NAME))
    merge(graph, pairs)
    monkeypatch.setattr(anew, "PIECE", 7)
    graph._bolt.write(lambda transaction: anew._piece(transaction, "one that died", begins=True))

    with pytest.raises(StoreUnavailable, match="made anew"):
        merge(other, pairs)
    graph.clear()
    merge(other, pairs)
    assert len(deltas(NAME)) == graph.stats()["events"]


def test_who_was_overtaken_stops(graph: Neo4jStore, other: Neo4jStore, monkeypatch: Any) -> None:
    """A process that slept would forget what the next has merged since."""
    monkeypatch.setattr(anew, "PIECE", 7)
    merge(graph, received(deltas(NAME)))
    graph._bolt.write(lambda transaction: anew._piece(transaction, "one that sleeps", begins=True))
    other.clear()

    with pytest.raises(StoreUnavailable, match="by another process"):
        graph._bolt.write(lambda transaction: anew._piece(transaction, "one that sleeps", begins=False))


def test_one_at_a_time_makes_it_anew(graph: Neo4jStore, other: Neo4jStore) -> None:
    """Two would forget what the other has made; the second may when the first is done."""

    def work() -> None:
        with pytest.raises(StoreUnavailable, match="by another process"):
            other.anew(lambda: None)

    graph.anew(work)

    assert "done" == other.anew(lambda: "done")


def test_a_rebuild_that_broke_off_is_begun_again(
    graph: Neo4jStore, ledger: Ledger, tmp_path: Path, monkeypatch: Any
) -> None:
    """Whoever catches up finds the graph unfinished, and in the end it is what SQLite makes of the ledger."""
    folder = tmp_path / "model"
    folder.mkdir()
    with sqlite(folder) as model:
        catch_up(ledger, model)
        expected = lines(model)

    def gone(*_: object) -> None:
        raise StoreUnavailable("gone")

    catch_up(ledger, graph)
    monkeypatch.setattr(graph, "merge", gone)
    with pytest.raises(StoreUnavailable, match="gone"):
        rebuild(ledger, graph)
    broken = unfinished(graph)
    monkeypatch.undo()
    catch_up(ledger, graph)

    assert (True, False, expected) == (broken, unfinished(graph), lines(graph))


def test_a_dump_larger_than_memory_is_sorted_in_pieces(graph: Neo4jStore, monkeypatch: Any) -> None:
    """A section is sorted some lines at a time, and comes out as one."""
    merge(graph, received(deltas(NAME)))
    expected = lines(graph)
    monkeypatch.setattr(dump, "AT_ONCE", 5)

    assert expected == lines(graph)
