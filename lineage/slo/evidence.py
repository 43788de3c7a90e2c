"""What an indicator judges by: deliveries and checks, and which delivery covers which occurrence (SLO.md b.0). Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from lineage.model import NodeId, Use, Verdict
from lineage.slo.ahead import LeftOut
from lineage.slo.calendar import Occurrence
from lineage.slo.drift import Columns
from lineage.slo.exclusions import Excluded
from lineage.slo.partitions import Partition
from lineage.slo.unobserved import Gap, within
from lineage.slo.usage import Usage


class Need(NamedTuple):
    """What an indicator wants to know of its dataset; *history* is how far before the window it looks back.

    *profiles*: what checking runs counted, beside what they asserted. *ancestry*: what it was made of, back to the
    sources of the definition's `path`; *beats*: and which beats went that way. *reads*: how much the runs that wrote it
    read, of these datasets, or of all that they read where none is named. *backfills*: which of those runs were such.
    *partitions*: what of it each run wrote. *claims*: when producers say that it changed last.
    """

    counts: bool = False
    checks: bool = False
    profiles: bool = False
    history: timedelta = timedelta(0)
    ancestry: bool = False
    source_rows: bool = False  # and how many rows each version of its sources has
    beats: bool = False
    claims: bool = False
    schemas: bool = False
    beside: NodeId | None = None  # another dataset, of which the same is asked
    beats_of: NodeId | None = None  # the job that sends heartbeats
    reads: frozenset[NodeId] | None = None
    counted_by: NodeId | None = None  # a job of which each run counts what there was, told as deliveries beside
    backfills: bool = False
    partitions: bool = False
    sums: bool = False  # of it and of the dataset beside: what probes summed up
    owners: bool = False  # whom events named as its owners
    queued: bool = False  # how many records wait in the dataset beside
    contract_of: str | None = None  # the consumer whose expectations are the checks


class Beat(NamedTuple):
    """A heartbeat as an event told of it: sent at *emitted_at*, told (and, in the dataset, seen) at *at*.

    *seq* ascends within its *partition* and is never used again. *through*: all beats up to it were seen. *by* whom,
    where somebody asked.
    """

    seq: int
    emitted_at: datetime
    at: datetime
    event: str
    partition: str = ""
    through: bool = False
    told_at: datetime | None = None  # when the event was received
    by: NodeId | None = None


class Claim(NamedTuple):
    """An event of *at* claimed that the dataset had changed last at *through*, which is no later."""

    at: datetime
    through: datetime
    event: str
    told_at: datetime  # when the event was received


class Delivery(NamedTuple):
    """A run that wrote the dataset and ended, or one report of a streaming run. Only a `refresh` ever covers.

    *window* is the span that a streaming report speaks of, zero where it does not say; None: not streaming.
    *cumulative*: its rows count from the run's start, which cannot be told apart into occurrences.
    """

    at: datetime
    run: str
    job: NodeId
    state: Literal["COMPLETE", "FAIL", "ABORT"] = "COMPLETE"
    nominal: tuple[datetime, datetime | None] | None = None
    window: timedelta | None = None
    rows: int | None = None
    sums: bool = False  # reports of one run add up; otherwise the last one speaks for the run
    cumulative: bool = False
    overwrites: bool = False
    emptied: bool = False  # it only dropped or truncated: no refresh, and nothing from before it counts
    dropped: bool = False  # it dropped the dataset, and did nothing else to it
    parent: str | None = None  # the run that it ran in
    events: tuple[str, ...] = ()
    started_at: datetime | None = None
    told_at: datetime | None = None  # the first receipt of an event that says so
    partitions: tuple[Partition, ...] | None = None  # what of the dataset it wrote; None: it did not say

    @property
    def refresh(self) -> bool:
        """Whether the dataset was made anew or grew by it (OPENLINEAGE 4.3)."""
        return self.state == "COMPLETE" and not self.emptied


class Assertion(NamedTuple):
    """One check and what it found; *source* is the facet that told of it.

    *kind* is what it tests, as `not_null`; *failed_rows* of *rows* failed, where it says so itself. *actual* is the
    count that it found, of whatever.
    """

    name: str
    column: str | None
    severity: str
    passed: bool
    source: Literal["dataQualityAssertions", "test"] = "dataQualityAssertions"
    kind: str = ""
    failed_rows: int | None = None
    rows: int | None = None
    actual: int | None = None


class ColumnCounts(NamedTuple):
    """How many rows of a column are null, how many have a value, and how many different values there are."""

    nulls: int | None = None
    values: int | None = None
    distinct: int | None = None


class Profile(NamedTuple):
    """What a run counted in the dataset, its rows and by column: the facet `dataQualityMetrics`."""

    rows: int | None = None
    columns: Mapping[str, ColumnCounts] = {}


class Check(NamedTuple):
    """A run that tested the dataset: what it found, or nothing while it runs or because it was aborted.

    *report* marks one of a run that never said when it began: others may come under the same run id.
    """

    run: str
    job: NodeId
    at: datetime  # when it began
    assertions: tuple[Assertion, ...]
    events: tuple[str, ...] = ()
    report: bool = False
    profile: Profile | None = None
    told_at: datetime | None = None  # the first receipt of an event that says so


class SchemaTold(NamedTuple):
    """The columns of the dataset as an event of *run* told of them; None: it could not be read.

    Where they are others than were told of last: *used*, by whom, the moment before, and *origins*, which columns of
    before hold what each of them has, as column lineage tells.
    """

    run: str
    at: datetime
    columns: Columns | None
    event: str
    used: Usage | None = None
    origins: Mapping[str, frozenset[str]] = {}


class Sum(NamedTuple):
    """What a probe found in a partition: how many rows, and a checksum that does not depend on their order."""

    rows: int
    checksum: str


class Audit(NamedTuple):
    """A probe's word on the dataset, or on the one *beside*: its partitions by name. The facet `checksums`."""

    at: datetime
    beside: bool
    partitions: Mapping[str, Sum]
    event: str
    told_at: datetime | None = None  # when the event was received


class Queued(NamedTuple):
    """A probe's word on a queue: *depth* records wait in it, the oldest since *oldest_at*, where it says so."""

    at: datetime
    depth: int
    oldest_at: datetime | None
    event: str


class OwnersTold(NamedTuple):
    """Whom an event named as owners of the dataset, in one of the *facet*s that do; "": it only named the dataset."""

    at: datetime
    facet: str
    names: tuple[str, ...]
    event: str
    told_at: datetime


class Read(NamedTuple):
    """How many rows of *dataset* a run read, or a report of a streaming run; None: it did not say."""

    dataset: NodeId
    rows: int | None


class Beats(NamedTuple):
    """The beats of one *emitter*, a job: *sent* into *sources* of a path, and those that were *seen* at its end."""

    emitter: NodeId
    sources: frozenset[NodeId]
    sent: Sequence[Beat] = ()
    seen: Sequence[Beat] = ()


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What runs made of each dataset on the ways from *sources* to *target*, and what they used (canonical ids).

    *deliveries* are by time, with the last ones before *begin*; *backfills* are runs that said that they are such.
    *whole* is False where there is more than one question may look at. *beats* are those that `needs` asked for.
    *counted* are the deliveries of each source since *begin* with their rows, each action once.
    """

    target: NodeId
    sources: frozenset[NodeId]
    begin: datetime
    deliveries: Mapping[NodeId, Sequence[Delivery]]
    uses: Mapping[str, Sequence[Use]]
    backfills: frozenset[str] = frozenset()
    whole: bool = True
    beats: Sequence[Beats] = ()
    counted: Mapping[NodeId, Sequence[Delivery]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known for one judgement. *observed* is False when no event at all was known by then.

    *observed_since* is the first receipt among the events that speak, and where none does of any event at all: what was
    due before it came as history.
    *grace* is what a deadline waits for an event on its way, unless the definition says otherwise.
    """

    since: datetime  # the window begins here, open
    deliveries: Sequence[Delivery] = ()
    checks: Sequence[Check] = ()
    observed: bool = True
    observed_since: datetime | None = None
    grace: timedelta = timedelta(seconds=60)
    sent: Sequence[Beat] = ()
    seen: Sequence[Beat] = ()
    claims: Sequence[Claim] = ()
    excluded: Sequence[Excluded] = ()
    horizon: timedelta | None = None  # how long after a deadline an event may change the verdict; None: for ever
    asked_from: datetime | None = None  # where deliveries and beats begin, if before the window
    ancestry: Ancestry | None = None
    schemas: Sequence[SchemaTold] = ()
    beside: Sequence[Delivery] = ()
    reads: Mapping[str, Sequence[Read]] = field(default_factory=dict)  # by run, of a stream by event
    backfills: frozenset[str] = frozenset()  # runs that say that they are such
    audits: Sequence[Audit] = ()
    owners: Sequence[OwnersTold] = ()
    queued: Queued | None = None  # the newest word on the dataset beside
    condemned: frozenset[str] = frozenset()  # occurrences that a person judged BAD
    members: Mapping[str, Sequence[Verdict]] = field(default_factory=dict)  # of a composite, what each was judged
    gaps: Sequence[Gap] = ()  # in which nobody was there to hear of anything
    left_out: tuple[LeftOut, ...] = ()  # what clocks ahead told, which is no part of all this

    @property
    def begin(self) -> datetime:
        """Of what happened before it nothing was asked."""
        return self.since if self.asked_from is None else self.asked_from

    def timely(self, due: datetime, told_at: datetime | None) -> bool:
        """Whether an event received at *told_at* may speak of what was due at *due*; of history always."""
        if told_at is None or self.horizon is None or told_at <= due + self.horizon or self.imported(due):
            return True
        gap = within(self.gaps, due, self.grace)  # what nobody could hear has as long, once somebody is there again
        return gap is not None and told_at <= gap.until + self.horizon

    def excludes(self, due: datetime) -> bool:
        """Whether what was due at *due* does not count."""
        return any(each.start <= due < each.end for each in self.excluded)

    def in_time(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Those of *deliveries* that were told within the horizon after they happened."""
        return [each for each in deliveries if self.timely(each.at, each.told_at)]

    def passed(self) -> Ancestry:
        """The ancestry, which `needs` asked for, of what was told within the horizon after it happened."""
        assert self.ancestry is not None, "`needs` asks for it"
        kept = {dataset: self.in_time(come) for dataset, come in self.ancestry.deliveries.items()}
        beats = [
            each._replace(
                sent=[beat for beat in each.sent if self.timely(beat.at, beat.told_at)],
                seen=[beat for beat in each.seen if self.timely(beat.at, beat.told_at)],
            )
            for each in self.ancestry.beats
        ]
        return replace(self.ancestry, deliveries=kept, beats=beats)

    def covering(self, occurrences: Sequence[Occurrence]) -> list[list[Delivery]]:
        """For each of *occurrences* the deliveries that speak of it, as `covering` has them, and were told in time."""
        covers = covering(occurrences, self.deliveries)
        return [
            [delivery for delivery in found if self.timely(occurrence.due, delivery.told_at)]
            for occurrence, found in zip(occurrences, covers, strict=True)
        ]

    def imported(self, due: datetime) -> bool:
        """Whether what was due at *due* was judged from imported history (DECISIONS 24)."""
        return self.observed_since is not None and due < self.observed_since


def covering(occurrences: Sequence[Occurrence], deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """For each of *occurrences*, which follow each other without a gap, the deliveries that speak of it, by time.

    A job whose runs name their interval is never matched by time alone: a run by hand delivers no occurrence.
    """
    if not occurrences:
        return []  # nothing is expected yet: it comes into force later
    starts = [occurrence.start for occurrence in occurrences]
    ends = [occurrence.end for occurrence in occurrences]
    nominal = {delivery.job for delivery in deliveries if delivery.nominal is not None}
    covers: list[list[Delivery]] = [[] for _ in occurrences]
    for delivery in sorted(deliveries, key=lambda delivery: (delivery.at, delivery.run, delivery.events)):
        if delivery.nominal is None and delivery.window is None and delivery.job in nominal:
            continue
        place = _place(delivery, starts, ends)
        if 0 <= place < len(ends):
            covers[place].append(delivery)
    return covers


def _place(delivery: Delivery, starts: Sequence[datetime], ends: Sequence[datetime]) -> int:
    """The index of the occurrence that *delivery* covers; one outside the list where it is none of them."""
    if delivery.nominal is not None:
        start, end = delivery.nominal
        if start == end:
            # Airflow 3's cron triggers give an instant: the interval that has just ended is meant.
            return bisect_right(ends, start) - 1
        return bisect_right(starts, start) - 1 if start < ends[-1] else len(ends)
    if delivery.window:
        begun = delivery.at - delivery.window
        return bisect_right(starts, begun) - 1 if begun < ends[-1] else len(ends)
    if delivery.window is not None:
        return bisect_left(ends, delivery.at)  # what a report says was written by its time: (start, end]
    return bisect_left(ends, delivery.at) - 1  # as-of: (end, end of the next]
