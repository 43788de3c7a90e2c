"""How what is appended comes into the graph: in one transaction, or one after the other (DECISIONS 12)."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Protocol, TypeVar

from lineage.errors import StoreUnavailable
from lineage.store.base import Store
from lineage.telemetry import logger

T = TypeVar("T")

log = logger(__name__)


class Commits(Protocol):
    """The one way in, for events and for statements."""

    def commit(self, append: Callable[[], T], project: Callable[[T], None]) -> T:
        """Run *append*, then *project* with what it answered; durable when that is answered.

        Raises StoreUnavailable, nothing being kept.
        """


class Together:
    """The ledger shares the store's database: all is kept, or nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def commit(self, append: Callable[[], T], project: Callable[[T], None]) -> T:
        """Both in one transaction."""

        def run() -> T:
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

    def commit(self, append: Callable[[], T], project: Callable[[T], None]) -> T:
        """First the one, then the other; a store that fails in between costs nothing of what was appended."""
        with self._lock:
            if self._behind:
                self._catch_up()
                self._behind = False
                log.info("graph_caught_up")
            appended = append()
            try:
                self._store.together(lambda: project(appended))
            except StoreUnavailable:
                self._behind = True
                log.warning("graph_behind", exc_info=True)
            return appended
