"""One SLO, once: read what its indicator needs, measure, judge. The same entries and instant give the same status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from lineage.model import Verdict
from lineage.slo.amending import amended, told_late
from lineage.slo.budget import Tally, judge_tally
from lineage.slo.decided import Decided, corrected, decided
from lineage.slo.evidence import Evidence
from lineage.slo.exclusions import spans, without_excluded
from lineage.slo.findings import findings
from lineage.slo.gather import gather, window_of
from lineage.slo.slices import counted
from lineage.slo.spec import COMPOSITE, DataSLO, indicator
from lineage.slo.status import Status
from lineage.slo.unobserved import doubted
from lineage.store.base import Store

GRACE = timedelta(seconds=60)  # DECISIONS 25


class Basis(NamedTuple):
    """All that was read of the store to judge one SLO: what happened, and what people decided; of its members too."""

    evidence: Evidence
    said: Decided
    members: tuple[tuple[DataSLO, Basis], ...] = ()


def evaluate(
    slo: DataSLO, store: Store, now: datetime, known_at: datetime | None = None, grace: timedelta = GRACE
) -> Status:
    """The status of *slo* at *now*, from the events of up to *now* that were received by *known_at* (default: *now*).

    *grace* is what a deadline waits where the definition is silent. Raises StoreUnavailable.
    """
    return judged(slo, basis(slo, store, now, known_at), now, grace)


def basis(
    slo: DataSLO,
    store: Store,
    now: datetime,
    known_at: datetime | None = None,
    beats_since: datetime | None = None,
) -> Basis:
    """What *slo* is judged by, from the events of up to *now* that were received by *known_at* (default: *now*).

    Of beats only what was told after *beats_since*, where that is given. It holds at every later instant of the day by
    whose clocks nothing more is in the store. Raises StoreUnavailable.
    """
    known = known_at or now
    said = decided(slo, store, known)
    if slo.spec.sli.type == COMPOSITE:
        members = tuple((each, basis(each, store, now, known)) for each in slo.members)
        return Basis(_together(slo, [read.evidence for _, read in members], now), said, members)
    return Basis(gather(slo, indicator(slo.spec.sli.type).needs(slo), store, now, known, beats_since=beats_since), said)


def _together(slo: DataSLO, members: Sequence[Evidence], now: datetime) -> Evidence:
    """What is known for a composite of those of which *members* is known: their verdicts come when it is judged."""
    since = window_of(slo, now)
    return Evidence(
        since,
        observed=any(each.observed for each in members),
        asked_from=min((each.begin for each in members), default=since),
        left_out=tuple(dict.fromkeys(left for each in members for left in each.left_out)),
    )


def judged(slo: DataSLO, read: Basis, now: datetime, grace: timedelta = GRACE) -> Status:
    """The status of *slo* at *now* by what was read. Pure."""
    found, evidence = verdicts(slo, read, now, grace)
    by, measured = read._replace(evidence=evidence), Tally(found)
    counts = counted_by(slo, by, found, evidence.since, now)
    return concluded(slo, by, measured, measured if counts is found else Tally(counts), now)


def counted_by(
    slo: DataSLO, by: Basis, measured: Sequence[Verdict], since: datetime, now: datetime
) -> Sequence[Verdict]:
    """What the budget of *slo* counts of *measured*, all that was due after *since*: them, or slices of them. Pure."""
    found = counted(slo, measured, since, now)
    return found if found is measured else corrected(found, by.said.corrections, slo.unit)


def concluded(slo: DataSLO, by: Basis, measured: Tally, tally: Tally, now: datetime) -> Status:
    """The status of *slo* at *now*: what was *measured* of what was read, *by* it, and its budget counts. Pure."""
    evidence = by.evidence
    excluded = {each.name: its.said.exclusions for each, its in ((slo, by), *by.members)}
    status = judge_tally(slo, tally, now, excluded, measured)
    delivered = (delivery.at for delivery in evidence.deliveries if delivery.refresh)
    held = getattr(indicator(slo.spec.sli.type), "through", None)
    through = None if held is None else held(slo, evidence, now)
    waits = getattr(indicator(slo.spec.sli.type), "backlog", None)
    return replace(
        status,
        last_delivery=max(delivered, default=status.last_delivery),
        through=through,
        backlog=None if waits is None else waits(slo, evidence, now),
        left_out=evidence.left_out,
        findings=findings(slo, evidence, status.measured, now),
    )


def verdicts(
    slo: DataSLO, read: Basis, now: datetime, grace: timedelta = GRACE, after: datetime | None = None
) -> tuple[list[Verdict], Evidence]:
    """What `judged` judges by: a verdict for each occurrence of the window, and what they were made of. Pure.

    With *after* only of what was due then.
    """
    by, said, evidence = indicator(slo.spec.sli.type), read.said, as_of(slo, read, now, grace, after)
    if read.members:
        members = {each.name: verdicts(each, its, now, grace, after)[0] for each, its in read.members}
        evidence = replace(evidence, members=members)
    measured = doubted(by.measure(slo, evidence, now), evidence.gaps, grace)
    if late := told_late(evidence, grace):
        first = doubted(by.measure(slo, replace(evidence, horizon=grace), now), evidence.gaps, grace)
        measured = amended(measured, first, late)
    if slo.spec.sli.unit != "seconds":  # of time the excluded part is no measure at all
        measured = without_excluded(measured, evidence.excluded)
    return list(corrected(measured, said.corrections, slo.spec.sli.unit)), evidence


def as_of(
    slo: DataSLO, read: Basis, now: datetime, grace: timedelta = GRACE, after: datetime | None = None
) -> Evidence:
    """What was read of *slo* itself as it is to be judged at *now*, with *after* of what was due then. Pure."""
    said, since = read.said, window_of(slo, now)
    return replace(
        read.evidence,
        since=since if after is None else max(since, after),
        grace=grace,
        excluded=spans(said.exclusions, read.evidence.begin, now),
        horizon=max(slo.spec.late_metadata.correction_horizon, grace),
        condemned=frozenset(name for name, each in said.corrections.items() if each.state == "BAD"),
        gaps=said.gaps if slo.spec.sli.judges_absence else (),
    )
