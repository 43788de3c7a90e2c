"""`neo4j://USER:PASSWORD@HOST:PORT/DATABASE`: the store in one Neo4j database, which nothing else lives in."""

from __future__ import annotations

from lineage.store.base import Resolve
from lineage.store.neo4j import schema
from lineage.store.neo4j.bolt import Bolt, parse_url
from lineage.store.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore", "open"]


def open(url: str, resolve: Resolve) -> Neo4jStore:  # noqa: A001 - what every part is opened by
    """The store that *url* names, its schema made or brought up to date; *resolve* concludes its runs.

    Raises InvalidInput for a URL that cannot be read, StoreUnusable and StoreUnavailable as `bolt.Bolt` does.
    """
    bolt = Bolt(parse_url(url))
    try:
        bolt.require_usable()
        schema.migrate(bolt)
        return Neo4jStore(bolt, resolve)
    except BaseException:
        bolt.close()
        raise
