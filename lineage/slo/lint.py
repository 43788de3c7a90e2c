"""What a definition promises that cannot be kept, or an alert that cannot fire: said before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

from lineage.slo.calendar import spacing
from lineage.slo.phrases import span
from lineage.slo.shape import number
from lineage.slo.spec import DataSLO
from lineage.slo.tiers import FEASIBLE, SECOND, can_fire, choose


def warnings(slo: DataSLO, now: datetime) -> Iterator[str]:
    """One sentence for each thing about *slo* that its author should know (SLO.md b.7)."""
    schedule, miss = slo.spec.schedule, 1 - slo.target
    every = None if schedule is None else spacing(schedule, now)
    if every is not None and slo.spec.sli.unit == "occurrences":
        expected = Fraction(slo.window // SECOND, every // SECOND)
        if expected * miss < 1:
            yield (
                f"this target forbids any miss: {span(slo.window)} hold {int(expected)} occurrences; "
                f"a target of {number(_affordable(expected))} or less, or a longer window, allows one"
            )
        if schedule is not None and schedule.deadline >= every:
            yield (
                f"the deadline of {span(schedule.deadline)} is not shorter than the {span(every)} between deliveries; "
                "runs that do not name their interval would be counted for the next one"
            )
    for tier in choose(slo, every):
        if not can_fire(tier, slo):
            yield (
                f"the {tier.severity} tier over {span(tier.long)} can never fire: even a total outage burns "
                f"{float(1 / miss):.4g} times, its factor is {float(tier.factor(slo.window)):.4g}; "
                f"{float(FEASIBLE / miss):.4g} would do, or policy: auto"
            )
    if slo.spec.alerting.ladder and choose(slo, every):
        yield "the ladder is not used, for burn rates speak here; write policy: discrete"


def _affordable(expected: Fraction) -> Fraction:
    """1 - 1/N, rounded down to three digits."""
    return Fraction(int((1 - 1 / expected) * 1000), 1000)
