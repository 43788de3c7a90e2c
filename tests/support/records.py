"""The homes of documents, leases and verdicts that the contract suite holds to their promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lineage.database import Database
from lineage.store.sqlite.records import SCHEMA, Records


class SqliteRecords(Records):
    """The part of the SQLite store that keeps records, without the graph."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.migrate("records", SCHEMA)


@contextmanager
def sqlite(folder: Path) -> Iterator[Records]:
    """Records in a SQLite file in *folder*; opening it again goes on with the same."""
    database = Database(folder / "headwater.db")
    try:
        yield SqliteRecords(database)
    finally:
        database.close()


HOMES: dict[str, Callable[[Path], AbstractContextManager[Records]]] = {"sqlite": sqlite}
