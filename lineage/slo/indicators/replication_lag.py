"""Replication lag: for how long was the copy more behind its original than it may be (SLO.md b.5). Integrated."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Ancestry, Evidence, Need
from lineage.slo.indicators import _age
from lineage.slo.indicators._age import Mark, Rule
from lineage.slo.passage import Arrived, arrivals, key_of, regular
from lineage.slo.phrases import moment, span
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

PART = timedelta(hours=1)  # of the time, that each verdict is for
NONE = Fraction(0)
ENDLESS = datetime.max.replace(tzinfo=UTC)  # up to when a copy that lacks nothing has everything


class Spec(Sli):
    """`type: replication_lag`. What the original has may be missing in the copy, where the path ends, for *threshold*.

    A copy lags only while its original has something that it has not: an original that stands still is no lag.
    """

    needs_schedule: ClassVar[bool] = False
    needs_path: ClassVar[bool] = True
    judges_absence: ClassVar[bool] = True

    type: Literal["replication_lag"]
    unit: Literal["seconds"] = "seconds"
    threshold: Duration
    metadata_grace: Duration | None = None

    @property
    def cadence(self) -> timedelta:
        """A verdict for each hour."""
        return PART


def needs(slo: DataSLO) -> Need:
    """What was copied from the original, in the window and a day before it."""
    _spec(slo)
    return Need(history=timedelta(days=1), ancestry=True)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each hour that ended in the window, by due; good and total are its seconds, *value* the bad ones.

    Each version of the original lags from when it was there until the copy has it or a newer one. UNKNOWN: a run copied
    that does not tell what, or the path is too large to be looked at.
    """
    spec, ancestry = _spec(slo), evidence.passed()
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    come = [arrived for arrived in arrivals(ancestry) if not arrived.backfill]
    measured = _age.measure(
        Rule(spec.threshold, PART), list(_marks(ancestry, come, evidence.begin, now)), evidence, now, grace
    )
    return [_doubted(verdict, ancestry, come) for verdict in measured]


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    behind = timedelta(seconds=float(sum((verdict.value or NONE for verdict in streak), NONE)))
    newest = streak[-1]
    last = "nothing copied" if newest.delivered_at is None else f"last copied {moment(newest.delivered_at)}"
    return f"Too far behind for {span(behind)}, {last}"


def through(slo: DataSLO, evidence: Evidence, now: datetime) -> datetime | None:
    """Up to when the copy held, at *now*, all that its original has; None where a run does not tell what it copied."""
    _spec(slo)
    ancestry = evidence.passed()
    come = [arrived for arrived in arrivals(ancestry) if not arrived.backfill]
    if not ancestry.whole or (come and come[-1].gap is not None):
        return None
    return max(mark.through for mark in _marks(ancestry, come, evidence.begin, ENDLESS) if mark.at <= now)


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _marks(ancestry: Ancestry, come: Sequence[Arrived], begin: datetime, now: datetime) -> Iterator[Mark]:
    """After each arrival the copy is as new as the moment before the original had something that it has not.

    Of several originals the one that is furthest behind counts; as of *begin* nothing is known to be missing.
    """
    originals = [regular(ancestry, source) for source in sorted(ancestry.sources)]
    firsts = (each.at for versions in originals for each in versions if each.at > begin)
    yield Mark(begin, min(firsts, default=now))
    for arrived in come:
        if len(arrived.oldest) == len(originals):
            reached = [key_of(arrived.oldest[source].version) for source in sorted(ancestry.sources)]
            missing = [
                versions[place].at
                for versions, key in zip(originals, reached, strict=True)
                if (place := bisect_right(versions, key, key=key_of)) < len(versions)
            ]
            yield Mark(arrived.delivery.at, min(missing, default=now), arrived.delivery.events)


def _doubted(verdict: Verdict, ancestry: Ancestry, come: Sequence[Arrived]) -> Verdict:
    """*verdict*, unless its hour would be BAD for want of what a run may have copied without saying so."""
    last = next((arrived for arrived in reversed(come) if arrived.delivery.at <= verdict.due), None)
    gap = None if last is None else last.gap
    why = gap if ancestry.whole else "the path has more datasets than are looked at; name those that count in `via`"
    if why is None or verdict.state != VerdictState.BAD:
        return verdict
    return replace(verdict, state=VerdictState.UNKNOWN, good=NONE, total=NONE, reason=why, value=None, expected=None)
