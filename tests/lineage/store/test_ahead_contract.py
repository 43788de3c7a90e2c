"""What every store promises of clocks that are ahead: what they told stays, and can be left out of what happened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lineage.model import Delta
from lineage.store.base import Store
from tests.support.deltas import at, dataset, facet, job, merge, ran, received, run

ORDERS = dataset("orders")
BEGAN = ran("r", "START", 0, writes=["orders"])
ENDED = ran("r", "COMPLETE", 2, writes=["orders"], rows=7, facets=[facet(job("load"), "owner", "ada")])
FAILED = ran("r", "FAIL", 42, writes=["orders"], rows=9, facets=[facet(job("load"), "owner", "bob")])


@pytest.fixture
def told(graph: Store) -> Store:
    """A run that ended well, and that a clock ahead by 39 minutes says to have failed."""
    merge(graph, received([BEGAN, ENDED, FAILED], 1))
    return graph


def digests(*events: Delta) -> list[str]:
    """Their names."""
    return [event.digest.hex() for event in events]


def test_a_run_that_ended_twice_is_as_the_one_in_time_says(told: Store) -> None:
    """State, time, rows and proof."""
    (write,) = told.without_ahead().writes(ORDERS, counts=True)

    assert ("COMPLETE", at(2), 7, tuple(digests(ENDED))) == (write.state, write.written_at, write.rows, write.proofs)


def test_the_store_itself_answers_of_all(told: Store) -> None:
    """Lineage never vanishes."""
    assert [("FAIL", at(42), 9)] == [
        (each.state, each.written_at, each.rows) for each in told.writes(ORDERS, counts=True)
    ]


def test_the_newest_facet_is_that_of_an_event_in_time(told: Store) -> None:
    """Of a job as of a run."""
    assert {job("load"): {"owner": b'"ada"'}} == told.without_ahead().newest_facets([job("load")], ["owner"])


def test_what_a_run_of_clocks_ahead_alone_did_is_left_out(graph: Store) -> None:
    """It is no run, it wrote nothing; the dataset is still there."""
    merge(graph, received([ran("r", "COMPLETE", 42, writes=["orders"])], 1))
    judged = graph.without_ahead()

    assert ([], 0, True) == (judged.writes(ORDERS), judged.runs(job=job("load")).total, ORDERS in judged.get([ORDERS]))


def test_five_minutes_ahead_is_in_time(graph: Store) -> None:
    """A microsecond more is not."""
    merge(graph, received([ran("r", "COMPLETE", 5, writes=["orders"])]))
    judged = (graph.without_ahead(timedelta(minutes=5) - spare) for spare in (timedelta(0), timedelta(microseconds=1)))

    assert [1, 0] == [len(each.writes(ORDERS)) for each in judged]


def test_an_event_is_as_far_ahead_as_its_first_receipt_says(graph: Store) -> None:
    """Whichever of its entries is merged first (DECISIONS 3)."""
    merge(graph, received([BEGAN, ENDED]) + received([FAILED], 42))
    before = [write.state for write in graph.without_ahead().writes(ORDERS)]
    merge(graph, received([FAILED], 3))

    assert (["FAIL"], ["COMPLETE"]) == (before, [write.state for write in graph.without_ahead().writes(ORDERS)])


@pytest.mark.parametrize("asked", [{}, {"dataset": ORDERS}, {"job": job("load")}, {"run": run("r").name}])
def test_events_that_are_ahead_are_listed_by_themselves(told: Store, asked: dict[str, object]) -> None:
    """With every other filter."""
    found = told.events(ahead=timedelta(minutes=5), **asked)  # type: ignore[arg-type]  # each of them is a filter

    assert (digests(FAILED), 1) == ([each.digest for each in found.items], found.total)


def test_an_event_says_by_how_much_it_is_ahead(told: Store) -> None:
    """Only where that is more than five minutes."""
    assert [timedelta(minutes=39), None, None] == [each.ahead for each in told.events().items]
