"""A house with much in it, for questions to every route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import filled as support
from tests.support.filled import Filled


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """It is asked by many tests, and told nothing by any."""
    with support.filled(tmp_path_factory.mktemp("filled")) as made:
        yield made
