"""The whole graph in few figures: what happened span by span, and what one facet says of all that carry it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from sqlite3 import Connection
from typing import Final

from lineage.database.times import instant, microseconds
from lineage.model import Kind
from lineage.store._codes import KIND, OWN, TYPES
from lineage.store.answers import Carried
from lineage.store.sqlite.codes import unpack

SHOWN: Final = ("START", "COMPLETE", "FAIL", "ABORT")
_EVENTS: Final = "SELECT type, count(*) FROM event WHERE at > ? AND at <= ? AND type IS NOT NULL GROUP BY type"
_SEEN: Final = "SELECT first_at FROM node WHERE kind = ? AND first_at IS NOT NULL ORDER BY first_at"
_CARRIED: Final = """
    SELECT namespace, newest, min(first_at), max(last_at) FROM (
        SELECT node.namespace, first_at, last_at, (
            SELECT facet.body FROM facet JOIN event ON event.id = facet.event
            WHERE facet.node = node.id AND side = :own AND facet.name = word.id
            ORDER BY facet.at DESC, digest DESC LIMIT 1
        ) AS newest
        FROM node LEFT JOIN word ON word.text = :facet WHERE node.kind = :kind AND last_at IS NOT NULL
    ) GROUP BY namespace, newest
"""


def tallies(connection: Connection, borders: Sequence[datetime]) -> list[Mapping[str, int]]:
    """Keep the promise of `Store.tallies`."""
    edges = [microseconds(border) for border in borders]
    seen = {"datasets": _seen(connection, "dataset"), "jobs": _seen(connection, "job")}
    found: list[Mapping[str, int]] = []
    for since, until in pairwise(edges):
        counts = {TYPES[kind]: count for kind, count in connection.execute(_EVENTS, (since, until))}
        spoken: dict[str, int] = {kind: counts.get(kind, 0) for kind in SHOWN}
        found.append(spoken | {what: bisect_right(times, until) for what, times in seen.items()})
    return found


def _seen(connection: Connection, kind: Kind) -> list[int]:
    return [first for (first,) in connection.execute(_SEEN, (KIND[kind],))]


def carried(connection: Connection, facet: str, kind: Kind) -> list[Carried]:
    """Keep the promise of `Store.carried`."""
    rows = connection.execute(_CARRIED, {"facet": facet, "kind": KIND[kind], "own": OWN}).fetchall()
    bodies = {
        body: unpack(data)
        for body in {row[1] for row in rows if row[1] is not None}
        for (data,) in connection.execute("SELECT data FROM body WHERE id = ?", (body,))
    }
    found = (
        Carried(namespace, None if body is None else bodies[body], instant(first_at), instant(last_at))
        for namespace, body, first_at, last_at in rows
    )
    return sorted(found, key=Carried.place)
