"""`sqlite:///PATH`: the graph in one SQLite file, beside the ledger."""

from __future__ import annotations

from sqlite3 import Connection

from lineage.database import Database
from lineage.store.base import Resolve
from lineage.store.making import UNFINISHED
from lineage.store.sqlite import records, schema, search
from lineage.store.sqlite.store import SqliteStore
from lineage.telemetry import logger

__all__ = ["SqliteStore", "open"]

log = logger(__name__)


def open(database: Database, resolve: Resolve) -> SqliteStore:  # noqa: A001 - what every part is opened by
    """The store in *database*, its tables made or brought up to date; *resolve* concludes its runs.

    A graph whose tables are of an earlier layout is forgotten and marked `unfinished`; catching up makes it anew.
    Raises StoreUnusable when the tables are newer than this program, StoreUnavailable when they cannot be written now.
    """
    database.migrate("records", records.SCHEMA)
    store = SqliteStore(database, resolve)

    def prepare(connection: Connection) -> None:
        layout = database.versions().get("graph", schema.LAYOUT)
        database.migrate("graph", schema.SCRIPTS)
        search.prepare(connection)
        if layout < schema.LAYOUT:
            store.clear()
            store.put([UNFINISHED])
            log.warning(
                "graph_forgotten", extra={"layout": layout, "next": "a server or `headwater rebuild` makes it anew"}
            )

    database.write(prepare)
    return store
