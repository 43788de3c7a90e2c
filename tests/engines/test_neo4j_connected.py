"""What a store promises of columns, explicit lineage and what stands round jobs, held by one in a real Neo4j."""

from __future__ import annotations

from tests.lineage.store.test_around_contract import *  # noqa: F403 - the whole suite, with the `graph` of this folder
from tests.lineage.store.test_columns_contract import *  # noqa: F403 - likewise
from tests.lineage.store.test_made_of_contract import *  # noqa: F403 - likewise
