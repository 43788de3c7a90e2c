"""Beats judged as they come: what nothing can have changed keeps its verdict, the rest is judged as `evaluate` does it.

A beat a minute makes 40 320 occurrences in 28 days, of which a new beat or the passing of time changes a handful.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from operator import attrgetter
from typing import NamedTuple

from lineage.slo.budget import Tally
from lineage.slo.evaluate import Basis, concluded, counted_by, verdicts
from lineage.slo.evidence import Beat, Evidence
from lineage.slo.gather import window_of
from lineage.slo.indicators import freshness
from lineage.slo.indicators._heartbeat import SILENT, Heartbeat
from lineage.slo.lasting import plain
from lineage.slo.renewed import same
from lineage.slo.slices import Slicing, slicing
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status

TICK = timedelta(microseconds=1)
SENT, SEEN = 0, 1


class Told(NamedTuple):
    """A word on a beat: that it was SENT, or SEEN."""

    beat: Beat
    side: int

    @property
    def emitted_at(self) -> datetime:
        """When the beat was sent."""
        return self.beat.emitted_at


EMITTED, AT = attrgetter("emitted_at"), attrgetter("at")


def heartbeat(slo: DataSLO) -> Heartbeat | None:
    """The beats of which *slo* has a verdict for each; None where it judges something else."""
    spec = slo.spec.sli
    return spec.heartbeat if isinstance(spec, freshness.Spec) and spec.method == "heartbeat" else None


class Pulse:
    """What was judged of *read* at *now*, and after it of what is new. One caller at a time; instants ascend.

    *status* is what `judged` says of all that was read. Where it is not *steady*, or `follow` answers False, all is to
    be judged anew: where numbers do not rise with time, say, or where a partition begins.
    """

    def __init__(self, slo: DataSLO, beats: Heartbeat, read: Basis, now: datetime, grace: timedelta) -> None:
        self._slo, self._beats, self._grace, self._read = slo, beats, grace, read
        own = slo.spec.sli.metadata_grace if isinstance(slo.spec.sli, freshness.Spec) else None
        self._open = (grace if own is None else own) + (SILENT + 1) * beats.interval
        self._at, self._since = plain(now), plain(window_of(slo, now))
        found, evidence = verdicts(slo, read, now, grace)
        self._tally, by, self._cut = Tally(found), Basis(evidence, read.said), slicing(slo)
        counts = counted_by(slo, by, found, evidence.since, now)
        self._counted = self._tally if counts is found else Tally(counts)
        self.status: Status = concluded(slo, by, self._tally, self._counted, now)
        sides = (read.evidence.sent, read.evidence.seen)
        self._by_time = tuple(sorted(side, key=AT) for side in sides)
        told = (Told(beat, side) for side, beats in enumerate(sides) for beat in beats)
        self._told: defaultdict[str, list[Told]] = defaultdict(list)
        for each in sorted(told, key=EMITTED):
            self._told[each.beat.partition].append(each)
        self._newest_seen: dict[str, Told] = {}
        for each in chain(*self._told.values()):
            self._note(each)
        begin = self._since - beats.threshold
        front = all(found[0].emitted_at <= begin for found in self._told.values())
        held = plain(window_of(slo, self._at + TICK)) == self._since
        rising = all(
            _rises(before.beat, after.beat) for each in self._told.values() for before, after in pairwise(each)
        )
        self.steady = bool(self._told) and rising and (front or held)
        self._front = front

    def follow(self, read: Basis | None, since: datetime | None, now: datetime) -> bool:
        """Judge as of *now*, where *read* has of the beats all those from *since* on; None: nothing new was told."""
        if not self._front and plain(window_of(self._slo, now)) != self._since:
            return False
        cut = self._at - self._open
        if read is not None and since is not None:
            changed = self._take(read, since)
            began, heard = self._read.evidence.observed_since, read.evidence.observed_since
            told = bool(read.evidence.sent or read.evidence.seen)
            if changed is None or (told and (began is None or heard is None or heard < began)):
                return False  # in the end because what is history begins earlier
            cut, self._read = min(cut, changed), _since(read, began)
        tail = self._tail(cut - self._beats.threshold)
        if tail is None:
            return False
        self._judge(tail, cut, now)
        return True

    def _judge(self, tail: Evidence, cut: datetime, now: datetime) -> None:
        """Judge anew what is due after *cut*; a verdict that comes out as it was stays the very same."""
        found, evidence = verdicts(self._slo, self._read._replace(evidence=tail), now, self._grace, cut)
        place = bisect_right(self._tally.dues, cut)
        self._tally.end_with(place, same(self._tally.ordered[place:], found))
        self._tally.after = window_of(self._slo, now)
        by = Basis(evidence, self._read.said)
        if self._cut is not None:
            self._slice(self._cut, by, cut, now)
        self.status = concluded(self._slo, by, self._tally, self._counted, now)
        self._at = plain(now)

    def _slice(self, slicing: Slicing, by: Basis, cut: datetime, now: datetime) -> None:
        """Count anew the slices that end after *cut*."""
        since = max(slicing.at(cut).start - TICK, plain(window_of(self._slo, now)))
        members = self._tally.ordered[bisect_right(self._tally.dues, since) :]
        place = bisect_right(self._counted.dues, since)
        found = counted_by(self._slo, by, members, since, now)
        self._counted.end_with(place, same(self._counted.ordered[place:], found))
        self._counted.after = self._tally.after

    def _take(self, read: Basis, since: datetime) -> datetime | None:
        """Take up what is new in *read*; after which due time verdicts may be others by it, None: nobody knows."""
        evidence = read.evidence
        cut = datetime.max.replace(tzinfo=UTC)
        for side, beats in enumerate((evidence.sent, evidence.seen)):
            known = self._by_time[side]
            before, now = set(known[bisect_left(known, since, key=AT) :]), set(beats)
            if before - now:
                return None  # what was told is told otherwise
            for beat in sorted(now - before, key=EMITTED):
                changed = self._insert(Told(beat, side))
                if changed is None:
                    return None
                cut = min(cut, changed)
        return cut

    def _insert(self, new: Told) -> datetime | None:
        """Put *new* in its place; after which due time verdicts may be others by it, None: it is out of order."""
        beat, told = new.beat, self._told.get(new.beat.partition, [])
        place = bisect_left(told, beat.emitted_at, key=EMITTED)
        following = told[place].beat if place < len(told) else None
        if place == 0 or not _rises(told[place - 1].beat, beat) or (following and not _rises(beat, following)):
            return None
        cut = told[place - 1].emitted_at + self._beats.threshold
        if new.side == SEEN and beat.through:
            cut = min(cut, self._unseen_by(beat.at))
        told.insert(place, new)
        insort(self._by_time[new.side], beat, key=AT)
        self._note(new)
        return cut

    def _unseen_by(self, at: datetime) -> datetime:
        """Before the first beat that was not seen before *at*."""
        found = (each for each in self._tally.ordered if each.evidence)
        dues = (each.due for each in found if each.delivered_at is None or each.delivered_at >= at)
        return next(dues, datetime.max.replace(tzinfo=UTC)) - TICK

    def _note(self, told: Told) -> None:
        newest = self._newest_seen.get(told.beat.partition)
        if told.side == SEEN and (newest is None or newest.emitted_at <= told.emitted_at):
            self._newest_seen[told.beat.partition] = told

    def _tail(self, begin: datetime) -> Evidence | None:
        """What tells of beats after *begin*, and of the one before it in each partition; None: one has none."""
        wanted = list(self._newest_seen.values())
        for told in self._told.values():
            place = bisect_right(told, begin, key=EMITTED)
            if place == 0:
                return None
            wanted += told[bisect_left(told, told[place - 1].emitted_at, key=EMITTED) :]
        return replace(
            self._read.evidence,
            sent=tuple(each.beat for each in wanted if each.side == SENT),
            seen=tuple(each.beat for each in wanted if each.side == SEEN),
        )


def _since(read: Basis, began: datetime | None) -> Basis:
    """*read*, observed since *began*: what was read are the newest beats alone."""
    return read._replace(evidence=replace(read.evidence, observed=True, observed_since=began))


def _rises(before: Beat, after: Beat) -> bool:
    """Whether both are words on one beat, or *after* on one that was sent later and has a higher number."""
    if before.emitted_at == after.emitted_at:
        return before.seq == after.seq
    return before.emitted_at < after.emitted_at and before.seq < after.seq
