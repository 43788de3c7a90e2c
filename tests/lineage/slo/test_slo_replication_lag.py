"""Replication lag: the time in which a copy lacks what its original has, integrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Delta, FacetSeen, Verdict
from lineage.slo.backlog import Backlog
from lineage.slo.evaluate import evaluate
from lineage.slo.indicators.replication_lag import describe
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Store
from tests.support.deltas import as_they_came, at, dataset, job, merge, ran, run, sqlite
from tests.support.promises import document


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def promised() -> DataSLO:
    """The copy of the orders lags for ten minutes at most; the window is three hours."""
    said = document(sli={"type": "replication_lag", "threshold": "10m"}, window="3h")
    del said["spec"]["dataset"], said["spec"]["schedule"]
    ends = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "copy"}}
    return define(said | {"spec": said["spec"] | {"path": ends}})


def wrote(minutes: float) -> list[Delta]:
    """The original has something new."""
    name = f"take {minutes}"
    return [ran(name, type_, minutes - 1 + end, by="take", writes=["orders"]) for type_, end in ENDS]


def copied(minutes: float, began: float | None = None, **said: Any) -> list[Delta]:
    """The copy has it, a minute after the run began."""
    start = minutes - 1 if began is None else began
    name = f"copy {minutes}"
    return [
        ran(name, "START", start, by="copy", reads=["orders"], writes=["copy"], **said),
        ran(name, "COMPLETE", minutes, by="copy", reads=["orders"], writes=["copy"], **said),
    ]


ENDS: tuple[tuple[Any, int], ...] = (("START", 0), ("COMPLETE", 1))


def bad(store: Store, *runs: list[Delta]) -> list[int | None]:
    """The bad seconds of each of three hours from noon on; None where they are not known."""
    return [None if one.value is None else int(one.value) for one in judged(store, *runs)]


def judged(store: Store, *runs: list[Delta]) -> list[Verdict]:
    merge(store, as_they_came([event for events in runs for event in events]))
    return list(evaluate(promised(), store, at(182)).occurrences)


def test_a_copy_that_follows_is_good(store: Store) -> None:
    """What lags less than it may is no bad second."""
    assert bad(store, wrote(0), copied(5), wrote(60), copied(70), wrote(120), copied(129)) == [0, 0, 0]


def test_lag_is_integrated_to_the_second(store: Store) -> None:
    """Bad from when the threshold is over until the copy has it, in whichever hour that is."""
    assert bad(store, wrote(0), copied(5), wrote(40), copied(75)) == [600, 900, 0]


def test_an_original_that_stands_still_is_no_lag(store: Store) -> None:
    """However long ago the copy was made."""
    assert bad(store, wrote(-60), copied(-50)) == [0, 0, 0]


def test_what_is_never_copied_lags_on(store: Store) -> None:
    """Absence counts while it lasts, not when the copy comes at last."""
    assert bad(store, wrote(0), copied(5), wrote(30)) == [1200, 3600, 3600]


def test_only_what_was_there_when_the_run_began_is_copied(store: Store) -> None:
    """A run that began before the newest version, and ended after it, has not got it."""
    assert bad(store, wrote(0), copied(5), wrote(20), copied(25, began=15)) == [1800, 3600, 3600]


def test_the_oldest_that_is_missing_counts(store: Store) -> None:
    """New versions of the original make the lag no shorter."""
    assert bad(store, wrote(0), copied(5), wrote(20), wrote(28), wrote(36), copied(45)) == [900, 0, 0]


def test_a_stream_that_copies_tells_no_lag(store: Store) -> None:
    """A run that never ends does not say what it has copied: UNKNOWN, not BAD."""
    kind = FacetSeen(job("copy"), "jobType", b'{"processingType":"STREAMING"}')
    flow = [
        ran("flow", type_, minutes, by="copy", reads=["orders"], writes=["copy"], facets=[kind])
        for type_, minutes in FLOW
    ]

    assert {one.state.value for one in judged(store, wrote(0), flow)} == {"UNKNOWN"}


FLOW: tuple[tuple[Any, float], ...] = (("START", 1), ("RUNNING", 5))


def test_the_sentence_says_for_how_long(store: Store) -> None:
    """And when the copy was last made."""
    found = judged(store, wrote(0), copied(5), wrote(30))

    assert describe(found, at(182)) == "Too far behind for 2 h 20 m, last copied 2026-11-20 12:05 UTC"


def waiting(store: Store, minutes: float) -> Backlog | None:
    """What the copy lacks so many minutes after noon, of what was merged."""
    return evaluate(promised(), store, at(minutes)).backlog


def test_since_when_the_copy_lacks_something(store: Store) -> None:
    """Nothing waits as long as it has all; then since the first thing that it lacks was there."""
    merge(store, as_they_came([event for run in (wrote(5), copied(10), wrote(20)) for event in run]))

    found = [waiting(store, minutes) for minutes in (15, 25)]

    assert [each and each.oldest_at for each in found] == [None, at(20)]


def counting(minutes: float, rows: int | None, change: str | None = None) -> list[Delta]:
    """The original has so many rows more, or for all that there were."""
    said = f'{{"lifecycleStateChange":"{change}"}}'.encode()
    words = [FacetSeen(dataset("orders"), "lifecycleStateChange", said)] if change else []
    name = f"take {minutes}"
    return [ran(name, "COMPLETE", minutes, by="take", writes=["orders"], rows=rows, facets=words)]


WRITTEN = (counting(20, 7), counting(30, 5))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ((), 0),
        (WRITTEN, 12),
        ((*WRITTEN, counting(40, 3, "OVERWRITE")), 3),
        ((*WRITTEN, counting(40, None)), None),
        ((*WRITTEN, copied(25)), 5),
    ],
)
def test_rows_behind_are_those_of_the_versions_it_was_not_made_of(
    store: Store, written: Sequence[list[Delta]], wanted: int | None
) -> None:
    """All that were appended since, or what they were overwritten with; None where one of them has no count."""
    runs = (counting(5, 100), copied(10), *written)
    merge(store, as_they_came([event for run in runs for event in run]))

    found = waiting(store, 50)

    assert found is not None
    assert found.count == wanted


def test_what_spark_tells_twice_counts_once(store: Store) -> None:
    """A write by two runs, one round the other, with the same rows, is one action (OPENLINEAGE 4.5)."""
    spark = FacetSeen(job("take"), "jobType", b'{"processingType":"BATCH","integration":"SPARK"}')
    pair = [
        ran(name, type_, minutes, by="take", writes=["orders"], rows=7, facets=[spark], parent_run=run("application"))
        for name, began, ended in (("inner", 21, 22), ("outer", 20, 23))
        for type_, minutes in (("START", began), ("COMPLETE", ended))
    ]
    merge(store, as_they_came([event for each in (counting(5, 100), copied(10), pair) for event in each]))

    assert waiting(store, 50) == Backlog(7, at(22))


def test_what_was_not_counted_is_named(store: Store) -> None:
    """Who wrote it and when, so that somebody can make it count."""
    merge(store, as_they_came([event for run in (wrote(5), copied(10), counting(20, None)) for event in run]))

    assert waiting(store, 50) == Backlog(None, at(20), "how many rows take wrote at 2026-11-20 12:20 UTC is not known")
