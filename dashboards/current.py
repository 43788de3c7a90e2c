"""What pages ask again and again within a breath, kept for that long: the statuses of all SLOs, and who hurts whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from fastapi import Request

from lineage.model import NodeId
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.web import Services, services

FRESH_FOR = timedelta(seconds=10)
KEPT = 8  # moments; readers who travel in time come back to a few


@dataclass(frozen=True, slots=True)
class Judged:
    """An SLO and what it says now."""

    definition: DataSLO
    status: Status


@dataclass
class Current:
    """The statuses by moment. Safe to use from any thread."""

    services: Services
    _of: Mapping[str, DataSLO] = field(default_factory=dict)
    _kept: dict[datetime, list[Judged]] = field(default_factory=dict)
    _now: datetime | None = None
    _lock: Lock = field(default_factory=Lock)

    def judged(self, at: datetime, *, past: bool = False) -> Sequence[Judged]:
        """All SLOs at *at*; unless it is *past*, an answer some seconds old will do, if the same SLOs are in force."""
        with self._lock:
            definitions = self.services.slos.definitions()
            if definitions != self._of:
                self._of, self._now = definitions, None
                self._kept.clear()
            if not past and self._now is not None and timedelta(0) <= at - self._now < FRESH_FOR:
                at = self._now
            if at not in self._kept:
                self._keep(at, past=past)
            if not past:
                self._now = at
            return self._kept[at]

    def _keep(self, at: datetime, *, past: bool) -> None:
        slos = self.services.slos
        statuses = [slos.status(name, at) for name in self._of] if past else slos.statuses(at)
        while len(self._kept) >= KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[at] = [Judged(self._of[one.slo], one) for one in statuses if one.slo in self._of]


def current(request: Request) -> Current:
    """The answers that pages of this server share."""
    state = request.app.state
    if not hasattr(state, "current"):
        state.current = Current(services(request))
    found: Current = state.current
    return found


def by_dataset(judged: Sequence[Judged]) -> Mapping[NodeId, list[Judged]]:
    """The SLOs of each dataset, under the identity that the definition names."""
    found: dict[NodeId, list[Judged]] = {}
    for one in judged:
        found.setdefault(one.definition.dataset, []).append(one)
    return found
