"""Evidence from the store: what was a refresh and what was none, and one delivery for one action."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Delta, FacetSeen, NodeId
from lineage.slo.evidence import Delivery, Evidence, Need
from lineage.slo.gather import gather
from lineage.slo.indicators.completeness import measure
from lineage.store.base import Store
from tests.support.deltas import at, dataset, job, merge, ran, received, run, sqlite
from tests.support.promises import promise, states

ORDERS = dataset("orders")
SPARK = b'{"processingType":"BATCH","integration":"SPARK","jobType":"SQL_JOB"}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with sqlite(tmp_path) as opened:
        yield opened


def wrote(name: str, began: float, ended: float, *changes: str, **said: Any) -> list[Delta]:
    """A run that wrote the orders from *began* to *ended*, and what it said that it did to them."""
    changed = [told(ORDERS, "lifecycleStateChange", lifecycleStateChange=change) for change in changes]
    kind = [FacetSeen(job(said.get("by", "load")), "jobType", said.pop("kind"))] if "kind" in said else []
    parent, rows = said.pop("parent_run", None), said.pop("rows", None)
    counted = [told(ORDERS, "outputStatistics", rowCount=rows)._replace(side="output")] if rows else []
    return [
        ran(name, "START", began, writes=["orders"], facets=changed[:1], parent_run=parent, **said),
        ran(name, "COMPLETE", ended, writes=["orders"], rows=rows, facets=[*changed[-1:], *kind, *counted], **said),
    ]


def told(of: NodeId, name: str, **body: Any) -> FacetSeen:
    """A facet with this body."""
    return FacetSeen(of, name, json.dumps(body).encode())


def found(store: Store, *runs: list[Delta], counts: bool = True) -> list[Delivery]:
    merge(store, received([event for events in runs for event in events], 60))
    evidence = gather(promise(), Need(counts=counts), store, at(600), at(600))
    return sorted(evidence.deliveries, key=lambda delivery: delivery.at)


REFRESHES = [
    ((), None, True),
    (("CREATE",), None, True),
    (("OVERWRITE",), 5, True),
    (("DROP",), None, False),
    (("TRUNCATE",), None, False),
    (("TRUNCATE",), 5, True),
    (("DROP", "CREATE"), None, True),
]


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(("changes", "rows", "wanted"), REFRESHES)
def test_to_drop_or_truncate_is_no_refresh(
    store: Store, changes: tuple[str, ...], rows: int | None, *, wanted: bool, counts: bool
) -> None:
    """A run that says nothing else of the dataset, and no rows, made nothing (OPENLINEAGE 2.3, 4.3)."""
    (delivery,) = found(store, wrote("r", 1, 2, *changes, rows=rows), counts=counts)

    assert wanted is delivery.refresh


def test_rows_before_a_truncation_are_gone() -> None:
    """Of an occurrence that was emptied in between only what came afterwards counts; emptied for good, nothing came."""
    hour = (at(-60), at(0))
    gone = [
        Delivery(at(1), "a", job("load"), nominal=hour, rows=600),
        Delivery(at(2), "b", job("load"), nominal=hour, emptied=True),
    ]
    again = [*gone, Delivery(at(3), "c", job("load"), nominal=hour, rows=1000)]

    judged = [
        measure(promise("completeness"), Evidence(at(0), tuple(deliveries)), at(20)) for deliveries in (gone, again)
    ]

    assert ["N", "G"] == [states(verdicts) for verdicts in judged]


APPLICATION, OTHER = {"parent_run": run("app")}, {"parent_run": run("other")}
ACTIONS = {
    "one round the other": ((1, 9, 400, APPLICATION), (2, 8, 400, APPLICATION), [400]),
    "only one counted": ((1, 9, None, APPLICATION), (2, 8, 400, APPLICATION), [400]),
    "one after the other": ((5, 9, 400, APPLICATION), (2, 4, 400, APPLICATION), [400, 400]),
    "of other applications": ((1, 9, 400, OTHER), (2, 8, 400, APPLICATION), [400, 400]),
    "of other rows": ((1, 9, 300, APPLICATION), (2, 8, 400, APPLICATION), [400, 300]),
}


@pytest.mark.parametrize(("outer", "inner", "wanted"), ACTIONS.values(), ids=ACTIONS.keys())
def test_two_runs_of_spark_for_one_action_count_once(store: Store, outer: Any, inner: Any, wanted: list[int]) -> None:
    """A CTAS, or a write to JDBC or Kafka, is told as two overlapping runs under one application (OPENLINEAGE 4.5)."""
    runs = [
        wrote(name, began, ended, kind=SPARK, by=name, rows=rows, **parent)
        for name, (began, ended, rows, parent) in (("outer", outer), ("inner", inner))
    ]

    assert wanted == [delivery.rows for delivery in found(store, *runs)]


def test_parallel_tasks_of_airflow_add_up(store: Store) -> None:
    """Parts of a mapped task overlap under one DAG run and write rows of their own."""
    parts = [wrote(name, 1, 9, rows=400, **APPLICATION) for name in ("one", "two")]

    assert [400, 400] == [delivery.rows for delivery in found(store, *parts)]
