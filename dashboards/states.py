"""What a state is called and how it looks: one tone, one word, never colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dashboards.figures.picture import URGENCY, Tone
from lineage.model import VerdictState
from lineage.slo.status import BurnRate, SloState


class Look(NamedTuple):
    """A state as people see it."""

    tone: Tone
    word: str


SLO: Mapping[SloState, Look] = {
    "ok": Look("ok", "Healthy"),
    "at_risk": Look("warn", "At risk"),
    "breaching": Look("bad", "Breaching"),
    "no_data": Look("unk", "No data"),
    "warming": Look("unk", "Warming up"),
}

RUN: Mapping[str, Look] = {
    "NEW": Look("unk", "New"),
    "RUNNING": Look("run", "Running"),
    "COMPLETE": Look("ok", "Succeeded"),
    "FAIL": Look("bad", "Failed"),
    "ABORT": Look("warn", "Aborted"),
}

# Of a run that is LOST, by the rule that says so (lineage.views.Outcome).
LOST: Mapping[str, Look] = {
    "lost": Look("warn", "Lost"),
    "silent": Look("warn", "Silent"),
    "closed": Look("unk", "Never ended"),
    "replaced": Look("unk", "Tried again"),
}

VERDICT: Mapping[VerdictState, Look] = {
    VerdictState.GOOD: Look("ok", "Good"),
    VerdictState.BAD: Look("bad", "Bad"),
    VerdictState.PENDING: Look("run", "Pending"),
    VerdictState.UNKNOWN: Look("unk", "Unknown"),
    VerdictState.EXCLUDED: Look("unk", "Excluded"),
    VerdictState.NOT_EXPECTED: Look("unk", "Not expected"),
}

# Of what is promised of an incident (lineage.alerts.response).
ANSWER: Mapping[str, Look] = {
    "kept": Look("ok", "Kept"),
    "missed": Look("bad", "Missed"),
    "open": Look("run", "Time left"),
}

EVENT: Mapping[str | None, Look] = {
    "START": Look("run", "START"),
    "RUNNING": Look("run", "RUNNING"),
    "COMPLETE": Look("ok", "COMPLETE"),
    "FAIL": Look("bad", "FAIL"),
    "ABORT": Look("warn", "ABORT"),
}

OPEN, RESOLVED = Look("bad", "Open"), Look("ok", "Resolved")
NO_SLO = Look("unk", "No SLO")


def tier(rate: BurnRate) -> Look:
    """An alert tier: firing while both windows are above the threshold, recovering when only the long one is."""
    if rate.long is None or rate.short is None:
        return Look("unk", "No data")
    if rate.firing:
        return Look("bad", "Firing")
    if rate.long > rate.threshold and rate.short > rate.threshold:
        return Look("warn", "Held back")
    if rate.long > rate.threshold:
        return Look("run", "Recovering")
    return Look("warn", "Rising") if rate.short > rate.threshold else Look("ok", "Quiet")


def worst(looks: Iterable[Look]) -> Look | None:
    """The look that needs a person most, or None of none."""
    return min(looks, key=lambda look: URGENCY[look.tone], default=None)
