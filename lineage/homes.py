"""Where things are kept: from the URLs in `--store` and `--ledger` to homes that open and close together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from socket import gethostname
from types import TracebackType
from typing import NamedTuple

from lineage.database import Database, parse_url
from lineage.errors import InvalidInput, StoreUnusable
from lineage.ledger.base import Ledger
from lineage.ledger.sqlite import SqliteLedger
from lineage.parts import part, require_extra
from lineage.projection import resolve
from lineage.settings import Neo4j, Settings, without_password
from lineage.store.base import Store

DIRECT = Neo4j()


class Step(NamedTuple):
    """The schema of *room* was at *before*, 0 being none, and is at *after*."""

    room: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Homes(AbstractContextManager["Homes"]):
    """A ledger and a store, over one *database* unless they are *apart*; leaving the `with` block closes them."""

    ledger: Ledger
    store: Store
    apart: bool = False
    database: Database | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is under way and let go. Calling it twice is harmless."""
        self.store.close()
        self.ledger.close()
        if self.database is not None:
            self.database.close()


def open_homes(url: str, ledger: str | None = None, writer: str | None = None, neo4j: Neo4j = DIRECT) -> Homes:
    """Open what *url* names: `sqlite:///headwater.db` (three slashes: relative; four: absolute), `neo4j://host:7687`.

    The ledger is in the same file unless *ledger* names an object store, as `s3://bucket/folder`, which beside Neo4j
    it must; *writer* is the name of this process's chain there (default: of the host), *neo4j* says how such a server
    is reached. What does not exist yet is made. Raises UnknownPart for another scheme, InvalidInput for a URL that
    cannot be read, StoreUnusable or StoreUnavailable as the store says; StoreUnusable also for a graph that was made of
    another ledger.
    """
    word = _word(url)
    part("lineage.store", word)
    homes = _in_neo4j(url, ledger, writer, neo4j) if word == "neo4j" else _in_file(url, ledger, writer)
    try:
        _belong_together(homes)
    except BaseException:
        homes.close()
        raise
    return homes


def homes_of(settings: Settings) -> Homes:
    """The homes that *settings* name. Raises as `open_homes` does."""
    return open_homes(settings.store, settings.ledger, settings.writer, settings.neo4j)


def migrate(settings: Settings) -> list[Step]:
    """Bring the schema of all that *settings* name up to date, and answer what that meant, by room.

    Done again, or by two at once, it comes to the same. Raises as `homes_of` does.
    """
    part("lineage.store", _word(settings.store))
    before = _versions(settings)
    homes_of(settings).close()
    return [Step(room, before.get(room, 0), after) for room, after in _versions(settings).items()]


def file_of(settings: Settings) -> Path:
    """The file that the store is. Raises InvalidInput where it is none, with what to do instead."""
    if is_remote(settings):
        raise InvalidInput(
            f"store: {without_password(settings.store)!r} is a server, which has copies of its own, as "
            "`neo4j-admin database dump` makes; `headwater copy` moves an installation",
            field="store",
        )
    return parse_url(settings.store)


def is_remote(settings: Settings) -> bool:
    """Whether the store is a server, which may be away for a while and come back."""
    return not settings.store.startswith("sqlite:")


def _word(url: str) -> str:
    """The file in lineage/store that *url* asks for: `neo4j+s` is a way to reach the one that `neo4j` names."""
    return url.partition(":")[0].partition("+")[0]


def _versions(settings: Settings) -> dict[str, int]:
    if is_remote(settings):
        from lineage.store import neo4j

        return neo4j.versions(settings.store, settings.neo4j)
    database = Database(file_of(settings))
    try:
        return database.versions()
    finally:
        database.close()


def _in_file(url: str, ledger: str | None, writer: str | None) -> Homes:
    from lineage.store import sqlite

    database = Database(parse_url(url))
    try:
        kept = SqliteLedger(database) if ledger is None else _apart(ledger, writer)
        return Homes(kept, sqlite.open(database, resolve), ledger is not None, database)
    except BaseException:
        database.close()
        raise


def _in_neo4j(url: str, ledger: str | None, writer: str | None, reach: Neo4j) -> Homes:
    if ledger is None:
        raise InvalidInput(
            "ledger: Neo4j keeps the graph alone; say where the ledger lives, as HEADWATER_LEDGER=s3://bucket/folder, "
            "or file:///folder where one machine is enough",
            field="ledger",
        )
    from lineage.store import neo4j

    kept = _apart(ledger, writer)
    try:
        return Homes(kept, neo4j.open(url, resolve, reach), apart=True)
    except BaseException:
        kept.close()
        raise


def _apart(url: str, writer: str | None) -> Ledger:
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
