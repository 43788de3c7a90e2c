"""Incidents of what no SLI shows: a dataset that was dropped, one that two jobs write, a closed number that changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from lineage.alerts.incidents import Incident, Member, Moment
from lineage.alerts.phrases import burn, percent_left
from lineage.model import NodeId
from lineage.slo.findings import Finding
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

KIND = "finding"

TITLES = {
    "dropped": "{} was dropped",
    "conflict": "{} is written by two",
    "restated": "{} was restated",
    "slower": "{} takes longer every day",
    "silent": "{} has no heartbeats",
    "ending": "{} ends soon",
}
OVER = {
    "dropped": "{} is written again",
    "conflict": "the newest interval of {} was written by one alone",
    "restated": "{} has not changed any more",
    "slower": "{} takes no longer than it used to",
    "silent": "{} has heartbeats again",
    "ending": "the end of {} lies ahead no more",
}
COMING = frozenset({"ending"})  # what lies ahead: each is told by itself, and nothing was bad before it was told
BREAKING = frozenset({"dropped", "ending"})  # what concerns whoever reads the data, whatever was promised to them


class Noticed(BaseModel):
    """What was told of one finding; kept as a document of kind `finding`. The same again, by *at*, is no news."""

    model_config = ConfigDict(frozen=True)

    id: str  # its kind and dataset, and what it says where it lies ahead
    at: datetime
    phase: Literal["open", "over"]
    incident: str


class Found(NamedTuple):
    """A finding, and the statuses of all SLOs of the dataset that it was made for."""

    finding: Finding
    dataset: NodeId
    statuses: tuple[Status, ...]


def gathered(statuses: Iterable[Status], dataset_of: Callable[[str], NodeId]) -> dict[str, Found]:
    """What *statuses* found, each once, by `Noticed.id` of the (canonical) dataset; the earliest of several speaks."""
    found: dict[str, Found] = {}
    for status in statuses:
        for finding in status.findings:
            dataset = dataset_of(status.slo)
            id_ = f"{finding.kind}:{dataset}" + (f":{finding.sentence}" if finding.kind in COMING else "")
            before = found.get(id_, Found(finding, dataset, ()))
            earliest = min(before.finding, finding, key=lambda each: each.at)
            found[id_] = Found(earliest, dataset, (*before.statuses, status))
    return found


def opened(id: str, found: Found, now: datetime) -> Incident:  # noqa: A002 - the model's own word
    """A new incident of *found*, a ticket. Not told yet."""
    finding, dataset = found.finding, (found.dataset.namespace, found.dataset.name)
    since = now if finding.kind in COMING else finding.at
    members = tuple(
        Member(
            slo=status.slo,
            dataset=dataset,
            since=since,
            severity="ticket",
            sentence=finding.sentence,
            budget_left=percent_left(status),
            burn=burn(status),
        )
        for status in found.statuses
    )
    return Incident(
        id=id,
        kind=finding.kind,
        state="open",
        severity="ticket",
        began_as="ticket",
        title=TITLES[finding.kind].format(dataset[1]),
        members=members,
        onset_at=since,
        detected_at=now,
        timeline=(Moment(at=since, what=finding.sentence),),
    )


def ended(case: Incident, now: datetime) -> Incident:
    """*case* as it is once its finding is found no more."""
    what = Moment(at=now, what=OVER[case.kind].format(case.members[0].dataset[1]))
    members = tuple(member.model_copy(update={"restored_at": now}) for member in case.members)
    done = {"members": members, "state": "resolved", "restored_at": now, "timeline": (*case.timeline, what)}
    return case.model_copy(update=done)


def consumers(
    definitions: Mapping[str, DataSLO],
    dataset_of: Callable[[str], NodeId],
    affected: Collection[str],
    owners: Collection[str],
) -> tuple[str, ...]:
    """Whom it concerns who reads the data: owners of SLOs on what is *affected*, without the *owners* themselves."""
    if not (downstream := set(affected)):
        return ()
    found = {slo.spec.owner.mention for name, slo in definitions.items() if str(dataset_of(name)) in downstream}
    return tuple(sorted(found - set(owners)))
