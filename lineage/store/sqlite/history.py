"""What happened: events, and the dated rows of every facet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from sqlite3 import Connection
from typing import Any, Final, Literal, NamedTuple

from lineage.database.times import instant
from lineage.model import EventRecord, FacetRecord, NodeId, Page, Side
from lineage.store._codes import EVER, INPUT, KINDS, OUTPUT, OWN, SIDE, SIDES, STATED, TYPES
from lineage.store._cut import Cut
from lineage.store._events import Question
from lineage.store.sqlite.codes import unpack
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of

_SOURCES: Final = {  # where to look first, and by which time it is ordered
    "event": ("event", "event.at"),
    "ahead": ("event", "event.at"),
    "run": ("(SELECT event, at FROM moment WHERE speaker = :run AND type < :stated) AS named", "named.at"),
    "job": ("(SELECT event, at FROM mention WHERE node = :job AND own = 1) AS named", "named.at"),
    "dataset": ("(SELECT event, at FROM mention WHERE node = :dataset AND own = 0) AS named", "named.at"),
    "datasets": (
        """(SELECT DISTINCT event, at FROM mention
        WHERE node IN (SELECT value FROM json_each(:dataset)) AND own = 0) AS named""",
        "named.at",
    ),
}
_JOIN: Final = " CROSS JOIN event ON event.id = named.event"
# The plus keeps the planner from beginning with all that ever named the dataset.
_MENTIONED: Final = "+event.id IN (SELECT event FROM mention WHERE node IN (SELECT value FROM json_each(:members)))"
_RECORD: Final = """
    SELECT event.id, event.digest, event.kind, event.type, event.at, event.received, word.text, event.run, event.job,
        event.dataset, event.warnings
    FROM event JOIN word ON word.id = event.producer WHERE event.id IN (SELECT value FROM json_each(?))
"""
_FACETS: Final = """
    SELECT word.text, facet.side, body.data, facet.at, event.received, event.digest, event.run
    FROM facet CROSS JOIN word ON word.id = facet.name JOIN event ON event.id = facet.event
    LEFT JOIN body ON body.id = facet.body
    WHERE facet.node IN (SELECT value FROM json_each(:of)) AND facet.side IN (SELECT value FROM json_each(:sides))
        {named} AND facet.at > :since AND facet.at <= :until AND event.received <= :known_at
        AND facet.at - event.received <= :lead
    ORDER BY facet.at DESC, event.digest DESC, word.text, facet.side, body.digest LIMIT :limit
"""
_NAMED: Final = "AND facet.name IN (SELECT id FROM word WHERE text IN (SELECT value FROM json_each(:names)))"


def events(connection: Connection, asked: Question[int], *, newest_first: bool, limit: int, offset: int) -> Page:
    """Keep the promise of `Store.events`."""
    table, at = _SOURCES[asked.source]
    values = {**_values(asked), "stated": STATED}
    conditions = [f"{at} > :since", f"{at} <= :until"]
    beyond = list(_beyond(asked, values))
    joined = table if table == "event" else table + _JOIN
    order = "DESC" if newest_first else "ASC"
    where = " AND ".join(conditions + beyond)
    counted = joined if beyond else table
    ((total,),) = connection.execute(f"SELECT count(*) FROM {counted} WHERE {where}", values)  # noqa: S608 - of constants
    if total == 0:
        return Page((), 0)
    page = f"SELECT event.id FROM {joined} WHERE {where} ORDER BY {at} {order}, event.digest {order} LIMIT :limit OFFSET :offset"  # noqa: S608, E501 - of constants
    found = [event for (event,) in connection.execute(page, {**values, "limit": limit, "offset": offset})]
    records = _records(connection, found)
    return Page(tuple(records[event] for event in found), total)


def _values(asked: Question[int]) -> dict[str, Any]:
    members = asked.members or ()
    dataset = members[0] if len(members) == 1 else each_of(members)
    return {"run": asked.run, "job": asked.job, "dataset": dataset, "since": asked.since, "until": asked.until}


def _beyond(asked: Question[int], values: dict[str, Any]) -> Iterator[str]:
    """The conditions that the source does not see to."""
    if asked.known_at < EVER:
        values["known_at"] = asked.known_at
        yield "event.received <= :known_at"
    if asked.lead < EVER:
        values["lead"] = asked.lead
        yield "event.at - event.received <= :lead"
    if asked.ahead is not None:
        values["ahead"] = asked.ahead
        yield "event.at > event.received AND event.at - event.received > :ahead"
        if asked.run is not None:
            yield "event.id IN (SELECT event FROM moment WHERE speaker = :run AND type < :stated)"
    if asked.digests is not None:
        values |= {f"digest{at}": bytes.fromhex(digest) for at, digest in enumerate(asked.digests)}
        yield f"event.digest IN ({', '.join(f':digest{at}' for at in range(len(asked.digests)))})"
    if asked.job is not None and asked.source != "job":
        yield "event.job = :job"
    if asked.namespace is not None:
        values["namespace"] = asked.namespace
        yield "coalesce(event.job, event.dataset) IN (SELECT id FROM node WHERE namespace = :namespace)"
    if asked.members is not None and asked.source in {"run", "ahead"}:
        values["members"] = each_of(asked.members)
        yield _MENTIONED


def _records(connection: Connection, found: Sequence[int]) -> dict[int, EventRecord]:
    rows = connection.execute(_RECORD, (each_of(found),)).fetchall()
    called = names(connection, {number for row in rows for number in row[7:10] if number is not None})
    records: dict[int, EventRecord] = {}
    for event, digest, kind, type_, at, received, producer, run, job, dataset, warnings in rows:
        records[event] = EventRecord(
            digest=digest.hex(),
            kind=KINDS[kind],
            type=None if type_ is None else TYPES[type_],
            at=instant(at),
            received_at=instant(received),
            producer=producer,
            run=None if run is None else called[run].name,
            job=None if job is None else called[job],
            dataset=None if dataset is None else called[dataset],
            warnings=tuple(json.loads(warnings)) if warnings else (),
        )
    return records


class Window(NamedTuple):
    """since < event time <= until, received by known_at, ahead of that by lead at most; in microseconds."""

    since: int
    until: int
    known_at: int
    lead: int


def facet_history(  # noqa: PLR0913 - the promise's own filter
    connection: Connection,
    of: NodeId,
    facets: Iterable[str] | None,
    side: Side | Literal["any"] | None,
    window: Window,
    *,
    limit: int,
) -> list[FacetRecord]:
    """Keep the promise of `Store.facet_history`."""
    number = look_up(connection, [of]).get(of)
    if number is None:
        return []
    canonical, members = components(connection, [number], Cut())[number]
    rows = connection.execute(
        _FACETS.format(named="" if facets is None else _NAMED),
        {
            "of": each_of(members), "names": json.dumps(list(facets or ())),
            "sides": each_of((INPUT, OUTPUT, OWN) if side == "any" else (OWN,) if side is None else (SIDE[side],)),
            **window._asdict(),
            "limit": limit,
        },
    ).fetchall()  # fmt: skip
    called = names(connection, {canonical, *(row[-1] for row in rows if row[-1] is not None)})
    return [
        FacetRecord(
            of=called[canonical],
            name=name,
            side=None if on == OWN else SIDES[on],
            body=b"" if data is None else unpack(data),
            at=instant(at),
            received_at=instant(received),
            digest=digest.hex(),
            run=None if run is None else called[run].name,
        )
        for name, on, data, at, received, digest, run in rows
    ]
