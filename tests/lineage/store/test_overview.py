"""The filters of lists, and the figures over the whole graph."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lineage.model import job_id
from tests.support.reading import NOON, Reading, dataset, facet, minutes, run_event, whole_run


def test_things_are_found_by_the_state_of_the_newest_run(world: Reading) -> None:
    """An older run of a job says nothing, and the total is of the same filter."""
    world.tell(whole_run(1, "mended", 0, [], ["a"]) + whole_run(2, "broken", 0, [], ["b"]))
    world.tell([run_event(3, "mended", "FAIL", minutes(-9)), run_event(4, "broken", "FAIL", minutes(9))])

    found = world.store.find(kind="job", states=["FAIL"])

    assert ([job_id("af", "broken")], 1) == ([node.id for node in found.items], found.total)


@pytest.mark.parametrize(("since", "until", "expected"), [(0, 20, ["late"]), (None, 10, ["early"]), (30, None, [])])
def test_things_are_found_by_when_they_were_seen_last(
    world: Reading, since: int | None, until: int | None, expected: list[str]
) -> None:
    """The span is open below and closed above."""
    world.tell([run_event(1, "early", "START", minutes(0)), run_event(2, "late", "START", minutes(20))])

    found = world.store.find(
        since=None if since is None else minutes(since), until=None if until is None else minutes(until)
    )

    assert expected == [node.id.name for node in found.items]


def test_a_list_goes_on_behind_a_name(world: Reading) -> None:
    """What was added before it in the meantime moves nothing; the total counts all."""
    world.tell([run_event(number, name, "START", NOON) for number, name in enumerate("bcd")])

    found = world.store.find(after=job_id("af", "b"), limit=1)

    assert (["c"], 3) == ([node.id.name for node in found.items], found.total)


def test_events_are_told_apart_by_namespace(world: Reading) -> None:
    """That of the job counts; what it reads lies elsewhere."""
    world.tell(whole_run(1, "load", 0, ["a"], []) + whole_run(2, "other", 0, ["a"], [], namespace="dbt"))

    assert (2, 0) == (world.store.events(namespace="dbt").total, world.store.events(namespace="pg").total)


def test_a_span_counts_its_events_and_all_that_was_seen(world: Reading) -> None:
    """A border belongs to the span that it ends."""
    world.tell(whole_run(1, "load", 0, ["a"], []) + whole_run(2, "load", 59, ["b"], []))

    first, second = world.store.tallies([NOON - timedelta(hours=1), NOON, NOON + timedelta(hours=1)])

    assert [(1, 0, 1, 1), (1, 2, 2, 1)] == [
        (span["START"], span["COMPLETE"], span["datasets"], span["jobs"]) for span in (first, second)
    ]


def test_a_facet_is_looked_at_across_all_that_carry_it(world: Reading) -> None:
    """Only its newest body counts, once for all of a namespace; None stands for those without."""
    for number, name in enumerate(("old", "new")):
        told = dataset("a", dataSource=facet(name=name))
        world.tell([run_event(number, "load", "COMPLETE", minutes(number), outputs=[told, "plain"])])

    found = world.store.carried("dataSource", "dataset")

    assert [None, b'"name": "new"'] == [each.body and each.body[-14:-1] for each in found]
