"""What is judged beside the data itself is judged over a real Neo4j as over SQLite (SLO.md b.5, b.9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineage.model import Delta, FacetSeen, NodeId
from lineage.slo.evaluate import evaluate
from lineage.slo.foretelling import foretell
from lineage.slo.ownership import ownership
from lineage.slo.spec import DataSLO
from lineage.store.base import Store
from tests.support.deltas import as_they_came, at, columns, dataset, merge, ran, sqlite
from tests.support.promises import promise

ORDERS, COPY, REFUSED = (dataset(name) for name in ("orders", "copy", "refused"))
ALONG = {"from": {"namespace": "lake", "name": "orders"}, "to": {"namespace": "lake", "name": "copy"}}
SLOS = [
    promise(sli={"type": "ownership"}, window="3d", name="owned"),
    promise(sli={"type": "schema_stability"}, window="3d", name="schema"),
    promise(sli={"type": "replication_lag", "threshold": "10m"}, path=ALONG, dataset=ALONG["to"], name="lag"),
    promise(sli={"type": "dead_letters", "queue": {"namespace": "lake", "name": "refused"}}, name="refused"),
]
DAY = 24 * 60


def says(of: NodeId, name: str, **body: Any) -> FacetSeen:
    """A facet as it is sent."""
    return FacetSeen(of, name, json.dumps(body).encode())


def schema(*names: str) -> FacetSeen:
    """The orders have these columns."""
    return says(ORDERS, "schema", fields=[{"name": name, "type": "INT"} for name in names])


def story() -> Iterator[Delta]:
    """Orders are written, renamed in part, owned at last and copied once; some wait among the refused."""
    amount, total = (columns(ORDERS, (name, dataset("raw"), "amt")) for name in ("amount", "total"))
    both: dict[str, Any] = {"by": "take", "writes": ["orders", "refused"], "rows": 9}
    yield ran("one", "COMPLETE", 0, **both, facets=[schema("id", "amount")], columns=(amount,))
    yield ran("copied", "START", 5, by="copy", reads=["orders"], writes=["copy"])
    yield ran("copied", "COMPLETE", 6, by="copy", reads=["orders"], writes=["copy"])
    owned = says(ORDERS, "ownership", owners=[{"name": "@data-orders"}])
    yield ran("two", "COMPLETE", DAY, **both, facets=[schema("id", "total"), owned], columns=(total,))
    hour: dict[str, Any] = {"nominal_start": at(2 * DAY - 60), "nominal_end": at(2 * DAY)}
    yield ran("left", "COMPLETE", 2 * DAY, by="left", writes=["torn"], **hour)
    yield ran("right", "COMPLETE", 2 * DAY, by="right", writes=["torn"], **hour)
    queue = says(REFUSED, "queue", depth=3, oldestAt=at(7).isoformat())
    expects = says(ORDERS, "contract", consumer="risk", expectations=[{"assertion": "not_null", "column": "total"}])
    yield ran("looked", "COMPLETE", 2 * DAY, by="look", reads=["refused", "orders"], facets=[queue, expects])


@pytest.fixture
def stores(graph: Store, tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """SQLite and Neo4j, told the same."""
    with sqlite(tmp_path) as one:
        for store in (one, graph):
            merge(store, as_they_came(story()))
        yield one, graph


@pytest.mark.parametrize("slo", SLOS, ids=lambda slo: slo.name)
def test_it_is_judged_as_over_sqlite(stores: tuple[Store, Store], slo: DataSLO) -> None:
    """Verdicts, reasons, proofs and what waits."""
    expected, actual = (evaluate(slo, store, at(2 * DAY + 30)) for store in stores)

    assert (expected.occurrences != (), expected) == (True, actual)


def test_who_answers_is_found_as_over_sqlite(stores: tuple[Store, Store]) -> None:
    """Of all datasets, with the reasons: who has two systems of record too."""
    expected, actual = (ownership(store, SLOS, at(2 * DAY + 30)) for store in stores)

    told = "torn is written by left and right for the same interval"
    torn = [each.dataset for each in expected.found if each.faults and each.faults[0].startswith(told)]
    assert (torn, expected) == ([dataset("torn")], actual)


def test_what_a_schema_would_change_is_foretold_as_over_sqlite(stores: tuple[Store, Store]) -> None:
    """With whom it hurts, by column lineage and by contract."""
    expected, actual = (foretell(ORDERS, {}, store, at(2 * DAY + 30)) for store in stores)

    assert ([each.users for each in expected.changes] != [], expected) == (True, actual)
