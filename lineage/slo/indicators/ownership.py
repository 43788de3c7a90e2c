"""Ownership: did the dataset have an owner who can be told, and one system of record, at the end of each day (b.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Evidence, Need, OwnersTold
from lineage.slo.findings import conflict
from lineage.slo.indicators._age import EPOCH
from lineage.slo.owners import plain, reached
from lineage.slo.phrases import moment, opened
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Sli

DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=7)  # from the end of a day, in which two may have written the same
NONE, ONE = Fraction(0), Fraction(1)
PROOFS = 3


class Spec(Sli):
    """`type: ownership`. Events name the owners, in the facet `ownership` or a tag `team` or `owner`.

    Who can be told are the SLO's own owner and consumers with a channel, and *teams*. Of several datasets the SLOs are
    counted together by `composite`.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["ownership"]
    unit: Literal["occurrences"] = "occurrences"
    teams: tuple[str, ...] = ()

    @property
    def cadence(self) -> timedelta:
        """A verdict for each day, in UTC."""
        return DAY


def needs(slo: DataSLO) -> Need:
    """Whom events named as owners, and who wrote the dataset."""
    _spec(slo)
    return Need(owners=True, history=LOOK_BACK)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each day that ended in the window, by due, from what had happened by its end.

    BAD: no event names an owner, none of them can be told, or strangers wrote the same named interval, as the finding
    `conflict` says. NOT_EXPECTED: no event had named the dataset yet. UNKNOWN: none ever did. *value* counts owners.
    """
    told = reached([slo]) | {plain(team) for team in _spec(slo).teams}
    found, due = [], EPOCH + DAY * ((evidence.since - EPOCH) // DAY + 1)
    while due <= now:
        found.append(_judge(slo, evidence, due, told))
        due += DAY
    return found


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest = streak[-1]
    return f"{opened(newest.reason)}, since {moment(streak[0].due)}"


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _judge(slo: DataSLO, evidence: Evidence, due: datetime, reached_ones: frozenset[str]) -> Verdict:
    words = _newest(evidence, due)
    near = (each for each in evidence.deliveries if due - LOOK_BACK < each.at <= due)
    written = [each for each in near if evidence.timely(due, each.told_at)]
    owners = tuple(dict.fromkeys(name for each in words for name in each.names))
    state, reason = VerdictState.GOOD, f"owned by {' and '.join(owners)}"
    if not evidence.owners:
        state, reason = VerdictState.UNKNOWN, "no event names it"
    elif not words:
        state, reason = VerdictState.NOT_EXPECTED, "no event had named it yet"
    elif torn := next(conflict(slo.dataset.name, written), None):
        state, reason = VerdictState.BAD, torn.sentence
    elif not owners:
        state, reason = VerdictState.BAD, "nobody is named as its owner"
    elif reached_ones.isdisjoint(owners):
        state, reason = VerdictState.BAD, f"{' and '.join(owners)} cannot be told: no channel is known"
    judged = state in {VerdictState.GOOD, VerdictState.BAD}
    return Verdict(
        due.date().isoformat(),
        due,
        state,
        good=ONE if state is VerdictState.GOOD else NONE,
        total=ONE if judged else NONE,
        reason=reason,
        value=Fraction(len(owners)) if judged else None,
        evidence=tuple(dict.fromkeys(each.event for each in reversed(words)))[:PROOFS],
        imported=evidence.imported(due),
    )


def _newest(evidence: Evidence, due: datetime) -> list[OwnersTold]:
    """The newest word of each facet that was told by *due*."""
    heard = [each for each in evidence.owners if each.at <= due and evidence.timely(due, each.told_at)]
    newest = {each.facet: each for each in sorted(heard, key=lambda each: (each.at, each.event))}
    return [newest[facet] for facet in sorted(newest)]
