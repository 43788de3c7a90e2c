"""The stores of the graph, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage.store.base import Store
from tests.support.deltas import HOMES


@pytest.fixture(scope="module", params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of each kind."""
    with HOMES[request.param](tmp_path_factory.mktemp("store")) as store:
        yield store


@pytest.fixture(scope="module", params=HOMES)
def stores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    """Two stores of one kind; whoever uses them clears them first."""
    folders: list[Path] = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    with HOMES[request.param](folders[0]) as one, HOMES[request.param](folders[1]) as other:
        yield one, other


@pytest.fixture
def graph(home: Store) -> Store:
    """The same store with nothing in its graph."""
    home.clear()
    return home
