"""Fixtures for questions to the read API and to traces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.reading import Reading, reading


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Reading]:
    """An empty world."""
    with reading(tmp_path) as made:
        yield made
