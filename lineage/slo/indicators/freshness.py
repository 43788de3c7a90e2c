"""Freshness: did each expected delivery come by its deadline (SLO.md b.1, F2)."""

from __future__ import annotations

from typing import Literal

from lineage.slo.terms import Duration, Sli


class Spec(Sli):
    """`type: freshness`; *metadata_grace* is how long a deadline waits for an event on its way (DECISIONS 25)."""

    type: Literal["freshness"]
    unit: Literal["occurrences"] = "occurrences"
    method: Literal["occurrence"] = "occurrence"
    metadata_grace: Duration | None = None
