"""Where things are kept: from the URL in `--store` to a ledger and a store that open and close together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType

from lineage.database import Database, parse_url
from lineage.ledger.base import Ledger
from lineage.ledger.sqlite import SqliteLedger
from lineage.parts import part
from lineage.projection import resolve
from lineage.store.base import Store


@dataclass(frozen=True, slots=True)
class Homes(AbstractContextManager["Homes"]):
    """A ledger and a store over one database; leaving the `with` block closes them."""

    database: Database
    ledger: Ledger
    store: Store

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is under way and let go. Calling it twice is harmless."""
        self.store.close()
        self.database.close()


def open_homes(url: str) -> Homes:
    """Open what *url* names, as `sqlite:///headwater.db` (three slashes: relative; four: absolute).

    A file that does not exist yet is made. Raises UnknownPart for another scheme, InvalidInput for a URL without a
    path, StoreUnusable or StoreUnavailable as the database says.
    """
    store = part("lineage.store", url.partition(":")[0])
    database = Database(parse_url(url))
    try:
        return Homes(database, SqliteLedger(database), store.open(database, resolve))
    except BaseException:
        database.close()
        raise
