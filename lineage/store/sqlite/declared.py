"""Why datasets are one, with evidence; and which may be one, though nobody declared it."""

from __future__ import annotations

from itertools import islice
from sqlite3 import Connection
from typing import Final

from lineage.database.times import instant
from lineage.model import Declaration, NodeId, Suggestion
from lineage.store._alike import Used, alike
from lineage.store._codes import KIND
from lineage.store.sqlite.identity import joined
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of

SAID: Final = """
    SELECT link.alias, link.why, word.text, link.dataset, active, min(same_as.at), max(same_as.at),
        active AND one.component <> other.component
    FROM link JOIN node AS one ON one.id = link.alias JOIN node AS other ON other.id = link.dataset
    JOIN word ON word.id = link.why
    JOIN same_as ON same_as.alias = link.alias AND same_as.why = link.why AND same_as.dataset = link.dataset
    WHERE link.alias IN (SELECT value FROM json_each(?1)) OR link.dataset IN (SELECT value FROM json_each(?1))
    GROUP BY link.alias, link.why, link.dataset
"""
PROOFS: Final = """
    SELECT digest FROM same_as JOIN event ON event.id = same_as.event
    WHERE alias = ? AND why = ? AND same_as.dataset = ? ORDER BY same_as.at DESC, digest DESC LIMIT 3
"""
USED: Final = """
    SELECT coalesce(-component, node.id), namespace, name, edge.side FROM edge
    JOIN node ON node.id = edge.dataset WHERE node.kind = ? GROUP BY node.id, edge.side ORDER BY namespace, name
"""


def declarations(connection: Connection, dataset: NodeId) -> list[Declaration]:
    """Keep the promise of `Store.declarations`."""
    number = look_up(connection, [dataset]).get(dataset)
    if number is None:
        return []
    rows = connection.execute(SAID, (each_of(joined(connection, number)),)).fetchall()
    called = names(connection, {end for row in rows for end in (row[0], row[3])})
    found = [
        Declaration(
            alias=called[alias],
            dataset=called[to],
            why=text,
            counts=bool(active),
            first_at=instant(first_at),
            last_at=instant(last_at),
            cut=bool(cut),
            evidence=tuple(digest.hex() for (digest,) in connection.execute(PROOFS, (alias, why, to))),
        )
        for alias, why, text, to, active, first_at, last_at, cut in rows
    ]
    return sorted(found, key=lambda each: (each.alias, each.why, each.dataset))


def suggestions(connection: Connection, limit: int) -> list[Suggestion]:
    """Keep the promise of `Store.suggestions`."""
    rows = connection.execute(USED, (KIND["dataset"],))
    used = (Used(canonical, NodeId("dataset", namespace, name), side) for canonical, namespace, name, side in rows)
    return list(islice(alike(used), limit))
