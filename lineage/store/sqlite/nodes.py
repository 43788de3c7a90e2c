"""Datasets and jobs as they are known, now or at a cut: their spans, aliases, newest facets and tombstones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from sqlite3 import Connection

from lineage.database.times import instant
from lineage.model import Node, NodeId
from lineage.store._codes import KIND, OUTPUT, OWN, TYPE
from lineage.store._cut import Cut
from lineage.store._identity import Component, all_names
from lineage.store._nodes import Facet, Known, Stone, all_dropped, span
from lineage.store.answers import Namespace
from lineage.store.sqlite.codes import node_id, unpack
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import SINCE, any_hidden, hidden

SPANS = """
    SELECT id, first_at, last_at, last_at <= ?2 AND last_received <= ?3 FROM node
    WHERE id IN (SELECT value FROM json_each(?1)) AND first_at <= ?2 AND first_received <= ?3
"""
SPAN = """
    SELECT min(first_at), max(last_at) FROM (
        SELECT
            (SELECT mention.at FROM mention JOIN event ON event.id = mention.event
             WHERE node = ?1 AND own = column1 AND mention.at <= ?2 AND received <= ?3
             ORDER BY mention.at LIMIT 1) AS first_at,
            (SELECT mention.at FROM mention JOIN event ON event.id = mention.event
             WHERE node = ?1 AND own = column1 AND mention.at <= ?2 AND received <= ?3
             ORDER BY mention.at DESC LIMIT 1) AS last_at
        FROM (VALUES (0), (1))
    )
"""
FACETS = """
    WITH newest AS MATERIALIZED (
        SELECT carries.node, carries.name, (
            SELECT event FROM facet JOIN event ON event.id = facet.event
            WHERE facet.node = carries.node AND side = ?2 AND facet.name = carries.name
                AND facet.at <= ?3 AND received <= ?4
            ORDER BY facet.at DESC, digest DESC LIMIT 1
        ) AS event FROM carries WHERE node IN (SELECT value FROM json_each(?1))
    )
    SELECT newest.node, word.text, event.at, event.digest, body.data FROM newest
    JOIN event ON event.id = newest.event
    JOIN word ON word.id = newest.name
    JOIN facet ON facet.node = newest.node AND facet.side = ?2 AND facet.name = newest.name
        AND facet.at = event.at AND facet.event = event.id
    LEFT JOIN body ON body.id = facet.body
"""
TOMBSTONES = """
    SELECT tombstone.dataset, tombstone.at, digest, dropped FROM tombstone JOIN event ON event.id = tombstone.event
    WHERE tombstone.dataset IN (SELECT value FROM json_each(?1)) AND tombstone.at <= ?2 AND received <= ?3
"""
HIDDEN = f"""
    SELECT namespace, kind, count(*) FROM node
    WHERE namespace IN (SELECT iif(kind = 'namespace', name, namespace) FROM statement WHERE hides = 1)
        AND kind <> 2 AND last_received <= {SINCE}
    GROUP BY namespace, kind
"""  # noqa: S608 - of constants

LISTED = """
    SELECT value FROM json_each(?1) WHERE EXISTS (
        SELECT 1 FROM mention JOIN event ON event.id = mention.event
        WHERE node = value AND listed AND mention.at <= ?2 AND received <= ?3
    )
"""

# A run that says COMPLETE of a dataset after it was dropped, and did not drop it itself, shows that it is there again.
REBUILT = """
    SELECT EXISTS (
        SELECT 1 FROM json_each(:members) AS member
        CROSS JOIN listing ON listing.dataset = member.value AND listing.side = :output AND listing.last_at > :dropped
        CROSS JOIN touch ON touch.speaker = listing.speaker AND touch.dataset = listing.dataset
            AND touch.side = :output AND touch.type = :complete
        JOIN event ON event.id = touch.event
        WHERE touch.at > :dropped AND touch.at <= :as_of AND received <= :known_at AND NOT EXISTS (
            SELECT 1 FROM tombstone JOIN event AS dropping ON dropping.id = tombstone.event
            WHERE tombstone.dataset IN (SELECT value FROM json_each(:members)) AND tombstone.dropped
                AND dropping.run = touch.speaker AND tombstone.at <= :as_of AND dropping.received <= :known_at
        )
    )
"""


def look_up(connection: Connection, nodes: Iterable[NodeId]) -> dict[NodeId, int]:
    """The row ids of those of *nodes* that have a row."""
    found: dict[NodeId, int] = {}
    for node in nodes:
        for (number,) in connection.execute(
            "SELECT id FROM node WHERE kind = ? AND namespace = ? AND name = ?",
            (KIND[node.kind], node.namespace, node.name),
        ):
            found[node] = number
    return found


def names(connection: Connection, wanted: Collection[int]) -> dict[int, NodeId]:
    """Whose row ids *wanted* are."""
    rows = connection.execute(
        "SELECT id, kind, namespace, name FROM node WHERE id IN (SELECT value FROM json_each(?))", (each_of(wanted),)
    )
    return {number: node_id(*row) for number, *row in rows}


def get(connection: Connection, wanted: Iterable[NodeId], at: Cut) -> dict[NodeId, Node]:
    """Keep the promise of `Store.get`."""
    asked = {node: number for node, number in look_up(connection, wanted).items() if node.kind != "run"}
    parts = components(connection, asked.values(), at)
    members = all_names(parts)
    spans = _spans(connection, members, at)
    rows = {node: (number, *known) for node, number in asked.items() if (known := span(parts[number], spans))}
    nodes = described(connection, list(rows.values()), at, facets=_facets(connection, members, at))
    return dict(zip(rows, nodes, strict=True))


def described(
    connection: Connection,
    rows: Sequence[tuple[int, int, int]],
    at: Cut,
    facets: Mapping[int, Mapping[str, Facet]] | None = None,
) -> list[Node]:
    """Nodes of *rows* (id, first and last time), in their order; with the *facets* given by row id."""
    parts = components(connection, [row[0] for row in rows], at)
    members = all_names(parts)
    stones = _stones(connection, members, at)
    listed = {number for number in members if facets and facets.get(number)}  # who has facets was shown
    listed.update(number for (number,) in connection.execute(LISTED, (each_of(members - listed), *at.clocks)))
    known = Known(
        parts=parts,
        called=names(connection, members | {row[0] for row in rows}),
        hid=hidden(connection, members, at),
        listed=listed,
        stones=stones,
        rebuilt=[
            part.canonical
            for part, drop in all_dropped(parts.values(), stones).items()
            if _rebuilt(connection, part, drop, at)
        ],
        facets=facets or {},
    )
    return [known.node(*row) for row in rows]


def namespaces(connection: Connection) -> list[Namespace]:
    """Keep the promise of `Store.namespaces`."""
    rows = connection.execute("SELECT name, first_at, last_at, datasets, jobs FROM namespace ORDER BY name").fetchall()
    rows_hidden = connection.execute(HIDDEN, Cut()._asdict()).fetchall() if any_hidden(connection) else []
    hid = {(namespace, kind): count for namespace, kind, count in rows_hidden}
    return [
        Namespace(
            name,
            instant(first),
            instant(last),
            datasets - hid.get((name, KIND["dataset"]), 0),
            jobs - hid.get((name, KIND["job"]), 0),
        )
        for name, first, last, datasets, jobs in rows
    ]


def _spans(connection: Connection, members: Collection[int], at: Cut) -> dict[int, tuple[int, int]]:
    spans: dict[int, tuple[int, int]] = {}
    for number, first, last, whole in connection.execute(SPANS, (each_of(members), *at.clocks)).fetchall():
        if not whole:
            ((first, last),) = connection.execute(SPAN, (number, *at.clocks))  # noqa: PLW2901 - the span within the cut
        if first is not None:
            spans[number] = (first, last)
    return spans


def _facets(connection: Connection, members: Collection[int], at: Cut) -> dict[int, dict[str, Facet]]:
    found: defaultdict[int, dict[str, Facet]] = defaultdict(dict)
    for node, name, time, digest, data in connection.execute(FACETS, (each_of(members), OWN, *at.clocks)):
        found[node][name] = Facet(time, digest, None if data is None else unpack(data))
    return found


def _stones(connection: Connection, members: Collection[int], at: Cut) -> dict[int, Stone]:
    stones: dict[int, Stone] = {}
    for dataset, time, digest, dropped in connection.execute(TOMBSTONES, (each_of(members), *at.clocks)):
        stone = Stone(time, digest, not dropped)
        stones[dataset] = max(stones.get(dataset, stone), stone)
    return stones


def _rebuilt(connection: Connection, part: Component[int], drop: Stone, at: Cut) -> bool:
    asked = {"dropped": drop.at, "output": OUTPUT, "complete": TYPE["COMPLETE"], **at._asdict()}
    ((rebuilt,),) = connection.execute(REBUILT, {"members": each_of(part.members), **asked})
    return bool(rebuilt)
