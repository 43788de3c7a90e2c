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
from lineage.parts import part, require_extra
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
        self.ledger.close()
        self.database.close()


def open_homes(url: str, ledger: str | None = None, writer: str | None = None) -> Homes:
    """Open what *url* names, as `sqlite:///headwater.db` (three slashes: relative; four: absolute).

    The ledger is in the same file unless *ledger* names an object store, as `s3://bucket/folder`; *writer* is the name
    of this process's chain there (default: of the host). A file that does not exist yet is made. Raises UnknownPart
    for another scheme, InvalidInput for a URL without a path, StoreUnusable or StoreUnavailable as the database says;
    StoreUnusable also for a graph that was made of another ledger.
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
        homes = Homes(database, _ledger(database, ledger, writer), store.open(database, resolve), ledger is not None)
        _belong_together(homes)
    except BaseException:
        database.close()
        raise
    return homes


def homes_of(settings: Settings) -> Homes:
    """The homes that *settings* name. Raises as `open_homes` does."""
    return open_homes(settings.store, settings.ledger, settings.writer)


def _ledger(database: Database, url: str | None, writer: str | None) -> Ledger:
    if url is None:
        return SqliteLedger(database)
    require_extra("obstore", "objects", "ledger")
    from lineage.ledger import objects

    return objects.open_ledger(url, writer or gethostname())


def _belong_together(homes: Homes) -> None:
    """What the graph has seen must be in the ledger: else it is another's, and `rebuild` would lose all of it."""
    seen = homes.store.watermark()  # first: others may append and merge meanwhile
    kept = {head.writer: head.seq for head in homes.ledger.heads()}
    for writer, seq in sorted(seen.items()):
        if seq > kept.get(writer, 0):
            raise StoreUnusable(
                f"the graph has seen {seq} entries by {writer!r}, of which this ledger has {kept.get(writer, 0)}; "
                "name the ledger that it was made of (HEADWATER_LEDGER; unset: the store's own file), or a new --store"
            )
