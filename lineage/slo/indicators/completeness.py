"""Completeness: did each expected delivery bring the rows that it should (SLO.md b.3, b.8)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lineage.slo.terms import Duration, Ratio, Sli, Strict


class Contract(Strict):
    """The rows that were agreed upon."""

    mode: Literal["contract"]
    rows: int = Field(gt=0)


class Seasonal(Strict):
    """The median of the last *history* occurrences of the same season; below *min_history* the previous occurrence."""

    mode: Literal["seasonal"]
    season: Literal["day_of_week", "hour_of_week", "day_of_month"] = "day_of_week"
    history: int = Field(8, ge=1, le=52)
    min_history: int = Field(4, ge=1, le=52)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_history > self.history:
            raise ValueError("minHistory is more than history; write it smaller")
        return self


class Good(Strict):
    """How much of the expected volume is enough; at *boundary* `bad` exactly *min_ratio* is not."""

    min_ratio: Annotated[Ratio, Field(gt=0, le=1)] = Fraction(4, 5)
    boundary: Literal["bad", "good"] = "bad"


class Robust(Strict):
    """A drop of *min_effect* or more is bad as well when it lies *z_max* robust deviations below the median."""

    z_max: Annotated[Ratio, Field(gt=0)] = Fraction(7, 2)
    direction: Literal["drop"] = "drop"
    min_effect: Annotated[Ratio, Field(ge=0, le=1)] = Fraction(1, 20)


class Spec(Sli):
    """`type: completeness`. Rows count up to the close, *settle* after the deadline; later ones are a restatement."""

    type: Literal["completeness"]
    unit: Literal["occurrences", "rows"] = "occurrences"
    expected: Annotated[Contract | Seasonal, Field(discriminator="mode")]
    good: Good = Good()
    robust: Robust | None = None
    settle: Duration = timedelta(0)
    metadata_grace: Duration | None = None
    absence_is_zero: bool = False
    on_missing_count: Literal["unknown"] = "unknown"
    on_no_run: Literal["leave-to-freshness"] = "leave-to-freshness"
