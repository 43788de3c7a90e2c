"""By which runs data came from the sources to a version, as those runs say themselves (SLO.md b.4). Pure."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple

from lineage.model import NodeId, Use
from lineage.slo.evidence import Ancestry, Delivery

Key = tuple[datetime, str]  # the order of versions: by time, then by run


class Level(IntEnum):
    """How sure a passage is; the weakest hop decides."""

    BEAT = 1  # a heartbeat went the way of the data
    VERSION = 2  # the reader named the version that it read
    AS_OF = 3  # the last version delivered before the reader began


class Leg(NamedTuple):
    """A run on the way: how long what it read had *waited* when it began, and how long it *ran*."""

    dataset: NodeId
    delivery: Delivery
    waited: timedelta
    ran: timedelta


@dataclass(frozen=True, slots=True)
class Passage:
    """How *version* of *source* came on, by *legs* in the order of the data. *datasets* are those that it passed."""

    source: NodeId
    version: Delivery
    level: Level
    legs: tuple[Leg, ...] = ()
    datasets: frozenset[NodeId] = field(default_factory=frozenset)

    @property
    def path(self) -> str:
        """Six hex digits that are equal for equal ways through jobs and datasets."""
        steps = [self.source, *(each for leg in self.legs for each in (leg.delivery.job, leg.dataset))]
        return hashlib.sha256("\n".join(map(str, steps)).encode()).hexdigest()[:6]

    @property
    def events(self) -> tuple[str, ...]:
        """What proves it: one event for each version on the way, from the target back to the source."""
        on_the_way = [leg.delivery for leg in reversed(self.legs)]
        return tuple(event for each in [*on_the_way, self.version] for event in each.events[:1])


class Arrived(NamedTuple):
    """A version of the target. Of each source the *oldest* and the *newest* version that came into it, by all ways.

    *lost* says why a way could not be followed to its end, *gap* does where none could. A *backfill* is no passage.
    """

    delivery: Delivery
    oldest: Mapping[NodeId, Passage]
    newest: Mapping[NodeId, Passage]
    gap: str | None = None
    backfill: bool = False
    lost: str | None = None


def arrivals(ancestry: Ancestry) -> list[Arrived]:
    """Every version of the target, by time, with what came into it from the sources."""
    return list(_Following(ancestry).all())


def key_of(delivery: Delivery) -> Key:
    """Where *delivery* stands among the versions of its dataset."""
    return delivery.at, delivery.run


def backfills(deliveries: Iterable[Delivery]) -> frozenset[str]:
    """The runs whose interval begins before one that the same job had delivered when they began (SLO.md b.6)."""
    delivered: dict[NodeId, list[tuple[datetime, datetime]]] = {}  # (at, newest start by then)
    found = set()
    for each in sorted(deliveries, key=key_of):
        if each.nominal is None:
            continue
        start, before = each.nominal[0], delivered.setdefault(each.job, [])
        place = bisect_right(before, each.started_at or each.at, key=lambda pair: pair[0])
        if place and start < before[place - 1][1]:
            found.add(each.run)
        before.append((each.at, max(start, before[-1][1] if before else start)))
    return frozenset(found)


def regular(ancestry: Ancestry, source: NodeId) -> list[Delivery]:
    """The versions of *source* by time, without those of backfills."""
    come = ancestry.deliveries.get(source, ())
    left_out = ancestry.backfills | backfills(come)
    return [each for each in come if each.run not in left_out]


@dataclass(slots=True)
class _Found:
    """What came into one version, by source."""

    oldest: dict[NodeId, Passage] = field(default_factory=dict)
    newest: dict[NodeId, Passage] = field(default_factory=dict)
    gap: str | None = None

    def add(self, passage: Passage) -> None:
        source, key = passage.source, key_of(passage.version)
        if source not in self.oldest or key < key_of(self.oldest[source].version):
            self.oldest[source] = passage
        if source not in self.newest or key > key_of(self.newest[source].version):
            self.newest[source] = passage

    def passages(self) -> Iterator[Passage]:
        yield from self.oldest.values()
        yield from (each for source, each in self.newest.items() if each is not self.oldest[source])


class _Following:
    """All versions in the order of time: what a run read was written before it, so each asks only those before."""

    def __init__(self, ancestry: Ancestry) -> None:
        self._of = ancestry
        everything = [each for come in ancestry.deliveries.values() for each in come]
        self._backfills = ancestry.backfills | backfills(everything)
        self._regular = {
            dataset: [each for each in come if each.run not in self._backfills]
            for dataset, come in ancestry.deliveries.items()
        }
        self._times = {dataset: [each.at for each in come] for dataset, come in self._regular.items()}
        self._named = {
            (use.dataset, use.version): run
            for run, uses in ancestry.uses.items()
            for use in uses
            if use.side == "output" and use.version is not None
        }
        self._found: dict[tuple[NodeId, str, datetime], _Found] = {}

    def all(self) -> Iterator[Arrived]:
        written = [
            (each.at, each.run, dataset, each)
            for dataset, come in self._of.deliveries.items()
            if dataset not in self._of.sources
            for each in come
        ]
        for at, run, dataset, delivery in sorted(written, key=lambda one: one[:3]):
            found = self._found[dataset, run, at] = self._come_into(dataset, delivery)
            if dataset == self._of.target:
                gap = found.gap if not found.oldest else None
                yield Arrived(delivery, found.oldest, found.newest, gap, delivery.run in self._backfills, found.gap)

    def _come_into(self, dataset: NodeId, delivery: Delivery) -> _Found:
        found = _Found()
        if delivery.window is not None:
            found.gap = f"{delivery.job.name} streams, and only heartbeats tell how long that takes"
            return found
        uses = self._of.uses.get(delivery.run, ())
        made_of = next((use.made_of for use in uses if use.side == "output" and use.dataset == dataset), None)
        for use in uses:
            known = use.side == "input" and use.effective and use.dataset in self._regular and use.dataset != dataset
            if known and (made_of is None or use.dataset in made_of):
                self._read(found, dataset, delivery, use)
        return found

    def _read(self, found: _Found, dataset: NodeId, delivery: Delivery, use: Use) -> None:
        """Go on from all that had come into the version that *use* speaks of."""
        began = delivery.started_at or use.first_at
        version, level = self._version(delivery, use, began)
        if version is None:
            found.gap = f"which version of {use.dataset.name} {delivery.job.name} read is not known"
            return
        if use.dataset in self._of.sources:
            behind = _Found()
            behind.add(Passage(use.dataset, version, Level.VERSION, (), frozenset([use.dataset])))
        else:
            behind = self._found.get((use.dataset, version.run, version.at), _Found())
        found.gap = found.gap or behind.gap
        taken = max(began, version.at)  # a run may read on what was written after it began
        leg = Leg(dataset, delivery, taken - version.at, delivery.at - taken)
        for passage in behind.passages():
            if dataset not in passage.datasets:
                weakest = max(level, passage.level)
                way = (*passage.legs, leg)
                found.add(Passage(passage.source, passage.version, weakest, way, passage.datasets | {dataset}))

    def _version(self, reader: Delivery, use: Use, began: datetime) -> tuple[Delivery | None, Level]:
        """The version that was read: the one that the reader named, else the last before it began."""
        regular = self._regular[use.dataset]
        if use.version is not None:
            writer = self._named.get((use.dataset, use.version))
            named = next((each for each in reversed(self._of.deliveries[use.dataset]) if each.run == writer), None)
            if named is not None and named.run != reader.run and named.at <= reader.at:
                return named, Level.VERSION
        for place in range(bisect_right(self._times[use.dataset], began) - 1, -1, -1):
            if regular[place].run != reader.run:
                contradicted = use.version is not None and self._names(regular[place], use.dataset)
                return (None if contradicted else regular[place]), Level.AS_OF
        return None, Level.AS_OF

    def _names(self, delivery: Delivery, dataset: NodeId) -> bool:
        """Whether the writer gave the version a name of its own."""
        uses = self._of.uses.get(delivery.run, ())
        return any(use.version is not None for use in uses if use.side == "output" and use.dataset == dataset)
