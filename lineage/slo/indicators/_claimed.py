"""Age by claims: how old the data was by when its producers say that it changed last (SLO.md b.1, F3). Integrated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction

from lineage.model import Verdict, VerdictState
from lineage.slo.evidence import Evidence
from lineage.slo.indicators import _age
from lineage.slo.indicators._age import Mark, Rule

NONE = Fraction(0)
CLAIMED = ", by the lastUpdated that its producers claim"
UNHEARD = "nobody had claimed when it changed last"


def measure(rule: Rule, evidence: Evidence, now: datetime, grace: timedelta) -> list[Verdict]:
    """As `_age.measure` has it, where each claim is a mark. UNKNOWN what began before anybody had claimed anything."""
    told = [claim for claim in evidence.claims if evidence.timely(claim.at, claim.told_at)]
    marks = [Mark(claim.at, claim.through, (claim.event,)) for claim in told]
    first = min((claim.at for claim in told), default=now)
    return list(_flagged(_age.measure(rule, marks, evidence, now, grace), first + rule.part))


def _flagged(verdicts: list[Verdict], known_from: datetime) -> Iterator[Verdict]:
    for verdict in verdicts:
        if verdict.state not in {VerdictState.GOOD, VerdictState.BAD, VerdictState.PENDING}:
            yield verdict
        elif verdict.due < known_from:
            unknown = replace(verdict, state=VerdictState.UNKNOWN, good=NONE, total=NONE, value=None, expected=None)
            yield replace(unknown, reason=UNHEARD)
        else:
            yield replace(verdict, reason=f"{verdict.reason}{CLAIMED}")
