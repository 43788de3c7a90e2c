"""Whether anybody stood at the door: a mark in the store while somebody does, a statement about the gap afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from lineage.errors import HeadwaterError
from lineage.slo.unobserved import Gap, unobserved
from lineage.store.base import Change, Store
from lineage.telemetry import logger
from lineage.web import Decisions

MARK = ("watermark", "collectors")  # the document that says when a collector was there last
MISSED = 3  # marks; a start after a shorter time is no outage that producers would notice

log = logger(__name__)


def absent_since(store: Store, now: datetime, interval_s: float) -> datetime | None:
    """The last mark, where more than a few are missing since; None: somebody is there, or never was any.

    Raises StoreUnavailable.
    """
    kept = store.document(*MARK) if interval_s else None
    last = None if kept is None else datetime.fromisoformat(kept.body.decode())
    return last if last is not None and (now - last).total_seconds() > MISSED * interval_s else None


class Attendance:
    """Marks every *interval_s* that a collector is there; 0: never, and no gap is ever told.

    What was due while none was there is UNKNOWN until the events of that time have come (SLO.md b.6). Several
    collectors share one mark: there is a gap only where all of them were away.
    """

    def __init__(self, store: Store, decisions: Decisions, now: Callable[[], datetime], interval_s: float) -> None:
        self._store, self._decisions, self._now = store, decisions, now
        self._interval_s = interval_s
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Mark from now on. Raises StoreUnavailable."""
        if not self._interval_s:
            self._store.put([Change(*MARK, None)])  # or it would look as if nobody had been there since
            return
        self.mark()
        self._thread = threading.Thread(target=self._go_on, name="headwater-attendance", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Mark no more. Twice is harmless."""
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def mark(self) -> None:
        """Somebody is there now; states the gap since the last mark, if there is one. Raises StoreUnavailable."""
        now = self._now()
        since = absent_since(self._store, now, self._interval_s)
        if since is not None:
            gap = Gap(since, now)
            self._decisions.keep([unobserved(gap)])
            log.info("gap_stated", extra={"since": gap.since.isoformat(), "until": gap.until.isoformat()})
        self._store.put([Change(*MARK, now.isoformat().encode())])

    def _go_on(self) -> None:
        while not self._end.wait(self._interval_s):
            try:
                self.mark()
            except HeadwaterError as error:  # a store that cannot be written takes no events either: that is a gap
                log.warning("mark_not_written", extra={"reason": str(error)})
