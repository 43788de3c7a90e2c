"""What a promise would have said in days that are over, had it been there: its alerts, from stored events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lineage.alerts.policy import RANK, AlertState, Severity, Transition, decide
from lineage.model import Verdict, VerdictState
from lineage.slo.budget import Tally, judge_tally
from lineage.slo.evaluate import basis, counted_by, verdicts
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.terms import spell
from lineage.slo.tiers import choose, tiers_of
from lineage.slo.time_window import TimeWindow
from lineage.store.base import Store

GRACE = timedelta(seconds=60)  # a deadline waits for it (DECISIONS 25), so an alert speaks no earlier
MINUTE = timedelta(minutes=1)  # what a duration is written in
LOOK = timedelta(seconds=30)  # between two looks of the scheduler


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alert, from when it would have spoken to its recovery (None: not yet), at its worst *severity*."""

    since: datetime
    until: datetime | None
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Backtest:
    """What *slo* would have said in (since, at]; *status* is how it would stand then."""

    slo: str
    since: datetime
    at: datetime
    alarms: tuple[Alarm, ...]
    status: Status

    @property
    def pages(self) -> int:
        """How many alarms would have paged."""
        return sum(alarm.severity == "page" for alarm in self.alarms)

    def caught(self, incidents: Iterable[tuple[datetime, datetime | None]]) -> list[bool]:
        """For each incident, by onset and end, whether an alarm spoke while it lasted."""
        return [any(_overlap(alarm, *incident) for alarm in self.alarms) for incident in incidents]


def replay(slo: DataSLO, store: Store, length: timedelta, now: datetime) -> Backtest:
    """What *slo* would have said in (now - *length*, now], by what *store* knows now; nothing is written.

    Without a date in its file it is in force since its dataset was first seen: what was due before that is no miss.
    """
    held = _held(slo, store)
    wider = widened(held, length)
    read = basis(wider, store, now)
    found, evidence = verdicts(wider, read, now)
    return backtest(held, counted_by(held, read, found, evidence.since, now), now - length, now)


def _held(slo: DataSLO, store: Store) -> DataSLO:
    """*slo* in force since its dataset was first seen, unless it says since when; and so its members."""
    node = store.get([slo.dataset]).get(slo.dataset)
    held = slo if node is None else slo.since(node.first_at)
    return held.of_members(tuple(_held(each, store) for each in slo.members), slo.unjoined) if slo.members else held


def backtest(slo: DataSLO, judged: Iterable[Verdict], since: datetime, now: datetime) -> Backtest:
    """Replay the alerts of *slo* in (since, now] over *judged*, which reach back one window before *since*.

    It is judged as what is known now says: an event that came late would have paged at the time, and is not told.
    """
    tally = Tally(replace(each, imported=False) if each.imported else each for each in judged)
    alarms: list[Alarm] = []
    before: AlertState | None = None
    for transition, seen in retold(slo, tally, since, now):
        before = transition.after
        _take_in(transition, seen, alarms)
    status = judge_tally(slo, tally, now)
    if last := decide(before, status):
        _take_in(last, status, alarms)
    return Backtest(slo.name, since, now, tuple(alarms), status)


def retold(
    slo: DataSLO, tally: Tally, since: datetime, now: datetime, before: AlertState | None = None
) -> Iterator[tuple[Transition, Status]]:
    """What the alert of *slo* did in (since, now), from *before* on, each time with the status that it followed.

    It is looked at when an occurrence is due and its grace is over, and once more 30 s later, as recovery asks for;
    where nothing speaks and no BAD occurrence lies in a window that could fire, nothing can begin and nobody looks.
    """
    reach = reach_of(slo, tally.ordered)
    bad_until = since
    for verdict in tally.ordered:
        at = verdict.due + GRACE
        if verdict.state == VerdictState.BAD:
            bad_until = at + reach
        for look in (at, at + LOOK):
            speaks = before is not None and before.phase != "resolved"
            if since < at <= now - LOOK and (speaks or at <= bad_until):
                status = judge_tally(slo, tally, look)
                if transition := decide(before, status):
                    before = transition.after
                    yield transition, status


def reach_of(slo: DataSLO, ordered: Sequence[Verdict]) -> timedelta:
    """How long after a BAD verdict something may begin to speak: no tier burns whose short window holds none."""
    apart = (ordered[-1].due - ordered[0].due) / (len(ordered) - 1) if len(ordered) > 1 else None
    return max(tier.short for tier in (*choose(slo, apart), *tiers_of(slo)))


def widened(slo: DataSLO, length: timedelta) -> DataSLO:
    """*slo* over a window that is *length* longer: what has to be read to judge it *length* ago.

    It rolls; one on a calendar began at most about its length before that, and alerts look back as far.
    """
    (window,) = slo.spec.time_window
    reached = slo.window if window.calendar is None else 2 * slo.window
    wider = TimeWindow(duration=spell(-(-(reached + length) // MINUTE) * MINUTE), is_rolling=True)
    return slo.over(wider)


def _take_in(transition: Transition, status: Status, alarms: list[Alarm]) -> None:
    """Let *alarms* know what began, grew or ended."""
    severity = transition.after.severity
    if transition.what == "fire":
        alarms.append(Alarm(status.at, None, severity, status.sentence))
    elif transition.what == "recover":
        alarms[-1] = replace(alarms[-1], until=status.at)
    elif transition.what == "escalate":
        alarms[-1] = replace(alarms[-1], severity=max(alarms[-1].severity, severity, key=RANK.__getitem__))


def _overlap(alarm: Alarm, onset: datetime, end: datetime | None) -> bool:
    return (end is None or alarm.since <= end) and (alarm.until is None or alarm.until >= onset)
