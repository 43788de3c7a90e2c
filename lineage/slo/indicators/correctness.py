"""Correctness: which of the checks on each version passed (SLO.md b.2, unit assertions)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from lineage.slo.terms import Duration, Sli, Strict


class Include(Strict):
    """Which assertions count: by severity (none given means error) and by column, `*` for all."""

    severity: tuple[Literal["error", "warn"], ...] = ("error",)
    columns: tuple[str, ...] = ("*",)


class Spec(Sli):
    """`type: correctness`; a delivered version waits *settle* for its checks, then it is UNKNOWN."""

    needs_schedule: ClassVar[bool] = False

    type: Literal["correctness"]
    unit: Literal["assertions"]
    sources: tuple[Literal["dataQualityAssertions"], ...] = ("dataQualityAssertions",)
    include: Include = Include()
    settle: Duration = timedelta(hours=1)
    on_no_evaluation: Literal["unknown"] = "unknown"
