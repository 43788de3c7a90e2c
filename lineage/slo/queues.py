"""How many records wait in the queues that SLOs name, and for how long: beside Headwater's own, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import Gauge

from lineage.model import dataset_id
from lineage.slo.indicators import dead_letters
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.telemetry import DEAD_LETTER_DEPTH, DEAD_LETTER_OLDEST_S


class Queues:
    """Sets *depth* and *oldest_s* by what `show` was last given; what nobody told of has no series."""

    def __init__(self, depth: Gauge = DEAD_LETTER_DEPTH, oldest_s: Gauge = DEAD_LETTER_OLDEST_S) -> None:
        self._gauges = (depth, oldest_s)
        self._shown: set[tuple[Gauge, str]] = set()

    def show(self, statuses: Sequence[Status], definitions: Mapping[str, DataSLO]) -> None:
        """From now on these, and no other, are the queues of SLOs."""
        found: dict[tuple[Gauge, str], float] = {}
        for status in statuses:
            spec = definitions[status.slo].spec.sli if status.slo in definitions else None
            if status.backlog is None or not isinstance(spec, dead_letters.Spec):
                continue
            queue = str(dataset_id(spec.queue.namespace, spec.queue.name))
            values = status.backlog.count, status.backlog.age_s(status.at)
            for gauge, value in zip(self._gauges, values, strict=True):
                if value is not None:
                    found[gauge, queue] = float(value)
        for (gauge, queue), shown in found.items():
            gauge.labels(queue).set(shown)
        for gauge, queue in self._shown - found.keys():
            gauge.remove(queue)
        self._shown = set(found)

    def hide(self) -> None:
        """From now on another process judges, and shows them."""
        self.show((), {})


QUEUES = Queues()
