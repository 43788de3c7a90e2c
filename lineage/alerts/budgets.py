"""When an error budget runs low: told once as it falls below a quarter, and once when nothing is left (SLO.md b.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lineage.alerts.incidents import Incident, Member, Moment
from lineage.alerts.phrases import burn, percent_left
from lineage.model import NodeId, VerdictState
from lineage.slo.budget import AT_RISK_BELOW
from lineage.slo.gate import LABEL
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

KIND = "budget"

Level = Literal["low", "spent"]

AGAIN_FROM = Fraction(1, 2)  # with so much left it has recovered: each beat may lift it over a quarter and back
DEPTH: dict[Level, int] = {"low": 1, "spent": 2}


class Told(BaseModel):
    """What was told of one SLO's budget; kept as a document of kind `budget` under the SLO's name.

    *incident* is the one of its own, None where another told it; *window* when that began, if it is one of a calendar.
    """

    model_config = ConfigDict(frozen=True)

    slo: str
    level: Level
    phase: Literal["open", "over"]
    incident: str | None = None
    window: datetime | None = None


def crossed(before: Told | None, status: Status) -> Level | Literal["over"] | None:
    """What is new of the budget since it was last told of; None: nothing.

    While an SLO warms up nothing is told. What is lost stays lost where coverage is: then it is told, and nothing is
    over, as with the gate.
    """
    left, told = status.budget.remaining_ratio, before if before is not None and before.phase == "open" else None
    level: Level | None = None if left is None or left >= AT_RISK_BELOW else "low" if left > 0 else "spent"
    anew = told is None or _turned(told, status)
    if level is None:
        healed = anew or left is None or left >= AGAIN_FROM
        return "over" if told is not None and healed and status.state != "no_data" else None
    if status.state == "warming":
        return None
    return level if told is None or anew or DEPTH[level] > DEPTH[told.level] else None


def _turned(told: Told, status: Status) -> bool:
    """Whether *told* is of a window of the calendar that is over."""
    return told.window is not None and status.period is not None and told.window != status.period.start


def only_imported(status: Status) -> bool:
    """Whether all that was lost fell due before anybody observed it: alone that is no news."""
    bad = (verdict for verdict in reversed(status.looked_at) if verdict.state == VerdictState.BAD)
    newest = next(bad, None)
    return newest is not None and newest.imported


def short(slo: DataSLO, level: Level) -> str:
    """What to say of the budget of *slo*, and of the gate of its product."""
    if level == "low":
        return f"{slo.name} has less than a quarter of its error budget left"
    product = slo.metadata.labels.get(LABEL)
    gate = f", so that the gate of {product} is closed" if product else ""
    return f"{slo.name} has spent its error budget{gate}"


def opened(id: str, said: str, dataset: NodeId, status: Status, now: datetime) -> Incident:  # noqa: A002 - the model's own word
    """An incident of its own, a ticket, that says *said*. Not told yet."""
    hurt = _member(said, dataset, status, now)
    return Incident(
        id=id,
        kind="budget",
        state="open",
        severity="ticket",
        began_as="ticket",
        title=said,
        members=(hurt,),
        onset_at=hurt.since,
        detected_at=now,
        timeline=(Moment(at=hurt.since, what=said),),
    )


def joined(case: Incident, said: str, dataset: NodeId, status: Status, now: datetime) -> Incident:
    """*case*, one of its own, with another SLO whose budget ran low at the same look."""
    hurt = _member(said, dataset, status, now)
    members, timeline = (*case.members, hurt), (*case.timeline, Moment(at=hurt.since, what=said))
    more = {"members": members, "title": _title(members), "timeline": timeline}
    return case.model_copy(update=more | {"onset_at": min(case.onset_at, hurt.since)})


def _member(said: str, dataset: NodeId, status: Status, now: datetime) -> Member:
    lost = (verdict.due for verdict in status.looked_at if verdict.state == VerdictState.BAD)
    return Member(
        slo=status.slo,
        dataset=(dataset.namespace, dataset.name),
        since=max(lost, default=now),
        severity="ticket",
        sentence=status.sentence,
        budget_left=percent_left(status),
        burn=burn(status),
        short=said,
    )


def _title(members: Sequence[Member]) -> str:
    short = [each.short for each in members if each.restored_at is None]
    return short[0] if len(short) == 1 else f"{len(short)} SLOs have little or no error budget left"


def fallen(case: Incident, said: str, status: Status, now: datetime) -> Incident:
    """*case*, which hurts the SLO of *status*, with *said* of its budget."""
    left = {"short": said, "sentence": status.sentence, "budget_left": percent_left(status), "burn": burn(status)}
    members = tuple(each.model_copy(update=left) if each.slo == status.slo else each for each in case.members)
    title = _title(members) if case.kind == "budget" else case.title
    timeline = (*case.timeline, Moment(at=now, what=said))
    return case.model_copy(update={"members": members, "title": title, "timeline": timeline})


def ended(case: Incident, slo: str, status: Status | None, now: datetime) -> Incident:
    """*case*, one of its own, once the budget of *slo* has recovered, or where *status* is None it was retired."""
    what = f"{slo} was retired" if status is None else f"{slo} has error budget again"
    left = {} if status is None else {"budget_left": percent_left(status), "burn": burn(status)}
    good = {"restored_at": now, "short": "", **left}
    members = tuple(each.model_copy(update=good) if each.slo == slo else each for each in case.members)
    done = {"members": members, "timeline": (*case.timeline, Moment(at=now, what=what))}
    if any(each.restored_at is None for each in members):
        return case.model_copy(update=done | {"title": _title(members)})
    title = what if len(members) == 1 else f"{len(members)} SLOs have error budget again"
    return case.model_copy(update=done | {"state": "resolved", "restored_at": now, "title": title})
