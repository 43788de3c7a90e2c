"""Samples of latency by versions: what each brought to the end of a path, since when, and what is on its way. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from lineage.model import NodeId, Stage
from lineage.slo.evidence import Ancestry, Delivery
from lineage.slo.passage import Arrived, Key, Level, Passage, key_of, regular
from lineage.slo.phrases import seconds
from lineage.slo.shape import stamp

Origin = Literal["oldest", "newest"]
LONG_AGO: Key = (datetime.min.replace(tzinfo=UTC), "")
Measured = Callable[[NodeId, datetime], bool]  # whether beats say how long what a source has takes, at that time


@dataclass(frozen=True, slots=True)
class Sample:
    """What came to the end of the path, or is on its way there, since *origin*; *job* is where it began.

    *name* and *origin* stay when it lands. *at* None: it is still on its way. *level* None: so it is, or nobody knows
    what it was made of, for the *gap* there is, or it came no earlier than *at*, by whichever run. *certain*: if it is
    late, that needs no evidence of what came.
    """

    name: str
    origin: datetime
    job: NodeId
    events: tuple[str, ...]
    at: datetime | None = None
    run: str | None = None
    level: Level | None = None
    path: str | None = None
    stages: tuple[Stage, ...] = ()
    gap: str | None = None
    certain: bool = True


class Journeys(NamedTuple):
    """What *ancestry* tells of its path: *come* are the versions at its end, by time; and what is asked of it.

    It may take *threshold*, from the *origin* on. *believed* is the weakest evidence that counts.
    """

    ancestry: Ancestry
    come: Sequence[Arrived]
    origin: Origin
    threshold: timedelta
    believed: Level

    def certain(self, source: NodeId, version: Delivery) -> bool:
        """Whether no version of the target that may have brought *version*, for all that is believed, came in time."""
        first = bisect_right(self.come, version.at, key=_at)
        end = bisect_right(self.come, begun(version) + self.threshold, key=_at)
        unsure = (each for each in self.come[first:end] if not each.backfill and self._unsure(source, each))
        return self.believed > Level.BEAT and next(unsure, None) is None

    def _unsure(self, source: NodeId, arrived: Arrived) -> bool:
        """Whether what *arrived* brought of *source* is not known as surely as is asked."""
        passage = arrived.oldest.get(source)
        return _lost(source, arrived) if passage is None else passage.level > self.believed


def by_versions(of: Journeys, measured: Measured) -> Iterator[Sample]:
    """What each version of the target brought, from its origin on, and what is on its way.

    A version brings the source versions after those that an earlier one had brought, by all ways. The first one known
    brought all since *ancestry* begins; what was there before only tells what is new.
    The origin is the oldest of them, or the newest. Of the oldest all that is brought, or on its way, is told, for what
    took too long counts by itself; of the newest what was so when it was due. What beats *measured* when it was there
    is left out.
    """
    ancestry = of.ancestry
    versions = {source: regular(ancestry, source) for source in sorted(ancestry.sources)}
    marks: dict[NodeId, Key] = {}
    for arrived in of.come:
        if arrived.backfill:
            continue
        at = arrived.delivery.at
        if arrived.gap is not None and not all(measured(source, at) for source in versions):
            yield _unknown(arrived, arrived.gap)
        new = [
            (version, passage)
            for version, passage in _new(arrived, marks, versions, of)
            if not measured(passage.source, version.at)
        ]
        if at > ancestry.begin:
            yield from (
                _landed(of, arrived, version, passage)
                for place, (version, passage) in enumerate(new, start=1)
                if of.origin == "oldest" or place == len(new) or _stood(of, version, versions[passage.source], at)
            )
    waiting = [
        (version, source)
        for source, there in versions.items()
        for version in there[bisect_right(there, marks.get(source, LONG_AGO), key=key_of) :]
        if not measured(source, version.at)
    ]
    waiting.sort(key=lambda each: _order(each[0]))
    lost = {source: [each for each in of.come if not each.backfill and _lost(source, each)] for source in versions}
    for version, source in waiting:
        if of.origin == "oldest" or _stood(of, version, versions[source], None):
            yield _waiting(of, source, version, lost[source])


def _stood(of: Journeys, version: Delivery, there: Sequence[Delivery], landed: datetime | None) -> bool:
    """Whether *version*, of those *there*, was late, on its way and the newest there was when it was due."""
    due = begun(version) + of.threshold
    place = bisect_right(there, key_of(version), key=key_of)
    return (landed is None or landed > due) and (place == len(there) or there[place].at > due)


def begun(version: Delivery) -> datetime:
    """When the data of a source version began to be: its interval's start, or when it was there."""
    if version.nominal is not None:
        return min(version.nominal[0], version.at)
    return version.at - (version.window or timedelta(0))


def travelled(passage: Passage, version: Delivery, origin: datetime) -> Iterator[Stage]:
    """How long the source took to write *version*, and how long it waited for each job of *passage*, and each ran."""
    yield Stage("made by", version.job, seconds(version.at - origin))
    for place, leg in enumerate(passage.legs):
        waited = leg.delivery.at - leg.ran - version.at if place == 0 else leg.waited
        yield Stage("waiting for", leg.delivery.job, seconds(waited))
        yield Stage("running", leg.delivery.job, seconds(leg.ran))


def _unknown(arrived: Arrived, gap: str) -> Sample:
    version = arrived.delivery
    return Sample(_name(version), version.at, version.job, version.events, version.at, version.run, gap=gap)


def _new(
    arrived: Arrived, marks: dict[NodeId, Key], versions: Mapping[NodeId, Sequence[Delivery]], of: Journeys
) -> list[tuple[Delivery, Passage]]:
    """What *arrived* brought first, by when it began, and by which way; *marks* go on to it."""
    new: list[tuple[Delivery, Passage]] = []
    for source, passage in (arrived.oldest if of.origin == "oldest" else arrived.newest).items():
        upto, mark, there = key_of(passage.version), marks.get(source), versions[source]
        if mark is None:
            known = there[bisect_right(there, of.ancestry.begin, key=_written) : bisect_left(there, upto, key=key_of)]
            brought = [*known, passage.version]
        else:
            brought = [*there[bisect_right(there, mark, key=key_of) : bisect_right(there, upto, key=key_of)]]
        new += [(each, passage) for each in brought]
        marks[source] = upto if mark is None else max(mark, upto)
    return sorted(new, key=lambda each: _order(each[0]))


def _landed(of: Journeys, arrived: Arrived, version: Delivery, passage: Passage) -> Sample:
    origin, target = begun(version), arrived.delivery
    stages = tuple(travelled(passage, version, origin))
    events = passage.events if version is passage.version else (*passage.events[:-1], *version.events[:1])
    return Sample(
        _name(version),
        origin,
        version.job,
        events,
        target.at,
        target.run,
        passage.level,
        passage.path,
        stages,
        certain=of.certain(passage.source, version),
    )


def _waiting(of: Journeys, source: NodeId, version: Delivery, lost: Sequence[Arrived]) -> Sample:
    """What is on its way; what is certainly late only until one of those *lost* came, which may have brought it."""
    certain = of.certain(source, version)
    late = max(version.at, begun(version) + of.threshold)
    place = bisect_right(lost, late, key=_at) if certain else len(lost)
    found = lost[place] if place < len(lost) else None
    return Sample(
        _name(version),
        begun(version),
        version.job,
        version.events if found is None else (*found.delivery.events[:1], *version.events[:1]),
        None if found is None else found.delivery.at,
        None if found is None else found.delivery.run,
        certain=certain,
    )


def _order(version: Delivery) -> tuple[datetime, Key]:
    return begun(version), key_of(version)


def _lost(source: NodeId, arrived: Arrived) -> bool:
    """Whether nobody knows what *arrived* brought of *source*."""
    return arrived.lost is not None and source not in arrived.oldest


def _at(arrived: Arrived) -> datetime:
    return arrived.delivery.at


def _written(version: Delivery) -> datetime:
    return version.at


def _name(version: Delivery) -> str:
    return f"{version.run}@{stamp(version.at)}"
