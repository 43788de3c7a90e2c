"""When an SLO speaks, as its definition says it: burn rates, the ladder, a floor, a trend (SLO.md b.7)."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from lineage.slo.terms import Duration, Ratio, Share, Strict
from lineage.slo.time_window import positive

Severity = Literal["page", "ticket"]


class Rung(Strict):
    """One step of the discrete ladder: *bad* misses in the window, or in a row, give this severity."""

    bad: int = Field(ge=1)
    consecutive: bool = False
    severity: Severity


class Floor(Strict):
    """A floor for the newest occurrence alone, on top of the burn rate."""

    below: Share
    severity: Severity = "ticket"


def _growth(given: object) -> object:
    """`+20%` as what it is; a ratio as it stands."""
    match = re.fullmatch(r"\+?(\d+)\s*%", given.strip()) if isinstance(given, str) else None
    return given if match is None else Fraction(int(match[1]), 100)


class Trend(Strict):
    """How much the figure of each day may grow in *window*, by the median slope, before a ticket tells of it."""

    estimator: Literal["theil-sen"] = "theil-sen"
    window: Annotated[Duration, AfterValidator(positive)] = timedelta(days=14)
    ticket_above: Annotated[Ratio, BeforeValidator(_growth), Field(gt=0)]


class AlertWindow(Strict):
    """Speak when *budget* of the error budget burns within *long*, and still does within *short*.

    Or when it burns more than *burn_rate* times as fast as it may, whatever the length of the SLO's own window.
    """

    severity: Severity
    long: Annotated[Duration, AfterValidator(positive)]
    short: Annotated[Duration, AfterValidator(positive)]
    budget: Annotated[Share, Field(gt=0)] | None = None
    burn_rate: Annotated[Ratio, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.short >= self.long:
            raise ValueError("the short window is not shorter than the long one; write long: 1h, short: 5m")
        if (self.budget is None) == (self.burn_rate is None):
            raise ValueError("a window has budget or burnRate; write one of them, as budget: 0.02 or burnRate: 14.4")
        return self


class Alerting(Strict):
    """When to speak (SLO.md b.7). `auto` takes burn rates where events are frequent enough, else the ladder.

    *windows* are those over which rates are taken; none: those of the catalogue for the SLO's own window. With
    *significance* rates speak only where so many misses are less likely than that, were each as likely as the target
    allows.
    """

    policy: Literal["mwmb", "discrete", "auto"] = "auto"
    min_events: int = Field(1, ge=0)
    min_bad_events: int | None = Field(None, ge=1)
    significance: Annotated[Ratio, Field(gt=0, le=0.5)] | None = None
    ladder: tuple[Rung, ...] = ()
    windows: tuple[AlertWindow, ...] = ()
    instant: Floor | None = None
    trend: Trend | None = None
    runbook: str | None = None
