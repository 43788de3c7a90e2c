"""Whose fault a loss was: what of an error budget was lost to something upstream, by the incidents that say so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from lineage.alerts.incidents import Cause, Incident
from lineage.model import Verdict, VerdictState
from lineage.slo.phrases import percent
from lineage.slo.status import Status

Span = tuple[datetime, datetime | None]  # None: it goes on

OWN_PATH = 2  # the job that failed, and the dataset that it writes


def lies_above(cause: Cause | None) -> bool:
    """Whether something upstream broke, and not the job that writes the SLO's own dataset."""
    return cause is not None and len(cause.path) > OWN_PATH


def spans(cases: Iterable[Incident]) -> Mapping[str, Sequence[Span]]:
    """When each SLO was hurt by something upstream, as *cases* explain it, by its name."""
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for member in (member for case in cases for member in case.members):
        found[member.slo] += member.earlier
        if member.above:
            found[member.slo].append((member.since, member.restored_at))
    return found


def inherited(status: Status, found: Iterable[Span]) -> Fraction:
    """What of the spent budget fell due in the spans *found*, exactly, in the SLI's own unit; the rest is its own."""
    hurt = list(found)
    if not hurt:
        return Fraction(0)
    return sum((upstream(verdict, hurt) for verdict in status.occurrences), Fraction(0))


def upstream(verdict: Verdict, hurt: Iterable[Span]) -> Fraction:
    """What *verdict* spent because of something upstream: all of it where it fell due in one of *hurt*, else 0."""
    if verdict.state != VerdictState.BAD:
        return Fraction(0)
    within = any(since <= verdict.due and (until is None or verdict.due < until) for since, until in hurt)
    return verdict.total - verdict.good if within else Fraction(0)


def booked(status: Status, hurt: Mapping[str, Sequence[Span]]) -> Status:
    """*status* with what of its budget was lost upstream, by the `spans` of all incidents."""
    lost = inherited(status, hurt.get(status.slo, ()))
    return replace(status, budget=replace(status.budget, inherited=lost))


def share(status: Status, found: Iterable[Span]) -> str:
    """How much of what is spent was lost upstream, as `60 %`; empty where nothing was."""
    lost = inherited(status, found)
    return percent(lost / status.budget.spent) if lost else ""
