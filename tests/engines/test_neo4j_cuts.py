"""The graph of a real Neo4j is a function of the set of entries, as SQLite's is; so is every answer at a cut of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings

from lineage.store.base import Store
from lineage.store.neo4j import Neo4jStore
from tests.lineage.store import test_graph_properties as properties
from tests.lineage.store.test_graph_properties import (  # noqa: F401 - held for the stores below
    test_the_newest_versions_are_the_first_of_those_delivered,
)
from tests.lineage.store.test_identity_properties import (  # noqa: F401 - likewise
    test_a_cut_knows_the_splits_within_it_alone,
    test_nobody_is_one_with_whom_people_keep_apart,
    test_splits_in_any_order_give_the_same_components,
)
from tests.support.any_graph import DATASETS, NODES, QUICK, entries, merged
from tests.support.deltas import Said, at, columns, dataset, linked, ran, received, sqlite

# A hundred questions an example, each some round trips: a quarter of the examples that SQLite is asked about.
test_a_cut_answers_as_a_store_that_merged_only_what_is_within = settings(QUICK, max_examples=15)(
    given(pairs=entries(), as_of=properties.cuts, known_at=properties.cuts)(
        properties.test_a_cut_answers_as_a_store_that_merged_only_what_is_within.hypothesis.inner_test  # type: ignore[attr-defined] # what `given` wraps
    )
)


@pytest.fixture(scope="module")
def stores(home: Neo4jStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """The one that is asked, and a SQLite store that says what is expected of it; each test clears them first."""
    with sqlite(tmp_path_factory.mktemp("other")) as other:
        yield home, other


def test_questions_stand_what_is_written_meanwhile(stores: tuple[Store, Store]) -> None:
    """Merges that make names one and take them apart, and a graph that is forgotten: nothing fails."""
    store = stores[0]
    pairs: list[Said] = [
        *received(
            ran(f"r{nth}", "COMPLETE", nth, reads=[DATASETS[nth % 4]], writes=[DATASETS[nth % 3]],
                columns=(columns(dataset(DATASETS[nth % 3]), ("p", dataset(DATASETS[nth % 4]), "q")),),
                aliases=(linked(DATASETS[nth % 4], DATASETS[(nth + nth // 4) % 4], "rename"),))
            for nth in range(1, 30)
        )
    ]  # fmt: skip

    with ThreadPoolExecutor(1) as writer:
        writing = [writer.submit(merged, store, pairs, 1) for _ in range(3)]
        asked = 0
        while not all(each.done() for each in writing):
            for as_of in (None, at(10)):
                store.get(NODES, as_of=as_of)
                store.neighbours(NODES, "both", as_of=as_of)
                store.columns([dataset(name) for name in DATASETS], "both", as_of=as_of)
            store.declarations(dataset("a"))
            asked += 1

    assert (True, [None] * 3) == (asked > 0, [each.exception() for each in writing])
