"""What an incident cost: the error budget that went while it lasted; above a fifth of it one learns from it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from itertools import takewhile

from lineage.alerts.incidents import Incident, Member, Moment, Postmortem, Spent
from lineage.alerts.phrases import burn, percent_left
from lineage.model import VerdictState
from lineage.slo.budget import JUDGED
from lineage.slo.phrases import percent
from lineage.slo.status import Status

# SLO.md b.7. A share is kept as the nearest double, which lies above this one exactly where the share does.
POSTMORTEM_ABOVE = 0.2
EXACT = 1_000_000  # the denominator up to which a share is told as it was counted, not as its double stands


def costed(case: Incident, before: Incident | None, statuses: Mapping[str, Status], now: datetime) -> Incident:
    """*case* with what it has cost by now and how its SLOs stand, where it is told anew or first needs a postmortem.

    *before* is how it stood at the last look; what was good again by then stays as it was. *statuses* are by SLO. Only
    of what hurts an SLO anything is lost: not of a budget that runs low, nor of what no SLI shows.
    """
    if case.kind != "slo" or (case == before and _beyond_question(case)):
        return case
    settled = {} if before is None else {each.slo: each for each in before.members if each.restored_at is not None}
    members = tuple(
        _renewed(each, statuses[each.slo]) if each.slo in statuses and each != settled.get(each.slo) else each
        for each in case.members
    )
    found = case.model_copy(update={"members": members, "postmortem": _postmortem(members, case.postmortem.url)})
    asked = found.postmortem.required and not case.postmortem.required
    if asked:
        what = Moment(at=now, what=f"a postmortem is required: {found.postmortem.because}")
        found = found.model_copy(update={"timeline": (*found.timeline, what)})
    return found if asked or case != before else case


def _renewed(member: Member, status: Status) -> Member:
    stands = {"budget_spent": spent(member, status), "budget_left": percent_left(status), "burn": burn(status)}
    return member.model_copy(update=stands if member.restored_at else stands | {"sentence": status.sentence})


def spent(member: Member, status: Status) -> Spent:
    """What of the budget was lost to what fell due while *member* was hurt, by itself or from upstream."""
    begin, end = member.hurt_since or member.since, member.restored_at
    since = takewhile(lambda each: each.due >= begin, reversed(status.looked_at))
    bad = (each for each in since if each.state == VerdictState.BAD and (end is None or each.due <= end))
    lost = sum((each.total - each.good for each in bad), Fraction(0))
    if not lost or not (allowed := _allowed(status)):
        return Spent()
    share = float(lost / allowed)
    return Spent(inherited=share) if member.above else Spent(own=share)


def said(share: float) -> str:
    """A share that was spent, as `34 %`."""
    return percent(Fraction(share).limit_denominator(EXACT))


def _beyond_question(case: Incident) -> bool:
    """Whether no further loss asks for a postmortem: of what lasts for days each look would count all of it."""
    return case.postmortem.required or all(each.above for each in case.members)


def _allowed(status: Status) -> Fraction:
    """What the window allows; on a calendar no less than one as long up to now, for on the first it may be nearly none.

    So what was lost before the border is not held to what has been due since.
    """
    if status.period is None:
        return status.budget.allowed
    judged = sum((each.total for each in status.looked_at if each.state in JUDGED), Fraction(0))
    return max(status.budget.allowed, (1 - status.target) * judged)


def _postmortem(members: tuple[Member, ...], url: str | None) -> Postmortem:
    worst = max(members, key=lambda each: each.budget_spent.own)
    if worst.budget_spent.own <= POSTMORTEM_ABOVE:
        return Postmortem(url=url)
    because = f"spent {said(worst.budget_spent.own)} of the budget of {worst.slo}"
    return Postmortem(required=True, because=because, url=url)
