"""Real engines, one of each for all tests that want it; what they need is fetched once, into the user's cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineage.store.neo4j import Neo4jStore
from tests.engines.engine import Engine
from tests.engines.kafka_broker import kafka
from tests.engines.neo4j_home import URL, neo4j_home
from tests.engines.neo4j_server import neo4j, url
from tests.engines.s3_server import s3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder want engines."""
    for item in items:
        if "engines" in item.path.parts:
            item.add_marker(pytest.mark.engines)
            item.add_marker(pytest.mark.xdist_group("engines"))


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Kafka broker."""
    with kafka(tmp_path_factory.mktemp("kafka")) as engine:
        yield engine


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An S3 server with a bucket `ledger`."""
    with s3(tmp_path_factory.mktemp("s3"), "ledger") as engine:
        yield engine


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A Neo4j server."""
    with neo4j(tmp_path_factory.mktemp("neo4j")) as engine:
        yield engine


@pytest.fixture(scope="module")
def home(neo4j_server: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jStore]:
    """A store in the Neo4j server."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(URL, url(neo4j_server))
        with neo4j_home(tmp_path_factory.mktemp("store")) as store:
            yield store


@pytest.fixture
def graph(home: Neo4jStore) -> Neo4jStore:
    """The same store with nothing in its graph."""
    home.clear()
    return home
