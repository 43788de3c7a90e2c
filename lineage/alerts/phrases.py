"""How a message says times, budgets and the whole incident."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from lineage.alerts.incidents import Incident, Member, withdrawn
from lineage.slo.phrases import percent, span
from lineage.slo.status import Status

SHORT = 3  # budgets that a message names; the incident's page has all
URL = 200  # characters of an address in a message: one that is cut leads nowhere, and the incident's page has it
WHOLE_FROM = 10  # a burn rate of 21.4 is told as 21, one of 1.4 with its decimal


def clock(at: datetime, now: datetime) -> str:
    """`05:54 UTC`, with the day (`20 Nov 05:54 UTC`) when it is not today's."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    time = f"{at:%H:%M} UTC"
    if at.date() == now.date():
        return time
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {at:%b}{year} {time}"


def percent_left(status: Status) -> str:
    """The error budget left as `88 %`; `0 %` where nothing is allowed to go wrong."""
    left = status.budget.remaining_ratio
    return "0 %" if left is None else percent(left)


def burn(status: Status) -> str:
    """`21x (1 h)`: the first tier that fires, else the shortest measured one; empty where nothing was measured."""
    measured = [tier for tier in status.burn if tier.long is not None]
    if not measured:
        return ""
    tier = next((tier for tier in measured if tier.firing), measured[0])
    assert tier.long is not None, "measured tiers only"
    return f"{_times(tier.long)} ({span(timedelta(seconds=tier.long_s))})"


def _times(rate: Fraction) -> str:
    return f"{int(rate)}x" if rate >= WHOLE_FROM else f"{float(rate):.1f}x"


def told(incident: Incident, base_url: str) -> str:
    """The incident in plain words that stand alone: what broke, whom it hurts, whose it is, the budget left, a link."""
    if withdrawn(incident):
        parts = [f"Withdrawn: {incident.title}.", "The data was in time; what tells of it came late."]
    elif incident.state == "resolved" and incident.restored_at is not None:
        parts = [f"Resolved: {incident.title}.", f"{over(incident, incident.restored_at - incident.onset_at)}."]
    else:
        what = incident.cause.sentence if incident.cause is not None else incident.title
        parts = [f"{opening(incident)}: {what}.", _sentence(worst(incident))]
    if (more := len(incident.members) - 1) > 0:
        parts.append(f"{more} more SLO{'s' if more > 1 else ''} hurt.")
    if incident.owner:
        parts.append(f"Owner {incident.owner}.")
    if incident.consumers:
        parts.append(f"Consumers {', '.join(incident.consumers)}.")
    if incident.acked_by is not None and incident.state == "open":
        parts.append(f"Acknowledged by {incident.acked_by}.")
    parts += [f"{budget(worst(incident))}.", *(f"{each}." for each in notes(incident))]
    return " ".join([*parts, f"{incident.id} {base_url}/incidents/{incident.id}"])


def over(incident: Incident, length: timedelta) -> str:
    """How *incident*, or what it holds, ended after *length*: `Good again after 3 h`; what lay ahead was never bad."""
    return "The end lies ahead no more" if incident.kind == "ending" else f"Good again after {span(length)}"


def budget(member: Member) -> str:
    """`12 % of the error budget left, 60 % of what is spent was lost upstream`; without the end where nothing was."""
    lost = f", {member.inherited} of what is spent was lost upstream" if member.inherited else ""
    return f"{member.budget_left} of the error budget left{lost}"


def notes(incident: Incident) -> list[str]:
    """What else is to be known: which budgets ran low, and whether a postmortem is required, or where it is."""
    short = [each.short for each in incident.members if each.short and each.short != incident.title]
    if (more := len(short) - SHORT) > 0:
        short[SHORT:] = [f"{more} more error budget{'s' if more > 1 else ''} low or spent"]
    written = incident.postmortem
    if not written.required:
        return short
    where = "required" if written.url is None else f"at {written.url}" if len(written.url) <= URL else "written"
    return [*short, f"Postmortem {where} ({written.because})"]


def opening(incident: Incident) -> str:
    """The word that a message begins with: how loud it is, or that it is over."""
    if incident.state == "resolved":
        return "Withdrawn" if withdrawn(incident) else "Resolved"
    raised = "Raised to page" if incident.change == "escalated" else ""
    return raised or incident.severity.capitalize()


def worst(incident: Incident) -> Member:
    """The member with the least budget left; of several the one that went bad first."""
    return min(incident.members, key=lambda member: (_percent(member.budget_left), member.since, member.slo))


def _percent(text: str) -> float:
    match = re.match(r"-?[\d.]+", text)
    return float(match[0]) if match else 0


def _sentence(member: Member) -> str:
    said = member.sentence.rstrip(".")
    return f"{said}." if member.dataset[1] in said else f"{member.dataset[1]}: {said}."
