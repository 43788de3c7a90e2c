"""What every store promises of what happened: runs, uses, versions, events and facet history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lineage.model import EventRecord, FacetRecord, FacetSeen, Run, Statistics
from lineage.store.base import Store
from tests.support.deltas import (
    STREAMING,
    at,
    dataset,
    described,
    facet,
    job,
    linked,
    merge,
    ran,
    received,
    run,
    stated,
)

ORDERS, LOAD, R = dataset("orders"), job("load"), run("r").name


def states(store: Store, **asked: Any) -> dict[str, str]:
    return {found.id: found.state for found in store.runs(**asked).items}


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_is_what_its_events_come_to(graph: Store) -> None:
    """State, times, parent, root and nominal times, from events in any order."""
    ended = ran("r", "COMPLETE", 9)
    began = ran(
        "r", "START", 2, parent_run=run("p"), parent_job=job("dag"), root_run=run("q"), root_job=job("top"),
        nominal_start=at(0), nominal_end=at(1),
    )  # fmt: skip
    merge(graph, received([ended, began]))

    assert [
        Run(
            R, LOAD, "COMPLETE", at(9), at(2), at(9), at(0), at(1), run("p").name, job("dag"), run("q").name, job("top")
        )
    ] == list(graph.runs(ids=[R]).items)  # fmt: skip


def test_the_newest_parent_facet_replaces_the_older_whole(graph: Store) -> None:
    """A newer parent without a root leaves none; an event without the facet says nothing."""
    merge(graph, received([
        ran("r", "START", 1, parent_run=run("p"), parent_job=job("dag"), root_run=run("q"), root_job=job("top")),
        ran("r", "RUNNING", 2, parent_run=run("p2"), parent_job=job("dag2")),
        ran("r", "COMPLETE", 3),
    ]))  # fmt: skip
    (found,) = graph.runs(ids=[R]).items

    assert (run("p2").name, job("dag2"), None, None) == (
        found.parent_run, found.parent_job, found.root_run, found.root_job
    )  # fmt: skip


def test_a_parent_that_never_spoke_is_new(graph: Store) -> None:
    """Under the job that its children give it, until it speaks for itself."""
    merge(graph, received([ran("r", "START", 1, parent_run=run("p"), parent_job=job("dag"))]))
    (silent,) = graph.runs(ids=[run("p").name]).items
    merge(graph, received([ran("p", "START", 0, by="dag_of_its_own")], 1))
    (spoke,) = graph.runs(ids=[run("p").name]).items

    assert [("NEW", job("dag"), at(1)), ("RUNNING", job("dag_of_its_own"), at(0))] == [
        (found.state, found.job, found.last_at) for found in (silent, spoke)
    ]


def test_runs_are_ordered_by_start_and_paged(graph: Store) -> None:
    """Newest first; by first sight where START is missing; the total counts all of the filter."""
    merge(graph, received([
        ran("r1", "START", 1), ran("r1", "COMPLETE", 9), ran("r2", "COMPLETE", 5), ran("r3", "START", 3)
    ]))  # fmt: skip
    page = graph.runs(job=LOAD, limit=2, offset=1)

    assert ([run("r3").name, run("r1").name], 3) == ([found.id for found in page.items], page.total)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"job": job("other")}, {"r3"}),
        ({"job": job("nobody's")}, set()),
        ({"parent": run("r1").name}, {"r2"}),
        ({"states": ["RUNNING", "FAIL"]}, {"r2", "r3"}),
        ({"states": []}, set()),
        ({"since": at(1)}, {"r2", "r3"}),
        ({"until": at(2)}, {"r1", "r2"}),
        ({"ids": [run("r1").name, run("r9").name]}, {"r1"}),
        ({"ids": []}, set()),
        ({"ids": [run("r1").name, run("r2").name], "states": ["FAIL"]}, {"r2"}),
    ],
)
def test_runs_are_filtered(graph: Store, asked: dict[str, Any], expected: set[str]) -> None:
    """Each filter narrows; since < start <= until."""
    merge(graph, received([
        ran("r1", "START", 1), ran("r1", "COMPLETE", 2),
        ran("r2", "START", 2, parent_run=run("r1")), ran("r2", "FAIL", 3),
        ran("r3", "START", 3, by="other"),
    ]))  # fmt: skip

    assert {run(name).name for name in expected} == states(graph, **asked).keys()


def test_known_at_concludes_from_what_was_received(graph: Store) -> None:
    """A run whose end had not arrived was running."""
    merge(graph, received([ran("r", "START", 1), ran("r", "COMPLETE", 2)], 5))
    expected = [{}, {R: "RUNNING"}, {R: "COMPLETE"}]

    assert expected == [states(graph, known_at=at(minute)) for minute in (4, 5, 6)]


# ── uses ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_use_merges_all_that_a_run_said_of_a_dataset(graph: Store) -> None:
    """The last count by event time that is not silent; never the sum."""
    merge(graph, received([
        ran("r", "COMPLETE", 3, writes=["orders"]),
        ran("r", "RUNNING", 2, writes=["orders"], rows=7, version="v1"),
        ran("r", "START", 1, writes=["orders"], rows=1),
    ]))  # fmt: skip
    (use,) = graph.uses(run=R)

    assert (R, LOAD, ORDERS, "output", at(1), at(3), Statistics(7), "v1", True) == (
        use.run, use.job, use.dataset, use.side, use.first_at, use.last_at, use.statistics, use.version, use.effective
    )  # fmt: skip


def test_windows_of_a_streaming_run_add_up(graph: Store) -> None:
    """STREAMING with COMPLETE_SNAPSHOT: one count for each event time, and their sum (DECISIONS 11)."""
    says = FacetSeen(LOAD, "jobType", STREAMING)
    merge(graph, received([
        ran("r", "RUNNING", minute, writes=["orders"], rows=rows, facets=[says])
        for minute, rows in ((1, 10), (2, 5), (3, None))
    ]))  # fmt: skip

    assert [Statistics(15)] == [use.statistics for use in graph.uses(dataset=ORDERS)]


def test_a_refused_listing_is_a_use_without_effect(graph: Store) -> None:
    """What a run listed only on START stays an observation."""
    merge(graph, received([ran("r", "START", 1, reads=["phantom"]), ran("r", "COMPLETE", 2, reads=["orders"])]))
    expected = {"orders": True, "phantom": False}

    assert expected == {use.dataset.name: use.effective for use in graph.uses(run=R)}


def test_uses_are_newest_first_and_filtered(graph: Store) -> None:
    """By dataset, job and side; a job that spoke without a run uses too."""
    merge(graph, received([
        ran("r1", "COMPLETE", 1, reads=["orders"]),
        ran("r2", "COMPLETE", 3, writes=["orders"]),
        stated("other", 2, reads=["orders"]),
    ]))  # fmt: skip
    asked: list[dict[str, Any]] = [
        {"dataset": ORDERS}, {"dataset": ORDERS, "side": "input"}, {"job": LOAD}, {"dataset": ORDERS, "limit": 1}
    ]  # fmt: skip
    expected = [[3, 2, 1], [2, 1], [3, 1], [3]]

    assert expected == [
        [int((use.last_at - at(0)).total_seconds() / 60) for use in graph.uses(**question)] for question in asked
    ]


def test_a_run_uses_a_dataset_once_under_all_its_names(graph: Store) -> None:
    """Uses are of canonical datasets, and found by any name."""
    merge(graph, received([
        ran("r", "START", 1, reads=["path"], aliases=(linked("path", "table"),)),
        ran("r", "COMPLETE", 2, reads=["table"]),
    ]))  # fmt: skip

    assert [(dataset("table"), at(1), at(2))] == [
        (use.dataset, use.first_at, use.last_at) for use in graph.uses(dataset=dataset("table"))
    ]


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_version_is_delivered_when_its_run_completes(graph: Store) -> None:
    """Written at the run's end when it completed, else when it was last observed."""
    merge(graph, received([
        ran("good", "START", 1, writes=["orders"]), ran("good", "COMPLETE", 4),
        ran("bad", "START", 2, writes=["orders"]), ran("bad", "FAIL", 3),
    ]))  # fmt: skip
    page = graph.versions(ORDERS)

    assert [(run("good").name, at(4), True), (run("bad").name, at(2), False)] == [
        (version.run.id, version.written_at, version.delivered) for version in page.items
    ]


def test_a_version_tells_statistics_its_own_name_and_its_schema(graph: Store) -> None:
    """Equal schema facets have equal digests."""
    merge(graph, received([
        ran(name, "COMPLETE", when, writes=["orders"], rows=when, version=version,
            facets=[facet(ORDERS, "schema", schema)])
        for name, when, version, schema in (("r1", 1, "snap-1", "s"), ("r2", 2, None, "s"), ("r3", 3, None, "t"))
    ]))  # fmt: skip
    third, second, first = graph.versions(ORDERS).items

    assert ("snap-1", run("r2").name, Statistics(1), True, False) == (
        first.id, second.id, first.statistics, first.schema_digest == second.schema_digest,
        second.schema_digest == third.schema_digest,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "expected", "total"),
    [
        ({}, [5, 3, 1], 3),
        ({"limit": 1, "offset": 1}, [3], 3),
        ({"since": at(1)}, [5, 3], 2),
        ({"since": at(1), "until": at(3)}, [3], 1),
        ({"delivered": False}, [3], 1),
        ({"delivered": True, "limit": 1}, [5], 2),
        ({"known_at": at(10)}, [1], 1),
    ],
)
def test_versions_are_filtered_and_paged(graph: Store, asked: dict[str, Any], expected: list[int], total: int) -> None:
    """Times with since < written_at <= until; the total counts all of the filter."""
    merge(graph, received([
        ran("r1", "COMPLETE", 1, writes=["orders"]),
        ran("r2", "FAIL", 3, writes=["orders"]),
        ran("r3", "COMPLETE", 5, writes=["orders"]),
    ], 10))  # fmt: skip
    page = graph.versions(ORDERS, **asked)

    assert ([at(minute) for minute in expected], total) == ([found.written_at for found in page.items], page.total)


def test_with_until_later_events_say_nothing(graph: Store) -> None:
    """A run that completed later had delivered nothing by then."""
    merge(graph, received([ran("r", "START", 1, writes=["orders"]), ran("r", "COMPLETE", 5, writes=["orders"])]))

    assert [(at(1), False)] == [
        (version.written_at, version.delivered) for version in graph.versions(ORDERS, until=at(4)).items
    ]


# ── events, facet history ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_recorded_with_what_it_is_about(graph: Store) -> None:
    """Run and job of a RunEvent, the job of a JobEvent, the dataset of a DatasetEvent."""
    deltas = [ran("r", "START", 1, warnings=("odd",)), stated("load", 2), described("orders", 3)]
    merge(graph, received(deltas))
    digests = [delta.digest.hex() for delta in deltas]
    producer = "https://example.com/test"

    assert [
        EventRecord(digests[0], "run", "START", at(1), at(0), producer, run=R, job=LOAD, warnings=("odd",)),
        EventRecord(digests[1], "job", None, at(2), at(1), producer, job=LOAD),
        EventRecord(digests[2], "dataset", None, at(3), at(2), producer, dataset=ORDERS),
    ] == list(graph.events(newest_first=False).items)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"newest_first": False, "limit": 2}, [1, 2]),
        ({"run": R}, [2, 1]),
        ({"job": job("load")}, [2, 1]),
        ({"job": job("dag")}, []),
        ({"dataset": dataset("orders")}, [4, 2]),
        ({"dataset": dataset("alias")}, [4, 2]),
        ({"dataset": dataset("orders"), "run": R}, [2]),
        ({"since": at(1), "until": at(3)}, [3, 2]),
        ({"known_at": at(11)}, [2, 1]),
        ({"dataset": dataset("nobody's")}, []),
    ],
)
def test_events_are_filtered_by_what_they_are_about(graph: Store, asked: dict[str, Any], expected: list[int]) -> None:
    """Events of a run or job; events that name a dataset under any of its names."""
    merge(graph, received([
        ran("r", "START", 1, parent_run=run("p"), parent_job=job("dag")),
        ran("r", "COMPLETE", 2, writes=["orders"]),
        described("items", 3),
        described("orders", 4, aliases=(linked("orders", "alias"),)),
    ], 10))  # fmt: skip
    page = graph.events(**asked)

    assert [at(minute) for minute in expected] == [found.at for found in page.items]


def test_events_are_asked_for_by_digest(graph: Store) -> None:
    """Those that are known, and the total of the same filter."""
    deltas = [described("orders", minute) for minute in range(3)]
    merge(graph, received(deltas))
    page = graph.events(digests=[deltas[1].digest.hex(), "00" * 32])

    assert ([deltas[1].digest.hex()], 1) == ([found.digest for found in page.items], page.total)


def test_every_row_of_a_facets_history_is_dated(graph: Store) -> None:
    """A body that is said again is another row; a deletion is a row without a body."""
    deltas = [
        described("orders", minute, facets=(facet(ORDERS, "owner", who),)) for minute, who in enumerate(("a", "a", ""))
    ]
    merge(graph, received(deltas, 5))

    assert [
        FacetRecord(ORDERS, "owner", None, body, at(minute), at(5 + minute), deltas[minute].digest.hex())
        for minute, body in ((2, b""), (1, b'"a"'), (0, b'"a"'))
    ] == graph.facet_history(ORDERS)


@pytest.mark.parametrize(
    ("of", "asked", "expected"),
    [
        (ORDERS, {}, ["rows@output", "schema", "owner"]),
        (ORDERS, {"names": ["owner", "rows"]}, ["rows@output", "owner"]),
        (ORDERS, {"side": "output"}, ["rows@output"]),
        (ORDERS, {"side": None}, ["schema", "owner"]),
        (ORDERS, {"since": at(1)}, ["rows@output", "schema"]),
        (ORDERS, {"until": at(1)}, ["owner"]),
        (ORDERS, {"known_at": at(10)}, ["owner"]),
        (ORDERS, {"limit": 1}, ["rows@output"]),
        (dataset("alias"), {"limit": 1}, ["rows@output"]),
        (run("r"), {}, ["parent"]),
        (job("load"), {}, ["sql"]),
        (job("nobody's"), {}, []),
    ],
)
def test_facet_history_is_filtered(graph: Store, of: Any, asked: dict[str, Any], expected: list[str]) -> None:
    """By name, side and time; of a dataset under any of its names, of a job or a run."""
    merge(graph, received([
        described("orders", 1, facets=(facet(ORDERS, "owner", "a"),), aliases=(linked("orders", "alias"),)),
        ran("r", "COMPLETE", 2, writes=["orders"], facets=[
            facet(ORDERS, "schema", "s"), facet(ORDERS, "rows", "n", "output"),
            facet(run("r"), "parent", "p"), facet(LOAD, "sql", "q"),
        ]),
    ], 10))  # fmt: skip
    found = graph.facet_history(of, **asked)

    assert expected == [row.name + (f"@{row.side}" if row.side else "") for row in found]


def test_a_facet_row_names_the_run_that_said_it(graph: Store) -> None:
    """The run whose event carried it, None outside runs."""
    said = facet(ORDERS, "owner", "a")
    merge(
        graph, received([described("orders", 1, facets=(said,)), ran("r", "START", 2, reads=["orders"], facets=[said])])
    )
    expected = [R, None]

    assert expected == [row.run for row in graph.facet_history(ORDERS)]


def test_times_come_back_exact_to_the_microsecond(graph: Store) -> None:
    """Nothing is rounded on the way in and out."""
    exact = datetime.fromisoformat("2026-11-20T12:00:00.123457+00:00")
    delta = described("orders", 0)._replace(at=exact)
    merge(graph, received([delta]))

    assert [exact] == [found.at for found in graph.events().items]
