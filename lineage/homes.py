"""Where things are kept: from the URLs in `--store` and `--ledger` to homes that open and close together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from socket import gethostname
from types import TracebackType

from lineage.database import Database, parse_url
from lineage.errors import StoreUnusable
from lineage.ledger.base import Ledger
from lineage.ledger.sqlite import SqliteLedger
from lineage.parts import part
from lineage.projection import resolve
from lineage.settings import Settings
from lineage.store.base import Store


@dataclass(frozen=True, slots=True)
class Homes(AbstractContextManager["Homes"]):
    """A ledger and a store, over one database unless they are *apart*; leaving the `with` block closes them."""

    database: Database
    ledger: Ledger
    store: Store
    apart: bool = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is under way and let go. Calling it twice is harmless."""
        self.store.close()
        self.database.close()


def open_homes(url: str, ledger: str | None = None, writer: str | None = None) -> Homes:
    """Open what *url* names, as `sqlite:///headwater.db` (three slashes: relative; four: absolute).

    The ledger is in the same file unless *ledger* names an object store, as `s3://bucket/folder`; *writer* is the name
    of this process's chain there (default: of the host). A file that does not exist yet is made. Raises UnknownPart
    for another scheme, InvalidInput for a URL without a path, StoreUnusable or StoreUnavailable as the database says.
    """
    scheme = url.partition(":")[0]
    if scheme.partition("+")[0] == "neo4j":
        raise StoreUnusable(
            "store: Neo4j holds no graph in this version, only documents, leases and verdicts; "
            "use sqlite:///headwater.db"
        )
    store = part("lineage.store", scheme)
    database = Database(parse_url(url))
    try:
        return Homes(database, _ledger(database, ledger, writer), store.open(database, resolve), ledger is not None)
    except BaseException:
        database.close()
        raise


def homes_of(settings: Settings) -> Homes:
    """The homes that *settings* name. Raises as `open_homes` does."""
    return open_homes(settings.store, settings.ledger, settings.writer)


def _ledger(database: Database, url: str | None, writer: str | None) -> Ledger:
    if url is None:
        return SqliteLedger(database)
    from lineage.ledger import objects  # an extra brings what it imports

    return objects.open_ledger(url, writer or gethostname())
