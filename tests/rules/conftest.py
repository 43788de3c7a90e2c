"""One application for all rules, and a house of its own for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from tests.support.rules import House, house


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, TestClient]]:
    """All routes and a client of them; the house behind them changes from test to test."""
    settings = load(None, sections(), store=f"sqlite:///{tmp_path_factory.mktemp('front') / 'headwater.db'}")
    services = open_headwater(settings)
    app = build(settings, services)
    with TestClient(app, base_url="http://127.0.0.1:5000") as client:
        yield app, client
    services.close()


@pytest.fixture(name="house")
def empty_house(tmp_path: Path, front: tuple[FastAPI, TestClient]) -> Iterator[House]:
    """A house that has heard nothing yet."""
    with house(tmp_path, *front) as made:
        yield made


@pytest.fixture
def other(tmp_path: Path, front: tuple[FastAPI, TestClient]) -> Iterator[House]:
    """A second empty house, to be compared with the first by its dump."""
    (tmp_path / "other").mkdir()
    with house(tmp_path / "other", *front) as made:
        yield made
