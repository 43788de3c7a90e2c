"""Everything that a store promises of documents, leases and verdicts, held by one in a real Neo4j."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lineage.store.base import Store
from tests.engines.engine import Engine
from tests.engines.neo4j_home import URL, neo4j_home
from tests.engines.neo4j_server import url
from tests.lineage.store.test_records_contract import *  # noqa: F403 - the whole suite, with the `home` below


@pytest.fixture
def home(neo4j_server: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], AbstractContextManager[Store]]:
    """A store on the server, also in the processes that a test starts."""
    monkeypatch.setenv(URL, url(neo4j_server))
    return neo4j_home
