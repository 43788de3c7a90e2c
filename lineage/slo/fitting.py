"""What parts of a definition ask of each other: a schedule, a path, a unit that can be counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lineage.slo.terms import Sli

if TYPE_CHECKING:  # it asks this file
    from lineage.slo.spec import Spec

SLICED: Mapping[str, frozenset[str]] = {  # by method of budgeting, what an objective must say, as go-sdk has it
    "Occurrences": frozenset(),
    "Timeslices": frozenset({"time_slice_target", "time_slice_window"}),
    "RatioTimeslices": frozenset({"time_slice_window"}),
}
WORDS = {"time_slice_target": ("timeSliceTarget", "0.95"), "time_slice_window": ("timeSliceWindow", "5m")}

Place = tuple[str | int, ...]
WEIGHED = frozenset({"rows", "records", "seconds"})  # units of which one occurrence has many, that go wrong together


def misfits(spec: Spec, sli: Sli) -> Iterator[tuple[Place, str]]:
    """(place in *spec*, what is wrong and what to write) for each part that does not fit the indicator *sli*."""
    if sli.asks_schedule and spec.schedule is None:
        yield ("schedule",), 'missing; write schedule: {cron: "0 2 * * *", timezone: UTC, deadline: 5h}'
    if spec.schedule is not None and not sli.takes_schedule:
        yield ("schedule",), f"a {sli.type} has those of its members; remove it"
    if sli.needs_path and spec.path is None:
        yield ("path",), "missing; write path: {from: {…}, to: {…}}"
    if spec.path is not None and not sli.needs_path:
        yield ("path",), "for what runs along a path, as latency does; write dataset"
    if spec.alerting.trend is not None and not sli.tells_trend:
        yield ("alerting", "trend"), "for latency, of which each day has one; remove it"
    if spec.alerting.significance is not None and spec.budgeting_method == "Occurrences" and sli.unit in WEIGHED:
        yield (
            ("alerting", "significance"),
            f"{sli.unit} go wrong together, so that chance says nothing of them; write minBadEvents",
        )
    yield from _unsliced(spec)


def _unsliced(spec: Spec) -> Iterator[tuple[Place, str]]:
    (objective,), method = spec.objectives, spec.budgeting_method
    for field, (word, example) in WORDS.items():
        said, wanted = getattr(objective, field) is not None, field in SLICED[method]
        if wanted and not said:
            yield ("objectives", 0, word), f"missing, for {method} count slices; write {word}: {example}"
        elif said and not wanted:
            yield ("objectives", 0, word), f"not of {method}; write budgetingMethod: Timeslices, or remove it"
