"""Who is which row: integer ids for nodes, words and bodies, remembered while the file is only ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from sqlite3 import Connection
from typing import Final, Generic, TypeVar

from lineage.model import WHOLE, ColumnsSeen, NodeId
from lineage.store._codes import DIGEST_BYTES, KIND, spelled
from lineage.store.sqlite.codes import node_id, pack
from lineage.store.sqlite.sql import COUNT

REMEMBERED: Final = 50_000  # of a sort: most are runs, which are soon over; about 20 MB at the most
REMEMBERED_BYTES: Final = 12 * 1024 * 1024  # of facet bodies: most come once, as row counts do

Key = TypeVar("Key")


class Remembered(dict[Key, int], Generic[Key]):
    """Ids by key; *find* is asked once for each. What is remembered is answered at the speed of a dict."""

    def __init__(self, find: Callable[[Key], int]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: Key) -> int:
        number = self[key] = self._find(key)
        return number


class Ids:
    """Gives out row ids inside a transaction of the one writer; `forget` what a rollback or another process undid.

    *node*, *word* and *body* answer the id of a node that `nodes` was asked for or `name` answered, of a facet name, a
    producer or a reason, and of a facet's body, which is stored once however often it comes.
    """

    def __init__(self) -> None:
        self._nodes: dict[NodeId, int] = {}
        self._names: dict[int, NodeId] = {}
        self._words = Remembered(self._find_word)
        self._bodies = Remembered(self._find_body)
        self._bodies_bytes = 0
        self._columns: dict[bytes, int] = {}
        self._next: dict[str, int] = {}
        self.node: Callable[[NodeId], int] = self._nodes.__getitem__
        self.word: Callable[[str], int] = self._words.__getitem__
        self.body: Callable[[bytes], int] = self._bodies.__getitem__

    def forget(self) -> None:
        """Start again from what the file says."""
        for remembered in (self._nodes, self._names, self._words, self._bodies, self._columns, self._next):
            remembered.clear()
        self._bodies_bytes = 0

    def begin(self, connection: Connection) -> None:
        """Work in the transaction of *connection* from now on."""
        self._connection = connection
        if len(self._nodes) > REMEMBERED:
            self._nodes.clear()
            self._names.clear()
        for remembered in (self._words, self._columns):
            if len(remembered) > REMEMBERED:
                remembered.clear()
        if self._bodies_bytes > REMEMBERED_BYTES:
            self._bodies.clear()
            self._bodies_bytes = 0

    def nodes(self, wanted: Iterable[NodeId]) -> dict[NodeId, int]:
        """Learn the ids of *wanted*, with new rows for the unknown ones, which are answered: id by node."""
        new: dict[NodeId, int] = {}
        for node in wanted:
            if node in self._nodes:
                continue
            row = (KIND[node.kind], node.namespace, node.name)
            found = self._connection.execute(
                "SELECT id FROM node WHERE kind = ? AND namespace = ? AND name = ?", row
            ).fetchone()
            if found is None:
                found = (self.next("node"),)
                new[node] = found[0]
            self._nodes[node] = found[0]
            self._names[found[0]] = node
        rows = [(number, KIND[node.kind], node.namespace, node.name) for node, number in new.items()]
        self._connection.executemany("INSERT INTO node (id, kind, namespace, name) VALUES (?, ?, ?, ?)", rows)
        return new

    def name(self, number: int) -> NodeId:
        """Whose id *number* is."""
        node = self._names.get(number)
        if node is None:
            row = self._connection.execute("SELECT kind, namespace, name FROM node WHERE id = ?", (number,)).fetchone()
            node = self._names[number] = node_id(*row)
            self._nodes[node] = number
        return node

    def columns(self, seen: ColumnsSeen) -> int:
        """The id of a column lineage body, whose edges are stored once. `nodes` was asked for its datasets before."""
        number = self._columns.get(seen.digest)
        if number is None:
            found = self._connection.execute("SELECT id FROM column_body WHERE digest = ?", (seen.digest,)).fetchone()
            number = found[0] if found else self._expand(seen)
            self._columns[seen.digest] = number
        return number

    def next(self, table: str) -> int:
        """A row id of *table* that nobody has yet."""
        number = self._next.get(table)
        if number is None:
            last = self._connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - a constant
            number = int(last.fetchone()[0]) + 1
        self._next[table] = number + 1
        return number

    def _find_word(self, text: str) -> int:
        found = self._connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()
        if found is not None:
            return int(found[0])
        number = self.next("word")
        self._connection.execute("INSERT INTO word VALUES (?, ?)", (number, text))
        return number

    def _find_body(self, body: bytes) -> int:
        self._bodies_bytes += len(body)
        digest = sha256(body).digest()[:DIGEST_BYTES]
        found = self._connection.execute("SELECT id FROM body WHERE digest = ?", (digest,)).fetchone()
        if found is not None:
            return int(found[0])
        number = self.next("body")
        self._connection.execute("INSERT INTO body VALUES (?, ?, ?)", (number, digest, pack(body)))
        return number

    def _expand(self, seen: ColumnsSeen) -> int:
        number = self.next("column_body")
        self._connection.execute("INSERT INTO column_body VALUES (?, ?)", (number, seen.digest))
        between = sum(WHOLE not in (edge.source.name, edge.target.name) for edge in seen.edges)
        self._connection.execute(COUNT, ("columns", between))
        rows = [
            (number, edge.target.name, self.node(edge.source.dataset), edge.source.name, spelled(edge.transformations))
            for edge in seen.edges
        ]
        self._connection.executemany("INSERT OR IGNORE INTO derivation VALUES (?, ?, ?, ?, ?)", rows)
        return number
