"""The graph of a real Neo4j is a function of the set of entries, as SQLite's is; so is every answer at a cut of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineage.store.base import Store
from lineage.store.neo4j import Neo4jStore
from tests.lineage.store.test_graph_properties import (  # noqa: F401 - held for the stores below
    test_a_cut_answers_as_a_store_that_merged_only_what_is_within,
    test_the_newest_versions_are_the_first_of_those_delivered,
)
from tests.lineage.store.test_identity_properties import (  # noqa: F401 - likewise
    test_a_cut_knows_the_splits_within_it_alone,
    test_nobody_is_one_with_whom_people_keep_apart,
    test_splits_in_any_order_give_the_same_components,
)
from tests.support.deltas import sqlite


@pytest.fixture(scope="module")
def stores(home: Neo4jStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """The one that is asked, and a SQLite store that says what is expected of it; each test clears them first."""
    with sqlite(tmp_path_factory.mktemp("other")) as other:
        yield home, other
