"""Contract: does each version meet what one of its consumers expects of it (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Literal

from pydantic import Field

from lineage.model import Verdict
from lineage.slo.evidence import Evidence, Need
from lineage.slo.indicators import _checked
from lineage.slo.indicators._checked import Include, subjects
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli


class Spec(Sli):
    """`type: contract`. Runs tell in the facet `contract` which expectations of *consumer* the dataset met.

    They speak of the version delivered at most *settle* before they began, as checks do.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["contract"]
    unit: Literal["expectations"] = "expectations"
    consumer: str = Field(min_length=1)
    include: Include = Include()
    settle: Duration = timedelta(days=1)


def needs(slo: DataSLO) -> Need:
    """What was expected of the versions of the window, and those that the first of it may speak of."""
    spec = _spec(slo)
    return Need(contract_of=spec.consumer, history=spec.settle)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each delivered version, and for each evaluation that found none, by due; they count expectations.

    What is evaluated again on the same version replaces. A version that nobody held to the contract is PENDING for
    `settle` and UNKNOWN from then on.
    """
    spec = _spec(slo)
    of = f"expectations of {spec.consumer}"
    found = [
        _checked.verdict(
            subject,
            _checked.by_assertions(subject, spec.include.takes, subject.at + spec.settle, now, of),
            evidence,
        )
        for subject in subjects(evidence, spec.settle)
        if evidence.since < subject.at <= now
    ]
    return sorted(found, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    return _checked.describe(streak)


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli
