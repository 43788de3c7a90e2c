"""The graph is a function of the set of entries, and a cut of it is the graph of the cut set."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.model import Delta, Entry
from lineage.store.base import Store
from tests.support.any_graph import DATASETS, MINUTES, QUICK, answers, entries, happened, merged
from tests.support.deltas import Said, at, dataset, received, sha256
from tests.support.events import all_files, deltas

cuts = st.none() | st.sampled_from(MINUTES).map(at)


@QUICK
@given(pairs=entries(), data=st.data())
def test_any_order_batching_and_repetition_gives_the_same_graph(
    stores: tuple[Store, Store], pairs: list[Said], data: st.DataObject
) -> None:
    """The dump depends on the set of (entry, delta) alone."""
    shuffled = data.draw(st.permutations(pairs)) + data.draw(st.lists(st.sampled_from(pairs), max_size=3))
    batch = data.draw(st.integers(1, len(shuffled)))

    expected, actual = merged(stores[0], pairs, len(pairs)), merged(stores[1], shuffled, batch)

    assert list(expected.dump()) == list(actual.dump())


@QUICK
@given(pairs=entries(), as_of=cuts, known_at=cuts)
def test_a_cut_answers_as_a_store_that_merged_only_what_is_within(
    stores: tuple[Store, Store], pairs: list[Said], as_of: datetime | None, known_at: datetime | None
) -> None:
    """as_of and known_at are exact for every question that takes them."""
    within = [
        (entry, delta)
        for entry, delta in pairs
        if (as_of is None or delta.at <= as_of) and (known_at is None or entry.received_at <= known_at)
    ]
    whole, part = merged(stores[0], pairs, 4), merged(stores[1], within, 4)

    asked = answers(whole, as_of, known_at)

    assert {question: answer for question, answer in answers(part, None, None).items() if question in asked} == asked


@QUICK
@given(pairs=entries(), as_of=cuts, known_at=cuts, by=st.integers(0, 3))
def test_without_what_is_ahead_a_store_answers_as_one_that_never_merged_it(
    stores: tuple[Store, Store], pairs: list[Said], as_of: datetime | None, known_at: datetime | None, by: int
) -> None:
    """By the earliest receipt of each event, and at any cut; all that is known of names stays."""
    told: list[tuple[Entry, Delta]] = [
        (entry, delta._replace(aliases=())) for entry, delta in pairs if isinstance(delta, Delta)
    ]
    first: dict[bytes, datetime] = {}
    for entry, _ in told:
        first[entry.digest] = min(entry.received_at, first.get(entry.digest, entry.received_at))
    allowed = timedelta(minutes=by)
    in_time: list[Said] = [pair for pair in told if pair[1].at - first[pair[0].digest] <= allowed]
    every: list[Said] = [*told]
    whole, part = merged(stores[0], every, 4), merged(stores[1], in_time, 4)

    assert happened(part, as_of, known_at) == happened(whole.without_ahead(allowed), as_of, known_at)


@QUICK
@given(pairs=entries())
def test_the_newest_versions_are_the_first_of_those_delivered(stores: tuple[Store, Store], pairs: list[Said]) -> None:
    """Asked for all datasets at once, or for each of them."""
    store = merged(stores[0], pairs, len(pairs))
    names = [*map(dataset, DATASETS)]

    one_by_one = {name: store.versions(name, delivered=True, limit=1).items for name in names}

    assert {name: found[0] for name, found in one_by_one.items() if found} == store.newest_versions(names)


@pytest.mark.parametrize("name", all_files())
def test_captured_events_give_the_same_graph_in_any_order(stores: tuple[Store, Store], name: str) -> None:
    """Real events shuffled, repeated and merged a few at a time give the graph of their order of arrival."""
    pairs = received(deltas(name))
    shuffled = pairs + pairs[::3]
    Random(len(pairs)).shuffle(shuffled)

    expected, actual = merged(stores[0], pairs, len(pairs)), merged(stores[1], shuffled, 5)

    assert sha256(expected) == sha256(actual)
