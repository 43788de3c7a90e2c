"""Whose fault a loss was: what of an error budget was lost to something upstream, by the incidents that say so."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import islice
from operator import attrgetter, itemgetter

from lineage.alerts.incidents import Cause, Incident
from lineage.model import Verdict, VerdictState
from lineage.slo.phrases import percent
from lineage.slo.status import Status

Span = tuple[datetime, datetime | None]  # None: it goes on

DUE = attrgetter("due")
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
    return sum((_lost(status.occurrences, *each) for each in _apart(found)), Fraction(0))


def _lost(occurrences: Sequence[Verdict], since: datetime, until: datetime | None) -> Fraction:
    """What was lost in one span; only what fell due in it is looked at, for a window may hold forty thousand beats."""
    first = bisect_left(occurrences, since, key=DUE)
    end = len(occurrences) if until is None else bisect_left(occurrences, until, key=DUE)
    bad = (each for each in islice(occurrences, first, end) if each.state == VerdictState.BAD)
    return sum((each.total - each.good for each in bad), Fraction(0))


def _apart(found: Iterable[Span]) -> list[Span]:
    """The same time in spans that do not overlap."""
    apart: list[Span] = []
    for since, until in sorted(found, key=itemgetter(0)):
        last = apart[-1][1] if apart else since
        if not apart or (last is not None and last < since):
            apart.append((since, until))
        elif last is not None and (until is None or until > last):
            apart[-1] = (apart[-1][0], until)
    return apart


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
