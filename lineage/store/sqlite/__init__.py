"""`sqlite:///PATH`: the graph in one SQLite file, beside the ledger."""

from __future__ import annotations

from lineage.database import Database
from lineage.store.base import Resolve
from lineage.store.sqlite import records, schema, search
from lineage.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore", "open"]


def open(database: Database, resolve: Resolve) -> SqliteStore:  # noqa: A001 - what every part is opened by
    """The store in *database*, its tables made or brought up to date; *resolve* concludes its runs.

    Raises StoreUnusable when the tables are newer than this program, StoreUnavailable when they cannot be written now.
    """
    database.migrate("records", records.SCHEMA)
    database.migrate("graph", schema.SCRIPTS)
    database.write(search.prepare)
    return SqliteStore(database, resolve)
