"""When to speak: from what was last said of an SLO and its status now to a transition, or to silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lineage.model import Verdict, VerdictState
from lineage.slo.status import BurnRate, Status

KIND = "alert"

Severity = Literal["page", "ticket"]
Rule = Literal["burn", "ladder"]

RANK: dict[Severity, int] = {"ticket": 1, "page": 2}

# High frequency recovers when the windows are quiet twice running, low frequency by one GOOD occurrence (SLO b.7).
QUIET_NEEDED: dict[Rule, int] = {"burn": 2, "ladder": 1}


class AlertState(BaseModel):
    """What was last decided of one SLO; kept as a document of kind `alert` under the SLO's name.

    `pending` waits for a second look and was not told. *rules* are those that fired in this episode, *quiet* counts the
    evaluations in which all of them were clear, *at* is the status that it was last decided on: older statuses have
    nothing to say any more.
    """

    model_config = ConfigDict(frozen=True)

    slo: str
    phase: Literal["pending", "firing", "resolved"]
    severity: Severity
    since: datetime
    at: datetime
    rules: tuple[Rule, ...]
    quiet: int = 0
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state. `hold` is kept and not told: a second look is wanted, a rule joined, a recovery is counted."""

    what: Literal["fire", "escalate", "recover", "hold"]
    after: AlertState


def decide(before: AlertState | None, status: Status) -> Transition | None:
    """What the status changes about what was last said; None where it changes nothing.

    Fires on the newest severity that is true, tells a rise of it and never a fall. Lost coverage (`no_data`) freezes:
    it neither fires nor resolves. An UNKNOWN occurrence never resolves (SLO d.1; invariant 7). What was due before we
    observed fires once two evaluations agree on its onset: while history is being loaded it moves on.
    """
    if status.state == "no_data" or (before is not None and status.at <= before.at):
        return None
    true = _true_rules(status)
    if before is None or before.phase != "firing":
        return _waiting(before, status, true)
    return _still(before, status, true) if true else _quieter(before, status)


def restored_at(status: Status) -> datetime:
    """When the data was good again: the delivery (or the due time) of the newest GOOD occurrence, else now."""
    good = next((v for v in reversed(status.looked_at) if v.state == VerdictState.GOOD), None)
    return status.at if good is None else good.delivered_at or good.due


def withdrawn(state: AlertState, status: Status) -> bool:
    """Whether what *state* spoke of was never wrong: events that came late made all of it GOOD (SLO.md b.6)."""
    episode = [verdict for verdict in status.looked_at if verdict.due >= state.since]
    late = (each.amended for each in episode if each.amended is not None and each.amended.by is None)
    return any(each.was == VerdictState.BAD for each in late) and all(v.state != VerdictState.BAD for v in episode)


def _waiting(before: AlertState | None, status: Status, true: dict[Rule, Severity]) -> Transition | None:
    looked_at = before if before is not None and before.phase == "pending" else None
    if not true:
        over = {"phase": "resolved", "at": status.at}
        return None if looked_at is None else Transition("hold", looked_at.model_copy(update=over))
    state = AlertState(
        slo=status.slo,
        phase="firing",
        severity=_highest(true),
        since=_onset(status, true),
        at=status.at,
        rules=tuple(sorted(true)),
    )
    newest = _newest_judged(status)
    if newest is None or not newest.imported or (looked_at is not None and looked_at.since == state.since):
        return Transition("fire", state)
    return Transition("hold", state.model_copy(update={"phase": "pending"}))


def _still(before: AlertState, status: Status, true: dict[Rule, Severity]) -> Transition | None:
    rules = tuple(sorted({*before.rules, *true}))
    if RANK[_highest(true)] > RANK[before.severity]:
        after = {"severity": _highest(true), "rules": rules, "quiet": 0, "at": status.at}
        return Transition("escalate", before.model_copy(update=after))
    if rules != before.rules or before.quiet:
        return Transition("hold", before.model_copy(update={"rules": rules, "quiet": 0, "at": status.at}))
    return None


def _quieter(before: AlertState, status: Status) -> Transition | None:
    quiet = before.quiet + 1 if all(_clear(rule, status) for rule in before.rules) else 0
    if quiet >= max(QUIET_NEEDED[rule] for rule in before.rules):
        return Transition("recover", before.model_copy(update={"phase": "resolved", "quiet": quiet, "at": status.at}))
    if quiet == before.quiet:
        return None
    return Transition("hold", before.model_copy(update={"quiet": quiet, "at": status.at}))


def _true_rules(status: Status) -> dict[Rule, Severity]:
    """The rules that are true now. While an SLO warms up it may ask for a ticket, never for a page (SLO b.6)."""
    true: dict[Rule, Severity] = {}
    newest = _newest_judged(status)
    if status.ladder is not None and newest is not None and newest.state == VerdictState.BAD:
        true["ladder"] = status.ladder
    if firing := [tier.severity for tier in status.burn_rates if tier.firing]:
        true["burn"] = max(firing, key=RANK.__getitem__)
    return dict.fromkeys(true, "ticket") if status.state == "warming" else true


def _clear(rule: Rule, status: Status) -> bool:
    if rule == "burn":
        return not any(tier.firing or _unmeasured(tier) for tier in status.burn_rates)
    newest = _newest_judged(status)
    return newest is not None and newest.state == VerdictState.GOOD


def _unmeasured(tier: BurnRate) -> bool:
    """True when nothing was judged lately in a tier that still burns: the passage of time is no recovery."""
    return tier.short is None and tier.long is not None and tier.long > tier.threshold


def _newest_judged(status: Status) -> Verdict | None:
    judged = (VerdictState.GOOD, VerdictState.BAD)
    return next((verdict for verdict in reversed(status.looked_at) if verdict.state in judged), None)


def _highest(true: dict[Rule, Severity]) -> Severity:
    return max(true.values(), key=RANK.__getitem__)


def _onset(status: Status, true: dict[Rule, Severity]) -> datetime:
    """When the first bad occurrence of this episode became bad, in event time.

    For the ladder it began the streak of BAD that has not ended; for a burn rate it is the oldest BAD in the longest
    window that fires.
    """
    if "ladder" in true:
        return _streak_start(status)
    reach = max(tier.long_s for tier in status.burn_rates if tier.firing)
    begin = status.at - timedelta(seconds=reach)
    bad = [v.due for v in status.looked_at if v.state == VerdictState.BAD and v.due > begin]
    return min(bad, default=status.at)


def _streak_start(status: Status) -> datetime:
    start = status.at
    for verdict in reversed(status.looked_at):
        if verdict.state == VerdictState.GOOD:
            break
        if verdict.state == VerdictState.BAD:
            start = verdict.due
    return start
