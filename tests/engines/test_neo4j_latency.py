"""How long data took, and how old it is said to be, is judged over a real Neo4j as over SQLite (SLO.md b.1, b.4)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.model import Delta, FacetSeen
from lineage.slo.evaluate import evaluate
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Store
from tests.lineage.slo.test_slo_latency_beats import loads, promised, seen, sent, takes
from tests.support.deltas import as_they_came, at, dataset, merge, ran, sqlite
from tests.support.promises import promise, states

CLAIMED = promise(sli={"type": "freshness", "method": "age", "threshold": "1h", "watermark": "lastUpdated"})


def claims(minutes: float, through: float) -> Delta:
    """A run that read orders says when they changed last."""
    body = json.dumps({"lastUpdated": at(through).isoformat()}).encode()
    facet = FacetSeen(dataset("orders"), "dataQualityMetrics", body, "input")
    return ran(f"look {minutes}", "COMPLETE", minutes, by="look", reads=["orders"], facets=[facet])


def story() -> Iterator[Delta]:
    """Beats that come, one that is late and one that was never seen; then none, and loads, of which one is late too."""
    yield from (*sent(*range(-3, 4)), *seen(-2, -1.5, through=True), *seen(0, 0.5, through=True), *seen(1, 15))
    yield from (*takes(-1), *loads(-0.75, -0.5), *takes(30), *loads(31, 33), *takes(60), *loads(80, 90), *takes(100))
    yield from (claims(20, 10), claims(200, 190))


@pytest.fixture
def stores(graph: Store, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """SQLite and Neo4j, told the same."""
    with sqlite(tmp_path) as one:
        for store in (one, graph):
            merge(store, as_they_came([*story()]))
        yield one, graph


def judged(slo: DataSLO, store: Store, minutes: float) -> Status:
    """How *slo* stands by then."""
    return evaluate(slo, store, at(minutes))


LOOKS = (2, 12, 40, 120, 300)
SLOS = {
    "all evidence": promised(),
    "beats alone": promised(correlate=["heartbeat"]),
    "newest": promised(origin="newest"),
    "no beats": promised(correlate=["asOfStart"]),
    "claims": CLAIMED,
}


@pytest.mark.parametrize("slo", SLOS.values(), ids=SLOS.keys())
def test_both_judge_alike(stores: tuple[Store, Store], slo: DataSLO) -> None:
    """At every look, with the same words, stages and events."""
    of_sqlite, of_neo4j = ([judged(slo, store, minutes) for minutes in LOOKS] for store in stores)

    assert of_sqlite == of_neo4j


def test_levels_one_and_three_are_told_of(stores: tuple[Store, Store]) -> None:
    """What is compared says something: beats where they tell, and the order of times after them."""
    _, graph = stores

    found = judged(promised(), graph, 120).occurrences

    assert [(states([one]), one.level) for one in found] == [
        ("G", 1),
        ("G", 1),
        ("B", 1),
        ("B", None),
        ("G", 3),
        ("B", 3),
        ("B", None),
    ]
