"""Everything that a store promises of what happened, held by one in a real Neo4j."""

from __future__ import annotations

from tests.lineage.store.test_runs_contract import *  # noqa: F403 - the whole suite, with the `graph` of this folder
from tests.lineage.store.test_writes_contract import *  # noqa: F403 - likewise
