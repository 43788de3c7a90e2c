"""What runs made of a dataset, as far as judging its promises needs it: versions without their names and schemas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.database.times import instant
from lineage.model import RunState, Write
from lineage.store._codes import OUTPUT, TYPE, instant_or_none
from lineage.store._identity import Component
from lineage.store._told import Told
from lineage.store._uses import Question
from lineage.store.base import Resolve
from lineage.store.sqlite.figures import figures
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import WITHIN
from lineage.store.sqlite.uses import LISTED, conditions, divided

PROOFS: Final = 3
ENDS: Final[dict[str, int]] = {state: TYPE[state] for state in ("COMPLETE", "FAIL", "ABORT")}

_SETTLED: Final = f"""
    SELECT listing.speaker, (SELECT name FROM node WHERE node.id = listing.speaker), listing.dataset, speaker.job,
        state, written_at, nominal_start, nominal_end, first_received, started, parent_run
    {LISTED} {{where}} AND written_at > :since AND written_at <= :as_of AND {WITHIN}
"""  # noqa: S608 - of constants
_ENDS: Final = """
    SELECT moment.speaker, moment.type, event.digest, received FROM moment JOIN event ON event.id = moment.event
    WHERE moment.speaker IN (SELECT value FROM json_each(:speakers))
        AND moment.type IN (SELECT value FROM json_each(:kinds)) AND moment.at <= :as_of AND received <= :known_at
    ORDER BY moment.at DESC, event.digest DESC
"""
_HEARD: Final = """
    SELECT min(received) FROM moment JOIN event ON event.id = moment.event
    WHERE speaker = :speaker AND moment.at <= :as_of AND received <= :known_at
"""
_ANY: Final = "SELECT EXISTS (SELECT 1 FROM event WHERE received <= ?)"


class _Row(NamedTuple):
    """A listing that is a version; ids and microseconds."""

    speaker: int
    run: str
    dataset: int
    job: int
    state: RunState
    written_at: int
    nominal_start: int | None
    nominal_end: int | None
    heard: int
    started: int | None
    parent: int | None


def writes(
    connection: Connection, resolve: Resolve, asked: Question[int], part: Component[int], *, counts: bool
) -> list[Write]:
    """Keep the promise of `Store.writes`; those written at the same time are in the order of their run ids."""
    told = divided(connection, resolve, asked)
    where, values = conditions(asked)
    rows = list(map(_Row._make, connection.execute(_SETTLED.format(where=where), values)))
    runs = names(connection, told)
    rows += [row for each in told.values() for row in _told(connection, each, runs[each.id].name, part.members, asked)]
    newest: dict[int, _Row] = {}
    raw: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows:
        raw[row.speaker].add(row.dataset)
        if row.speaker not in newest or newest[row.speaker].written_at < row.written_at:
            newest[row.speaker] = row
    counted = _counted(connection, part, raw, asked) if counts else {}
    proofs = _proofs(connection, newest, asked)
    called = names(connection, {each for row in newest.values() for each in (row.job, row.parent) if each is not None})
    return [
        Write(
            row.run,
            called[row.job],
            row.state,
            instant(row.written_at),
            instant_or_none(row.nominal_start),
            instant_or_none(row.nominal_end),
            counted.get(row.speaker),
            tuple(digest for digest, _ in proofs.get(row.speaker, ())[:PROOFS]),
            instant(row.heard),
            instant_or_none(row.started),
            None if row.parent is None else called[row.parent].name,
            instant_or_none(min((received for _, received in proofs.get(row.speaker, ())), default=None)),
        )
        for row in sorted(newest.values(), key=lambda row: (-row.written_at, row.run))
    ]


def _told(
    connection: Connection, told: Told[int], run: str, members: Collection[int], asked: Question[int]
) -> Iterator[_Row]:
    """The versions of a speaker that the cut divides, as it was told then."""
    for member in members:
        listed = told.listings.get((member, OUTPUT))
        if listed is None or listed.written_at is None or not asked.since < listed.written_at <= asked.until:
            continue
        assert told.job is not None, "who made a version spoke, and named its job"
        assert told.state is not None, "and it was a run"
        ((heard,),) = connection.execute(_HEARD, {"speaker": told.id, **asked.at._asdict()})
        yield _Row(
            told.id, run, member, told.job, told.state, listed.written_at, told.nominal[0], told.nominal[1], heard,
            told.started, told.parent[0],
        )  # fmt: skip


def _counted(
    connection: Connection, part: Component[int], raw: Mapping[int, Collection[int]], asked: Question[int]
) -> dict[int, int | None]:
    keys = {(speaker, part.canonical, OUTPUT): members for speaker, members in raw.items()}
    return {key[0]: found.statistics.rows for key, found in figures(connection, keys, asked.at, schemas=False).items()}


def _proofs(
    connection: Connection, newest: Mapping[int, _Row], asked: Question[int]
) -> dict[int, list[tuple[str, int]]]:
    """The events that ended each speaker as its state says, newest first, with their receipts."""
    kinds = {speaker: ENDS[row.state] for speaker, row in newest.items() if row.state in ENDS}
    values: dict[str, Any] = {"speakers": each_of(kinds), "kinds": each_of(set(kinds.values())), **asked.at._asdict()}
    found: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    for speaker, kind, digest, received in connection.execute(_ENDS, values):
        if kinds[speaker] == kind:
            found[speaker].append((digest.hex(), received))
    return found


def heard(connection: Connection, known_at: int) -> bool:
    """Keep the promise of `Store.heard`; the oldest rows are looked at first, so that one is enough as a rule."""
    ((any_,),) = connection.execute(_ANY, (known_at,))
    return bool(any_)
