"""What every store promises a judge: versions in short, with the events that prove them; and whether it heard any."""

from __future__ import annotations

from typing import Any

import pytest

from lineage.model import Delta, Write
from lineage.store.base import Store
from tests.support.deltas import at, dataset, job, linked, merge, ran, received, run

ORDERS = dataset("orders")

TOLD = (
    ran("good", "START", 1, writes=["orders"], nominal_start=at(-60), nominal_end=at(0)),
    ran("good", "COMPLETE", 4, writes=["orders"], rows=7),
    ran("bad", "START", 2, writes=["orders"]),
    ran("bad", "FAIL", 3, writes=["path"]),
    ran("open", "START", 5, by="other", writes=["orders"], aliases=(linked("path", "orders"),)),
    ran("open", "COMPLETE", 9, by="other", writes=["orders"]),
    ran("reader", "COMPLETE", 6, reads=["orders"]),
)


@pytest.fixture
def told(graph: Store) -> Store:
    """Runs that wrote under two names, the nth event received n minutes after the tenth."""
    merge(graph, received(list(TOLD), 10))
    return graph


@pytest.mark.parametrize(
    "asked",
    [{}, {"since": at(3)}, {"until": at(8)}, {"since": at(1), "until": at(3)}]
    + [{"known_at": at(minute)} for minute in range(9, 17)]
    + [{"until": at(4), "known_at": at(minute)} for minute in (10, 12, 20)],
)
@pytest.mark.parametrize("name", ["orders", "path"])
def test_a_write_is_a_version_in_short(told: Store, asked: dict[str, Any], name: str) -> None:
    """The same runs, states, times and rows under every cut and every name."""
    versions = told.versions(dataset(name), **asked).items
    expected = [
        (v.run.id, v.run.job, v.run.state, v.written_at, v.run.nominal_start, v.run.nominal_end, v.statistics.rows)
        for v in versions
    ]

    assert expected == [write[:7] for write in told.writes(dataset(name), counts=True, **asked)]


def test_a_write_names_its_proof_and_its_first_receipt(graph: Store) -> None:
    """The events that ended the run in its state; its start and its parent; rows only when they are asked for."""
    began = ran("r", "START", 1, writes=["orders"], parent_run=run("p"))
    ended = ran("r", "COMPLETE", 2, writes=["orders"], rows=7)
    merge(graph, received([began, ended], 10))
    proofs = (ended.digest.hex(),)

    said = (
        run("r").name,
        job("load"),
        "COMPLETE",
        at(2),
        None,
        None,
        None,
        proofs,
        at(10),
        at(1),
        run("p").name,
        at(11),
    )
    assert [Write(*said)] == graph.writes(ORDERS)


def test_a_write_was_told_of_when_its_first_proof_was_received(graph: Store) -> None:
    """However early its start was, and however often its end is said again."""
    began, ended, again = (ran("r", kind, 1, writes=["orders"]) for kind in ("START", "COMPLETE", "COMPLETE"))
    merge(graph, [*received([began], 5), *received([ended], 20), *received([again], 30)])

    assert [at(20)] == [write.told_at for write in graph.writes(ORDERS)]


def test_the_first_receipt_is_that_within_the_cut(graph: Store) -> None:
    """What was received later says nothing, also where the end was received before the start."""
    began, ended = ran("r", "START", 1, writes=["orders"]), ran("r", "COMPLETE", 2, writes=["orders"])
    merge(graph, received([ended, began], 10))

    assert [(at(10), (ended.digest.hex(),))] == [
        (write.heard_at, write.proofs) for write in graph.writes(ORDERS, known_at=at(10))
    ]


def test_three_proofs_are_enough(graph: Store) -> None:
    """The newest first."""
    ends: list[Delta] = [ran("r", "COMPLETE", minute, writes=["orders"]) for minute in range(1, 6)]
    merge(graph, received(ends))

    assert [tuple(end.digest.hex() for end in ends[:1:-1])] == [write.proofs for write in graph.writes(ORDERS)]


def test_what_has_not_ended_has_no_proof(graph: Store) -> None:
    """A run under way is a version that was not delivered."""
    merge(graph, received([ran("r", "START", 1), ran("r", "RUNNING", 2, writes=["orders"])]))

    assert [("RUNNING", ())] == [(write.state, write.proofs) for write in graph.writes(ORDERS)]


def test_nobody_writes_what_is_not_known(graph: Store) -> None:
    """No error: a promise may come before its dataset."""
    assert graph.writes(dataset("nobody's")) == []


def test_a_store_knows_since_when_it_hears(graph: Store) -> None:
    """By the time of receipt, never by that of the event."""
    merge(graph, received([ran("later", "COMPLETE", 1)], 11))
    merge(graph, received([ran("r", "COMPLETE", 2)], 10))

    assert [None, at(10), at(10)] == [graph.heard(at(minute)) for minute in (9, 10, 12)]
