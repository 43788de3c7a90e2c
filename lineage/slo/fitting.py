"""What parts of a definition ask of each other: a schedule, a path, a unit that can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lineage.slo.terms import Sli

if TYPE_CHECKING:  # it asks this file
    from lineage.slo.spec import Spec

Place = tuple[str | int, ...]
WEIGHED = frozenset({"rows", "records", "seconds"})  # units of which one occurrence has many, that go wrong together


def misfits(spec: Spec, sli: Sli) -> Iterator[tuple[Place, str]]:
    """(place in *spec*, what is wrong and what to write) for each part that does not fit the indicator *sli*."""
    if sli.asks_schedule and spec.schedule is None:
        yield ("schedule",), 'missing; write schedule: {cron: "0 2 * * *", timezone: UTC, deadline: 5h}'
    if sli.needs_path and spec.path is None:
        yield ("path",), "missing; write path: {from: {…}, to: {…}}"
    if spec.path is not None and not sli.needs_path:
        yield ("path",), "for what runs along a path, as latency does; write dataset"
    if spec.alerting.trend is not None and not sli.tells_trend:
        yield ("alerting", "trend"), "for latency, of which each day has one; remove it"
    if spec.alerting.significance is not None and sli.unit in WEIGHED:
        yield (
            ("alerting", "significance"),
            f"{sli.unit} go wrong together, so that chance says nothing of them; write minBadEvents",
        )
