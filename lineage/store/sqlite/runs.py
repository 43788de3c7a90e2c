"""Runs by what people ask for: their ids, job, parent, state or time; for now or as they were known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, Page, Run, RunState
from lineage.store._codes import EVER, instant_or_none
from lineage.store.base import Resolve
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import Cut, each_of
from lineage.store.sqlite.told import DIVIDED, WITHIN, Told, retell

_COLUMNS: Final = (
    "speaker.id, job, state, speaker.last_at, started, ended, began, conflict, "
    "parent_run, parent_job, root_run, root_job, nominal_start, nominal_end"
)
_RUN: Final = "state IS NOT NULL AND job IS NOT NULL AND began > :since AND began <= :until"
_ROWS: Final = f"SELECT {_COLUMNS} FROM speaker WHERE speaker.id IN (SELECT value FROM json_each(:ids))"  # noqa: S608 - of constants


class Question(NamedTuple):
    """A filter of runs; row ids, and times in microseconds."""

    ids: Collection[int] | None = None
    job: int | None = None
    parent: int | None = None
    states: Collection[RunState] | None = None
    since: int = -EVER
    until: int = EVER
    known_at: int = EVER

    def suits(self, told: Told) -> bool:
        """Whether a run as it was told then is one of those asked for."""
        return (
            told.state is not None
            and told.job is not None
            and self.since < told.began <= self.until
            and (self.ids is None or told.id in self.ids)
            and (self.job is None or told.job == self.job)
            and (self.parent is None or told.parent[0] == self.parent)
            and (self.states is None or told.state in self.states)
        )


class Row(NamedTuple):
    """A run as row ids and microseconds; *began* is what runs are ordered by."""

    id: int
    job: int
    state: RunState
    last_at: int
    started: int | None
    ended: int | None
    began: int
    conflict: int
    parent_run: int | None
    parent_job: int | None
    root_run: int | None
    root_job: int | None
    nominal_start: int | None
    nominal_end: int | None


def runs(connection: Connection, resolve: Resolve, asked: Question, limit: int, offset: int) -> Page:
    """Keep the promise of `Store.runs`; runs that began together are in the order of their ids."""
    where, values, apart = _split(connection, resolve, asked)
    ((total,),) = connection.execute(f"SELECT count(*) FROM speaker WHERE {where}", values)  # noqa: S608 - of constants
    page = _first(connection, where, values, apart, limit + offset)
    return Page(tuple(page[offset : offset + limit]), total + len(apart))


def newest(connection: Connection, resolve: Resolve, asked: Question, limit: int) -> list[Run]:
    """The first of `runs`, uncounted: what a job with forty thousand of them answers at once."""
    return _first(connection, *_split(connection, resolve, asked), limit)[:limit]


def _split(connection: Connection, resolve: Resolve, asked: Question) -> tuple[str, dict[str, Any], list[Row]]:
    """What *asked* wants of the runs that stand as their rows say; and those that the cut divides, told anew."""
    at = Cut(known_at=asked.known_at)
    where, values = _where(asked)
    if at.whole:
        return where, values, []
    return f"{where} AND {WITHIN}", values, [row_of(told) for told in _divided(connection, resolve, asked, at)]


def _first(connection: Connection, where: str, values: Mapping[str, Any], apart: Sequence[Row], most: int) -> list[Run]:
    page = f"""
        SELECT {_COLUMNS} FROM speaker CROSS JOIN node ON node.id = speaker.id
        WHERE {where} ORDER BY began DESC, node.name LIMIT :most
    """  # noqa: S608 - of constants
    rows = [Row(*row) for row in connection.execute(page, {**values, "most": most})]
    called = names(connection, mentioned([*rows, *apart]))
    ordered = sorted([*rows, *apart], key=lambda row: (-row.began, called[row.id].name))
    return [run_of(row, called) for row in ordered]


def rows_of(connection: Connection, ids: Collection[int], told: Mapping[int, Told]) -> dict[int, Row]:
    """The rows of some runs: as *told* where they are, else as they stand."""
    settled = connection.execute(_ROWS, {"ids": each_of(set(ids) - told.keys())})
    return {row[0]: Row(*row) for row in settled} | {number: row_of(told[number]) for number in ids if number in told}


def row_of(told: Told) -> Row:
    """The row of a run as it was told then."""
    assert told.job is not None, "a run without a job is no answer"
    assert told.state is not None, "nor is a job that spoke without a run"
    return Row(
        told.id, told.job, told.state, told.last_at, told.started, told.ended, told.began, told.conflict,
        *told.parent, *told.nominal,
    )  # fmt: skip


def mentioned(rows: Sequence[Row]) -> set[int]:
    """The row ids that `run_of` needs the names of."""
    return {
        number
        for row in rows
        for number in (row.id, row.job, row.parent_run, row.parent_job, row.root_run, row.root_job)
        if number is not None
    }


def run_of(row: Row, called: Mapping[int, NodeId]) -> Run:
    """The Run that *row* stands for."""
    return Run(
        id=called[row.id].name,
        job=called[row.job],
        state=row.state,
        last_at=instant(row.last_at),
        started_at=instant_or_none(row.started),
        ended_at=instant_or_none(row.ended),
        nominal_start=instant_or_none(row.nominal_start),
        nominal_end=instant_or_none(row.nominal_end),
        parent_run=called[row.parent_run].name if row.parent_run is not None else None,
        parent_job=called[row.parent_job] if row.parent_job is not None else None,
        root_run=called[row.root_run].name if row.root_run is not None else None,
        root_job=called[row.root_job] if row.root_job is not None else None,
        conflict=bool(row.conflict),
    )


def _where(asked: Question) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {
        "since": asked.since, "until": asked.until, "as_of": EVER, "known_at": asked.known_at
    }  # fmt: skip
    conditions = [_RUN]
    for condition, name, value in (
        ("speaker.id IN (SELECT value FROM json_each(:ids))", "ids", None if asked.ids is None else each_of(asked.ids)),
        ("job = :job", "job", asked.job),
        ("parent_run = :parent", "parent", asked.parent),
    ):
        if value is not None:
            conditions.append(condition)
            values[name] = value
    if asked.states is not None:
        values |= {f"state{at}": state for at, state in enumerate(asked.states)}
        conditions.append(f"state IN ({', '.join(f':state{at}' for at in range(len(asked.states)))})")
    return " AND ".join(conditions), values


def _divided(connection: Connection, resolve: Resolve, asked: Question, at: Cut) -> Iterator[Told]:
    values: dict[str, Any] = at._asdict()
    some = [
        f"SELECT id FROM speaker WHERE {column} = :{name} AND {DIVIDED}"  # noqa: S608 - of constants
        f" UNION SELECT speaker FROM moved JOIN speaker ON id = moved.speaker WHERE node = :{name} AND {DIVIDED}"
        for column, name in (("job", "job"), ("parent_run", "parent"))
        if getattr(asked, name) is not None
    ]
    if asked.ids is not None:
        some = [f"SELECT id FROM speaker WHERE id IN (SELECT value FROM json_each(:ids)) AND {DIVIDED}"]  # noqa: S608 - of constants
    statement = some[0] if some else f"SELECT id FROM speaker WHERE {DIVIDED}"  # noqa: S608 - of constants
    values |= {"job": asked.job, "parent": asked.parent, "ids": each_of(asked.ids or ())}
    candidates = [speaker for (speaker,) in connection.execute(statement, values)]
    return (told for told in retell(connection, resolve, candidates, at).values() if asked.suits(told))
