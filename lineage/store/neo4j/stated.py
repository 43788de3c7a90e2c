"""What people decided, one node a statement; and which names they said are one, or apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from neo4j import ManagedTransaction

from lineage.database.times import instant, microseconds
from lineage.model import Entry
from lineage.statements import About, Kept, Statement, Subject, Word, hides, told_apart
from lineage.store._codes import EVER
from lineage.store._news import decided
from lineage.store.neo4j import joining, news, things
from lineage.store.neo4j.merge import lock
from lineage.store.neo4j.writing import put

_STATE: Final = """
    UNWIND $rows AS r MERGE (s:Statement {digest: r.digest}) ON CREATE SET s = r
    SET s.received = CASE WHEN s.received < r.received THEN s.received ELSE r.received END
"""
_WITHIN: Final = """ WHERE s.at <= $as_of AND s.received <= $known_at
    RETURN s.received, s.digest, s.kind, s.namespace, s.name, s.actor, s.at, s.reason, s.words
    ORDER BY s.received, s.digest
"""
_BY_KIND: Final = "MATCH (s:Statement {kind: $kind})" + _WITHIN
_BY_SUBJECT: Final = (
    """
    UNWIND $subjects AS asked
    MATCH (s:Statement {kind: asked[0], namespace: asked[1], name: asked[2]})
    WITH DISTINCT s
    """
    + _WITHIN
)
_WORDS: Final = msgspec.json.Decoder(tuple[Word, ...])


def state(transaction: ManagedTransaction, entries: Sequence[Entry], statements: Sequence[Statement]) -> None:
    """Keep the promise of `Store.state` within *transaction*."""
    lock(transaction, entries)
    pairs = list(zip(entries, statements, strict=True))
    rows = [
        {
            "digest": entry.digest.hex(),
            "kind": said.subject.kind,
            "namespace": said.subject.namespace,
            "name": said.subject.name,
            "actor": said.actor,
            "at": microseconds(said.at),
            "received": microseconds(entry.received_at),
            "reason": said.reason,
            "words": msgspec.json.encode(said.words).decode(),
            "hides": hides(said),
        }
        for entry, said in pairs
    ]
    put(transaction, _STATE, rows)
    said = [
        (entry.digest.hex(), one, other, verdict)
        for entry, statement in pairs
        for one, other, verdict in told_apart(statement)
    ]
    things.meet(transaction, (name for _, *ends, _ in said for name in ends), {}, {})
    joining.rule(transaction, said)
    news.note(transaction, decided(entries, statements))


def statements(
    transaction: ManagedTransaction,
    about: About | Iterable[Subject],
    as_of: datetime | None,
    known_at: datetime | None,
) -> list[Kept]:
    """Keep the promise of `Store.statements`."""
    cut: dict[str, Any] = {
        "as_of": EVER if as_of is None else microseconds(as_of),
        "known_at": EVER if known_at is None else microseconds(known_at),
    }
    if isinstance(about, str):
        found = transaction.run(_BY_KIND, cut | {"kind": about}).values()
    else:
        asked = [[each.kind, each.namespace, each.name] for each in about]
        found = transaction.run(_BY_SUBJECT, cut | {"subjects": asked}).values()
    return [
        Kept(
            instant(received),
            bytes.fromhex(digest),
            Statement(Subject(kind, name, namespace), actor, instant(at), _WORDS.decode(words), reason),
        )
        for received, digest, kind, namespace, name, actor, at, reason, words in found
    ]
