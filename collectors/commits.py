"""How what is appended comes into the graph: in one transaction, or one after the other (DECISIONS 12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Protocol

from lineage.errors import StoreUnavailable
from lineage.model import Entry
from lineage.store.base import Store
from lineage.telemetry import logger

Append = Callable[[], list[Entry]]
Project = Callable[[list[Entry]], None]

log = logger(__name__)


class Commits(Protocol):
    """The one way in, for events and for statements."""

    def commit(self, append: Append, project: Project) -> list[Entry]:
        """Run *append*, then *project* with what it answered; durable when that is answered.

        Raises StoreUnavailable, nothing being kept.
        """


class Together:
    """The ledger shares the store's database: all is kept, or nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(self, append: Append, project: Project) -> list[Entry]:
        """Both in one transaction."""

        def run() -> list[Entry]:
            appended = append()
            project(appended)
            return appended

        return self._store.together(run)


class Apart:
    """The ledger stands somewhere else: what it has taken is kept, and the graph follows as soon as it can.

    While the graph is behind, nothing more is appended before *catch_up* has merged what it lacks: so the order in
    which a writer's entries are merged has no gaps, and producers are told to come again.
    """

    def __init__(self, store: Store, catch_up: Callable[[], object]) -> None:
        self._store = store
        self._catch_up = catch_up
        self._lock = RLock()
        self._behind = False

    def commit(self, append: Append, project: Project) -> list[Entry]:
        """First the one, then the other; a store that fails in between costs nothing of what was appended."""
        with self._lock:
            if self._behind:
                self._catch_up()
                self._behind = False
                log.info("graph_caught_up")
            try:
                appended = append()
            except StoreUnavailable:
                self._behind = True  # it may have been taken all the same, and only the answer was lost
                raise
            try:
                if self._follow(appended):
                    self._store.together(lambda: project(appended))
                else:
                    self._catch_up()
            except StoreUnavailable:
                self._behind = True
                log.warning("graph_behind", exc_info=True)
            return appended

    def _follow(self, entries: Sequence[Entry]) -> bool:
        """Whether the graph has all that stands before *entries*: who has the same name may have died over some."""
        seen = dict(self._store.watermark())
        for entry in entries:
            if entry.seq > seen.get(entry.writer, 0) + (not entry.duplicate):
                return False
            seen[entry.writer] = max(entry.seq, seen.get(entry.writer, 0))
        return True
