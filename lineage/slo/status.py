"""What an SLO's status says: one shape for the API, the pages, the metrics, the alerts and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal

from lineage.errors import NotFound
from lineage.model import Verdict
from lineage.slo.ahead import LeftOut
from lineage.slo.backlog import Backlog
from lineage.slo.findings import Finding
from lineage.slo.periods import Period

SloState = Literal["ok", "at_risk", "breaching", "no_data", "warming"]


@dataclass(frozen=True, slots=True)
class Budget:
    """The error budget of the window (SLO.md b.7), in the SLI's own unit.

    *allowed* = (1 - target) x expected; *remaining_ratio* = 1 - spent / allowed, unclamped below 0, None when nothing
    is allowed. *inherited* is what of the spent was lost to something upstream, where somebody looked.
    """

    allowed: Fraction
    spent: Fraction
    remaining_ratio: Fraction | None
    inherited: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class BurnRate:
    """One alert tier: burn over its long and short window, None where the window holds no judged event.

    *firing* when both are above *threshold* and the guards hold.
    """

    severity: Literal["page", "ticket"]
    long_s: int
    short_s: int
    long: Fraction | None
    short: Fraction | None
    threshold: Fraction
    firing: bool


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one SLO at one instant: a pure function of stored entries and *at*.

    Counts are occurrences; *good* and *total* in the SLI's unit. *sli* is good / total, None for 0 of 0 (never 1).
    *coverage* is judged / (judged + UNKNOWN): what is PENDING is not missing yet.
    *state*: `warming` until seven occurrences or one window; `no_data` below the definition's least coverage, where
    nothing fires and nothing resolves; `breaching` while a tier or the ladder fires; `at_risk` with less than a quarter
    of the budget left; else `ok`. *occurrences* are the window's verdicts, oldest first.
    """

    slo: str
    at: datetime
    state: SloState
    target: Fraction
    window_s: int
    sli: Fraction | None
    good: Fraction
    total: Fraction
    counts: Mapping[str, int]  # good, bad, unknown, pending, excluded, not_expected
    coverage: Fraction | None
    budget: Budget
    burn_rates: tuple[BurnRate, ...]
    ladder: Literal["page", "ticket"] | None  # what the discrete ladder says, where it is the policy
    occurrences: tuple[Verdict, ...]
    next_due: datetime | None
    last_delivery: datetime | None
    sentence: str  # the diagnosis for a person: what, by how much, since when
    # To be shown: `burn_rates`, or where the ladder speaks the catalogue's, never firing.
    burn: tuple[BurnRate, ...] = ()
    findings: tuple[Finding, ...] = ()  # what is wrong with the dataset beside its numbers
    through: datetime | None = None  # up to when the dataset held all data, where the indicator knows
    backlog: Backlog | None = None  # what waits, where the indicator knows of something that does
    left_out: tuple[LeftOut, ...] = ()  # what clocks ahead told, of which nothing else here knows
    period: Period | None = None  # the window, where it is one of a calendar
    members: tuple[Verdict, ...] = ()  # what the occurrences are made of, where they are slices
    before: tuple[Verdict, ...] = ()  # and what alerts look back at that was due before it began

    @property
    def since(self) -> datetime:
        """When the window began."""
        return self.at - timedelta(seconds=self.window_s) if self.period is None else self.period.start

    @property
    def looked_at(self) -> tuple[Verdict, ...]:
        """What alerts go by, oldest first: the window, and what was due before one on a calendar."""
        return (*self.before, *self.occurrences) if self.before else self.occurrences

    @property
    def measured(self) -> tuple[Verdict, ...]:
        """What the indicator said, oldest first: the occurrences, or what their slices are made of."""
        return self.members or self.occurrences

    def verdict(self, occurrence: str) -> Verdict:
        """That of *occurrence*, by its whole name. Raises NotFound where the window has none."""
        for verdict in (*self.occurrences, *self.members):
            if verdict.occurrence == occurrence:
                return verdict
        hint = f"`headwater slo status {self.slo} --json` names them"
        raise NotFound(f"{self.slo} has no occurrence {occurrence!r} in its window; {hint}", field="occurrence")
