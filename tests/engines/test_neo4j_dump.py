"""Whatever is merged, in whatever order: a real Neo4j comes to the same graph as SQLite, line by line of the dump."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.projection import resolve
from lineage.store.base import Store
from lineage.store.neo4j import Neo4jStore
from lineage.store.neo4j import open as open_store
from tests.engines.engine import Engine
from tests.engines.neo4j_home import URL, neo4j_home
from tests.engines.neo4j_server import url
from tests.support.any_graph import QUICK, entries, merged
from tests.support.deltas import Pair, Said, merge, received, sqlite
from tests.support.events import all_files, deltas

Stores = tuple[Store, Neo4jStore]

pytestmark = pytest.mark.timeout(400)  # many commits, each of which waits for the disk


@pytest.fixture(scope="module")
def stores(neo4j_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """A SQLite store, and one in the server; whoever uses them clears them first."""
    folder = tmp_path_factory.mktemp("stores")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(URL, url(neo4j_server))
        with sqlite(folder) as one, neo4j_home(folder) as other:
            yield one, other


@settings(QUICK, max_examples=30)
@given(pairs=entries(), data=st.data())
def test_any_order_batching_and_repetition_gives_the_graph_of_sqlite(
    stores: Stores, pairs: list[Said], data: st.DataObject
) -> None:
    """The dump depends on the set of (entry, delta) alone, and not on the store."""
    shuffled = data.draw(st.permutations(pairs)) + data.draw(st.lists(st.sampled_from(pairs), max_size=3))
    batch = data.draw(st.integers(1, len(shuffled)))

    expected, actual = merged(stores[0], pairs, len(pairs)), merged(stores[1], shuffled, batch)

    assert list(expected.dump()) == list(actual.dump())


@pytest.mark.parametrize("name", all_files())
def test_captured_events_give_the_graph_of_sqlite(stores: Stores, name: str) -> None:
    """Real events shuffled, repeated and merged a few at a time give the graph of their order of arrival in SQLite."""
    pairs = received(deltas(name))
    shuffled = pairs + pairs[::3]
    Random(len(pairs)).shuffle(shuffled)

    expected, actual = merged(stores[0], pairs, len(pairs)), merged(stores[1], shuffled, 5)

    assert list(expected.dump()) == list(actual.dump())


def write(server: str, pairs: list[Pair]) -> None:
    """Merge *pairs*, three at a time."""
    with closing(open_store(server, resolve)) as store:
        for start in range(0, len(pairs), 3):
            merge(store, pairs[start : start + 3])


def test_two_writers_at_once_come_to_the_graph_of_one(stores: Stores, neo4j_server: Engine) -> None:
    """Each as a process of its own merges its half a few at a time, of the same runs and datasets, some events in both.

    No event is lost or counted twice.
    """
    pairs = received(each for name in all_files()[:12] for each in deltas(name))
    halves = pairs[::2], [*pairs[1::2], *pairs[::4]]
    expected = merged(stores[0], pairs, len(pairs))
    stores[1].clear()

    with ProcessPoolExecutor(2, get_context("spawn")) as writers:
        list(writers.map(partial(write, url(neo4j_server)), halves))

    assert list(expected.dump()) == list(stores[1].dump())


def test_what_failed_within_a_merge_leaves_nothing(stores: Stores) -> None:
    """An error after a merge, inside `together`, undoes it: the graph is as it was."""
    stores[1].clear()
    before = list(stores[1].dump())

    def work() -> None:
        merge(stores[1], received(deltas(all_files()[0])))
        raise ValueError("at the end")

    with pytest.raises(ValueError, match="at the end"):
        stores[1].together(work)

    assert before == list(stores[1].dump())
