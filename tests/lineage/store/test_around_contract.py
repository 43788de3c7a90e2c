"""What every store promises of what stands round runs and jobs: many at once, in one round trip."""

from __future__ import annotations

from lineage.store.base import Store
from tests.support.deltas import at, facet, job, merge, ran, received, run

LOAD, TEST = job("load"), job("test")


def test_the_newest_runs_of_each_job(graph: Store) -> None:
    """Newest first, at most as many as asked of each; a job without a run is left out."""
    merge(graph, received([ran(f"r{n}", "START", n) for n in (1, 3, 2)] + [ran("t", "START", 0, by="test")]))

    found = graph.newest_runs([LOAD, TEST, job("none")], limit=2)

    assert {LOAD: [run("r3").name, run("r2").name], TEST: [run("t").name]} == {
        of: [each.id for each in runs] for of, runs in found.items()
    }


def test_the_newest_children_of_each_run(graph: Store) -> None:
    """Of a run, its children are given, whatever their job is."""
    merge(graph, received([
        ran("c1", "COMPLETE", 1, parent_run=run("p")), ran("c2", "FAIL", 2, by="test", parent_run=run("p")),
        ran("c3", "COMPLETE", 3, parent_run=run("q")),
    ]))  # fmt: skip

    found = graph.newest_runs([run("p"), run("q"), run("c1")], limit=9)

    assert {run("p"): [run("c2").name, run("c1").name], run("q"): [run("c3").name]} == {
        of: [each.id for each in runs] for of, runs in found.items()
    }


def test_the_newest_runs_are_filtered_as_runs_are(graph: Store) -> None:
    """By state, by start, and as they were known then."""
    events = [ran("r1", "COMPLETE", 1), ran("r2", "START", 2), ran("r2", "COMPLETE", 3), ran("r3", "COMPLETE", 9)]
    merge(graph, received(events))

    asked = {"states": ["COMPLETE"], "until": at(5), "known_at": at(1)}

    assert [run("r1").name] == [each.id for each in graph.newest_runs([LOAD], **asked, limit=9)[LOAD]]  # type: ignore[arg-type] # of one filter


def test_the_newest_facets_of_runs_and_jobs(graph: Store) -> None:
    """The newest body of each by event time, whatever came last; those not asked for stay away."""
    merge(graph, received([
        ran("r", "COMPLETE", 2, facets=[facet(run("r"), "airflow", "new"), facet(LOAD, "jobType", "x")]),
        ran("r", "START", 1, facets=[facet(run("r"), "airflow", "old"), facet(run("r"), "other", "y")]),
    ]))  # fmt: skip

    found = graph.newest_facets([run("r"), LOAD, TEST], ["airflow", "jobType"])

    assert {run("r"): {"airflow": b'"new"'}, LOAD: {"jobType": b'"x"'}} == found


def test_a_deleted_facet_is_none(graph: Store) -> None:
    """A deletion leaves nothing, until an older one is asked for."""
    merge(graph, received([
        ran("r", "START", 1, facets=[facet(LOAD, "jobType", "x")]),
        ran("r", "COMPLETE", 2, facets=[facet(LOAD, "jobType", "")]),
    ]))  # fmt: skip

    found = [graph.newest_facets([LOAD], ["jobType"], until=until) for until in (None, at(1))]

    assert [{}, {LOAD: {"jobType": b'"x"'}}] == found


def test_beats_are_the_times_of_all_events_of_a_run(graph: Store) -> None:
    """Whatever their type, newest first, the newest of them; a run that only others named has none."""
    kinds = ("START", "RUNNING", "OTHER", "RUNNING")
    told = [ran("r", kind, n, parent_run=run("p")) for n, kind in enumerate(kinds)]  # type: ignore[arg-type] # they are
    merge(graph, received(told))

    assert {run("r").name: [at(3), at(2), at(1)]} == graph.beats([run("r").name, run("p").name], limit=3)


def test_beats_of_long_runs_are_their_own(graph: Store) -> None:
    """Also where runs of one job beat in turn, and where the events of a run name two jobs."""
    minutes = range(120)
    merge(graph, received([ran("r", "RUNNING", minute) for minute in minutes]))
    merge(graph, received([ran("beside", "RUNNING", minute + 0.5) for minute in minutes]))
    merge(graph, received([ran("moved", "RUNNING", minute, by=("load", "test")[minute % 2]) for minute in minutes]))
    expected = {run(name).name: [at(100), at(99)] for name in ("r", "moved")}

    assert expected == graph.beats([run("r").name, run("moved").name], until=at(100), limit=2)


def test_dependencies_are_told_from_either_end(graph: Store) -> None:
    """Once each, however often they were said; up to the moment that is asked about."""
    waits = (LOAD, TEST)
    merge(graph, received([ran("r", "START", 1, depends=(waits,)), ran("r", "COMPLETE", 2, depends=(waits,))]))

    found = [graph.dependencies([asked], as_of=until) for asked in waits for until in (None, at(0))]

    assert [[waits], [], [waits], []] == found


def test_what_each_run_used(graph: Store) -> None:
    """As `uses` says of each of them; a run that used nothing is left out."""
    merge(graph, received([
        ran("r1", "COMPLETE", 1, reads=["a"], writes=["b"], rows=3), ran("r2", "COMPLETE", 2, reads=["b"]),
        ran("r3", "START", 3),
    ]))  # fmt: skip
    names = [run(name).name for name in ("r1", "r2", "r3")]

    assert {name: graph.uses(run=name) for name in names[:2]} == graph.uses_of(names)


def test_a_run_of_which_no_event_lies_within_both_cuts_used_nothing(graph: Store) -> None:
    """Although one of its events had happened by then, and another one had been received."""
    late = received([ran("r", "START", 1, reads=["orders"])], 20)
    early = received([ran("r", "COMPLETE", 20, reads=["orders"])], 1)
    merge(graph, [*late, *early])

    assert {} == graph.uses_of([run("r").name], until=at(10), known_at=at(10))
