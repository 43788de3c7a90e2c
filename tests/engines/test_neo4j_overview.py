"""The filters of lists, and the figures over the whole graph, held by a real Neo4j."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lineage.store.neo4j import Neo4jStore
from tests.lineage.store.test_overview import *  # noqa: F403 - the whole suite, with the `world` below
from tests.support.reading import Reading, reading


@pytest.fixture
def world(graph: Neo4jStore, tmp_path: Path) -> Iterator[Reading]:
    """An empty world whose graph is in the server."""
    with reading(tmp_path) as made:
        made.homes = replace(made.homes, store=graph)
        yield made
