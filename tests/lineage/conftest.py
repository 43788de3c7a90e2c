"""Fixtures for questions to the read API and to traces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reading import Reading, reading, whole_run


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reading]:
    """An empty world."""
    with reading(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def river(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """Raw > stage > staged > load > orders > report > report_table, in runs 1 to 3; to be asked, not to be told."""
    with reading(tmp_path_factory.mktemp("river")) as made:
        made.tell(whole_run(1, "stage", 0, ["raw"], ["staged"]))
        made.tell(whole_run(2, "load", 10, ["staged"], ["orders"]))
        made.tell(whole_run(3, "report", 20, ["orders"], ["report_table"]))
        yield made
