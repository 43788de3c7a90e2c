"""How much of the estate somebody answers for, as whoever judges saw it last: for Prometheus and the overview."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from datetime import datetime, timedelta

from prometheus_client import Gauge

from lineage.slo.ownership import Estate, looking
from lineage.slo.spec import DataSLO
from lineage.store.base import Store
from lineage.telemetry import DATASETS, OWNED_RATIO

EVERY = timedelta(hours=1)  # it changes with teams, not with data, and costs a look at every dataset
MOST = 50_000  # datasets that are looked at: some seconds, a piece at each tick


class Shares:
    """Sets *datasets* and *ratio* by what `look` saw; *estate* is that, None before and where another judges."""

    def __init__(self, datasets: Gauge = DATASETS, ratio: Gauge = OWNED_RATIO) -> None:
        self._datasets, self._ratio = datasets, ratio
        self._looked_at: datetime | None = None
        self._looking: Generator[None, None, Estate] | None = None
        self.estate: Estate | None = None

    def look(
        self,
        store: Store,
        definitions: Iterable[DataSLO],
        now: datetime,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        """Look at the estate, unless something was found within the hour before *now*; on until it is *enough*.

        What is left is looked at the next time. Of an estate with more than MOST datasets nothing is shown: a part
        says little of the whole. Raises StoreUnavailable.
        """
        if self._looked_at is not None and self._looked_at <= now < self._looked_at + EVERY:
            return
        steps = self._looking or looking(store, definitions, now, most=MOST)
        self._looking = None  # of a look that fails the rest is not to be had
        try:
            next(steps)
            while not enough():
                next(steps)
        except StopIteration as end:
            self._show(end.value, now)
        else:
            self._looking = steps

    def _show(self, estate: Estate, now: datetime) -> None:
        self.hide()
        self._looked_at = now if estate.found else None  # where nothing is yet, something may come at once
        if estate.whole:
            self.estate = estate
            for namespace, share in estate.by_namespace().items():
                self._datasets.labels(namespace).set(share.datasets)
                self._ratio.labels(namespace).set(share.owned / share.datasets)

    def hide(self) -> None:
        """From now on nothing is known here."""
        self._datasets.clear()
        self._ratio.clear()
        self._looked_at = self._looking = self.estate = None


SHARES = Shares()
