"""What a speaker had come to by a cut that divides its events, in whichever store it was told again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic

from lineage.model import RunState
from lineage.store._codes import OUTPUT
from lineage.store._conclusions import COLUMNS, concluded
from lineage.store._observations import Called, Ref
from lineage.store._speakers import Speaker
from lineage.store.base import Resolve


@dataclass(slots=True)
class Listed:
    """A listing within the cut; *last* is event time and digest of its newest touch."""

    types: int
    first_at: int
    last: tuple[int, bytes]
    told: bool = False
    effective: bool = False
    written_at: int | None = None


@dataclass(slots=True)
class Told(Generic[Ref]):
    """A speaker within the cut, as its row would be there; *state* is None for a job that spoke without a run."""

    id: Ref
    job: Ref | None
    types: int
    first_at: int
    last_at: int
    parent: tuple[Ref | None, ...] = (None,) * 4
    nominal: tuple[int | None, ...] = (None,) * 2
    state: RunState | None = "NEW"
    started: int | None = None
    ended: int | None = None
    conflict: bool = False
    listings: dict[tuple[Ref, int], Listed] = field(default_factory=dict)

    @property
    def began(self) -> int:
        """What runs are ordered by."""
        return self.first_at if self.started is None else self.started

    def written_at(self, members: Iterable[Ref]) -> int | None:
        """When it wrote the dataset of these names last; None where it made no version of it."""
        listings = (self.listings.get((member, OUTPUT)) for member in members)
        return max((of.written_at for of in listings if of is not None and of.written_at is not None), default=None)


def told(speaker: Speaker[Ref], names: Called[Ref], resolve: Resolve) -> Told[Ref]:
    """What *speaker*, which heard all within the cut and nothing beyond, came to."""
    row = dict(zip(COLUMNS, concluded(speaker, names, resolve), strict=True))
    return Told(
        id=speaker.id,
        job=row["job"],
        types=speaker.types,
        first_at=speaker.first_at,
        last_at=speaker.last_at,
        parent=tuple(row[name] for name in ("parent_run", "parent_job", "root_run", "root_job")),
        nominal=(row["nominal_start"], row["nominal_end"]),
        state=row["state"],
        started=row["started"],
        ended=row["ended"],
        conflict=row["conflict"],
        listings={
            key: Listed(
                listed.types,
                listed.first_at,
                (listed.last_at, listed.last_digest),
                bool(listed.told),
                bool(listed.effective),
                listed.written_at,
            )
            for key, listed in speaker.listings.items()
        },
    )
