"""What a store promises of what is new since a revision, held by one in a real Neo4j."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.store.neo4j import Neo4jStore
from tests.lineage.store.test_news_contract import (  # noqa: F401 - held for the store of `graph`
    test_a_graph_that_was_cleared_may_be_another,
    test_a_statement_may_change_anything,
    test_a_statement_of_later_may_yet_change_anything,
    test_an_earlier_receipt_may_change_anything,
    test_nothing_is_new_since_now,
    test_of_what_became_one_all_names_and_times_are_new,
    test_only_the_newest_merges_are_remembered,
    test_what_a_cut_left_out_is_news_once_more,
    test_what_a_run_used_is_new_when_the_run_speaks,
    test_what_an_event_names_is_new,
    unnamed,
)
from tests.support.any_graph import QUICK, entries
from tests.support.deltas import Said


@settings(QUICK, max_examples=6)
@given(first=entries(5), then=entries(5), batch=st.integers(2, 4))
def test_who_is_not_named_has_the_history_that_it_had(
    home: Neo4jStore, first: list[Said], then: list[Said], batch: int
) -> None:
    """Whatever was merged, in whatever batches: the promise, for fewer examples, as each is many round trips."""
    expected, actual = unnamed(home, first, then, batch)

    assert expected == actual
