"""Who used what, and what came of it: uses of datasets by runs and jobs, and the versions that runs made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, Page, Statistics, Use, Version
from lineage.store.base import Resolve
from lineage.store.sqlite import runs
from lineage.store.sqlite.codes import EVER, OUTPUT, OWN, SIDES
from lineage.store.sqlite.identity import Component, components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import Cut, numbers
from lineage.store.sqlite.told import DIVIDED, WITHIN, Told, retell

_LISTED: Final = "FROM listing JOIN speaker ON speaker.id = listing.speaker WHERE "
_OF_DATASET: Final = ("dataset IN (SELECT value FROM json_each(:members))", "dataset = :member")
_TOUCHES: Final = """
    SELECT touch.speaker, touch.dataset, touch.side, touch.at, digest, rows, bytes, files, version, windowed
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    WHERE touch.at <= :as_of AND received <= :known_at
    ORDER BY touch.at, digest, (SELECT namespace || char(10) || name FROM node WHERE id = touch.dataset)
"""
_SCHEMAS: Final = """
    SELECT touch.speaker, touch.at, event.digest, body.digest
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    JOIN facet ON facet.node = touch.dataset AND facet.side = :own
        AND facet.name = (SELECT id FROM word WHERE text = 'schema')
        AND facet.at = touch.at AND facet.event = touch.event
    JOIN body ON body.id = facet.body
    WHERE touch.at <= :as_of AND received <= :known_at
    ORDER BY touch.at, event.digest, body.digest
"""

Key = tuple[int, int, int]  # speaker, dataset and side


class Question(NamedTuple):
    """A filter of uses; row ids, and times in microseconds. *until* cuts: what came after it says nothing."""

    speaker: int | None = None
    job: int | None = None
    members: Collection[int] | None = None  # of a dataset
    side: int | None = None
    since: int = -EVER
    until: int = EVER
    known_at: int = EVER

    @property
    def at(self) -> Cut:
        """The cut that goes with the filter."""
        return Cut(self.until, self.known_at)

    def suits(self, told: Told, dataset: int, side: int) -> bool:
        """Whether the listing of a speaker as it was told then is one of those asked for, but for its time."""
        return (
            (self.speaker is None or told.id == self.speaker)
            and (self.job is None or told.job == self.job)
            and (self.members is None or dataset in self.members)
            and (self.side is None or side == self.side)
        )


@dataclass(slots=True)
class _Listed:
    """All listings of one speaker on one side under any name of one dataset."""

    job: int
    is_run: bool
    first_at: int
    last_at: int
    effective: bool
    raw: set[int]  # the names that it was listed under


def uses(connection: Connection, resolve: Resolve, asked: Question, limit: int) -> list[Use]:
    """Keep the promise of `Store.uses`; what was observed last at the same time is in the order of run and dataset."""
    told = _divided(connection, resolve, asked)
    listed = [row for row in _settled(connection, asked, limit) if row[0] not in told]
    listed += [
        (each.id, dataset, side, of.last[0])
        for each in told.values()
        for (dataset, side), of in each.listings.items()
        if asked.suits(each, dataset, side) and of.last[0] > asked.since
    ]
    whole = _together(connection, {row[0] for row in listed}, told, asked.at)
    parts = components(connection, {row[1] for row in listed}, asked.at)
    wanted = {(speaker, parts[dataset].canonical, side) for speaker, dataset, side, _ in listed}
    called = names(connection, {number for key in wanted for number in (key[0], key[1], whole[key].job)})
    ordered = sorted(wanted, key=lambda key: (-whole[key].last_at, called[key[0]].name, called[key[1]], -key[2]))[
        :limit
    ]
    found = _statistics(connection, {key: whole[key] for key in ordered}, asked.at)
    return [
        Use(
            run=called[key[0]].name if each.is_run else None,
            job=called[each.job],
            dataset=called[key[1]],
            side=SIDES[key[2]],
            first_at=instant(each.first_at),
            last_at=instant(each.last_at),
            statistics=found[key][0],
            version=found[key][1],
            effective=each.effective,
        )
        for key in ordered
        for each in (whole[key],)
    ]


def _conditions(asked: Question) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        "speaker": asked.speaker, "job": asked.job, "side": asked.side, "since": asked.since,
        "members": numbers(asked.members or ()), "member": next(iter(asked.members or ()), None), **asked.at._asdict(),
    }  # fmt: skip
    conditions = [
        condition
        for condition, value in (
            ("listing.speaker = :speaker", asked.speaker),
            ("listing.job = :job", asked.job),
            (_OF_DATASET[len(asked.members or ()) == 1], asked.members),
            ("side = :side", asked.side),
        )
        if value is not None
    ]
    return " AND ".join(conditions), values


def _settled(connection: Connection, asked: Question, limit: int) -> Iterator[tuple[int, int, int, int]]:
    """The newest listings of speakers that the cut does not divide: enough of them for *limit* uses."""
    where, values = _conditions(asked)
    rows = connection.execute(
        f"SELECT listing.speaker, dataset, side, listing.last_at {_LISTED} {where} AND listing.last_at > :since"
        f" AND {WITHIN} ORDER BY listing.last_at DESC",
        values,
    )
    seen: set[tuple[int, int]] = set()
    last = EVER
    for speaker, dataset, side, last_at in rows:
        # Names of one dataset fall together, so that only (run, side) surely counts; ties are taken whole.
        if len(seen) >= limit and last_at < last:
            return
        seen.add((speaker, side))
        last = last_at
        yield speaker, dataset, side, last_at


def _divided(connection: Connection, resolve: Resolve, asked: Question) -> dict[int, Told]:
    if asked.at.whole:
        return {}
    where, values = _conditions(asked)
    statement = f"SELECT DISTINCT listing.speaker {_LISTED} {where} AND {DIVIDED}"
    if asked.job is not None:
        statement += (
            f" UNION SELECT speaker FROM moved JOIN speaker ON id = moved.speaker WHERE node = :job AND {DIVIDED}"
        )
    return retell(connection, resolve, [speaker for (speaker,) in connection.execute(statement, values)], asked.at)


def _together(
    connection: Connection, speakers: Collection[int], told: Mapping[int, Told], at: Cut
) -> dict[Key, _Listed]:
    """All listings of *speakers*, those of one dataset under several names as one."""
    rows = connection.execute(
        "SELECT listing.speaker, dataset, side, listing.job, state IS NOT NULL, listing.first_at, listing.last_at,"
        " effective FROM listing JOIN speaker ON speaker.id = listing.speaker"
        " WHERE listing.speaker IN (SELECT value FROM json_each(?))",
        (numbers(set(speakers) - told.keys()),),
    ).fetchall()
    rows += [
        (each.id, dataset, side, each.job, each.state is not None, of.first_at, of.last[0], of.effective)
        for speaker in speakers
        if (each := told.get(speaker))
        for (dataset, side), of in each.listings.items()
    ]
    parts = components(connection, {row[1] for row in rows}, at)
    found: dict[Key, _Listed] = {}
    for speaker, dataset, side, job, is_run, first_at, last_at, effective in rows:
        key = (speaker, parts[dataset].canonical, side)
        each = found.setdefault(key, _Listed(job, bool(is_run), first_at, last_at, bool(effective), set()))
        each.first_at, each.last_at = min(each.first_at, first_at), max(each.last_at, last_at)
        each.effective = each.effective or bool(effective)
        each.raw.add(dataset)
    return found


def _statistics(
    connection: Connection, wanted: Mapping[Key, _Listed], at: Cut
) -> dict[Key, tuple[Statistics, str | None]]:
    """Statistics and explicit version of each use."""
    asked = {(key[0], dataset, key[2]): key for key, each in wanted.items() for dataset in each.raw}
    touches: defaultdict[Key, list[tuple[Any, ...]]] = defaultdict(list)
    for speaker, dataset, side, *touch in connection.execute(_TOUCHES, {"keys": numbers(asked), **at._asdict()}):
        touches[asked[speaker, dataset, side]].append(tuple(touch))
    return {key: (_merged(touches[key]), _last(touch[5] for touch in touches[key])) for key in wanted}


def _merged(touches: Sequence[tuple[Any, ...]]) -> Statistics:
    """The last word, oldest first; of windows that add up, the last word on each, summed (DECISIONS 11)."""
    if not _last(touch[6] for touch in touches):
        return Statistics(*(_last(touch[column] for touch in touches) for column in (2, 3, 4)))
    windows: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for touch in touches:
        windows[touch[0]].append(touch)
    sums: list[int | None] = []
    for column in (2, 3, 4):
        counts = [_last(touch[column] for touch in window) for window in windows.values()]
        known = [count for count in counts if count is not None]
        sums.append(sum(known) if known else None)
    return Statistics(*sums)


def _last(values: Iterable[Any]) -> Any:
    last = None
    for value in values:
        if value is not None:
            last = value
    return last


def versions(  # noqa: PLR0913, PLR0917 - the promise's own filter
    connection: Connection,
    resolve: Resolve,
    asked: Question,
    part: Component,
    delivered: bool | None,
    limit: int,
    offset: int,
) -> Page:
    """Keep the promise of `Store.versions`; those written at the same time are in the order of their run ids."""
    told = {
        number: each for number, each in _divided(connection, resolve, asked).items() if _suits(each, asked, delivered)
    }
    where, values = _conditions(asked)
    settled = f"{_LISTED} {where} AND written_at > :since AND written_at <= :as_of"
    if not asked.at.whole:
        settled += f" AND {WITHIN}"
    if delivered is not None:
        settled += f" AND state {'=' if delivered else '<>'} 'COMPLETE'"
    distinct = "listing.speaker" if len(part.members) == 1 else "DISTINCT listing.speaker"
    ((total,),) = connection.execute(f"SELECT count({distinct}) {settled}", values)
    grouped = "" if len(part.members) == 1 else "GROUP BY listing.speaker"
    written_at = "written_at" if len(part.members) == 1 else "max(written_at)"
    rows = connection.execute(
        f"SELECT listing.speaker, {written_at} AS written {settled} {grouped} ORDER BY written DESC,"  # noqa: S608 - of constants
        " (SELECT name FROM node WHERE node.id = listing.speaker) LIMIT :most",
        {**values, "most": limit + offset},
    ).fetchall()
    rows += [(each.id, _written(each, part.members)) for each in told.values()]
    called = names(connection, {speaker for speaker, _ in rows} | {part.canonical})
    chosen = sorted(rows, key=lambda row: (-row[1], called[row[0]].name))[offset : offset + limit]
    return Page(_versions(connection, chosen, told, part, asked.at), total + len(told))


def _suits(told: Told, asked: Question, delivered: bool | None) -> bool:
    written = _written(told, asked.members or ())
    return (
        written is not None
        and asked.since < written <= asked.until
        and (delivered is None or (told.state == "COMPLETE") == delivered)
    )


def _written(told: Told, members: Collection[int]) -> int | None:
    listings = (told.listings.get((member, OUTPUT)) for member in members)
    times = [listed.written_at for listed in listings if listed is not None and listed.written_at is not None]
    return max(times, default=None)


def _versions(
    connection: Connection, chosen: Sequence[tuple[int, int]], told: Mapping[int, Told], part: Component, at: Cut
) -> list[Version]:
    speakers = [speaker for speaker, _ in chosen]
    whole = _together(connection, speakers, told, at)
    mine = {speaker: whole[speaker, part.canonical, OUTPUT] for speaker in speakers}
    found = _statistics(connection, {(speaker, part.canonical, OUTPUT): each for speaker, each in mine.items()}, at)
    keys = numbers((speaker, dataset, OUTPUT) for speaker, each in mine.items() for dataset in each.raw)
    schemas: dict[int, str] = {}
    for speaker, _, _, digest in connection.execute(_SCHEMAS, {"keys": keys, "own": OWN, **at._asdict()}):
        schemas[speaker] = digest.hex()
    rows = runs.rows_of(connection, speakers, told)
    called: dict[int, NodeId] = names(connection, runs.mentioned(list(rows.values())) | {part.canonical})
    return [
        Version(
            dataset=called[part.canonical],
            run=runs.run_of(rows[speaker], called),
            written_at=instant(written_at),
            delivered=rows[speaker].state == "COMPLETE",
            statistics=found[speaker, part.canonical, OUTPUT][0],
            explicit=found[speaker, part.canonical, OUTPUT][1],
            schema_digest=schemas.get(speaker),
        )
        for speaker, written_at in chosen
    ]
