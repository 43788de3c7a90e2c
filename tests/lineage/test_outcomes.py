"""What runs come to, asked of a store: tries, cleared runs, parts of a mapped task (OPENLINEAGE 4.2, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Delta, FacetSeen
from lineage.outcomes import attempts, outcomes
from lineage.store.base import Store
from tests.support.deltas import at, job, merge, ran, received, run, sqlite


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def facet(name: str, of: str, **body: Any) -> FacetSeen:
    """A facet of a run."""
    return FacetSeen(run(of), name, json.dumps(body).encode())


def task(name: str, minutes: float, number: int, part: int = -1, kind: Any = "START") -> Delta:
    """An event of a try of a task, or of a part of it."""
    said = facet("airflow", name, dagRun={"run_id": "today"}, taskInstance={"try_number": number, "map_index": part})
    return ran(name, kind, minutes, by="dag.task", facets=[said], parent_run=run("dag"), parent_job=job("dag"))


def dag(name: str, minutes: float, cleared: int, kind: Any = "START", **more: Any) -> Delta:
    """An event of a DAG run."""
    said = [facet("airflowDagRun", name, dagRun={"run_id": "today", "clear_number": cleared})]
    said += [facet("airflowState", name, **more)] if more else []
    return ran(name, kind, minutes, by="dag", facets=said)


def marks(store: Store, *told: Delta) -> dict[str, tuple[str, str]]:
    """State and mark of each run half an hour later, by the name it was given."""
    merge(store, received(told))
    found = outcomes(store, store.runs(limit=100).items, at(30))
    names = {run(each).name: each for each in ("dag", "again", "one", "two", "three")}
    return {names[key]: (came.state, came.mark) for key, came in found.items() if key in names}


def test_a_try_that_never_ended_is_replaced_by_the_next(store: Store) -> None:
    """The next one counts, whatever becomes of it."""
    found = marks(store, dag("dag", 0, 0), task("one", 1, 1), task("two", 5, 2))

    assert [("LOST", "replaced"), ("RUNNING", "")] == [found["one"], found["two"]]


def test_the_other_parts_of_a_mapped_task_are_no_tries_of_it(store: Store) -> None:
    """Each part is tried for itself."""
    found = marks(store, dag("dag", 0, 0), task("one", 1, 1, part=0), task("two", 5, 2, part=1))

    assert [("RUNNING", ""), ("RUNNING", "")] == [found["one"], found["two"]]


def test_one_word_for_a_mapped_task_repairs_none_of_its_parts(store: Store) -> None:
    """AirflowState has one word for all parts: it may be of another one."""
    ended = dag("dag", 9, 0, "COMPLETE", tasksState={"task": "success"})
    found = marks(store, dag("dag", 0, 0), task("one", 1, 1, part=0), task("two", 1, 1), ended)

    assert [("LOST", "closed"), ("COMPLETE", "repaired")] == [found["one"], found["two"]]


def test_a_cleared_dag_run_begins_again_as_another(store: Store) -> None:
    """Its `clear_number` grows; the run before, if it never ended, is replaced."""
    found = marks(store, dag("dag", 0, 0), dag("again", 5, 1))

    assert [("LOST", "replaced"), ("RUNNING", "")] == [found["dag"], found["again"]]


def test_all_tries_are_told_the_first_one_first(store: Store) -> None:
    """Of the same task of the same DAG run, whichever of them is asked about."""
    events = [task("two", 5, 2), task("one", 1, 1), task("one", 2, 1, kind="FAIL"), task("three", 9, 3)]
    merge(store, received(events))
    (second,) = store.runs(ids=[run("two").name]).items

    assert [run(name).name for name in ("one", "two", "three")] == [each.id for each in attempts(store, second)]
