"""Runs by what people ask for: their ids, job, parent, state or time; for now or as they were known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final

from lineage.model import Page, Run
from lineage.store._runs import Question, Row, row_of, run_of
from lineage.store._told import Told
from lineage.store.base import Resolve
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import DIVIDED, WITHIN, retell

_COLUMNS: Final = (
    "speaker.id, job, state, speaker.last_at, started, ended, began, conflict, "
    "parent_run, parent_job, root_run, root_job, nominal_start, nominal_end"
)
_RUN: Final = "state IS NOT NULL AND job IS NOT NULL AND began > :since AND began <= :until"
_ROWS: Final = f"SELECT {_COLUMNS} FROM speaker WHERE speaker.id IN (SELECT value FROM json_each(:ids))"  # noqa: S608 - of constants


def runs(connection: Connection, resolve: Resolve, asked: Question[int], limit: int, offset: int) -> Page:
    """Keep the promise of `Store.runs`; runs that began together are in the order of their ids."""
    where, values, apart = _split(connection, resolve, asked)
    ((total,),) = connection.execute(f"SELECT count(*) FROM speaker WHERE {where}", values)  # noqa: S608 - of constants
    page = _first(connection, where, values, apart, limit + offset)
    return Page(tuple(page[offset : offset + limit]), total + len(apart))


def newest(connection: Connection, resolve: Resolve, asked: Question[int], limit: int) -> list[Run]:
    """The first of `runs`, uncounted: what a job with forty thousand of them answers at once."""
    return _first(connection, *_split(connection, resolve, asked), limit)[:limit]


def _split(
    connection: Connection, resolve: Resolve, asked: Question[int]
) -> tuple[str, dict[str, Any], list[Row[int]]]:
    """What *asked* wants of the runs that stand as their rows say; and those that the cut divides, told anew."""
    where, values = _where(asked)
    if asked.at.whole:
        return where, values, []
    return f"{where} AND {WITHIN}", values, _divided(connection, resolve, asked)


def _first(
    connection: Connection, where: str, values: Mapping[str, Any], apart: Sequence[Row[int]], most: int
) -> list[Run]:
    page = f"""
        SELECT {_COLUMNS} FROM speaker CROSS JOIN node ON node.id = speaker.id
        WHERE {where} ORDER BY began DESC, node.name LIMIT :most
    """  # noqa: S608 - of constants
    rows = [Row(*row) for row in connection.execute(page, {**values, "most": most})]
    called = names(connection, mentioned([*rows, *apart]))
    ordered = sorted([*rows, *apart], key=lambda row: (-row.began, called[row.id].name))
    return [run_of(row, called.__getitem__) for row in ordered]


def rows_of(connection: Connection, ids: Collection[int], told: Mapping[int, Told[int]]) -> dict[int, Row[int]]:
    """The rows of some runs: as *told* where they are, else as they stand."""
    settled = connection.execute(_ROWS, {"ids": each_of(set(ids) - told.keys())})
    return {row[0]: Row(*row) for row in settled} | {number: row_of(told[number]) for number in ids if number in told}


def mentioned(rows: Sequence[Row[int]]) -> set[int]:
    """The row ids that `run_of` needs the names of."""
    return {
        number
        for row in rows
        for number in (row.id, row.job, row.parent_run, row.parent_job, row.root_run, row.root_job)
        if number is not None
    }


def _where(asked: Question[int]) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"since": asked.since, "until": asked.until, **asked.at._asdict()}
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
        few = asked.ids is not None or asked.job is not None or asked.parent is not None
        state = "+state" if few else "state"  # without the plus all runs in that state are gone through
        conditions.append(f"{state} IN ({', '.join(f':state{at}' for at in range(len(asked.states)))})")
    return " AND ".join(conditions), values


def _divided(connection: Connection, resolve: Resolve, asked: Question[int]) -> list[Row[int]]:
    values: dict[str, Any] = asked.at._asdict()
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
    rows = map(row_of, retell(connection, resolve, candidates, asked.at).values())
    return [row for row in rows if asked.suits(row)]
