"""What a store promises of its graph, as far as one in a real Neo4j answers it so far."""

from __future__ import annotations

from tests.lineage.store.test_graph_contract import (  # noqa: F401 - held for the `graph` of this folder
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
