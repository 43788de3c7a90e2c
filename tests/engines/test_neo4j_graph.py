"""What a store promises of its graph, as far as one in a real Neo4j answers it so far."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineage.store.neo4j import Neo4jStore
from tests.engines.engine import Engine
from tests.engines.neo4j_home import URL, neo4j_home
from tests.engines.neo4j_server import url
from tests.lineage.store.test_graph_contract import (  # noqa: F401 - held for the store of `graph` below
    test_a_replay_changes_nothing,
    test_the_revision_changes_with_the_graph,
    test_the_watermark_is_the_highest_place_of_each_writer,
)
from tests.lineage.store.test_stated_contract import (  # noqa: F401 - likewise
    test_a_statement_says_nothing_before_its_time,
    test_a_statement_that_came_twice_is_one,
    test_statements_are_answered_by_kind,
    test_statements_are_answered_by_receipt,
    test_statements_are_in_the_dump_and_change_the_revision,
    test_who_wrote_a_statement_down_decides_nothing,
)


@pytest.fixture(scope="module")
def home(neo4j_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jStore]:
    """A store in the server."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(URL, url(neo4j_server))
        with neo4j_home(tmp_path_factory.mktemp("store")) as store:
            yield store


@pytest.fixture
def graph(home: Neo4jStore) -> Neo4jStore:
    """The same store with nothing in its graph."""
    home.clear()
    return home
