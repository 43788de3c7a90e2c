"""What every test may ask for: settings, a house of services, a client of it, and a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater, build, open_headwater
from lineage.channels.base import sections
from lineage.settings import Settings, load
from tests.support.server import Server

HERE = "http://127.0.0.1:5000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a store of the test's own."""
    return load(None, sections(), store=f"sqlite:///{tmp_path / 'headwater.db'}")


@pytest.fixture
def services(settings: Settings) -> Iterator[Headwater]:
    """A started house of services on a fresh store."""
    house = open_headwater(settings)
    try:
        house.start()
        yield house
    finally:
        house.close()


@pytest.fixture
def client(settings: Settings, services: Headwater) -> Iterator[TestClient]:
    """A client of all routes over `services`; a fault of a route is raised in the test."""
    with TestClient(build(settings, services), base_url=HERE) as client:
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A real `headwater serve` on a free port."""
    with Server(tmp_path / "served.db") as server:
        yield server
