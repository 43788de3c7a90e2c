"""What every store promises of explicit lineage: the newest statement stands on edges, uses and versions."""

from __future__ import annotations

from typing import Any

import pytest

from lineage.model import NodeId, Touch
from lineage.statements import Word, of
from lineage.store.base import Store
from tests.support.deltas import (
    at,
    dataset,
    decided,
    described,
    job,
    kept,
    linked,
    made_of,
    merge,
    ran,
    received,
    run,
    stated,
)

LOAD = job("load")
A, B, X, Y = map(dataset, "abxy")

Told = dict[str, tuple[NodeId, ...] | None]


def told(store: Store, **cut: Any) -> Told:
    """What the job says that it made its targets of."""
    return {edge.target.name: edge.made_of for edge in store.neighbours([LOAD], "down", **cut)}


def test_an_edge_tells_what_its_target_was_made_of(graph: Store) -> None:
    """Asked from either end; of what nothing was said of, and of what is read, it tells nothing."""
    merge(graph, received([ran("r", "COMPLETE", 0, reads="ab", writes="xy", made_of=(made_of("load", "x", "a"),))]))

    edges = graph.neighbours([X, LOAD], "both")
    assert {("load", "x"): (A,), ("load", "y"): None, ("a", "load"): None, ("b", "load"): None} == {
        (edge.source.name, edge.target.name): edge.made_of for edge in edges
    }


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (made_of("load", "x", "b"), {"x": (B,), "y": (A,)}),
        (made_of("load", "x"), {"x": (), "y": (A,)}),
        (made_of("load", "x", takes_back=True), {"x": None, "y": (A,)}),
        (made_of("load", None, takes_back=True), {"x": None, "y": None}),
    ],
)
def test_the_newest_statement_of_a_target_decides(graph: Store, late: object, expected: Told) -> None:
    """By event time, in whatever order they come; before it the older one did."""
    first = ran("r", "START", 0, writes="xy", made_of=(made_of("load", "x", "a"), made_of("load", "y", "a")))
    merge(graph, received([ran("r", "COMPLETE", 2, writes="xy", made_of=(late,)), first]))

    assert (expected, {"x": (A,), "y": (A,)}) == (told(graph), told(graph, as_of=at(1)))


def test_an_event_without_the_facet_takes_nothing_back(graph: Store) -> None:
    """Omission says nothing, and no lookback forgets."""
    merge(
        graph,
        received(
            [stated("load", 0, writes="x", made_of=(made_of("load", "x", "a"),)), ran("r", "START", 9, writes="x")]
        ),
    )

    assert {"x": (A,)} == told(graph, lookback=at(1) - at(0))


def test_a_statement_speaks_of_a_dataset_under_all_its_names(graph: Store) -> None:
    """A facet may spell its target otherwise than `outputs` does; the newest event speaks for all names."""
    spoken = made_of("load", "x", "a"), made_of("load", "y", "b")
    merge(
        graph,
        received([
            ran("r1", "COMPLETE", 0, writes="y", made_of=spoken[:1], aliases=(linked("y", "x"),)),
            ran("r2", "COMPLETE", 1, writes="x", made_of=spoken[1:]),
        ]),
    )  # fmt: skip

    made = {version.run.id: version.made_of for version in graph.versions(X).items}
    assert ({"x": (A,)}, {"x": (B,)}, {run("r1").name: (A,), run("r2").name: (B,)}) == (
        told(graph, as_of=at(0)), told(graph), made
    )  # fmt: skip


@pytest.mark.parametrize(("takes_back", "expected"), [(False, (A, B)), (True, None)])
def test_what_one_event_says_of_several_names_counts_together(
    graph: Store, *, takes_back: bool, expected: tuple[NodeId, ...] | None
) -> None:
    """All that they were made of; and nothing is said of it where the event takes back what was said of one."""
    spoken = made_of("load", "x", "a"), made_of("load", "y", "b", takes_back=takes_back)
    merge(graph, received([ran("r", "COMPLETE", 0, writes="xy", made_of=spoken, aliases=(linked("y", "x"),))]))

    assert {"x": expected} == told(graph)


def test_sources_are_told_under_canonical_names(graph: Store) -> None:
    """Whatever name the statement used."""
    said = (made_of("load", "x", "b"),)
    merge(graph, received([ran("r", "COMPLETE", 0, reads="b", writes="x", made_of=said, aliases=(linked("b", "a"),))]))

    assert {"x": (A,)} == told(graph)


def test_a_run_made_its_output_of_what_its_own_events_say(graph: Store) -> None:
    """A later word of its job, or of another run, is none on it."""
    merge(
        graph,
        received([
            ran("r1", "COMPLETE", 0, writes="x", made_of=(made_of("load", "x", "a"),)),
            ran("r2", "COMPLETE", 1, writes="x"),
            ran("r3", "COMPLETE", 2, writes="x", made_of=(made_of("load", "x", "b"),)),
            stated("load", 3, made_of=(made_of("load", "x"),)),
        ]),
    )  # fmt: skip

    expected = {run("r1").name: (A,), run("r2").name: (A,), run("r3").name: (B,)}
    assert (expected, expected) == (
        {use.run: use.made_of for use in graph.uses(dataset=X, side="output")},
        {version.run.id: version.made_of for version in graph.versions(X).items},
    )


def test_an_event_may_say_what_other_jobs_read_and_write(graph: Store) -> None:
    """As if they had said it, without a run: what a view is made of has no other way to be told."""
    view = job("view")
    merge(graph, received([described("x", 0, others=(Touch(view, X, "output"), Touch(view, A, "input")))]))

    assert [(A, view), (view, X)] == [(edge.source, edge.target) for edge in graph.neighbours([view], "both")]


def test_what_a_start_told_explicitly_stays(graph: Store) -> None:
    """The statement holds, and so do its sources, also where the COMPLETE lists others; before it was heard, not."""
    began = ran("r", "START", 0, reads="b", others=(Touch(run("r"), A, "input", told=True),))
    merge(graph, received([ran("r", "COMPLETE", 2, reads="y"), ran("r", "START", 1, reads="a"), began]))

    assert ([A, Y], [Y]) == tuple(
        [edge.source for edge in graph.neighbours([LOAD], "up", known_at=known)] for known in (None, at(1))
    )


def test_an_event_proves_an_edge_once(graph: Store) -> None:
    """A run that moved to the job of which it had told beside: one event speaks for both, and is named once."""
    told = ran("r", "START", 0, by="test", reads="a", others=(Touch(LOAD, A, "input"),))
    merge(graph, received([told, ran("r", "RUNNING", 1, by="load")]))

    assert [(told.digest.hex(),)] == [edge.evidence for edge in graph.neighbours([LOAD], "up")]


def test_what_was_hidden_is_nothing_that_a_target_was_made_of(graph: Store) -> None:
    """Nothing of it is seen on an edge; what a run did is evidence, and stays."""
    said = (made_of("load", "x", "a", "b"),)
    merge(graph, received([ran("r", "COMPLETE", 0, reads="ab", writes="x", made_of=said)]))
    merge(graph, [kept(decided(1, of(A), Word("hidden")), 5)])

    assert ({"x": (B,)}, [(A, B)]) == (told(graph), [use.made_of for use in graph.uses(dataset=X, side="output")])
