"""The versions of a dataset in short, for a judge; and when the first event of all was received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from lineage.database.times import instant
from lineage.model import Write
from lineage.store._codes import OUTPUT
from lineage.store._identity import Component
from lineage.store._uses import Question
from lineage.store._writes import ENDS, Proof, Row, by_run, rows_of, writes_of
from lineage.store.base import Resolve
from lineage.store.sqlite.figures import figures
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import WITHIN
from lineage.store.sqlite.uses import LISTED, conditions, divided

_SETTLED: Final = f"""
    SELECT listing.speaker, (SELECT name FROM node WHERE node.id = listing.speaker), listing.dataset, speaker.job,
        state, written_at, nominal_start, nominal_end, first_received, started, parent_run
    {LISTED} {{where}} AND written_at > :since AND written_at <= :as_of AND {WITHIN}
"""  # noqa: S608 - of constants
_ENDS: Final = """
    SELECT moment.speaker, moment.type, event.digest, received FROM moment JOIN event ON event.id = moment.event
    WHERE moment.speaker IN (SELECT value FROM json_each(:speakers))
        AND moment.type IN (SELECT value FROM json_each(:kinds)) AND moment.at <= :as_of AND received <= :known_at
        AND moment.at - received <= :lead
    ORDER BY moment.at DESC, event.digest DESC
"""
_HEARD: Final = """
    SELECT min(received) FROM moment JOIN event ON event.id = moment.event
    WHERE speaker = :speaker AND moment.at <= :as_of AND received <= :known_at AND moment.at - received <= :lead
"""
_FIRST: Final = "SELECT min(first_received) FROM node WHERE first_received IS NOT NULL"


def writes(
    connection: Connection, resolve: Resolve, asked: Question[int], part: Component[int], *, counts: bool
) -> list[Write]:
    """Keep the promise of `Store.writes`; those written at the same time are in the order of their run ids."""
    told = divided(connection, resolve, asked._replace(side=OUTPUT))
    where, values = conditions(asked)
    rows: list[Row[int]] = list(map(Row._make, connection.execute(_SETTLED.format(where=where), values)))
    runs = names(connection, told)
    for each in told.values():
        ((heard,),) = connection.execute(_HEARD, {"speaker": each.id, **asked.at._asdict()})
        made = rows_of(each, runs[each.id].name, part.members, heard)
        rows += [row for row in made if asked.since < row.written_at <= asked.until]
    newest, raw = by_run(rows)
    counted = _counted(connection, part, raw, asked) if counts else {}
    called = names(connection, {each for row in newest.values() for each in (row.job, row.parent) if each is not None})
    return writes_of(newest.values(), counted, _proofs(connection, newest, asked), called.__getitem__)


def _counted(
    connection: Connection, part: Component[int], raw: Mapping[int, Collection[int]], asked: Question[int]
) -> dict[int, int | None]:
    keys = {(speaker, part.canonical, OUTPUT): members for speaker, members in raw.items()}
    return {key[0]: found.statistics.rows for key, found in figures(connection, keys, asked.at, schemas=False).items()}


def _proofs(connection: Connection, newest: Mapping[int, Row[int]], asked: Question[int]) -> dict[int, list[Proof]]:
    """The events that ended each speaker as its state says, newest first, with their receipts."""
    kinds = {speaker: ENDS[row.state] for speaker, row in newest.items() if row.state in ENDS}
    values: dict[str, Any] = {"speakers": each_of(kinds), "kinds": each_of(set(kinds.values())), **asked.at._asdict()}
    found: defaultdict[int, list[Proof]] = defaultdict(list)
    for speaker, kind, digest, received in connection.execute(_ENDS, values):
        if kinds[speaker] == kind:
            found[speaker].append((digest.hex(), received))
    return found


def heard(connection: Connection, known_at: int) -> datetime | None:
    """Keep the promise of `Store.heard`: every event names a dataset or a job, and an index knows their first."""
    ((first,),) = connection.execute(_FIRST)
    return None if first is None or first > known_at else instant(first)
