"""Composite: what several SLOs judge, counted together by one target over one window (SLO.md b.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Evidence, Need
from lineage.slo.phrases import moment
from lineage.slo.spec import DataSLO
from lineage.slo.terms import DNS_LABEL, Sli

Name = Annotated[str, Field(pattern=DNS_LABEL, max_length=63)]


def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2 or len(set(names)) < len(names):  # noqa: PLR2004 - of one there is nothing to add up
        raise ValueError("a composite is of several SLOs, each named once; write of: [orders-eu, orders-us]")
    return names


class Spec(Sli):
    """`type: composite`. Good and total are the sums of those of the SLOs in *of*, which have the same unit."""

    needs_schedule: ClassVar[bool] = False
    takes_schedule: ClassVar[bool] = False

    type: Literal["composite"]
    unit: Literal["occurrences", "rows", "records", "assertions", "partitions", "seconds"] = "occurrences"
    of: Annotated[tuple[Name, ...], AfterValidator(_different)]


def needs(slo: DataSLO) -> Need:
    """Nothing of its own: its members are judged by what they need."""
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return Need()


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """The verdicts of the members, by due, each named MEMBER/OCCURRENCE. UNKNOWN, all of it, where a member misses."""
    if slo.unjoined is not None:
        since = evidence.since
        return [Verdict("members", max(since, now.replace(microsecond=0)), VerdictState.UNKNOWN, reason=slo.unjoined)]
    found = (
        replace(verdict, occurrence=f"{name}/{verdict.occurrence}", reason=f"{name}: {verdict.reason}")
        for name, verdicts in evidence.members.items()
        for verdict in verdicts
    )
    return sorted(found, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, more = streak[-1], f", {len(streak)} in a row" if len(streak) > 1 else ""
    return f"Due {moment(newest.due)}: {newest.reason}{more}"
