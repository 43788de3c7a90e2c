"""What stands round runs and jobs, for many at once: their newest facets, their beats, what waits for what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final, LiteralString

from neo4j import ManagedTransaction

from lineage.database.times import instant
from lineage.model import NodeId, run_id
from lineage.store._codes import OWN, STATED
from lineage.store._cut import Cut
from lineage.store.neo4j.bodies import bodies
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.said import begins, read_facets, read_newest

LONG: Final = 100  # events of a run that are read one by one

_ANY_AHEAD: Final = "EXISTS { MATCH (e:Event) WHERE e.lead > $lead }"
_NEWEST: Final[Mapping[str, LiteralString]] = {
    "job": "UNWIND $keys AS key MATCH (n:Thing {key: key}) RETURN key, n.facets, n.last_received, " + _ANY_AHEAD,
    "run": "UNWIND $keys AS key MATCH (n:Speaker {key: key}) RETURN key, n.facets, n.last_received, " + _ANY_AHEAD,
}
_THEN: Final = """
        AND m.at <= $as_of AND e.received <= $known_at AND m.at - e.received <= $lead AND m.facets CONTAINS asked[2]
        RETURN m.facets AS facets ORDER BY m.of DESC, m.at DESC, e.digest DESC LIMIT 1
    } RETURN asked[0], asked[1], facets
"""
_NEWEST_THEN: Final[Mapping[str, LiteralString]] = {
    "job": "UNWIND $asked AS asked CALL (asked) { MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = asked[0]" + _THEN,
    "run": "UNWIND $asked AS asked CALL (asked) { MATCH (:Speaker {key: asked[0]})<-[m:DECIDES|TELLS]-(e:Event)"
    " WHERE m.type < $stated" + _THEN,
}
# A run of a million windows is asked for its last by the mentions of its job, which an index has in order; one whose
# events name several jobs, or that is short, by its own moments.
_BEATS: Final = """
    UNWIND $keys AS key MATCH (s:Speaker {key: key})
    WITH s, CASE WHEN COUNT { (s)<-[:TELLS]-() } > $long AND NOT EXISTS { (s)-[:NAMED]->(:Thing) } THEN s.job END AS of
    CALL (s, of) {
        MATCH (e:Event)-[m:MENTIONS]->()
        WHERE m.of = of AND m.at >= s.first_at AND m.at <= s.last_at AND m.at <= $as_of
            AND m.own AND e.run = s.key AND e.received <= $known_at AND m.at - e.received <= $lead
        RETURN m.at AS at ORDER BY m.of DESC, m.at DESC LIMIT $limit
        UNION ALL
        WITH s, of WHERE of IS NULL
        MATCH (s)<-[m:DECIDES|TELLS]-(e:Event)
        WHERE m.type < $stated AND m.at <= $as_of AND e.received <= $known_at AND m.at - e.received <= $lead
        RETURN m.at AS at ORDER BY at DESC LIMIT $limit
    } RETURN s.key, collect(at)
"""
_DEPENDS: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[b:BEFORE]-(:Thing)
    MATCH (e:Event {digest: b.event}) WHERE e.at <= $as_of AND e.received <= $known_at
    RETURN DISTINCT startNode(b).key, endNode(b).key
"""


def newest_facets(
    transaction: ManagedTransaction, of: Iterable[NodeId], names: Collection[str], at: Cut
) -> dict[NodeId, dict[str, bytes]]:
    """Keep the promise of `Store.newest_facets`."""
    wanted = {key_of(node): node for node in of}
    newest: dict[str, dict[str, str | None]] = {}
    for kind in _NEWEST:
        keys = [key for key, node in wanted.items() if node.kind == kind]
        newest |= _newest(transaction, kind, keys, names, at) if keys else {}
    known = bodies(transaction, (digest for said in newest.values() for digest in said.values()))
    found = {
        node: {name: known[digest] for name, digest in newest[key].items() if digest in known}
        for key, node in wanted.items()
        if key in newest
    }
    return {node: said for node, said in found.items() if said}


def beats(transaction: ManagedTransaction, of: Iterable[str], at: Cut, limit: int) -> dict[str, list[datetime]]:
    """Keep the promise of `Store.beats`."""
    keys = [key_of(run_id(run)) for run in dict.fromkeys(of)]
    asked = {"keys": keys, "limit": limit, "stated": STATED, "long": LONG, **at._asdict()}
    found = transaction.run(_BEATS, asked).values()
    return {node_of(key).name: [instant(time) for time in sorted(times, reverse=True)] for key, times in found if times}


def dependencies(transaction: ManagedTransaction, jobs: Iterable[NodeId], at: Cut) -> list[tuple[NodeId, NodeId]]:
    """Keep the promise of `Store.dependencies`."""
    asked = {"keys": [key_of(job) for job in dict.fromkeys(jobs)], **at._asdict()}
    pairs = transaction.run(_DEPENDS, asked).values()
    return sorted({(node_of(before), node_of(after)) for before, after in pairs})


def _newest(
    transaction: ManagedTransaction, kind: str, keys: Collection[str], names: Collection[str], at: Cut
) -> Mapping[str, dict[str, str | None]]:
    """The digests of the newest bodies by node and name, None where it was deleted."""
    found: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    beyond = []
    for key, text, received, ahead in transaction.run(_NEWEST[kind], keys=list(keys), lead=at.lead):
        now = read_newest(text)
        for name in now.keys() & names:
            time, _, body = now[name]
            if time <= at.as_of and received <= at.known_at and not ahead:
                found[key][name] = body
            else:
                beyond.append([key, name, begins(OWN, name)])
    asked = {"asked": beyond, "stated": STATED, **at._asdict()}
    for key, name, text in transaction.run(_NEWEST_THEN[kind], asked) if beyond else ():
        found[key][name] = next(each.body for each in read_facets(text) if (each.side, each.name) == (OWN, name))
    return found
