"""How what is appended comes into the graph: in one transaction, or one after the other (DECISIONS 12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event, RLock, Thread
from typing import Protocol

from lineage.errors import HeadwaterError, StoreUnavailable, StoreUnusable
from lineage.model import Entry
from lineage.store.base import Store
from lineage.telemetry import logger

Append = Callable[[], list[Entry]]
Project = Callable[[list[Entry]], None]

PAUSE_S = 2.0  # between two tries to follow

log = logger(__name__)


class Commits(Protocol):
    """The one way in, for events and for statements."""

    def commit(self, append: Append, project: Project) -> list[Entry]:
        """Run *append*, then *project* with what it answered; durable when that is answered.

        Raises StoreUnavailable, nothing being kept.
        """

    def close(self) -> None:
        """Try nothing more behind anybody's back. Calling it twice is harmless."""


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

    def close(self) -> None:
        """Nothing is ever tried again."""


class Apart:
    """The ledger stands somewhere else: what it has taken is kept, and the graph follows as soon as it can.

    While the graph is behind, nothing more is appended before *catch_up* has merged what it lacks: so the order in
    which a writer's entries are merged has no gaps, and producers are told to come again. Whether any come or not, it
    is tried every *pause_s*.
    """

    def __init__(self, store: Store, catch_up: Callable[[], object], pause_s: float = PAUSE_S) -> None:
        self._store = store
        self._catch_up = catch_up
        self._pause_s = pause_s
        self._lock = RLock()
        self._behind = False
        self._closed = Event()
        self._following: Thread | None = None

    def commit(self, append: Append, project: Project) -> list[Entry]:
        """First the one, then the other; a store that fails in between costs nothing of what was appended."""
        with self._lock:
            self._come_up()
            try:
                appended = append()
            except StoreUnavailable:
                self._fall_behind()  # it may have been taken all the same, and only the answer was lost
                raise
            try:
                if self._follow(appended):
                    self._store.together(lambda: project(appended))
                else:
                    self._catch_up()
            except HeadwaterError as error:  # also one that waiting alone does not help: the events are taken
                self._fall_behind()
                log.warning("graph_behind", extra={"reason": str(error)})
            return appended

    def close(self) -> None:
        """Follow no more; what is left is merged at the next start."""
        self._closed.set()
        if self._following is not None:
            self._following.join()

    def _come_up(self) -> None:
        if self._behind:
            try:
                self._catch_up()
            except StoreUnusable as error:  # as a password that was changed: it was usable once, and may be again
                raise StoreUnavailable(str(error)) from error
            self._behind = False
            log.info("graph_caught_up")

    def _fall_behind(self) -> None:
        self._behind = True
        if self._following is None or not self._following.is_alive():
            self._following = Thread(target=self._follow_on, name="headwater-follow", daemon=True)
            self._following.start()

    def _follow_on(self) -> None:
        """Until the graph has everything: who brought the last event may bring no other for hours."""
        while self._behind and not self._closed.wait(self._pause_s):
            try:
                with self._lock:
                    self._come_up()
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("catch_up_failed")

    def _follow(self, entries: Sequence[Entry]) -> bool:
        """Whether the graph has all that stands before *entries*: who has the same name may have died over some."""
        seen = dict(self._store.watermark())
        for entry in entries:
            if entry.seq > seen.get(entry.writer, 0) + (not entry.duplicate):
                return False
            seen[entry.writer] = max(entry.seq, seen.get(entry.writer, 0))
        return True
