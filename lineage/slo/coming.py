"""What of a window on a calendar is yet to fall due: its budget allows for it from the first on (SLO.md b.7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from lineage.model import Verdict
from lineage.slo.calendar import upcoming
from lineage.slo.exclusions import Excluded, Exclusion, spans
from lineage.slo.periods import last_before, period_at
from lineage.slo.slices import Slicing, slicing
from lineage.slo.spec import DataSLO
from lineage.slo.terms import ALIKE

TICK = timedelta(microseconds=1)
STILL = 4  # intervals back from the newest verdict on a beat each partition has one, also while it is silent (b.1)

Said = Mapping[str, Sequence[Exclusion]]
NOBODY: Said = MappingProxyType({})


class _Rest(NamedTuple):
    """What is looked at: from *begun* up to *last*, without what is *excluded*."""

    begun: datetime
    last: datetime
    excluded: Sequence[Excluded]

    def holds(self, due: datetime) -> bool:
        """Whether what falls due at *due*, before *last*, is expected."""
        return due >= self.begun and not any(each.start <= due < each.end for each in self.excluded)


def coming(slo: DataSLO, now: datetime, measured: Sequence[Verdict], said: Said = NOBODY) -> int:
    """How many occurrences or slices are yet to fall due in the window of *slo*; 0 where it rolls or nobody can know.

    *measured* are the newest verdicts on occurrences, by due: of beats it is those after them, in each partition an
    interval later. What the calendar of the schedule skips, what is paused and what is excluded is none: as *said* of
    it, or of its members, by name; by default as their files say.
    """
    period, cut = period_at(slo, now), slicing(slo)
    if period is None or slo.unit not in ALIKE:
        return 0
    begun, last = last_before(slo, period.start), last_before(slo, period.end)
    slices: set[datetime] = set()
    found = 0
    for each, of_it, exclusions in _parts(slo, measured, said):
        since = begun if each.spec.effective_from is None else max(begun, each.spec.effective_from)
        rest = _Rest(since, last, spans(exclusions, since, last))
        if cut is None:
            found += _occurrences(each, now, of_it, rest)
        else:
            slices.update(_slices(each, cut, now, of_it, rest))
    return found + len(slices)


def _parts(
    slo: DataSLO, measured: Sequence[Verdict], said: Said
) -> Iterator[tuple[DataSLO, Sequence[Verdict], Sequence[Exclusion]]]:
    """*slo*, or each of its members, with its own of *measured* and what is excluded of it."""
    own = said.get(slo.name, slo.spec.exclusions)
    if not slo.members:
        yield slo, measured, own
    for each in slo.members:
        of_it = [verdict for verdict in measured if verdict.occurrence.startswith(f"{each.name}/")]
        yield each, of_it, (*own, *said.get(each.name, each.spec.exclusions))


def _occurrences(slo: DataSLO, now: datetime, measured: Sequence[Verdict], rest: _Rest) -> int:
    """How many occurrences of *slo* fall due after *now*."""
    cadence = slo.spec.sli.cadence
    if cadence is None:
        return sum(map(rest.holds, _dues(slo, now, rest.last))) * slo.spec.sli.grains
    lasts = newest(slo, measured, cadence) or (rest.begun - TICK,)
    return sum(_beats(due, cadence, rest) for due in lasts)


def _slices(slo: DataSLO, cut: Slicing, now: datetime, measured: Sequence[Verdict], rest: _Rest) -> Iterable[datetime]:
    """Where the slices begin in which something of *slo* falls due, from the one of *now* on."""
    cadence, first = slo.spec.sli.cadence, cut.at(now + TICK).start
    if cadence is not None and cadence <= cut.length:
        first = max(first, cut.at(rest.begun).start)
        return set(cut.within(first, rest.last)).difference(*(cut.within(*each[:2]) for each in rest.excluded))
    dues = _dues(slo, first - TICK, rest.last)
    if cadence is not None:
        lasts = newest(slo, measured, cadence) or (rest.begun,)
        dues = (due for last in lasts for due in _each(last, cadence, rest.last) if due >= first)
    found = (cut.at(due) for due in dues if rest.holds(due))
    return (each.start for each in found if each.end <= rest.last)


def newest(slo: DataSLO, measured: Sequence[Verdict], cadence: timedelta) -> Sequence[datetime]:
    """When the newest of *measured*, by due, was due in each partition that goes on."""
    found: dict[str, datetime] = {}
    for verdict in reversed(measured):
        if verdict.due < measured[-1].due - STILL * cadence:
            break
        found.setdefault(slo.spec.sli.series(verdict.occurrence), verdict.due)
    return tuple(found.values())


def _dues(slo: DataSLO, after: datetime, last: datetime) -> Iterator[datetime]:
    """The deadlines after *after* and before *last*, by the schedule, if it has one."""
    schedule = slo.spec.schedule
    if schedule is not None and slo.spec.sli.by_schedule:
        yield from upcoming(schedule, after, last)


def _each(due: datetime, interval: timedelta, last: datetime) -> Iterator[datetime]:
    """*due*, and what comes an *interval* apart after it, before *last*."""
    while due < last:
        yield due
        due += interval


def _beats(last: datetime, interval: timedelta, rest: _Rest) -> int:
    """How many beats of *rest* come after *last*, an *interval* apart."""

    def before(at: datetime) -> int:
        return max(0, (min(at, rest.last) - TICK - last) // interval)

    found, taken = before(rest.last) - before(rest.begun), max(last, rest.begun)
    for each in rest.excluded:
        found -= max(0, before(each.end) - before(max(each.start, taken)))
        taken = max(taken, each.end)
    return found
