"""Whatever is merged, a real Neo4j answers every question about what happened as SQLite does, at any cut."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.model import EventType
from lineage.store.base import Store
from tests.support.any_graph import DATASETS, JOBS, MINUTES, NODES, QUICK, RUNS, entries, happened, merged
from tests.support.deltas import Said, at, dataset, job, linked, ran, received, run, sqlite

pytestmark = pytest.mark.timeout(400)  # each example clears and fills two stores

TYPES: Final[tuple[EventType, ...]] = ("START", "COMPLETE", "RUNNING", "FAIL")

MINUTE: Final = timedelta(minutes=1)
Lead = timedelta | None

cuts = st.none() | st.sampled_from(MINUTES).map(at)
leads = st.none() | st.integers(0, 3).map(lambda minutes: timedelta(minutes=minutes))


@pytest.fixture(scope="module")
def stores(home: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """A SQLite store, and one in the server; whoever uses them clears them first."""
    with sqlite(tmp_path_factory.mktemp("store")) as one:
        yield one, home


@settings(QUICK, max_examples=15)
@given(pairs=entries(), until=cuts, known_at=cuts, by=leads)
def test_what_happened_is_answered_as_sqlite_does(
    stores: tuple[Store, Store], pairs: list[Said], until: datetime | None, known_at: datetime | None, by: Lead
) -> None:
    """Runs, uses, versions, writes and facets, with their order, totals and proofs, with what is ahead or without."""
    expected, actual = (_without(merged(store, pairs, 4), by) for store in stores)

    assert happened(expected, until, known_at) == happened(actual, until, known_at)


@settings(QUICK, max_examples=15)
@given(pairs=entries(), window=st.fixed_dictionaries({"since": cuts, "until": cuts, "known_at": cuts}), by=leads)
def test_events_and_facets_are_listed_as_sqlite_does(
    stores: tuple[Store, Store], pairs: list[Said], window: dict[str, Any], by: Lead
) -> None:
    """In their order, by every filter, a page of them and all, with what is ahead or without."""
    expected, actual = (_without(merged(store, pairs, 4), by) for store in stores)

    assert _listed(expected, window) == _listed(actual, window)


def test_questions_stand_what_is_written_meanwhile(stores: tuple[Store, Store]) -> None:
    """Merges that change who writes what under which name, and a graph that is forgotten: nothing fails."""
    said = [
        ran(RUNS[nth % 3], TYPES[nth % 4], nth, writes=[DATASETS[nth % 4]], rows=nth,
            aliases=(linked(DATASETS[nth % 4], DATASETS[(nth + nth // 4) % 4], "rename"),))
        for nth in range(1, 20)
    ]  # fmt: skip
    pairs: list[Said] = [*received(said)]
    expected = happened(merged(stores[0], pairs, len(pairs)), None, None)

    def write() -> Store:
        merged(stores[1], pairs, 2)
        return merged(stores[1], pairs[::-1], 3)

    with ThreadPoolExecutor(1) as writer:
        writing = writer.submit(write)
        while not writing.done():
            happened(stores[1], None, at(20))
            happened(stores[1], at(20), None)

    assert expected == happened(writing.result(), None, None)


def _listed(store: Store, window: dict[str, Any]) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [
        {}, {"newest_first": False}, {"limit": 2, "offset": 1}, {"namespace": "etl"}, {"namespace": "lake"},
        {"run": run("r1").name, "dataset": dataset("a")}, {"dataset": dataset("a"), "job": job("load")},
        *({"dataset": dataset(name)} for name in DATASETS),
        *({"job": job(name)} for name in JOBS),
        *({"run": run(name).name} for name in RUNS),
        *({"ahead": MINUTE, **more} for more in ({}, {"dataset": dataset("a")}, {"run": run("r1").name})),
    ]  # fmt: skip
    found: dict[str, Any] = {f"events {asked}": store.events(**asked, **window) for asked in filters}
    for node in (*NODES, *map(run, RUNS)):
        found[f"facets of {node}"] = store.facet_history(node, **window)
        found[f"schemas of {node}"] = store.facet_history(node, ["schema"], side=None, limit=2, **window)
        found[f"facets of outputs {node}"] = store.facet_history(node, side="output", **window)
    return found


def _without(store: Store, by: Lead) -> Store:
    return store if by is None else store.without_ahead(by)
