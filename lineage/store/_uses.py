"""Who used what: the listings of one speaker on one side, under any name of one dataset, are one use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, Use
from lineage.store._codes import EVER, SIDES
from lineage.store._cut import Cut
from lineage.store._figures import Figures, Key
from lineage.store._observations import Ref
from lineage.store._told import Told


class Question(NamedTuple, Generic[Ref]):
    """A filter of uses; times in microseconds. *until* cuts: what came after it says nothing."""

    speaker: Ref | None = None
    job: Ref | None = None
    members: Collection[Ref] | None = None  # of a dataset
    side: int | None = None
    since: int = -EVER
    until: int = EVER
    known_at: int = EVER
    lead: int = EVER

    @property
    def at(self) -> Cut:
        """The cut that goes with the filter."""
        return Cut(self.until, self.known_at, self.lead)

    def of(self, told: Iterable[Told[Ref]]) -> list[Row[Ref]]:
        """The listings that were asked for, of speakers as they were told then."""
        return [
            row
            for row in rows_of(told)
            if (self.speaker is None or row.speaker == self.speaker)
            and (self.job is None or row.job == self.job)
            and (self.members is None or row.dataset in self.members)
            and (self.side is None or row.side == self.side)
            and row.last_at > self.since
        ]


class Row(NamedTuple, Generic[Ref]):
    """A listing, as far as a use is made of it."""

    speaker: Ref
    dataset: Ref
    side: int
    job: Ref
    is_run: int  # 0 for a job that spoke without a run
    first_at: int
    last_at: int
    effective: int


@dataclass(slots=True)
class Whole(Generic[Ref]):
    """All listings of one speaker on one side under any name of one dataset."""

    job: Ref
    is_run: int  # 0 for a job that spoke without a run
    first_at: int
    last_at: int
    effective: int
    raw: set[Ref]  # the names that it was listed under


def rows_of(told: Iterable[Told[Ref]]) -> Iterator[Row[Ref]]:
    """All listings of speakers as they were told then."""
    for each in told:
        for (dataset, side), of in each.listings.items():
            assert each.job is not None, "a speaker that lists a dataset spoke, and named its job"
            is_run = each.state is not None
            yield Row(each.id, dataset, side, each.job, is_run, of.first_at, of.last[0], of.effective)


def enough(newest: Iterable[Row[Ref]], limit: int) -> Iterator[Row[Ref]]:
    """The first of *newest*, which come by their last observation: enough of them for *limit* uses."""
    seen: set[tuple[Ref, int]] = set()
    last = EVER
    for row in newest:
        # Names of one dataset fall together, so that only (speaker, side) surely counts; ties are taken whole.
        if len(seen) >= limit and row.last_at < last:
            return
        seen.add((row.speaker, row.side))
        last = row.last_at
        yield row


def folded(rows: Iterable[Row[Ref]], canonical: Mapping[Ref, Ref]) -> dict[Key[Ref], Whole[Ref]]:
    """The uses that *rows* come to; *canonical* is who speaks for each of their datasets."""
    found: dict[Key[Ref], Whole[Ref]] = {}
    for row in rows:
        key = (row.speaker, canonical[row.dataset], row.side)
        use = found.setdefault(key, Whole(row.job, row.is_run, row.first_at, row.last_at, row.effective, set()))
        use.first_at, use.last_at = min(use.first_at, row.first_at), max(use.last_at, row.last_at)
        use.effective = use.effective or row.effective
        use.raw.add(row.dataset)
    return found


def ordered(
    keys: Iterable[Key[Ref]], whole: Mapping[Key[Ref], Whole[Ref]], called: Callable[[Ref], NodeId]
) -> dict[Key[Ref], Whole[Ref]]:
    """The uses of *keys*, newest first by last observation; those of one time by run and dataset, outputs first."""
    found = sorted(keys, key=lambda key: (-whole[key].last_at, called(key[0]).name, called(key[1]), -key[2]))
    return {key: whole[key] for key in found}


def use_of(
    key: Key[Ref],
    whole: Whole[Ref],
    figures: Figures,
    made_of: tuple[NodeId, ...] | None,
    called: Callable[[Ref], NodeId],
) -> Use:
    """The Use that *key* and what it comes to stand for."""
    return Use(
        run=called(key[0]).name if whole.is_run else None,
        job=called(whole.job),
        dataset=called(key[1]),
        side=SIDES[key[2]],
        first_at=instant(whole.first_at),
        last_at=instant(whole.last_at),
        statistics=figures.statistics,
        version=figures.version,
        effective=bool(whole.effective),
        made_of=made_of,
    )
