"""What people hid, by itself or with its whole namespace, until an event names it again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from neo4j import ManagedTransaction

from lineage.store._cut import Cut
from lineage.store.neo4j.keys import node_of

# As a rule nobody ever hid anything, and then nothing more is asked.
_WORDS: Final = """
    WITH 1 AS once WHERE EXISTS { MATCH (s:Statement) WHERE s.hides = true }
    UNWIND $subjects AS asked
    MATCH (s:Statement {kind: asked[0], namespace: asked[1], name: asked[2]})
    WHERE s.hides IS NOT NULL AND s.at <= $as_of AND s.received <= $known_at
    WITH asked, s ORDER BY s.received DESC, s.digest DESC
    WITH asked, collect(s)[0] AS s WHERE s.hides
    RETURN asked, s.received
"""
_HEARD_NOW: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.last_received IS NOT NULL RETURN key, t.last_received
"""
_HEARD_THEN: Final = """
    UNWIND $keys AS key MATCH (e:Event)-[m:MENTIONS]->()
    WHERE m.of = key AND m.at <= $as_of AND e.received <= $known_at
    RETURN key, max(e.received)
"""
# Each word on a thing by itself, and on all of a namespace: a kind is never `namespace`.
_ALL: Final = """
    MATCH (s:Statement) WHERE s.hides IS NOT NULL
    WITH s ORDER BY s.received DESC, s.digest DESC
    WITH s.kind AS kind, s.namespace AS namespace, s.name AS name, collect(s)[0] AS s WHERE s.hides
    CALL (kind, namespace, name, s) {
        MATCH (t:Thing {kind: kind, namespace: namespace, name: name}) WHERE t.last_received <= s.received RETURN t
        UNION
        WITH * WHERE kind = 'namespace'
        MATCH (t:Thing {namespace: name}) WHERE t.last_received <= s.received RETURN t
    }
    RETURN DISTINCT t.key
"""

Asked = tuple[str, str, str]  # kind, namespace and name of a subject


def hidden(transaction: ManagedTransaction, nodes: Collection[str], at: Cut) -> dict[str, int]:
    """Those of *nodes* that were hidden at the cut and not heard of since, and the receipt of the word that did it.

    One round trip where nobody hid any of them, two otherwise.
    """
    subjects = {key: _subjects(key) for key in nodes if key[0] != "r"}
    asked = sorted({subject for own in subjects.values() for subject in own})
    rows = transaction.run(_WORDS, {"subjects": [list(each) for each in asked], **at._asdict()}).values()
    said: dict[Asked, int] = {(kind, namespace, name): received for (kind, namespace, name), received in rows}
    since = {key: max(said.get(subject, 0) for subject in own) for key, own in subjects.items()}
    doubtful = sorted(key for key, received in since.items() if received)
    if not doubtful:
        return {}
    heard = transaction.run(_HEARD_NOW if at.whole else _HEARD_THEN, {"keys": doubtful, **at._asdict()}).values()
    return {key: since[key] for key, received in heard if since[key] >= received}


def all_hidden(transaction: ManagedTransaction) -> list[str]:
    """All that is hidden now, in one round trip; as a rule nothing is."""
    return transaction.run(_ALL).value()


def _subjects(key: str) -> tuple[Asked, Asked]:
    """The subjects by which a node may be hidden: itself, and its namespace."""
    kind, namespace, name = node_of(key)
    return (kind, namespace, name), ("namespace", "", namespace)
