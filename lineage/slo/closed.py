"""What closed since this process began to judge, counted up for Prometheus: each occurrence once; corrections apart."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeVar

from lineage.model import Verdict, VerdictState
from lineage.slo.budget import JUDGED
from lineage.slo.drift import Weight
from lineage.slo.indicators import latency, schema_stability
from lineage.slo.renewed import renewed
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

COUNTED = JUDGED | {VerdictState.UNKNOWN}
EDGES_S = (1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 14400)  # SLO.md e

Word = TypeVar("Word")


@dataclass(slots=True)
class Latencies:
    """A histogram of seconds: how many were at most each of *edges* and more than the one before it, and their sum."""

    edges: tuple[float, ...]
    counts: list[int] = field(init=False)
    sum: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.edges) + 1)

    def add(self, seconds: Fraction) -> None:
        """One more; what lies on an edge is within it."""
        self.counts[bisect_left(self.edges, seconds)] += 1
        self.sum += seconds


@dataclass(slots=True)
class Totals:
    """Of one SLO: *events* and *bad* in the unit of its SLI, *unknown* and *corrected* in occurrences."""

    events: Fraction = Fraction(0)
    bad: Fraction = Fraction(0)
    unknown: int = 0
    corrected: int = 0
    latencies: Latencies | None = None
    changes: Counter[Weight] | None = None  # of schemas, deliveries by what the heaviest of their changes breaks


@dataclass(frozen=True, slots=True)
class _Look:
    """What was seen of an SLO when it was last looked at, as it was defined then."""

    slo: DataSLO
    at: datetime
    occurrences: Sequence[Verdict]
    measured: Sequence[Verdict]


class Closed:
    """Keeps totals that only grow, as counters must: what an occurrence was when it closed stays counted as that.

    They begin at 0 with the first look at an SLO, as counters do with a process. What had closed by then is in the
    window's figures, and in no counter, unless it was due since anybody judged last: then nobody has counted it. An SLO
    that is defined anew is judged anew: of that, too, only what fell due since the last look is counted.
    """

    def __init__(self) -> None:
        self.totals: dict[str, Totals] = {}
        self._before: dict[str, _Look] = {}

    def look(
        self, statuses: Sequence[Status], definitions: Mapping[str, DataSLO], judged_last: datetime | None = None
    ) -> None:
        """Count what closed since the last look; forget the SLOs that have no definition any more."""
        self.totals = _of(self.totals, definitions)
        self._before = _of(self._before, definitions)
        for status in statuses:
            if (slo := definitions.get(status.slo)) is not None:
                self._count(slo, status, judged_last)

    def forget(self) -> None:
        """Begin anew: another process counts now."""
        self.totals, self._before = {}, {}

    def _count(self, slo: DataSLO, status: Status, judged_last: datetime | None) -> None:
        totals = self.totals.setdefault(slo.name, Totals())
        if isinstance(slo.spec.sli, latency.Spec):
            edges = tuple(sorted({*EDGES_S, slo.spec.sli.percentile.threshold.total_seconds()}))
            if totals.latencies is None or totals.latencies.edges != edges:
                totals.latencies = Latencies(edges)
        if isinstance(slo.spec.sli, schema_stability.Spec) and totals.changes is None:
            totals.changes = Counter()
        last, now = self._before.get(slo.name), _Look(slo, status.at, status.occurrences, status.measured)
        self._before[slo.name] = now
        if last is not None and last.occurrences is now.occurrences:
            return
        if last is None or last.slo != slo:
            known = judged_last if last is None else last.at
            last = replace(now, occurrences=_known_by(now.occurrences, known), measured=_known_by(now.measured, known))
        for was, verdict in renewed(last.occurrences, now.occurrences):
            _add(totals, was, verdict)
        if totals.latencies is not None or totals.changes is not None:
            for was, verdict in renewed(last.measured, now.measured):
                _add_measured(totals, was, verdict)


def _known_by(occurrences: Sequence[Verdict], judged_last: datetime | None) -> Sequence[Verdict]:
    """What somebody else may have counted: what was due when anybody judged last, all where nobody knows when."""
    return occurrences if judged_last is None else [each for each in occurrences if each.due <= judged_last]


def _add(totals: Totals, before: Verdict | None, now: Verdict) -> None:
    if before is not None and before.state != VerdictState.PENDING:
        differs = (before.state, before.good, before.total) != (now.state, now.good, now.total)
        totals.corrected += differs and not COUNTED.isdisjoint({before.state, now.state})
    elif now.state in JUDGED:
        totals.events += now.total
        totals.bad += now.total - now.good
    elif now.state == VerdictState.UNKNOWN:
        totals.unknown += 1


def _add_measured(totals: Totals, before: Verdict | None, now: Verdict) -> None:
    """What an indicator said: also where slices of it are counted."""
    if totals.latencies is not None and _landed(now) and (before is None or not _landed(before)):
        totals.latencies.add(now.value or Fraction(0))
    if (
        totals.changes is None
        or now.state not in JUDGED
        or (before is not None and before.state != VerdictState.PENDING)
    ):
        return
    if (weight := schema_stability.weight(now)) is not None:
        totals.changes[weight] += 1


def _landed(verdict: Verdict) -> bool:
    """Whether what a latency is of has arrived: until then its value still grows."""
    return verdict.state in JUDGED and verdict.delivered_at is not None


def _of(found: Mapping[str, Word], definitions: Mapping[str, DataSLO]) -> dict[str, Word]:
    return {name: each for name, each in found.items() if name in definitions}
