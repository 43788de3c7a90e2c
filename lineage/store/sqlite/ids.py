"""Who is which row: integer ids for nodes, words and bodies, remembered while the file is only ours."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from sqlite3 import Connection
from typing import Final

from lineage.model import ColumnsSeen, NodeId
from lineage.store.sqlite.codes import KIND, node_id, pack, spelled
from lineage.store.sqlite.sql import COUNT

REMEMBERED: Final = 200_000  # of a sort; about 60 MB at the most
REMEMBERED_BYTES: Final = 32 * 1024 * 1024  # of facet bodies
DIGEST_BYTES: Final = 16  # of a facet body's SHA-256: the chance that two bodies of 10^12 share it is 10^-15


class Ids:
    """Gives out row ids inside a transaction of the one writer; `forget` what a rollback or another process undid."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start again from what the file says."""
        self._nodes: dict[NodeId, int] = {}
        self._names: dict[int, NodeId] = {}
        self._words: dict[str, int] = {}
        self._bodies: dict[bytes, int] = {}
        self._bodies_bytes = 0
        self._columns: dict[bytes, int] = {}
        self._next: dict[str, int] = {}

    def nodes(self, connection: Connection, wanted: Iterable[NodeId]) -> dict[NodeId, int]:
        """The ids of *wanted*, and new rows for the unknown ones, which are answered: id by node."""
        if len(self._nodes) > REMEMBERED:
            self._nodes.clear()
            self._names.clear()
        new: dict[NodeId, int] = {}
        for node in wanted:
            if node in self._nodes:
                continue
            row = (KIND[node.kind], node.namespace, node.name)
            found = connection.execute(
                "SELECT id FROM node WHERE kind = ? AND namespace = ? AND name = ?", row
            ).fetchone()
            if found is None:
                found = (self.next(connection, "node"),)
                new[node] = found[0]
            self._nodes[node] = found[0]
            self._names[found[0]] = node
        rows = [(number, KIND[node.kind], node.namespace, node.name) for node, number in new.items()]
        connection.executemany("INSERT INTO node (id, kind, namespace, name) VALUES (?, ?, ?, ?)", rows)
        return new

    def node(self, node: NodeId) -> int:
        """The id of a node that `nodes` was asked for, or `name` answered, in this transaction."""
        return self._nodes[node]

    def name(self, connection: Connection, number: int) -> NodeId:
        """Whose id *number* is."""
        node = self._names.get(number)
        if node is None:
            row = connection.execute("SELECT kind, namespace, name FROM node WHERE id = ?", (number,)).fetchone()
            node = self._names[number] = node_id(*row)
            self._nodes[node] = number
        return node

    def word(self, connection: Connection, text: str) -> int:
        """The id of a facet name, a producer or a reason."""
        number = self._words.get(text)
        if number is None:
            found = connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
            number = found[0] if found else connection.execute("INSERT INTO word (text) VALUES (?)", (text,)).lastrowid
            assert number is not None, "an INSERT has a row id"
            self._words[text] = number
        return number

    def body(self, connection: Connection, body: bytes) -> int:
        """The id of a facet's body, stored once however often it comes."""
        number = self._bodies.get(body)
        if number is None:
            digest = sha256(body).digest()[:DIGEST_BYTES]
            found = connection.execute("SELECT id FROM body WHERE digest = ?", (digest,)).fetchone()
            if found is None:
                number = self.next(connection, "body")
                connection.execute("INSERT INTO body VALUES (?, ?, ?)", (number, digest, pack(body)))
            else:
                number = int(found[0])
            self._remember(body, number)
        return number

    def _remember(self, body: bytes, number: int) -> None:
        self._bodies_bytes += len(body)
        if self._bodies_bytes > REMEMBERED_BYTES:
            self._bodies.clear()
            self._bodies_bytes = len(body)
        self._bodies[body] = number

    def columns(self, connection: Connection, seen: ColumnsSeen) -> int:
        """The id of a column lineage body, whose edges are stored once. `nodes` was asked for its datasets before."""
        number = self._columns.get(seen.digest)
        if number is None:
            found = connection.execute("SELECT id FROM column_body WHERE digest = ?", (seen.digest,)).fetchone()
            number = found[0] if found else self._expand(connection, seen)
            self._columns[seen.digest] = number
        return number

    def next(self, connection: Connection, table: str) -> int:
        """A row id of *table* that nobody has yet."""
        number = self._next.get(table)
        if number is None:
            ((number,),) = connection.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")  # noqa: S608 - a constant
        self._next[table] = number + 1
        return int(number)

    def _expand(self, connection: Connection, seen: ColumnsSeen) -> int:
        number = self.next(connection, "column_body")
        connection.execute("INSERT INTO column_body VALUES (?, ?)", (number, seen.digest))
        connection.execute(COUNT, ("columns", len(seen.edges)))
        connection.executemany(
            "INSERT OR IGNORE INTO derivation VALUES (?, ?, ?, ?, ?)",
            [
                (
                    number,
                    edge.target.name,
                    self._nodes[edge.source.dataset],
                    edge.source.name,
                    spelled(edge.transformations),
                )
                for edge in seen.edges
            ],
        )
        return number
