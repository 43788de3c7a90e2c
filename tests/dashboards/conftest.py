"""The shop, told once, and a client of its pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from lineage.app import build
from tests.support.shop import Shop, shop


@pytest.fixture(scope="session")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The example estate with an incident in progress; to be looked at, not to be told."""
    with shop(tmp_path_factory.mktemp("shop")) as made:
        yield made


@pytest.fixture(scope="session")
def pages(estate: Shop) -> TestClient:
    """A client that asks as a browser does, without redirects followed."""
    app = build(estate.settings, estate.house)
    app.state.services = estate.house  # the house is open already; the lifespan would start its clock
    return TestClient(
        app,
        base_url="http://127.0.0.1:5000",
        headers={"Accept": "text/html", "Accept-Encoding": "identity"},
        follow_redirects=False,
    )
