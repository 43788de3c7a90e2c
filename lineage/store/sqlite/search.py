"""Find datasets and jobs by words: an index of three-character pieces where SQLite has one, else a look at every name.

Shorter words can only match where a part of a name begins; a table of initials answers them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from sqlite3 import Connection, OperationalError
from typing import Any, Final, Literal

from lineage.database.times import microseconds
from lineage.model import NodeId, Page
from lineage.store._codes import EVER, KIND, RUN
from lineage.store._cut import Cut
from lineage.store._search import PIECE, Filters, initials, text, words_of
from lineage.store.sqlite.nodes import described
from lineage.store.sqlite.stated import SINCE, any_hidden

ITEMS: Final = "SELECT id, first_at, last_at FROM node WHERE "
BEHIND: Final = " AND (namespace, name, kind) > (?, ?, ?)"
VISIBLE: Final = f"last_received > {SINCE}".replace(":as_of", str(EVER)).replace(":known_at", str(EVER))
LATEST: Final = """(
    SELECT state FROM speaker JOIN node AS run ON run.id = speaker.id
    WHERE job = node.id AND state IS NOT NULL ORDER BY began DESC, run.name LIMIT 1
) IN (SELECT value FROM json_each(?))"""
ORDERS: Final = {"name": " ORDER BY namespace, name, kind", "updated": " ORDER BY last_at DESC, namespace, name, kind"}


def prepare(connection: Connection) -> None:
    """Make the index where SQLite can, and bring it up to date: another build of SQLite may have written without it."""
    try:
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, content='', tokenize='trigram')")
        ((last,),) = connection.execute("SELECT coalesce(max(rowid), 0) FROM words")
    except OperationalError:
        return
    rows = connection.execute("SELECT id, namespace, name FROM node WHERE id > ? AND kind <> ?", (last, RUN)).fetchall()
    connection.executemany(
        "INSERT INTO words (rowid, text) VALUES (?, ?)",
        [(node, text(namespace, name)) for node, namespace, name in rows],
    )


def indexed(connection: Connection) -> bool:
    """Whether there is an index of pieces that this SQLite can use."""
    try:
        connection.execute("SELECT rowid FROM words LIMIT 0")
    except OperationalError:
        return False
    return True


def index(connection: Connection, new: Mapping[NodeId, int]) -> None:
    """Let the *new* nodes be found."""
    rows = [(number, node) for node, number in new.items() if node.kind != "run"]
    connection.executemany(
        "INSERT OR IGNORE INTO initial VALUES (?, ?)",
        [(initial, number) for number, node in rows for initial in initials(f"{node.namespace}\n{node.name}")],
    )
    if rows and indexed(connection):
        connection.executemany(
            "INSERT INTO words (rowid, text) VALUES (?, ?)",
            [(number, text(node.namespace, node.name)) for number, node in rows],
        )


def find(  # noqa: PLR0913 - the promise's own form
    connection: Connection,
    words: str,
    filters: Filters,
    *,
    order: Literal["name", "updated"],
    after: NodeId | None,
    limit: int,
    offset: int,
) -> Page:
    """Keep the promise of `Store.find`."""
    conditions = ["last_at IS NOT NULL"]
    values: list[Any] = []
    for condition, value in chain(_filters(filters), _conditions(connection, words_of(words))):
        conditions.append(condition)
        values.append(value)
    if any_hidden(connection):
        conditions.append(VISIBLE)
    where = " AND ".join(conditions)
    ((total,),) = connection.execute(f"SELECT count(*) FROM node WHERE {where}", values)  # noqa: S608 - of constants
    if after is not None:
        where += BEHIND
        values += (after.namespace, after.name, KIND[after.kind])
    rows = connection.execute(f"{ITEMS}{where}{ORDERS[order]} LIMIT ? OFFSET ?", (*values, limit, offset)).fetchall()
    return Page(tuple(described(connection, rows, Cut())), total)


def _filters(filters: Filters) -> Iterator[tuple[str, Any]]:
    if filters.kind is not None:
        yield "kind = ?", KIND[filters.kind]
    if filters.namespace is not None:
        yield "namespace = ?", filters.namespace
    if filters.since is not None:
        yield "last_at > ?", microseconds(filters.since)
    if filters.until is not None:
        yield "last_at <= ?", microseconds(filters.until)
    if filters.states is not None:
        yield LATEST, json.dumps(list(filters.states))


def _conditions(connection: Connection, words: list[str]) -> Iterator[tuple[str, Any]]:
    pieces = indexed(connection)
    for word in words:
        if len(word) < PIECE:
            yield "id IN (SELECT node FROM initial WHERE text = ?)", word
        elif pieces:
            yield "id IN (SELECT rowid FROM words WHERE words MATCH ?)", '"' + word.replace('"', '""') + '"'
        else:
            connection.create_function("searched", 2, text, deterministic=True)
            yield "instr(searched(namespace, name), ?)", word


def clear(connection: Connection) -> None:
    """Forget all names."""
    if indexed(connection):
        connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
