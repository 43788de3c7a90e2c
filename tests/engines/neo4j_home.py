"""Stores in a real Neo4j, for the contract suites: one server is one database, so each new folder begins with none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j as driver

from lineage.projection import resolve
from lineage.store.neo4j import Neo4jStore
from lineage.store.neo4j import open as open_store
from tests.engines.neo4j_server import PASSWORD, USER

URL = "HEADWATER_NEO4J"  # names the variable that names the server, for this process and for its children


@contextmanager
def neo4j_home(folder: Path) -> Iterator[Neo4jStore]:
    """The store that belongs to *folder*: a new folder finds it empty, opening it again goes on with the same."""
    url = os.environ[URL]
    seen = folder / "neo4j.seen"
    if not seen.exists():
        wipe(url)
        seen.touch()
    store = open_store(url, resolve)
    try:
        yield store
    finally:
        store.close()


def wipe(url: str) -> None:
    """Forget all nodes of the server, and keep its constraints and indexes."""
    scheme, _, rest = url.partition("://")
    uri = f"{scheme}://{rest.rpartition('@')[2]}"
    with driver.GraphDatabase.driver(uri, auth=(USER, PASSWORD)) as server:
        server.execute_query("MATCH (n) DETACH DELETE n", database_="neo4j")
