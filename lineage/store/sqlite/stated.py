"""What people decided, one row a statement; and what they hid, until an event names it again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from sqlite3 import Connection
from typing import Final

import msgspec

from lineage.database.times import instant, microseconds
from lineage.model import Entry
from lineage.statements import About, Kept, Statement, Subject, Word, hides
from lineage.store._cut import Cut
from lineage.store.sqlite.sql import ADVANCE, each_of

_STATE: Final = """
    INSERT INTO statement VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET received = min(received, excluded.received)
"""
_SAID: Final = """
    SELECT received, digest, kind, namespace, name, actor, at, reason, words FROM statement
    WHERE at <= :as_of AND received <= :known_at AND {} ORDER BY received, digest
"""
_BY_KIND: Final = _SAID.format("kind = :kind")
_PARTS: Final = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(3))
_BY_SUBJECT: Final = _SAID.format(f"(kind, namespace, name) IN (SELECT {_PARTS} FROM json_each(:subjects))")  # noqa: S608 - of constants
_ANY_HIDDEN: Final = "SELECT EXISTS (SELECT 1 FROM statement WHERE hides = 1)"
_SINCE: Final = """(
    SELECT received * hides FROM statement
    WHERE hides IS NOT NULL AND kind = {} AND namespace = {} AND name = {} AND at <= :as_of AND received <= :known_at
    ORDER BY received DESC, digest DESC LIMIT 1
)"""
_OWN: Final = _SINCE.format("CASE node.kind WHEN 0 THEN 'dataset' ELSE 'job' END", "node.namespace", "node.name")
_WHOLE_NAMESPACE: Final = _SINCE.format("'namespace'", "''", "node.namespace")
SINCE: Final = f"max(coalesce({_OWN}, 0), coalesce({_WHOLE_NAMESPACE}, 0))"
_HEARD: Final = """(
    SELECT max(received) FROM mention JOIN event ON event.id = mention.event
    WHERE mention.node = node.id AND mention.at <= :as_of AND received <= :known_at
)"""
_AMONG: Final = """
    SELECT id, since FROM (
        SELECT node.id, {heard} AS heard, {since} AS since FROM node
        WHERE node.id IN (SELECT value FROM json_each(:nodes)) AND node.kind <> 2
    ) WHERE since >= heard
"""
_AMONG_NOW: Final = _AMONG.format(heard="last_received", since=SINCE)
_AMONG_THEN: Final = _AMONG.format(heard=_HEARD, since=SINCE)
_WORDS: Final = msgspec.json.Decoder(tuple[Word, ...])


def state(connection: Connection, entries: Sequence[Entry], statements: Sequence[Statement]) -> None:
    """Keep the promise of `Store.state` within the transaction of *connection*."""
    rows = [
        (
            entry.digest,
            *(said.subject.kind, said.subject.namespace, said.subject.name),
            *(said.actor, microseconds(said.at), microseconds(entry.received_at), said.reason),
            msgspec.json.encode(said.words).decode(),
            hides(said),
        )
        for entry, said in zip(entries, statements, strict=True)
    ]
    connection.executemany(_STATE, rows)
    connection.executemany(ADVANCE, [(entry.writer, entry.seq) for entry in entries])


def statements(connection: Connection, about: About | Iterable[Subject], at: Cut) -> list[Kept]:
    """Keep the promise of `Store.statements`."""
    if isinstance(about, str):
        rows = connection.execute(_BY_KIND, {"kind": about, **at._asdict()})
    else:
        subjects = each_of((each.kind, each.namespace, each.name) for each in about)
        rows = connection.execute(_BY_SUBJECT, {"subjects": subjects, **at._asdict()})
    return [
        Kept(
            instant(received),
            digest,
            Statement(Subject(kind, name, namespace), actor, instant(said_at), _WORDS.decode(words), reason),
        )
        for received, digest, kind, namespace, name, actor, said_at, reason, words in rows
    ]


def any_hidden(connection: Connection) -> bool:
    """Whether anybody ever hid anything: as a rule nobody did, and then nothing more is asked."""
    ((any_,),) = connection.execute(_ANY_HIDDEN)
    return bool(any_)


def hidden(connection: Connection, nodes: Collection[int], at: Cut) -> dict[int, int]:
    """Those of *nodes* that were hidden at the cut and not heard of since, and the receipt of the word that did it."""
    if not any_hidden(connection):
        return {}
    statement = _AMONG_NOW if at.whole else _AMONG_THEN
    return dict(connection.execute(statement, {"nodes": each_of(nodes), **at._asdict()}).fetchall())
