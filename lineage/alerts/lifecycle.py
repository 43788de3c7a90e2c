"""The life of an incident, as values: opened, joined, raised, restored, resolved."""

from __future__ import annotations

from datetime import datetime

from lineage.alerts.incidents import Cause, Incident, Member, Moment, Turn
from lineage.alerts.phrases import burn, percent_left
from lineage.alerts.policy import RANK, AlertState
from lineage.model import NodeId
from lineage.slo.response import Response
from lineage.slo.status import Status

# What a member keeps when its severity rises.
LASTING = (
    *("above", "earlier", "inherited", "hurt_since", "detected_at", "notified_at", "promised", "budget_spent", "short"),
)

Key = tuple[str, str, str]  # the kind, namespace and name of what an incident is about


def key(incident: Incident) -> Key:
    """What the incident is about: the job that broke first, else the dataset; one open incident per key.

    What no SLI shows has keys of its own, so that no SLO that is missed joins it.
    """
    if incident.kind != "slo":
        return (incident.kind, *incident.members[0].dataset)
    return subject(incident.cause, incident.members[0].dataset)


def subject(cause: Cause | None, dataset: tuple[str, str]) -> Key:
    """The key of an SLO's trouble: the cause's job, else the cause's dataset, else the SLO's own *dataset*."""
    if cause is not None and cause.job is not None:
        return ("job", *cause.job)
    if cause is not None and cause.dataset is not None:
        return ("dataset", *cause.dataset)
    return ("dataset", *dataset)


def member(status: Status, state: AlertState, dataset: NodeId, promised: Response | None = None) -> Member:
    """The part of an SLO in an incident, as its status says now; *dataset* is canonical."""
    return Member(
        slo=status.slo,
        dataset=(dataset.namespace, dataset.name),
        since=state.since,
        severity=state.severity,
        sentence=status.sentence,
        budget_left=percent_left(status),
        burn=burn(status),
        detected_at=status.at,
        promised=promised,
    )


def begin(id: str, first: Member, cause: Cause | None, now: datetime) -> Incident:  # noqa: A002 - the model's own word
    """A new incident with its first member. Not told yet: `tell` makes the transition."""
    incident = Incident(
        id=id,
        state="open",
        severity=first.severity,
        began_as=first.severity,
        title=_title(cause, first),
        members=(first,),
        onset_at=first.since,
        detected_at=now,
        timeline=(Moment(at=first.since, what=first.sentence),),
    )
    return incident if cause is None else explained(incident, cause)


def explained(incident: Incident, cause: Cause) -> Incident:
    """The incident with its cause found."""
    assert cause.at is not None, "a cause that was found has its time"
    timeline = _ordered(*incident.timeline, Moment(at=cause.at, what=cause.sentence))
    title = _title(cause, incident.members[0])
    return incident.model_copy(update={"cause": cause, "title": title, "timeline": timeline})


def joined(incident: Incident, new: Member) -> Incident:
    """The incident with *new* among its members; a member of the same SLO is replaced, and its time remembered."""
    others = tuple(old for old in incident.members if old.slo != new.slo)
    for old in incident.members:
        if old.slo == new.slo:
            new = new.model_copy(update={"hurt_since": old.hurt_since or old.since, "short": old.short})
            if old.above and old.restored_at is not None:
                new = new.model_copy(update={"earlier": (*old.earlier, (old.since, old.restored_at))})
    return incident.model_copy(
        update={
            "members": (*others, new),
            "onset_at": min(incident.onset_at, new.since),
            "severity": max(incident.severity, new.severity, key=RANK.__getitem__),
            "timeline": _ordered(*incident.timeline, Moment(at=new.since, what=new.sentence)),
        }
    )


def raised(incident: Incident, risen: Member, now: datetime) -> Incident:
    """The incident with a member whose severity rose."""
    members = tuple(
        risen.model_copy(update={field: getattr(old, field) for field in LASTING}) if old.slo == risen.slo else old
        for old in incident.members
    )
    return incident.model_copy(
        update={
            "members": members,
            "severity": max(incident.severity, risen.severity, key=RANK.__getitem__),
            "timeline": _ordered(*incident.timeline, Moment(at=now, what=f"{risen.slo} became a {risen.severity}")),
        }
    )


def restored(  # noqa: PLR0913 - who is good again since when, what to say of it, and how it stands
    incident: Incident, slo: str, at: datetime, what: str, status: Status | None = None, *, withdrawn: bool = False
) -> Incident:
    """The incident with *slo* good again since *at*, or never bad (*withdrawn*); resolved once all its members are."""
    gone = status is None or (status.budget.remaining_ratio or 0) > 0  # retired, or with budget: its gate is open
    left: dict[str, object] = {"withdrawn": withdrawn} | ({"short": ""} if gone else {})
    if status is not None:
        left |= {"budget_left": percent_left(status), "burn": burn(status)}
    members = tuple(
        old.model_copy(update={"restored_at": at, **left}) if old.slo == slo else old for old in incident.members
    )
    ends = [old.restored_at for old in members if old.restored_at is not None]
    over = len(ends) == len(members)
    return incident.model_copy(
        update={
            "members": members,
            "state": "resolved" if over else "open",
            "restored_at": max(ends) if over else None,
            "timeline": _ordered(*incident.timeline, Moment(at=at, what=what)),
        }
    )


def tell(before: Incident | None, after: Incident) -> Incident:
    """*after* as the next transition from *before*: what a reader of messages has to hear of."""
    if before is None:
        return after
    change: Turn = "changed"
    if after.state == "resolved":
        change = "resolved"
    elif RANK[after.severity] > RANK[before.severity]:
        change = "escalated"
    elif {each.short for each in after.members} - {each.short for each in before.members} - {""}:
        change = "warned"
    return after.model_copy(update={"change": change, "transition": before.transition + 1})


def _title(cause: Cause | None, first: Member) -> str:
    if cause is not None and cause.job is not None:
        return f"{cause.job[1]} failed" if cause.state == "FAIL" else f"{cause.job[1]} was aborted"
    if cause is not None and cause.dataset is not None:
        return f"{cause.dataset[1]} broke first"
    return f"{first.dataset[1]} misses {first.slo}"


def _ordered(*moments: Moment) -> tuple[Moment, ...]:
    return tuple(sorted(moments, key=lambda moment: moment.at))
