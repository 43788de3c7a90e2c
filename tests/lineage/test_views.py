"""What holds only while it is read: OPENLINEAGE 4.2 and 4.4, DECISIONS 5 and 9."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lineage.model import Edge, Graph, Node, NodeId, Run, dataset_id, job_id
from lineage.views import Around, folded, never_spoke, of_datasets, outcome, stale

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B, C = (dataset_id("lake", name) for name in "abc")
APP, READ, WRITE = (job_id("spark", name) for name in ("app", "app.read", "app.write"))


def run(name: str = "load", state: Any = "RUNNING", began: timedelta = -HOUR, **more: Any) -> Run:
    last_at = more.pop("last_at", NOON + began)
    return Run(id=name, job=job_id("etl", name), state=state, last_at=last_at, started_at=NOON + began, **more)


ENDED = run("dag", "COMPLETE", -2 * HOUR, ended_at=NOON, last_at=NOON)
MINUTES = [NOON - timedelta(minutes=minute) for minute in (3, 4, 5, 6)]

OUTCOMES = {
    "its own end counts": (run(state="FAIL"), Around(newer=True, task="success", parent=ENDED), "FAIL"),
    "it may take six hours": (run(began=-6 * HOUR), Around(), "RUNNING"),
    "and no longer": (run(began=-6.01 * HOUR), Around(), "LOST"),
    "three times what is usual": (run(began=-9 * HOUR), Around(durations_s=[1, 10_800, 90_000]), "RUNNING"),
    "but not four times": (run(began=-9.01 * HOUR), Around(durations_s=[1, 10_800, 90_000]), "LOST"),
    "it speaks after nine hours": (run(began=-9 * HOUR, last_at=NOON - 6 * HOUR), Around(), "RUNNING"),
    "and fell silent": (run(began=-9 * HOUR, last_at=NOON - 6.01 * HOUR), Around(), "LOST"),
    "its parent ended": (run(), Around(parent=ENDED), "LOST"),
    "its root ended": (run(), Around(root=ENDED), "LOST"),
    "it outlives its parent": (run(last_at=NOON + HOUR), Around(parent=ENDED), "RUNNING"),
    "its parent runs": (run(), Around(parent=run("dag")), "RUNNING"),
    "it was tried again": (run(), Around(newer=True, task="success"), "LOST"),
    "Airflow saw it succeed": (run(), Around(task="success", parent=ENDED), "COMPLETE"),
    "Airflow saw it fail": (run(), Around(task="failed", parent=ENDED), "FAIL"),
    "Airflow does not know either": (run(), Around(task="running", parent=ENDED), "LOST"),
    "a stream that beats": (
        run(began=-99 * HOUR, last_at=NOON - timedelta(minutes=3)),
        Around(streaming=True, beats=MINUTES),
        "RUNNING",
    ),
    "a stream that fell silent": (
        run(began=-99 * HOUR, last_at=NOON - timedelta(minutes=3.1)),
        Around(streaming=True, beats=MINUTES),
        "LOST",
    ),
    "a stream that spoke twice as it began": (
        run(began=-HOUR, last_at=NOON - timedelta(minutes=1)),
        Around(streaming=True, beats=[NOON - timedelta(minutes=1), NOON - timedelta(minutes=1, seconds=1)]),
        "RUNNING",
    ),
    "a stream of one beat": (run(began=-HOUR), Around(streaming=True, beats=MINUTES[:1]), "RUNNING"),
    "only OTHER was seen": (run(state="NEW"), Around(), "NEW"),
}


@pytest.mark.parametrize(("of", "around", "wanted"), OUTCOMES.values(), ids=OUTCOMES.keys())
def test_what_a_run_comes_to(of: Run, around: Around, wanted: str) -> None:
    """A run without an end is judged by what is known round it."""
    assert wanted == outcome(of, around, NOON).state


def test_only_a_conclusion_of_ours_has_a_reason() -> None:
    """What a run's own events say needs none."""
    assert ["", ""] == [outcome(run(state=state), Around(), NOON).why for state in ("COMPLETE", "RUNNING")]


def test_the_tasks_that_never_spoke() -> None:
    """An EmptyOperator and what was never tried send no event; the end of the DAG run knows of them."""
    said = {"begin": "success", "load": "success", "late": "upstream_failed", "odd": "restarting"}

    found = never_spoke(said, job_id("etl", "dag"), [Run("1", job_id("etl", "dag.load"), "COMPLETE", NOON)])

    assert {"begin": "COMPLETE", "late": "ABORT", "odd": "LOST"} == found


LISTED = [
    ([{B}, {B}, {B}, {A}], True),
    ([{B}, {B}, {A, B}], False),
    ([{B}, {B}], False),
]


@pytest.mark.parametrize(("listed", "wanted"), LISTED)
def test_an_edge_is_stale_after_three_runs_without_it(listed: list[set[NodeId]], *, wanted: bool) -> None:
    """Absent from the last three COMPLETE runs that list anything on that side; fewer prove nothing."""
    assert wanted == stale(A, listed)


def edge(source: NodeId, target: NodeId, hour: int, *evidence: str, **more: Any) -> Edge:
    return Edge(source, target, NOON + hour * HOUR, NOON + hour * HOUR, 1, evidence, **more)


def graph(*edges: Edge) -> Graph:
    named = {node for each in edges for node in (each.source, each.target)}
    nodes = {node: Node(node, node, NOON, NOON) for node in named}
    return Graph(A, nodes, edges, dict.fromkeys(named, 1), frontier=(WRITE,))


SPARK = graph(edge(A, READ, 0, "1"), edge(A, WRITE, 1, "2", stale=True), edge(READ, B, 2, "3"), edge(WRITE, C, 3, "4"))


def test_queries_fold_into_their_application() -> None:
    """Their edges become its own, as old as the oldest, proved by all, stale only if all are."""
    known = {APP: Node(APP, APP, NOON, NOON)}

    found = folded(SPARK, {READ: APP, WRITE: APP}, known)

    one = Edge(A, APP, NOON, NOON + HOUR, 2, ("2", "1"))
    assert ({A, B, C, APP}, (one, edge(APP, B, 2, "3"), edge(APP, C, 3, "4")), (APP,)) == (
        set(found.nodes),
        found.edges,
        found.frontier,
    )


def test_a_graph_of_datasets_goes_through_each_job() -> None:
    """Only what one job both read and wrote is an edge; a dataset that a job updates is none of its own."""
    found = of_datasets(graph(*SPARK.edges, edge(READ, A, 4)))

    assert [(A, B, False), (A, C, True)] == [(each.source, each.target, each.stale) for each in found.edges]


def test_datasets_alone_obey_explicit_lineage() -> None:
    """One job copies a to c and reads b: c is not of b, however the graph came to hold both."""
    edges = (
        Edge(A, READ, NOON, NOON),
        Edge(B, READ, NOON, NOON),
        Edge(READ, C, NOON, NOON, made_of=(A,)),
    )

    assert [(A, C)] == [(edge.source, edge.target) for edge in of_datasets(Graph(C, {}, edges, {})).edges]


@pytest.mark.parametrize(("other", "expected"), [((B,), (A, B)), (None, None)])
def test_jobs_that_become_one_made_what_each_made(other: tuple[NodeId, ...] | None, expected: object) -> None:
    """What is folded was made of what any part made it of; of all, if one part says nothing."""
    edges = (Edge(READ, C, NOON, NOON, made_of=(A,)), Edge(WRITE, C, NOON, NOON, made_of=other))
    known = {node: Node(node, node, NOON, NOON) for node in (APP, C)}

    drawn = folded(Graph(C, {C: known[C]}, edges, {C: 0}), {READ: APP, WRITE: APP}, known)

    assert [expected] == [edge.made_of for edge in drawn.edges]
