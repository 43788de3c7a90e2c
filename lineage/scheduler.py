"""The clock of the house: judge all SLOs on a grid of time, keep the verdicts, let incidents react, send messages."""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from apscheduler.schedulers.background import BackgroundScheduler

from collectors.attendance import absent_since
from lineage.alerts.metrics import ALERTS
from lineage.alerts.outbox import drain
from lineage.alerts.react import react
from lineage.channels.base import Channel, ready
from lineage.errors import Conflict, Overloaded, StoreUnavailable
from lineage.model import Verdict
from lineage.settings import Settings
from lineage.slo.book import SloBook
from lineage.slo.metrics import SLOS
from lineage.slo.queues import QUEUES
from lineage.slo.renewed import renewed
from lineage.slo.shares import SHARES
from lineage.slo.status import Status
from lineage.store.base import Change, Lease, Store
from lineage.store.making import VERSION_KIND, unfinished
from lineage.telemetry import EVALUATED_AT, EVALUATION_LAG_S, EVALUATION_S, OUTBOX_OLDEST_S, logger

LEASE = "scheduler"
JUDGED = ("watermark", "slos")  # the document that says up to when all was judged
LEASE_INTERVALS = 3  # a holder may miss two ticks before another takes over
LEASE_MIN_S = 30
LOOK_S = 0.1  # of a tick, for a look at who answers for the estate
STOP_S = (
    3  # how long a tick may go on when the house closes; a channel that hangs would take longer than SIGTERM grants
)

log = logger(__name__)


class House(Protocol):
    """What the scheduler needs of the services; it reads no clock but theirs."""

    settings: Settings
    store: Store
    slos: SloBook

    def now(self) -> datetime:
        """The clock: aware, UTC."""


class Scheduler:
    """Ticks every `slo.interval_s` in a thread of its own, as long as it holds the lease; one tick at a time.

    Who does not hold it, or has no role `scheduler` and never asks for it, takes up what is promised elsewhere. A tick
    judges as of its place on the grid, not as of when it came to run, so that a late one gives the same answer.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._interval_s = house.settings.slo.interval_s
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._channels: Mapping[str, Channel] = ready(house.settings)
        self._lease: Lease | None = None
        self._written: Mapping[str, Sequence[Verdict]] = {}
        self._basis: object = None  # what `_written` is true of: this making of the graph, this holding of the lease
        self._clock: BackgroundScheduler | None = None
        self._ticking: threading.Thread | None = None
        self._guard = threading.Lock()

    def start(self) -> None:
        """Tick now and from then on. Ticks that were missed become one."""
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": max(1, int(self._interval_s))}
        self._clock = BackgroundScheduler(timezone=UTC, job_defaults=defaults)
        self._clock.add_job(self._begin, "interval", seconds=self._interval_s, next_run_time=datetime.now(UTC))
        self._clock.start()

    def stop(self) -> None:
        """Let the tick that is under way end and give the lease back. Twice is harmless.

        After STOP_S a tick that still waits for a channel is left behind, with the lease: nobody else may send the
        same message before it runs out.
        """
        clock, self._clock = self._clock, None
        if clock is None:
            return
        clock.shutdown(wait=True)
        _hide()
        if self._ticking is not None:
            self._ticking.join(STOP_S)
            if self._ticking.is_alive():
                log.warning("tick_abandoned", extra={"waited_s": STOP_S})
                return
        lease, self._lease = self._lease, None
        if lease is not None:
            self._house.store.release(lease)

    def tick(self, now: datetime) -> list[Status]:
        """Judge everything as of *now* and act on it; nothing, and no statuses, while another holds the lease.

        Raises StoreUnavailable, and Conflict when the lease was lost on the way; the next tick sees to the rest.
        """
        house, settings = self._house, self._house.settings
        ttl_s = max(LEASE_MIN_S, LEASE_INTERVALS * self._interval_s)
        with self._guard, EVALUATION_S.time():
            leads = "scheduler" in settings.roles
            self._lease = house.store.lease(LEASE, self._holder, ttl_s) if leads else None
            if self._lease is None:
                house.slos.reread()
                _hide()
                return []
            if unfinished(house.store):  # what it lacks is no reason to wake anybody
                raise StoreUnavailable("the graph is being made anew; what is due is judged when it is done")
            house.slos.refresh(now, self._lease)
            statuses, definitions = house.slos.statuses(now), house.slos.definitions()
            self._keep(statuses)
            last = self._judged_last()
            SLOS.show(statuses, definitions, last)
            QUEUES.show(statuses, definitions)
            EVALUATED_AT.set(now.timestamp())
            self._react(statuses, now, last)
            house.store.put([Change(*JUDGED, now.isoformat().encode())], lease=self._lease)
            drain(house.store, self._channels, _base_url(settings), now, alerts=settings.alerts, lease=self._lease)
            ALERTS.show(house.store, statuses, definitions)
        looked = time.monotonic()  # no part of judging; and requests wait for a piece of it, not for the whole
        SHARES.look(house.store, definitions.values(), now, lambda: time.monotonic() - looked > LOOK_S)
        return statuses

    def _judged_last(self) -> datetime | None:
        """When anybody judged last."""
        kept = self._house.store.document(*JUDGED)
        return None if kept is None else datetime.fromisoformat(kept.body.decode())

    def _react(self, statuses: Sequence[Status], now: datetime, last: datetime | None) -> None:
        """Let incidents follow *statuses*; not while no collector is there, for then nothing can be heard."""
        house, settings = self._house, self._house.settings
        absent = absent_since(house.store, now, settings.ingest.attendance_s)
        if absent is not None:
            log.warning("alerts_frozen", extra={"no_collector_since": absent.isoformat()})
            return
        away = last if last is not None and (now - last).total_seconds() > 2 * self._interval_s else None
        wait_s, definitions = settings.slo.group_wait_s, house.slos.definitions()
        react(house.store, definitions, statuses, now, self._lease, group_wait_s=wait_s, away_since=away)

    def _keep(self, statuses: Sequence[Status]) -> None:
        """Write the verdicts that are not what was written last, all in one transaction: a start writes every one.

        So does the first tick after a rebuild, which forgets verdicts, and after another held the lease. Who lost the
        lease meanwhile writes none.
        """
        made = self._house.store.document(VERSION_KIND, "graph")
        basis = (made and made.revision, self._lease and self._lease.epoch)
        if basis != self._basis:
            self._basis, self._written = basis, {}
        written: dict[str, Sequence[Verdict]] = {status.slo: status.occurrences for status in statuses}
        changed = {
            slo: [new for _, new in renewed(self._written.get(slo, ()), found)] for slo, found in written.items()
        }

        def put() -> None:
            for slo, verdicts in changed.items():
                if verdicts:
                    self._house.store.put_verdicts(slo, verdicts)
            self._house.store.put((), lease=self._lease)  # last: from here on others wait for the lease

        if any(changed.values()):
            self._house.store.together(put)
        self._written = written

    def _begin(self) -> None:
        """Tick in a thread that nobody waits for at the end of the process, unlike those of the clock's pool."""
        if self._ticking is None or not self._ticking.is_alive():
            self._ticking = threading.Thread(target=self._run, name="headwater-tick", daemon=True)
            self._ticking.start()

    def _run(self) -> None:
        try:
            began = self._house.now()
            planned = self._planned(began)
            EVALUATION_LAG_S.observe((began - planned).total_seconds())
            self.tick(planned)
        except (Overloaded, Conflict) as error:
            log.warning("tick_postponed", extra={"reason": str(error)})
        except Exception:
            if self._clock is not None:  # else the tick was left behind, and its store is closed
                log.exception("tick_failed")

    def _planned(self, now: datetime) -> datetime:
        """The newest point of the grid: the time for which this tick was planned."""
        seconds = now.timestamp()
        return datetime.fromtimestamp(seconds - seconds % self._interval_s, UTC)


def _hide() -> None:
    """Another judges, or nobody: what only who judges can say is not said here."""
    SLOS.hide()
    QUEUES.hide()
    SHARES.hide()
    ALERTS.hide()
    OUTBOX_OLDEST_S.set(0)


def _base_url(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")
