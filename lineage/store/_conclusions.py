"""What follows for the speakers that a batch touched: states, effective listings, versions and the summary edges.

All of it is a function of the set of observations; an edge changes by what became of its listings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Final

from lineage.database.times import instant, microseconds
from lineage.model import Listing, RunObserved
from lineage.model import Moment as Deciding
from lineage.store._codes import LAST_DECIDING, OUTPUT, SIDE, SIDES, TYPE_SETS, TYPES
from lineage.store._observations import Called, Listed, Moment, Ref, Row
from lineage.store._speakers import ListingRow, Speaker
from lineage.store.base import Resolve

COLUMNS: Final = (
    *("id", "job", "state", "started", "ended", "began", "first_at", "last_at", "conflict", "types"),
    *("parent_run", "parent_job", "root_run", "root_job", "nominal_start", "nominal_end"),
    *(
        "job_event",
        "parent_event",
        "nominal_event",
        "first_seen",
        "last_seen",
        "first_received",
        "last_received",
        "lead",
    ),
)


def deciding(kind: int, at: int, digest: bytes) -> Deciding:
    """A moment of type *kind* as a conclusion wants it."""
    return Deciding(TYPES[kind], instant(at), digest)


def decides(moment: Moment[Ref]) -> bool:
    """Whether a conclusion wants *moment* itself, and not only that there was one of its type."""
    return moment.type <= LAST_DECIDING


def hear(
    speakers: Mapping[Ref, Speaker[Ref]], moments: Iterable[Moment[Ref]], listed: Iterable[Listed[Ref]]
) -> set[tuple[Ref, Ref]]:
    """Let *speakers* take in *moments* and touches. Answers jobs and parents between which it left doubt, with whom."""
    for touch in listed:
        known = speakers[touch.speaker].listings
        row = known.get((touch.dataset, touch.side)) or ListingRow.before(touch)
        known[touch.dataset, touch.side] = row.with_touch(touch)
    return {(node, moment.speaker) for moment in moments for node in speakers[moment.speaker].hear(moment)}


def recall(speakers: Mapping[Ref, Speaker[Ref]], moments: Iterable[Moment[Ref]]) -> None:
    """Let *speakers* keep those of *moments* that a conclusion wants one by one, in its order."""
    for moment in filter(decides, moments):
        speakers[moment.speaker].deciding.append(deciding(moment.type, moment.at, moment.digest))
    for speaker in speakers.values():
        speaker.deciding.sort(key=attrgetter("at", "digest"))


def concluded(speaker: Speaker[Ref], names: Called[Ref], resolve: Resolve) -> Row:
    """The row of *speaker*, as COLUMNS names it; its listings are brought up to date on the way."""
    job = speaker.job.value[0] if speaker.job.value else None
    state: str | None = None if speaker.stated else "NEW"
    started = ended = None
    conflict = False
    effective = set(speaker.listings) if speaker.stated else set()
    if speaker.types and not speaker.stated:
        concluded = resolve(_observed(speaker, names))
        state, conflict = concluded.state, concluded.conflict
        started, ended = (None if at is None else microseconds(at) for at in (concluded.started_at, concluded.ended_at))
        effective = {(names.node(dataset), SIDE[side]) for dataset, side in concluded.effective}
    for key, row in speaker.listings.items():
        assert job is not None, "a speaker that lists a dataset spoke, and named its job"
        made = key[1] == OUTPUT and key in effective and not speaker.stated
        written_at = (ended if state == "COMPLETE" else row.last_at) if made else None
        speaker.listings[key] = row._replace(job=job, effective=int(key in effective), written_at=written_at)
    return (
        *(speaker.id, job, state, started, ended, speaker.first_at if started is None else started),
        *(speaker.first_at, speaker.last_at, conflict, speaker.types),
        *(speaker.parent.value or (None,) * 4),
        *(speaker.nominal.value or (None,) * 2),
        *(newest.event or None for newest in (speaker.job, speaker.parent, speaker.nominal)),
        *(speaker.first_seen, speaker.last_seen, speaker.first_received, speaker.last_received, speaker.lead),
    )


def listings(speakers: Iterable[Speaker[Ref]]) -> dict[tuple[Ref, Ref, int], ListingRow[Ref]]:
    """All listings of *speakers*, by speaker, dataset and side."""
    return {(speaker.id, *key): row for speaker in speakers for key, row in speaker.listings.items()}


def edges(
    speakers: Mapping[Ref, Speaker[Ref]],
    before: Mapping[tuple[Ref, Ref, int], ListingRow[Ref]],
    changed: Mapping[tuple[Ref, Ref, int], ListingRow[Ref]],
) -> tuple[dict[tuple[Ref, int, Ref], list[int]], dict[tuple[Ref, int, Ref], list[int]]]:
    """The edges that listings joined, and those that they left, when they *changed* from what they were *before*.

    By job, side and dataset: first and last time and how many more runs and jobs without runs; how many fewer of each.
    """
    joined: dict[tuple[Ref, int, Ref], list[int]] = {}
    left: dict[tuple[Ref, int, Ref], list[int]] = {}
    for key, now in changed.items():
        speaker, dataset, side = key
        stated = speakers[speaker].stated
        then = before.get(key)
        stays = then is not None and then.effective and now.effective and then.job == now.job
        if now.effective:
            assert now.job is not None, "a listing that counts has its job"
            edge = joined.setdefault((now.job, side, dataset), [now.first_at, now.last_at, 0, 0])
            edge[0], edge[1] = min(edge[0], now.first_at), max(edge[1], now.last_at)
            edge[2 + stated] += not stays
        if then is not None and then.effective and not stays:
            assert then.job is not None, "a listing that counted had its job"
            left.setdefault((then.job, side, dataset), [0, 0])[stated] += 1
    return joined, left


def _observed(speaker: Speaker[Ref], names: Called[Ref]) -> RunObserved:
    return RunObserved(
        run=names.name(speaker.id),
        moments=tuple(speaker.deciding),
        first_at=instant(speaker.first_at),
        last_at=instant(speaker.last_at),
        listings=tuple(
            sorted(
                Listing(
                    names.name(dataset),
                    SIDES[side],
                    TYPE_SETS[row.types],
                    instant(row.first_at),
                    instant(row.last_at),
                    bool(row.told),
                )
                for (dataset, side), row in speaker.listings.items()
            )
        ),
        types=TYPE_SETS[speaker.types],
    )
