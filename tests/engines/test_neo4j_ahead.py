"""Everything that a store promises of clocks that are ahead, held by one in a real Neo4j."""

from __future__ import annotations

from tests.lineage.store.test_ahead_contract import *  # noqa: F403 - the whole suite, with the `graph` of this folder
