"""What is new since a revision: who is not named in it has the history that it had."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.model import NodeId
from lineage.statements import Subject, Word
from lineage.store import _news as remembered
from lineage.store.base import Store
from tests.support.any_graph import DATASETS, JOBS, QUICK, SPELLINGS, entries
from tests.support.deltas import Said, at, dataset, decided, described, job, kept, linked, merge, ran, received

LATE = at(10_000)
NODES = [*map(dataset, dict.fromkeys(DATASETS + SPELLINGS)), *map(job, JOBS)]


def history(store: Store, node: NodeId) -> list[Any]:
    """All that a promise about *node* is judged of."""
    found: list[Any] = [store.facet_history(node), store.newest_facets([node], ["owner", "jobType"])]
    if node.kind == "job":
        return [*found, store.events(job=node)]
    return [*found, store.writes(node, counts=True), store.versions(node), store.events(dataset=node)]


def unnamed(store: Store, first: list[Said], then: list[Said], batch: int) -> tuple[Any, Any]:
    """Of those whom the news of *then* do not name the histories after *first*, and after it."""
    store.clear()
    merge(store, first)
    before, known = store.revision(), {node: history(store, node) for node in NODES}
    for place in range(0, len(then), batch):
        merge(store, then[place : place + batch])
    found = store.news(before, LATE).of
    same = [node for node in NODES if found is not None and node not in found]
    return {node: known[node] for node in same}, {node: history(store, node) for node in same}


def test_what_an_event_names_is_new(graph: Store) -> None:
    """Datasets and jobs, from its own time on."""
    before = graph.revision()
    merge(graph, received([ran("r", "COMPLETE", 3, reads=["raw"], writes=["orders"])], 5))

    assert dict.fromkeys([dataset("raw"), dataset("orders"), job("load")], at(3)) == graph.news(before, LATE).of


@pytest.mark.parametrize(("minute", "expected"), [(4, {dataset("orders")}), (5, set())])
def test_what_a_cut_left_out_is_news_once_more(graph: Store, minute: float, expected: set[NodeId]) -> None:
    """It was received in minute 5: who knew what was known before has not seen it."""
    merge(graph, received([described("orders", 3)], 5))

    assert expected == set(graph.news(graph.revision(), at(minute)).of or ())


def test_a_statement_of_later_may_yet_change_anything(graph: Store) -> None:
    """Who knew what was known before it asks again until it speaks."""
    merge(graph, [kept(decided(5, Subject("slo", "orders"), Word("excluded", "x")), 5)])

    assert (None, {}) == (graph.news(graph.revision(), at(4)).of, graph.news(graph.revision(), at(5)).of)


def test_an_earlier_receipt_may_change_anything(graph: Store) -> None:
    """Of an event that is known already: what was known in between was less."""
    (pair,) = received([described("orders", 1)], 5)
    merge(graph, [pair])
    before = graph.revision()
    merge(graph, [(replace(pair[0], received_at=at(2)), pair[1])])

    assert graph.news(before, LATE).of is None


def test_what_a_run_used_is_new_when_the_run_speaks(graph: Store) -> None:
    """Its end makes a version of what only its START named."""
    merge(graph, received([ran("r", "START", 1, writes=["orders"])]))
    before = graph.revision()
    merge(graph, received([ran("r", "COMPLETE", 3)], 5))

    assert {dataset("orders"), job("load")} == set(graph.news(before, LATE).of or ())


def test_nothing_is_new_since_now(graph: Store) -> None:
    """A merge of what is there already is no news either."""
    pairs = received([ran("r", "COMPLETE", 3, writes=["orders"])])
    merge(graph, pairs)
    before = graph.revision()
    merge(graph, pairs)

    assert ({}, {}) == (graph.news(before, LATE).of, graph.news(graph.revision(), LATE).of)


def test_of_what_became_one_all_names_and_times_are_new(graph: Store) -> None:
    """Its history is now that of both."""
    merge(graph, received([described("orders", 1), described("path", 2)]))
    before = graph.revision()
    merge(graph, received([described("orders", 3, aliases=[linked("orders", "path")])], 5))

    assert dict.fromkeys([dataset("orders"), dataset("path")]) == graph.news(before, LATE).of


def test_a_statement_may_change_anything(graph: Store) -> None:
    """Who keeps answers forgets them all."""
    before = graph.revision()
    merge(graph, [kept(decided(1, Subject("slo", "orders"), Word("excluded", "x")), 1)])

    assert graph.news(before, LATE).of is None


def test_a_graph_that_was_cleared_may_be_another(graph: Store) -> None:
    """So may one of which the revision is not remembered."""
    merge(graph, received([described("orders", 1)]))
    before = graph.revision()
    graph.clear()

    assert (graph.news(before, LATE).of, graph.news("fffff-00000000", LATE).of) == (None, None)


@QUICK
@given(first=entries(), then=entries(), batch=st.integers(1, 4))
def test_who_is_not_named_has_the_history_that_it_had(
    stores: tuple[Store, Store], first: list[Said], then: list[Said], batch: int
) -> None:
    """Whatever was merged, in whatever batches, of a dataset with several names too."""
    expected, actual = unnamed(stores[0], first, then, batch)

    assert expected == actual


def test_only_the_newest_merges_are_remembered(graph: Store, monkeypatch: Any) -> None:
    """What came before them is not told apart any more."""
    monkeypatch.setattr(remembered, "KEPT", 2)
    before = graph.revision()
    for minute in range(4):
        merge(graph, received([described("orders", minute)], minute))

    assert graph.news(before, LATE).of is None
