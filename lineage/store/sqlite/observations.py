"""What each event said, written as rows of their tables."""

from __future__ import annotations

from sqlite3 import Connection
from typing import Final

from lineage.store._observations import Batch

INSERT: Final = {
    "event": "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "mention": "INSERT INTO mention VALUES (?, ?, ?, ?, ?)",
    "moment": "INSERT INTO moment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "touch": "INSERT INTO touch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "facet": "INSERT INTO facet VALUES (?, ?, ?, ?, ?, ?)",
    "carries": "INSERT OR IGNORE INTO carries VALUES (?, ?)",
    "derived": "INSERT INTO derived VALUES (?, ?, ?, ?, ?)",
    "carried": "INSERT OR IGNORE INTO carried VALUES (?, ?, ?)",
    "made_of": "INSERT INTO made_of VALUES (?, ?, ?, ?, ?)",
    "same_as": "INSERT INTO same_as VALUES (?, ?, ?, ?, ?)",
    "tombstone": "INSERT INTO tombstone VALUES (?, ?, ?, ?)",
    "depends": "INSERT INTO depends VALUES (?, ?, ?)",
}


def write(connection: Connection, batch: Batch[int]) -> None:
    """Insert all rows of *batch*, by key, so that each page is touched once."""
    found = batch.rows()
    for table, statement in INSERT.items():
        if rows := sorted(found[table]):  # No two rows have one key, so that no comparison goes beyond it.
            connection.executemany(statement, rows)
