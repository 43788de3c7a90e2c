"""A run, or a job that spoke without one: what is known of it, its listings, and how it takes in one more observation.

Spans only widen and the newest word wins by event time and digest, so that the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple

from lineage.model import Moment as Deciding
from lineage.store._codes import CLAIMED, EVER, STATED
from lineage.store._observations import NOBODY, Listed, Moment, Ref


class Newest(NamedTuple, Generic[Ref]):
    """A value and the event that said it, of which a newer one wins."""

    at: int
    digest: bytes
    event: Ref | None
    value: tuple[Any, ...]

    def or_newer(self, moment: Moment[Ref], value: tuple[Any, ...]) -> Newest[Ref]:
        """What *moment* says if it is newer, else itself."""
        newer = (moment.at, moment.digest) > (self.at, self.digest)
        return Newest(moment.at, moment.digest, moment.event, value) if newer else self

    def doubt(self, node: Ref | None) -> tuple[Ref, ...]:
        """Both nodes, when *node* is another than the first of the value."""
        before = self.value[0] if self.value else None
        return (before, node) if before is not None and node is not None and before != node else ()


UNSAID: Final = -EVER
NEVER: Final[Newest[Any]] = Newest(UNSAID, b"", None, ())


@dataclass(slots=True)
class Speaker(Generic[Ref]):
    """What its row says of a speaker, and what a batch adds. Spans start inside out, so that anything widens them."""

    id: Ref
    types: int = 0
    first_at: int = EVER
    last_at: int = UNSAID
    first_seen: int = EVER
    last_seen: int = UNSAID
    first_received: int = EVER
    last_received: int = UNSAID
    lead: int = UNSAID  # the most that the time of any of its events was after its receipt
    job: Newest[Ref] = NEVER
    parent: Newest[Ref] = NEVER  # run and job of the parent, run and job of the root: one facet, replaced whole
    nominal: Newest[Ref] = NEVER  # start and end, likewise
    listings: dict[tuple[Ref, int], ListingRow[Ref]] = field(default_factory=dict)
    deciding: list[Deciding] = field(default_factory=list)

    @property
    def stated(self) -> bool:
        """True of a job that spoke without a run."""
        return bool(self.types >> STATED & 1)

    def hear(self, moment: Moment[Ref]) -> Collection[Ref]:
        """Take in one moment. Answers the jobs or parents between which it left any doubt."""
        self.first_seen, self.last_seen = min(self.first_seen, moment.at), max(self.last_seen, moment.at)
        self.first_received = min(self.first_received, moment.received)
        self.last_received = max(self.last_received, moment.received)
        self.lead = max(self.lead, moment.at - moment.received)
        doubts = (*self.job.doubt(moment.job), *self.parent.doubt(moment.parent[0]))
        if moment.type != CLAIMED:
            if not self.types:  # What others claimed of it counts no longer.
                self.first_at, self.last_at, self.job = EVER, UNSAID, NEVER
            self.types |= 1 << moment.type
        elif self.types:
            return doubts
        self.first_at, self.last_at = min(self.first_at, moment.at), max(self.last_at, moment.at)
        if moment.job is not None:
            self.job = self.job.or_newer(moment, (moment.job,))
        if moment.parent != NOBODY:
            self.parent = self.parent.or_newer(moment, moment.parent)
        if moment.nominal != (None, None):
            self.nominal = self.nominal.or_newer(moment, moment.nominal)
        return doubts


class ListingRow(NamedTuple, Generic[Ref]):
    """A row of `listing` without its key."""

    job: Ref | None
    types: int
    first_at: int
    last_at: int
    last_event: Ref
    last_digest: bytes
    told: int
    effective: int
    written_at: int | None

    @classmethod
    def before(cls, listed: Listed[Ref]) -> ListingRow[Ref]:
        """The row that waits for its first touch."""
        return cls(None, 0, listed.at, listed.at, listed.event, listed.digest, 0, 0, None)

    def with_touch(self, listed: Listed[Ref]) -> ListingRow[Ref]:
        """The row with one more touch."""
        newer = (listed.at, listed.digest) > (self.last_at, self.last_digest)
        return self._replace(
            types=self.types | 1 << listed.type,
            first_at=min(self.first_at, listed.at),
            last_at=max(self.last_at, listed.at),
            last_event=listed.event if newer else self.last_event,
            last_digest=listed.digest if newer else self.last_digest,
            told=self.told | listed.told,
        )
