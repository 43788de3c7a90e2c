"""Samples of latency by versions: what each brought to the end of a path, since when, and what is on its way. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lineage.model import NodeId, Stage
from lineage.slo.evidence import Ancestry, Delivery
from lineage.slo.passage import Arrived, Key, Level, Passage, key_of, regular
from lineage.slo.phrases import seconds
from lineage.slo.shape import stamp

Origin = Literal["oldest", "newest"]
Measured = Callable[[NodeId, datetime], bool]  # whether beats say how long what a source has takes, at that time


@dataclass(frozen=True, slots=True)
class Sample:
    """What came to the end of the path, or is on its way there, since *origin*; *job* is where it began.

    *name* and *origin* stay when it lands. *at* None: it is still on its way. *level* None: so it is, or nobody knows
    what it was made of, for the *gap* there is.
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


def by_versions(  # noqa: PLR0913, PLR0917 - what happened, what of it counts, and up to when
    ancestry: Ancestry,
    come: Sequence[Arrived],
    origin: Origin,
    since: datetime,
    now: datetime,
    measured: Measured = lambda _source, _at: False,
) -> list[Sample]:
    """The versions of the target by time, each with the origin of what it brought, and last what is on its way.

    What a version brought are the source versions after those that an earlier one had brought, by all ways. The first
    one known brought at least the version that it was made of; what was there before *ancestry* begins only tells what
    is new. What is on its way counts from the first that began after *since*. What beats have *measured* is left out.
    """
    versions = {source: regular(ancestry, source) for source in sorted(ancestry.sources)}
    marks: dict[NodeId, Key] = {}
    found = []
    for arrived in come:
        if arrived.backfill:
            continue
        at = arrived.delivery.at
        if arrived.gap is not None and not all(measured(source, at) for source in versions):
            found.append(_unknown(arrived, arrived.gap))
        found += _brought(arrived, marks, versions, origin, ancestry.begin, measured)
    pick = min if origin == "oldest" else max
    waiting = [
        (begun(each), key_of(each), each)
        for source, there in versions.items()
        for each in there
        if since < begun(each) and (source not in marks or key_of(each) > marks[source]) and each.at <= now
        if not measured(source, each.at)
    ]
    if waiting:
        at, _, version = pick(waiting, key=lambda one: one[:2])
        found.append(Sample(_name(version), at, version.job, version.events))
    return found


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


def _brought(  # noqa: PLR0913, PLR0917 - what arrived, and all that tells what of it is new
    arrived: Arrived,
    marks: dict[NodeId, Key],
    versions: dict[NodeId, list[Delivery]],
    origin: Origin,
    begin: datetime,
    measured: Measured,
) -> Iterator[Sample]:
    """The sample that *arrived* is, if it brought anything; *marks* go on to what it brought."""
    target = arrived.delivery
    new: list[tuple[datetime, Key, Delivery, Passage]] = []
    for source, passage in (arrived.oldest if origin == "oldest" else arrived.newest).items():
        upto, mark = key_of(passage.version), marks.get(source)
        first = (passage.version,) if mark is None else ()
        if not measured(source, target.at):
            come = (*first, *_after(mark, upto, versions[source]))
            new += [(begun(each), key_of(each), each, passage) for each in come]
        marks[source] = upto if mark is None else max(mark, upto)
    if new and target.at > begin:
        pick = min if origin == "oldest" else max
        at, _, version, passage = pick(new, key=lambda one: one[:2])
        stages = tuple(travelled(passage, version, at))
        yield Sample(
            _name(version),
            at,
            version.job,
            passage.events,
            target.at,
            target.run,
            passage.level,
            passage.path,
            stages,
        )


def _after(mark: Key | None, upto: Key, come: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those of *come* after *mark*, where there is one, up to *upto*."""
    if mark is None:
        return ()
    return come[bisect_right(come, mark, key=key_of) : bisect_right(come, upto, key=key_of)]


def _name(version: Delivery) -> str:
    return f"{version.run}@{stamp(version.at)}"
