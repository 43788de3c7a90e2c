"""Whose fault a loss was: what of an error budget was lost to something upstream, by the incidents that say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from lineage.alerts.incidents import Cause, Incident
from lineage.model import VerdictState
from lineage.slo.phrases import percent
from lineage.slo.status import Status

Span = tuple[datetime, datetime | None]  # None: it goes on

OWN_PATH = 2  # the job that failed, and the dataset that it writes


def lies_above(cause: Cause | None) -> bool:
    """Whether something upstream broke, and not the job that writes the SLO's own dataset."""
    return cause is not None and len(cause.path) > OWN_PATH


def spans(slo: str, cases: Iterable[Incident]) -> list[Span]:
    """When *slo* was hurt by something upstream, as *cases* explain it."""
    members = [member for case in cases for member in case.members if member.slo == slo]
    now: list[Span] = [(member.since, member.restored_at) for member in members if member.above]
    return now + [span for member in members for span in member.earlier]


def inherited(status: Status, found: Iterable[Span]) -> Fraction:
    """What of the spent budget fell due in the spans *found*, exactly, in the SLI's own unit; the rest is its own."""
    hurt = list(found)
    lost = (
        verdict.total - verdict.good
        for verdict in status.occurrences
        if verdict.state == VerdictState.BAD
        and any(since <= verdict.due and (until is None or verdict.due < until) for since, until in hurt)
    )
    return sum(lost, Fraction(0))


def booked(status: Status, cases: Iterable[Incident]) -> Status:
    """*status* with what of its budget *cases* say was lost upstream."""
    lost = inherited(status, spans(status.slo, cases))
    return replace(status, budget=replace(status.budget, inherited=lost))


def share(status: Status, found: Iterable[Span]) -> str:
    """How much of what is spent was lost upstream, as `60 %`; empty where nothing was."""
    lost = inherited(status, found)
    return percent(lost / status.budget.spent) if lost else ""
