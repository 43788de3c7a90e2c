"""What a store promises of its graph, held by one in a real Neo4j."""

from __future__ import annotations

from tests.lineage.store.test_graph_contract import *  # noqa: F403 - the whole suite, with the `graph` of this folder
