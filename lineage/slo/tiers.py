"""The windows over which a burn rate speaks, and which of them can: factors, stretching, feasibility (SLO.md b.7)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import yaml

from lineage.slo.alerting import AlertWindow
from lineage.slo.spec import DataSLO
from lineage.slo.terms import parse_duration, parse_ratio

# What `auto` asks of a tier: enough expected events in both windows, and in the budget, to tell a trend from a miss.
MIN_SHORT_EVENTS, MIN_LONG_EVENTS, MIN_BUDGET_EVENTS = 3, 12, 10
MIN_FACTOR = Fraction(9, 10)  # DECISIONS 26: 28 d keeps its 0.933 tier
FEASIBLE = Fraction(9, 10)  # the factor offered instead of one that can never fire is this over (1 - target)


class Tier(NamedTuple):
    """Speak when *budget* of the error budget burns within *long*, and still does within *short*.

    Where *rate* is said, that is how many times as fast as it may it has to burn.
    """

    severity: Literal["page", "ticket"]
    long: timedelta
    short: timedelta
    budget: Fraction
    rate: Fraction | None = None

    def factor(self, window: timedelta) -> Fraction:
        """The burn rate that spends *budget* within *long* when the budget is for *window*; or the *rate* itself."""
        if self.rate is not None:
            return self.rate
        return self.budget * Fraction(window // SECOND) / Fraction(self.long // SECOND)


MINUTE, SECOND, TICK = timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)


@cache
def catalogue() -> dict[timedelta, tuple[Tier, ...]]:
    """The tiers in windows.yaml by their period."""
    written = yaml.safe_load(files("lineage.slo").joinpath("windows.yaml").read_text(encoding="utf-8"))
    return {
        parse_duration(period): tuple(
            Tier(row["severity"], parse_duration(row["long"]), parse_duration(row["short"]), parse_ratio(row["budget"]))
            for row in rows
        )
        for period, rows in written.items()
    }


def tiers_for(window: timedelta) -> tuple[Tier, ...]:
    """The tiers of the longest period in the catalogue that is not longer than *window*, else of the shortest."""
    periods = catalogue()
    fitting = [period for period in periods if period <= window]
    return periods[max(fitting) if fitting else min(periods)]


def tiers_of(slo: DataSLO) -> tuple[Tier, ...]:
    """The windows that *slo* itself says, else those of the catalogue for its own."""
    return tuple(_tier(each, slo.window) for each in slo.spec.alerting.windows) or tiers_for(slo.window)


def _tier(own: AlertWindow, window: timedelta) -> Tier:
    budget, rate = own.budget, own.burn_rate
    if budget is None:
        assert rate is not None, "one of them is written"
        budget = rate * Fraction(own.long // SECOND) / Fraction(window // SECOND)
    return Tier(own.severity, own.long, own.short, budget, rate)


def choose(slo: DataSLO, spacing: timedelta | None, length: timedelta | None = None) -> tuple[Tier, ...]:
    """The tiers by which *slo* speaks; none: the discrete ladder does.

    *spacing* is the mean distance of expected occurrences, None while it cannot be known; *length* is that of the
    window now, where it is one of a calendar. `mwmb` takes the tiers as they are; `auto` stretches each until its
    windows hold enough events and keeps those that can mean something.
    """
    policy = slo.spec.alerting.policy
    if policy == "mwmb":
        return tiers_of(slo)
    if policy == "discrete" or not spacing:
        return ()
    window = length or slo.window
    allowed = (1 - slo.target) * Fraction(window // TICK, spacing // TICK)
    if allowed < MIN_BUDGET_EVENTS:
        return ()
    stretched = (_stretch(tier, spacing) for tier in tiers_of(slo))
    kept = [tier for tier in stretched if tier.factor(window) >= MIN_FACTOR and can_fire(tier, slo, window)]
    return _distinct(kept, window)


def can_fire(tier: Tier, slo: DataSLO, length: timedelta | None = None) -> bool:
    """False where even a total outage burns more slowly than the factor: f x (1 - target) >= 1 (SLO.md b.7)."""
    return tier.factor(length or slo.window) * (1 - slo.target) < 1


def _stretch(tier: Tier, spacing: timedelta) -> Tier:
    return tier._replace(
        long=max(tier.long, _minutes(MIN_LONG_EVENTS * spacing)),
        short=max(tier.short, _minutes(MIN_SHORT_EVENTS * spacing)),
    )


def _minutes(length: timedelta) -> timedelta:
    """*length* in whole minutes, rounded up: a spacing that was measured makes windows that have a name."""
    return -(-length // MINUTE) * MINUTE


def _distinct(tiers: list[Tier], window: timedelta) -> tuple[Tier, ...]:
    """Of tiers that stretching made alike, the one that asks for the most: the others would fire on less."""
    best: dict[tuple[timedelta, timedelta], Tier] = {}
    for tier in tiers:
        before = best.get((tier.long, tier.short))
        if before is None or before.factor(window) < tier.factor(window):
            best[(tier.long, tier.short)] = tier
    return tuple(best.values())
