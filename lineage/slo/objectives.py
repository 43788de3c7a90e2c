"""What share must be good, of what: of occurrences, or of slices of time, in OpenSLO's words (SLO.md b.7)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from lineage.slo.terms import Duration, Ratio, Share, Strict
from lineage.slo.time_window import positive

BudgetingMethod = Literal["Occurrences", "Timeslices", "RatioTimeslices"]

DAY = timedelta(days=1)


def _target(ratio: Fraction) -> Fraction:
    if not 0 < ratio < 1:
        raise ValueError("a target lies between 0 and 1, both left out, for 1 has no error budget; write 0.99")
    return ratio


def _some(share: Fraction) -> Fraction:
    if not share:
        raise ValueError("of a slice of which nothing must be good all are; write 0.95")
    return share


def _minutes(given: object) -> object:
    """OpenSLO's number without a letter is of minutes."""
    return f"{given}m" if isinstance(given, int) and not isinstance(given, bool) else given


def _dividing(length: timedelta) -> timedelta:
    if DAY % positive(length):
        raise ValueError("a slice divides a day, so that slices begin alike on all days; write 5m, 1h or 1d")
    return length


class Objective(Strict):
    """The share that must be good, exactly as written.

    Of slices of *time_slice_window*, each of them good where at least *time_slice_target* in it is.
    """

    display_name: str | None = None
    target: Annotated[Ratio, AfterValidator(_target)]
    time_slice_target: Annotated[Share, AfterValidator(_some)] | None = None
    time_slice_window: Annotated[Duration, BeforeValidator(_minutes), AfterValidator(_dividing)] | None = None
