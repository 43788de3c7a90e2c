"""Lists and figures over the whole graph: what a real Neo4j finds and counts is what SQLite does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from lineage.store.base import Store
from lineage.store.neo4j import Neo4jStore
from tests.lineage.store.test_graph_contract import (  # noqa: F401 - held for the store of `graph` below
    test_clear_forgets_the_graph_only,
    test_find_answers_raw_identities,
    test_find_filters_orders_and_pages,
    test_find_takes_words_at_the_start_of_a_part_and_long_ones_anywhere,
    test_namespaces_say_how_much_is_in_them,
    test_stats_count_what_is_there,
)
from tests.lineage.store.test_stated_contract import (  # noqa: F401 - likewise
    test_a_namespace_counts_what_is_not_hidden,
    test_an_event_that_comes_later_brings_back_what_it_names,
    test_what_is_hidden_is_not_found,
    test_what_was_hidden_can_be_brought_back,
    told,
)
from tests.support.any_graph import MINUTES, QUICK, entries, merged
from tests.support.deltas import Said, at, dataset, described, merge, received, sqlite
from tests.support.events import all_files, deltas

SIGNS = r'a/b (c) "d" [e] {f} ~g ^h *i ?j \k :l !m -n +o && || AND NOT'


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A SQLite store; whoever uses it clears it first."""
    with sqlite(tmp_path_factory.mktemp("model")) as store:
        yield store


def figures(store: Store) -> dict[str, Any]:
    """What *store* finds and counts."""
    borders = [at(minute) for minute in (-1, 2, *MINUTES[3:], 60)]
    counted = {what: number for what, number in store.stats().items() if what != "bytes"}
    found: dict[str, Any] = {"stats": counted, "namespaces": store.namespaces(), "suggestions": store.suggestions()}
    found["tallies"] = store.tallies(borders), store.tallies(borders[:1])
    for kind in ("dataset", "job"):
        for name in ("schema", "owner", "jobType", "ownership", "sql"):
            carried = store.carried(name, kind)
            found[f"{name} of {kind}"] = sorted((each.namespace, each.body or b"", each.last_at) for each in carried)
        found[kind] = store.find(kind=kind, limit=3), store.find(kind=kind, order="updated", offset=1)
    found["within"] = store.find(since=at(1), until=at(4))
    found["states"] = store.find(states=("COMPLETE", "RUNNING")), store.find(states=("FAIL",), limit=0)
    found["behind"] = store.find(after=dataset("b"))
    for words in ("a", "lo lake", "etl", "norm", "tes", SIGNS, *SIGNS.split()):
        found[f"words {words}"] = store.find(words)
    return found


@settings(QUICK, max_examples=10)
@given(pairs=entries())
def test_what_is_found_and_counted_is_what_sqlite_finds_and_counts(
    home: Neo4jStore, model: Store, pairs: list[Said]
) -> None:
    """Whatever was merged and decided."""
    assert figures(merged(model, pairs, len(pairs))) == figures(merged(home, pairs, 4))


@pytest.mark.parametrize("name", [name for name in all_files() if "spark" in name][:3])
def test_captured_events_are_found_and_counted_alike(graph: Neo4jStore, model: Store, name: str) -> None:
    """Real names, with the signs that real producers put into them."""
    pairs = received(deltas(name))

    assert figures(merged(model, list(pairs), 50)) == figures(merged(graph, list(pairs), 50))


def test_signs_of_the_query_language_are_searched_for(graph: Neo4jStore) -> None:
    """What Lucene reads as syntax stands in names, and is found where it stands."""
    merge(graph, received([described(name, 1) for name in (SIGNS, "plain")]))

    words = ("a/b", "(c)", '"d"', "[e]", "{f}", "AND NOT", "a/b (c) b c d")
    assert {(SIGNS,)} == {tuple(node.id.name for node in graph.find(word).items) for word in words}


def test_a_word_longer_than_any_name_is_found_nowhere(graph: Neo4jStore) -> None:
    """However much is typed, it is one question."""
    merge(graph, received([described("plain", 1)]))

    assert 0 == graph.find("plain " * 500 + "x" * 5_000).total
