"""From statuses to incidents and to the messages that tell of them, in one write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel

from lineage.alerts import budgets, headsup, incidents, lifecycle, outbox, policy
from lineage.alerts.budgets import Told
from lineage.alerts.costs import costed
from lineage.alerts.evidence import Evidence
from lineage.alerts.headsup import Noticed
from lineage.alerts.incidents import Cause, Incident, Member
from lineage.alerts.inherited import Span, lies_above, share, spans
from lineage.alerts.missed import missed, resumed
from lineage.alerts.phrases import clock
from lineage.alerts.policy import RANK, AlertState, Transition, restored_at
from lineage.errors import Conflict
from lineage.model import NodeId
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Change, Lease, Store
from lineage.telemetry import logger

COUNTER = "counter"

log = logger(__name__)

Kept = TypeVar("Kept", bound=BaseModel)


def react(  # noqa: PLR0913 - what is watched, how it stands, and the right to act on it
    store: Store,
    definitions: Mapping[str, DataSLO],
    statuses: Sequence[Status],
    now: datetime,
    lease: Lease | None = None,
    *,
    group_wait_s: float = 0,
    away_since: datetime | None = None,
) -> list[Incident]:
    """Open, extend and resolve incidents as *statuses* demand; answers those that changed, as they are now.

    Incidents, alert states and notices are written all or none. SLOs with one cause share one incident. The same
    statuses again change nothing, and what is over before it was first seen is never told. An SLO that fires without a
    definition was retired: it leaves its incident. A first message waits *group_wait_s* for its cause. Where nobody
    looked since *away_since*, what fires by now began when it would have. Raises Conflict when *lease* is lost or
    another writer was faster twice, and StoreUnavailable.
    """
    lived = {} if away_since is None else missed(store, definitions, statuses, said(store), away_since)
    try:
        return _Reaction(store, definitions, statuses, now, lived).write(lease, group_wait_s)
    except Conflict:
        return _Reaction(store, definitions, statuses, now, lived).write(lease, group_wait_s)


def said(store: Store) -> Mapping[str, AlertState]:
    """What was last decided of each SLO of which anything ever was, by name. Raises StoreUnavailable."""
    return _read(store, policy.KIND, AlertState)[0]


class _Reaction:
    """One look at the statuses against what was last said; nothing is written before `write`."""

    def __init__(
        self,
        store: Store,
        definitions: Mapping[str, DataSLO],
        statuses: Sequence[Status],
        now: datetime,
        lived: Mapping[str, AlertState],
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._statuses = {status.slo: status for status in statuses if status.slo in definitions}
        self._now = now
        self._lived = lived
        self._states, self._state_revisions = _read(store, policy.KIND, AlertState)
        self._cases, self._revisions = _read(store, incidents.KIND, Incident, state="open")
        self._noticed, self._noticed_revisions = _read(store, headsup.KIND, Noticed)
        self._noticing: dict[str, Noticed] = {}
        self._budgets, self._budget_revisions = _read(store, budgets.KIND, Told)
        self._short: dict[str, Told] = {}
        self._before = dict(self._cases)
        self._cases = {id_: case.model_copy(update={"answered": False}) for id_, case in self._before.items()}
        self._decided: dict[str, AlertState] = {}
        counter = store.document(COUNTER, incidents.KIND)
        self._last = 0 if counter is None else int(json.loads(counter.body))
        self._counter_revision = 0 if counter is None else counter.revision

    def write(self, lease: Lease | None, group_wait_s: float) -> list[Incident]:
        """Decide everything and keep it."""
        self._decide()
        for id_, case in self._cases.items():
            self._cases[id_] = costed(case, self._before.get(id_), self._statuses, self._now)
        told = [
            lifecycle.tell(self._before.get(id_), case)
            for id_, case in self._cases.items()
            if case != self._before.get(id_)
        ]
        changes = self._changes(told, group_wait_s)
        if changes:
            self._store.put(changes, lease=lease)
        for case in told:
            fields = {"incident": case.id, "change": case.change, "severity": case.severity, "slos": len(case.members)}
            log.info("incident_changed", extra=fields)
        return told

    def _decide(self) -> None:
        looked = {slo: (self._states.get(slo), self._lived.get(slo), status) for slo, status in self._statuses.items()}
        moves = {slo: move for slo, look in looked.items() if (move := resumed(*look))}
        firing = {slo: state for slo, state in self._states.items() if state.phase == "firing"}
        after = {**firing, **{slo: move.after for slo, move in moves.items()}}
        ill = {slo: state for slo, state in after.items() if state.phase == "firing"}
        evidence = Evidence(self._store, self._definitions, list(self._statuses.values()), ill, self._now)
        self._explain(evidence)  # first, so that what fires now joins an incident whose cause has just come to light
        for slo, move in sorted(moves.items(), key=_most_urgent):
            self._decided[slo] = self._move(slo, move, evidence)
        for slo in sorted(firing.keys() - self._definitions.keys()):
            self._decided[slo] = self._retire(firing[slo])
        self._notice(evidence)
        for slo, status in self._statuses.items():
            self._watch(slo, status, evidence)
        for slo in sorted(self._budgets.keys() - self._definitions.keys()):
            self._recover(slo, None)

    def _move(self, slo: str, move: Transition, evidence: Evidence) -> AlertState:
        status, state = self._statuses[slo], move.after
        if move.what == "fire":
            return state.model_copy(update={"incident": self._place(status, state, evidence)})
        case = self._cases.get(state.incident or "")
        if case is not None and move.what == "escalate":
            member = lifecycle.member(status, state, evidence.dataset(slo))
            self._cases[case.id] = lifecycle.raised(case, member, self._now)
        if case is not None and move.what == "recover":
            late = policy.withdrawn(state, status)
            good_at = self._now if late else restored_at(status)
            met = f"{slo} is met again since {clock(good_at, self._now)}"
            what = f"{slo}: alert withdrawn, metadata late" if late else met
            self._cases[case.id] = lifecycle.restored(case, slo, good_at, what, status, withdrawn=late)
        return state

    def _place(self, status: Status, state: AlertState, evidence: Evidence) -> str:
        """Put a firing SLO into the open incident of its cause, or into a new one; answers the incident's id."""
        dataset, cause = evidence.dataset(status.slo), evidence.cause(status.slo)
        promised = self._definitions[status.slo].spec.incidents
        member = self._blamed(lifecycle.member(status, state, dataset, promised), status, cause)
        subject = lifecycle.subject(cause, (dataset.namespace, dataset.name))
        case = self._cases.get(self._about.get(subject, ""))
        if case is not None and case.state == "open":
            concerned = sorted({*case.consumers, *self._mentions(status.slo)})
            self._cases[case.id] = lifecycle.joined(case, member).model_copy(update={"consumers": tuple(concerned)})
            return case.id
        self._last += 1
        case = lifecycle.begin(f"INC-{self._last}", member, cause, self._now)
        self._about[subject] = case.id
        self._cases[case.id] = self._addressed(case, status.slo, evidence.affected(cause, dataset), evidence)
        return case.id

    @cached_property
    def _about(self) -> dict[lifecycle.Key, str]:
        """The open incident of each subject, once what was there is explained; of several the first."""
        return {lifecycle.key(case): id_ for id_, case in reversed(self._cases.items()) if case.state == "open"}

    def _blamed(self, member: Member, status: Status, cause: Cause | None) -> Member:
        """*member*, which knows whether it broke by itself, and how much it lost to others so far."""
        above = lies_above(cause)
        hurt = [*self._hurt.get(member.slo, ()), *([(member.since, None)] if above else [])]
        return member.model_copy(update={"above": above, "inherited": share(status, hurt)})

    @cached_property
    def _hurt(self) -> Mapping[str, Sequence[Span]]:
        return spans(incidents.every(self._store))

    def _addressed(self, case: Incident, slo: str, affected: tuple[str, ...], evidence: Evidence) -> Incident:
        spec = self._definitions[slo].spec
        breaks = case.kind in headsup.BREAKING or spec.sli.type == "schema_stability"
        whom = headsup.consumers(self._definitions, evidence.dataset, affected if breaks else (), {spec.owner.mention})
        return case.model_copy(
            update={
                "team": spec.owner.team,
                "owner": spec.owner.mention,
                "runbook": spec.alerting.runbook,
                "consumers": tuple(sorted({*whom, *self._mentions(slo)})),
                "affected": affected,
            }
        )

    def _mentions(self, slo: str) -> set[str]:
        """The handles of those who rely on what *slo* promises."""
        return {consumer.mention for consumer in self._definitions[slo].spec.consumer}

    def _notice(self, evidence: Evidence) -> None:
        """Open an incident for what was found beside the numbers, once; resolve it when that is over."""
        found = headsup.gathered(self._statuses.values(), evidence.dataset)
        for id_, each in found.items():
            before = self._noticed.get(id_)
            if before is None or (before.phase == "over" and before.at < each.finding.at):
                self._last += 1
                case = headsup.opened(f"INC-{self._last}", each, self._now)
                affected = evidence.affected(None, each.dataset)
                self._cases[case.id] = self._addressed(case, each.statuses[0].slo, affected, evidence)
                self._noticing[id_] = Noticed(id=id_, at=each.finding.at, phase="open", incident=case.id)
        for id_, before in self._noticed.items():
            ended = self._cases.get(before.incident)
            if before.phase == "over" or id_ in found or (ended is not None and self._unseen(ended)):
                continue
            if ended is not None:
                self._cases[ended.id] = headsup.ended(ended, self._now)
            self._noticing[id_] = before.model_copy(update={"phase": "over"})

    def _unseen(self, case: Incident) -> bool:
        """Whether an SLO of *case* could not be judged this time: what it found may well be there still."""
        return any(each.slo in self._definitions and each.slo not in self._statuses for each in case.members)

    def _watch(self, slo: str, status: Status, evidence: Evidence) -> None:
        """Tell once how low the budget of *slo* has run: with the incident that hurts it, or by one of its own."""
        before = self._budgets.get(slo)
        move = budgets.crossed(before, status)
        if move is None:
            return
        if move == "over":
            self._recover(slo, status)
            return
        said, own = budgets.short(self._definitions[slo], move), before and before.incident
        case = self._hurting(slo) or self._cases.get(own or "")
        if case is None and budgets.only_imported(status):
            return
        if case is not None:
            self._cases[case.id] = budgets.fallen(case, said, status, self._now)
        else:
            case = self._running_low(slo, said, status, evidence)
            self._cases[case.id], own = case, case.id
        window = None if status.period is None else status.period.start
        self._short[slo] = Told(slo=slo, level=move, phase="open", incident=own, window=window)

    def _running_low(self, slo: str, said: str, status: Status, evidence: Evidence) -> Incident:
        """The incident of all budgets that ran low at this look and have the same readers: many are one message."""
        dataset, spec = evidence.dataset(slo), self._definitions[slo].spec
        for case in self._cases.values():
            if case.kind == "budget" and case.id not in self._before:
                other = self._definitions[case.members[0].slo].spec
                if (other.owner, other.consumer) == (spec.owner, spec.consumer):
                    return budgets.joined(case, said, dataset, status, self._now)
        self._last += 1
        case = budgets.opened(f"INC-{self._last}", said, dataset, status, self._now)
        return self._addressed(case, slo, (), evidence)

    def _hurting(self, slo: str) -> Incident | None:
        """The open incident that hurts *slo*, where it is told to the owner of *slo* as well."""
        state = self._decided.get(slo) or self._states.get(slo)
        case = self._cases.get((state and state.incident) or "")
        if state is None or state.phase != "firing" or case is None:
            return None
        return case if self._wishes(case) == dict(self._definitions[slo].spec.owner.channel) else None

    def _recover(self, slo: str, status: Status | None) -> None:
        """End what was told of the budget of *slo*; without *status* it was retired."""
        before = self._budgets[slo]
        if before.phase == "over":
            return
        if (case := self._cases.get(before.incident or "")) is not None:
            self._cases[case.id] = budgets.ended(case, slo, status, self._now)
        self._short[slo] = before.model_copy(update={"phase": "over", "incident": None})

    def _retire(self, state: AlertState) -> AlertState:
        case = self._cases.get(state.incident or "")
        if case is not None:
            what = f"{state.slo} was retired"
            self._cases[case.id] = lifecycle.restored(case, state.slo, self._now, what)
        return state.model_copy(update={"phase": "resolved", "at": self._now})

    def _explain(self, evidence: Evidence) -> None:
        """Look again for the job behind what was opened without one: its event may have come later."""
        for case in [case for case in self._cases.values() if case.kind == "slo" and not _job_of(case.cause)]:
            causes = (evidence.cause(member.slo) for member in case.members if member.restored_at is None)
            better = (cause for cause in causes if cause is not None and (case.cause is None or _job_of(cause)))
            if (cause := next(better, None)) is not None:
                members = [
                    self._blamed(member, self._statuses[member.slo], evidence.cause(member.slo))
                    if member.restored_at is None and member.slo in self._statuses
                    else member
                    for member in case.members
                ]
                explained = lifecycle.explained(case.model_copy(update={"members": tuple(members)}), cause)
                affected = evidence.affected(cause, NodeId("dataset", *case.members[0].dataset))
                self._cases[case.id] = explained.model_copy(update={"affected": affected})

    def _changes(self, told: Sequence[Incident], group_wait_s: float) -> list[Change]:
        changes = list(_phases(policy.KIND, self._decided, self._state_revisions))
        changes += _phases(headsup.KIND, self._noticing, self._noticed_revisions)
        changes += _phases(budgets.KIND, self._short, self._budget_revisions)
        for case in told:
            changes.append(incidents.kept(case, expects=self._revisions.get(case.id, 0)))
            wait_s = group_wait_s if case.change == "opened" else 0
            due = self._now + timedelta(seconds=wait_s)
            notices = outbox.notices(case, self._wishes(case), self._consumers(case), self._now)
            changes += [outbox.kept(notice, due=due, expects=0) for notice in notices]
        if any(case.id not in self._before for case in told):
            body = json.dumps(self._last).encode()
            changes.append(Change(COUNTER, incidents.KIND, body, expects=self._counter_revision))
        return changes

    def _wishes(self, case: Incident) -> dict[str, str]:
        """The channels of the owner of the incident's first member that is still defined, else where it was told."""
        names = [member.slo for member in case.members if member.slo in self._definitions]
        if names:
            return dict(self._definitions[names[0]].spec.owner.channel)
        return {case.channel: case.to} if case.channel and case.to else {}

    def _consumers(self, case: Incident) -> Iterator[tuple[str | None, Mapping[str, str]]]:
        """All who rely on what the incident hurts, by SLO, and those who did when they were told of it."""
        for member in case.members:
            if (slo := self._definitions.get(member.slo)) is not None:
                yield from ((member.slo, consumer.channel) for consumer in slo.spec.consumer)
        yield from ((None, copy.wishes) for copy in case.copies.values())


def _job_of(cause: Cause | None) -> tuple[str, str] | None:
    return None if cause is None else cause.job


def _phases(
    kind: str,
    records: Mapping[str, AlertState] | Mapping[str, Noticed] | Mapping[str, Told],
    revisions: Mapping[str, int],
) -> Iterator[Change]:
    """The changes that keep *records*, found by their phase."""
    for id_, record in records.items():
        body = record.model_dump_json().encode()
        yield Change(kind, id_, body, state=record.phase, expects=revisions.get(id_, 0))


def _most_urgent(item: tuple[str, Transition]) -> tuple[int, datetime, str]:
    slo, move = item
    return -RANK[move.after.severity], move.after.since, slo


def _read(
    store: Store, kind: str, model: type[Kept], state: str | None = None
) -> tuple[dict[str, Kept], dict[str, int]]:
    """Every document of *kind* as *model*, and its revision, by id."""
    found: dict[str, Kept] = {}
    revisions: dict[str, int] = {}
    after: str | None = None
    while page := store.documents(kind, state=state, after=after):
        for document in page:
            found[document.id] = model.model_validate_json(document.body)
            revisions[document.id] = document.revision
        after = page[-1].id
    return found, revisions
