"""The versions of a dataset: what each run that wrote it made, by the time at which it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from sqlite3 import Connection

from lineage.database.times import instant
from lineage.model import Page, Version
from lineage.store._codes import OUTPUT
from lineage.store._cut import Cut
from lineage.store._identity import Component
from lineage.store._runs import run_of
from lineage.store._told import Told
from lineage.store._uses import Question
from lineage.store.base import Resolve
from lineage.store.sqlite import runs
from lineage.store.sqlite.figures import figures
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.told import WITHIN
from lineage.store.sqlite.uses import LISTED, conditions, divided, statements, together

_NAME = "(SELECT name FROM node WHERE node.id = listing.speaker)"
_NEWEST = f"""
    SELECT listing.speaker, written_at {LISTED} dataset IN (SELECT value FROM json_each(?))
        AND written_at IS NOT NULL AND state = 'COMPLETE' ORDER BY written_at DESC, {_NAME} LIMIT 1
"""  # noqa: S608 - of constants
_ALONE = ("count(*)", "written_at", "")
_UNDER_SEVERAL_NAMES = ("count(DISTINCT listing.speaker)", "max(written_at)", "GROUP BY listing.speaker")


def versions(  # noqa: PLR0913 - the promise's own filter
    connection: Connection,
    resolve: Resolve,
    asked: Question[int],
    part: Component[int],
    *,
    delivered: bool | None,
    limit: int,
    offset: int,
) -> Page:
    """Keep the promise of `Store.versions`; those written at the same time are in the order of their run ids."""
    retold = divided(connection, resolve, asked._replace(side=OUTPUT))
    told = {
        number: (each, written_at)
        for number, each in retold.items()
        if delivered in (None, each.state == "COMPLETE")
        and (written_at := each.written_at(part.members)) is not None
        and asked.since < written_at <= asked.until
    }
    where, values = conditions(asked)
    settled = f"{LISTED} {where} AND written_at > :since AND written_at <= :as_of AND {WITHIN}"
    if delivered is not None:
        settled += f" AND state {'=' if delivered else '<>'} 'COMPLETE'"
    counted, written, grouped = _ALONE if len(part.members) == 1 else _UNDER_SEVERAL_NAMES
    ((total,),) = connection.execute(f"SELECT {counted} {settled}", values)
    rows = connection.execute(
        f"SELECT listing.speaker, {written} AS written {settled} {grouped} ORDER BY written DESC, {_NAME} LIMIT :most",
        {**values, "most": limit + offset},
    ).fetchall()
    rows += [(number, written_at) for number, (_, written_at) in told.items()]
    called = names(connection, {speaker for speaker, _ in rows})
    chosen = sorted(rows, key=lambda row: (-row[1], called[row[0]].name))[offset : offset + limit]
    return Page(tuple(_versions(connection, chosen, retold, part, asked.at)), total + len(told))


def newest(connection: Connection, parts: Mapping[int, Component[int]]) -> dict[int, Version]:
    """The newest delivered version of each of *parts*, by their keys; ties as in `versions`."""
    found: dict[int, Version] = {}
    for number, part in parts.items():
        rows = connection.execute(_NEWEST, (each_of(part.members),)).fetchall()
        for version in _versions(connection, rows, {}, part, Cut()):
            found[number] = version
    return found


def _versions(
    connection: Connection,
    chosen: Sequence[tuple[int, int]],
    told: Mapping[int, Told[int]],
    part: Component[int],
    at: Cut,
) -> list[Version]:
    keys = {speaker: (speaker, part.canonical, OUTPUT) for speaker, _ in chosen}
    whole = together(connection, keys, told, at)
    found = figures(connection, {key: whole[key].raw for key in keys.values()}, at)
    made_of = statements(connection, {key: whole[key] for key in keys.values()}, at)
    rows = runs.rows_of(connection, keys, told)
    called = names(connection, runs.mentioned(list(rows.values())) | {part.canonical})
    return [
        Version(
            dataset=called[part.canonical],
            run=run_of(rows[speaker], called.__getitem__),
            written_at=instant(written_at),
            delivered=rows[speaker].state == "COMPLETE",
            statistics=made.statistics,
            explicit=made.version,
            schema_digest=made.schema_digest,
            made_of=made_of.get(keys[speaker]),
        )
        for speaker, written_at in chosen
        for made in (found[keys[speaker]],)
    ]
