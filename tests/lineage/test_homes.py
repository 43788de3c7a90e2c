"""Which words name a home."""

from __future__ import annotations

import pytest

from lineage.errors import StoreUnusable
from lineage.homes import open_homes


@pytest.mark.parametrize("url", ["neo4j://ada:secret@127.0.0.1:7687", "neo4j+s://db.example.com"])
def test_a_store_that_holds_no_graph_is_no_home(url: str) -> None:
    """Neo4j keeps records and no graph so far: whoever asks for it reads that, and nothing is opened."""
    with pytest.raises(StoreUnusable, match="Neo4j holds no graph in this version"):
        open_homes(url)
