"""A run, or a job that spoke without one: its row, its listings, and how it takes in one more observation.

Spans only widen and the newest word wins by event time and digest, so that the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.model import Moment as Deciding
from lineage.store._codes import CLAIMED, EVER, STATED
from lineage.store.sqlite.observations import NOBODY, Listed, Moment
from lineage.store.sqlite.sql import each_of

COLUMNS: Final = (
    "id, job, state, started, ended, began, first_at, last_at, conflict, types, parent_run, parent_job, root_run, "
    "root_job, nominal_start, nominal_end, job_event, parent_event, nominal_event, first_seen, last_seen, "
    "first_received, last_received"
)
SPEAKERS = f"""
    SELECT {", ".join(f"speaker.{column}" for column in COLUMNS.split(", "))},
        job.at, job.digest, parent.at, parent.digest, nominal.at, nominal.digest
    FROM speaker
    LEFT JOIN event AS job ON job.id = job_event
    LEFT JOIN event AS parent ON parent.id = parent_event
    LEFT JOIN event AS nominal ON nominal.id = nominal_event
    WHERE speaker.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - of constants
LISTINGS = """
    SELECT speaker, listing.dataset, side, listing.job, types, first_at, last_at, last_event, digest, told,
        effective, written_at
    FROM listing JOIN event ON event.id = last_event WHERE speaker IN (SELECT value FROM json_each(?))
"""


class Newest(NamedTuple):
    """A value and the event that said it, of which a newer one wins."""

    at: int
    digest: bytes
    event: int
    value: tuple[int | None, ...]

    def or_newer(self, moment: Moment, value: tuple[int | None, ...]) -> Newest:
        """What *moment* says if it is newer, else itself."""
        newer = (moment.at, moment.digest) > (self.at, self.digest)
        return Newest(moment.at, moment.digest, moment.event, value) if newer else self

    def doubt(self, node: int | None) -> tuple[int, ...]:
        """Both nodes, when *node* is another than the first of the value."""
        before = self.value[0] if self.value else None
        return (before, node) if before is not None and node is not None and before != node else ()


UNSAID: Final = -EVER
NEVER: Final = Newest(UNSAID, b"", 0, ())


@dataclass(slots=True)
class Speaker:
    """What its row says of a speaker, and what a batch adds. Spans start inside out, so that anything widens them."""

    id: int
    types: int = 0
    first_at: int = EVER
    last_at: int = UNSAID
    first_seen: int = EVER
    last_seen: int = UNSAID
    first_received: int = EVER
    last_received: int = UNSAID
    job: Newest = NEVER
    parent: Newest = NEVER  # run and job of the parent, run and job of the root: one facet, replaced whole
    nominal: Newest = NEVER  # start and end, likewise
    listings: dict[tuple[int, int], ListingRow] = field(default_factory=dict)
    deciding: list[Deciding] = field(default_factory=list)

    @property
    def stated(self) -> bool:
        """True of a job that spoke without a run."""
        return bool(self.types >> STATED & 1)

    def hear(self, moment: Moment) -> Collection[int]:
        """Take in one moment. Answers the jobs or parents between which it left any doubt."""
        self.first_seen, self.last_seen = min(self.first_seen, moment.at), max(self.last_seen, moment.at)
        self.first_received = min(self.first_received, moment.received)
        self.last_received = max(self.last_received, moment.received)
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


class ListingRow(NamedTuple):
    """A row of `listing` without its key."""

    job: int
    types: int
    first_at: int
    last_at: int
    last_event: int
    last_digest: bytes
    told: int
    effective: int
    written_at: int | None

    def with_touch(self, listed: Listed) -> ListingRow:
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


def load(connection: Connection, wanted: Collection[int]) -> dict[int, Speaker]:
    """The speakers *wanted* as they are known, with their listings; unknown ones as blank."""
    speakers = {number: Speaker(number) for number in wanted}
    asked = (each_of(wanted),)
    for row in connection.execute(SPEAKERS, asked):
        speakers[row[0]] = _speaker(row)
    for speaker, dataset, side, *rest in connection.execute(LISTINGS, asked):
        speakers[speaker].listings[dataset, side] = ListingRow(*rest)
    return speakers


def _speaker(row: tuple[Any, ...]) -> Speaker:
    job, parent, nominal = (
        NEVER if event is None else Newest(at, digest, event, value)
        for event, (at, digest), value in (
            (row[16], row[23:25], row[1:2]),
            (row[17], row[25:27], row[10:14]),
            (row[18], row[27:29], row[14:16]),
        )
    )
    return Speaker(
        id=row[0],
        types=row[9],
        first_at=row[6],
        last_at=row[7],
        first_seen=row[19],
        last_seen=row[20],
        first_received=row[21],
        last_received=row[22],
        job=job,
        parent=parent,
        nominal=nominal,
    )
