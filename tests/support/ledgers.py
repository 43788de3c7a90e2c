"""The ledgers that the contract suite holds to their promises. A ledger joins by adding itself to HOMES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from obstore.store import LocalStore

from lineage.database import Database
from lineage.ledger.base import Ledger
from lineage.ledger.objects import ObjectLedger
from lineage.ledger.sqlite import SqliteLedger
from lineage.model import Draft

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def event(body: str, principal: str = "anonymous", redaction: str | None = None) -> Draft:
    """A draft of an event with these bytes."""
    return Draft("event", body.encode(), sha256(body.encode()).digest(), principal, redaction)


def statement(body: str) -> Draft:
    """A draft of a statement with these bytes."""
    return Draft("statement", body.encode(), sha256(body.encode()).digest(), "ada")


def minute(number: int) -> datetime:
    """The time *number* minutes after noon."""
    return NOON + timedelta(minutes=number)


@contextmanager
def sqlite(folder: Path) -> Iterator[Ledger]:
    """A ledger in a SQLite file in *folder*; opening it again goes on with the same."""
    database = Database(folder / "headwater.db")
    try:
        yield SqliteLedger(database)
    finally:
        database.close()


@contextmanager
def objects(folder: Path) -> Iterator[Ledger]:
    """The ledger of an object store that is a folder."""
    ledger = ObjectLedger(LocalStore(folder / "objects", mkdir=True), "one")
    try:
        yield ledger
    finally:
        ledger.close()


HOMES: dict[str, Callable[[Path], AbstractContextManager[Ledger]]] = {"objects": objects, "sqlite": sqlite}
