"""Why datasets are one, with evidence: what events declared, and what people said. Two round trips each."""

from __future__ import annotations

from typing import Final

from neo4j import ManagedTransaction

from lineage.database.times import instant
from lineage.model import Declaration, NodeId
from lineage.statements import Ruling
from lineage.store.neo4j.identity import joined
from lineage.store.neo4j.keys import key_of, node_of

_DECLARED: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[l:LINK]-(:Thing)
    WITH DISTINCT l, startNode(l) AS a, endNode(l) AS d
    MATCH (a)-[s:SAME_AS]->(d) WHERE s.why = l.why
    WITH l, a, d, s ORDER BY s.at DESC, s.event DESC
    RETURN a.key, d.key, l.why, l.active, min(s.at), max(s.at), collect(s.event)[..3],
        coalesce(l.active AND a.component <> d.component, false)
"""
_RULED: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[r:RULED]-(:Thing) MATCH (s:Statement {digest: r.digest})
    WITH DISTINCT startNode(r).key AS one, endNode(r).key AS other, r.verdict AS verdict, s
    ORDER BY s.received DESC, s.digest DESC
    RETURN one, other, verdict, s.at, s.actor, s.reason, s.digest
"""


def declarations(transaction: ManagedTransaction, dataset: NodeId) -> list[Declaration]:
    """Keep the promise of `Store.declarations`."""
    rows = transaction.run(_DECLARED, keys=sorted(joined(transaction, key_of(dataset)))).values()
    there = [row for row in rows if None not in row]  # what a merge took away meanwhile has no names
    found = [
        Declaration(
            alias=node_of(alias),
            dataset=node_of(to),
            why=why,
            counts=active,
            first_at=instant(first_at),
            last_at=instant(last_at),
            cut=cut,
            evidence=tuple(evidence),
        )
        for alias, to, why, active, first_at, last_at, evidence, cut in there
    ]
    return sorted(found, key=lambda each: (each.alias, each.why, each.dataset))


def rulings(transaction: ManagedTransaction, dataset: NodeId) -> list[Ruling]:
    """Keep the promise of `Store.rulings`."""
    rows = transaction.run(_RULED, keys=sorted(joined(transaction, key_of(dataset)))).values()
    seen: set[tuple[NodeId, NodeId]] = set()
    found = []
    for one, other, verdict, at, actor, reason, digest in rows:
        if None in (one, other, at):
            continue  # taken away meanwhile
        first, second = sorted((node_of(one), node_of(other)))
        counts = (first, second) not in seen
        found.append(Ruling(first, second, verdict, instant(at), actor, reason, counts, digest))
        seen.add((first, second))
    return found
