"""Which datasets are one now: what hangs together with a link that came or went is put together anew.

A link holds the newest declaration of an alias, a reason and a dataset; of an alias and a reason those of the newest
event are active (DECISIONS 10). A hop of links is a round trip; `sameness` says what they come to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.model import NodeId
from lineage.sameness import PERSON, Group, Link, grouped, strength
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.writing import newest, put

APART: Final = "apart"
ONE: Final = "one"

_LINK: Final = """
    UNWIND $rows AS r MATCH (a:Thing {key: r.alias}) MATCH (d:Thing {key: r.dataset})
    MERGE (a)-[l:LINK {why: r.why}]->(d) ON CREATE SET l.active = false
    WITH r, l WHERE l.at IS NULL OR r.at > l.at OR (r.at = l.at AND r.event > l.event)
    SET l.at = r.at, l.event = r.event
"""
_ACTIVATE: Final = """
    UNWIND $rows AS r MATCH (a:Thing {key: r.alias})-[l:LINK {why: r.why}]->(:Thing)
    WITH r, l ORDER BY l.at DESC, l.event DESC
    WITH r, collect(l) AS links
    WITH links, links[0].at AS at, links[0].event AS event
    UNWIND links AS l
    WITH l, l.at = at AND l.event = event AS now WHERE l.active <> now
    SET l.active = now RETURN startNode(l).key AS alias, endNode(l).key AS dataset
"""
_NEAR: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[l:LINK {active: true}]-(:Thing)
    RETURN DISTINCT startNode(l).key, l.why, endNode(l).key
"""
_RULED: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[r:RULED]-(:Thing)
    MATCH (s:Statement {digest: r.digest})
    WITH DISTINCT startNode(r).key AS one, endNode(r).key AS other, r.verdict AS verdict, s.received AS received,
        s.digest AS digest
    ORDER BY received DESC, digest DESC
    RETURN one, other, collect(coalesce(verdict, ''))[0]
"""
_MENTIONED: Final = "UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.first_at IS NOT NULL RETURN key"
_RULE: Final = """
    UNWIND $rows AS r MATCH (a:Thing {key: r.one}) MATCH (b:Thing {key: r.other})
    MERGE (a)-[said:RULED {digest: r.digest}]->(b) SET said.verdict = r.verdict
"""
_JOINED: Final = """
    UNWIND $rows AS r MATCH (t:Thing {key: r.key}) SET t.component = r.component, t.canonical = r.canonical
"""


def declare(transaction: ManagedTransaction, declared: Iterable[dict[str, Any]], mentioned: Collection[str]) -> None:
    """Bring the components up to date after the rows of *declared* same_as; *mentioned* are so for the first time."""
    links = newest(declared, "alias", "why", "dataset")
    put(transaction, _LINK, links)
    pairs = [{"alias": alias, "why": why} for alias, why in sorted({(row["alias"], row["why"]) for row in links})]
    turned = transaction.run(_ACTIVATE, rows=pairs).values() if pairs else []
    if doubtful := {*mentioned, *(end for ends in turned for end in ends)}:
        settle(transaction, doubtful)


def settle(transaction: ManagedTransaction, doubtful: Collection[str]) -> None:
    """Make the components of *doubtful* and of all that links join to them anew."""
    groups = _groups(transaction, doubtful)
    names = sorted({*doubtful, *(name for group in groups for name in group.names)})
    mentioned = set(transaction.run(_MENTIONED, keys=names).value())
    rows = {name: {"key": name, "component": None, "canonical": None} for name in names}
    for group in groups:
        if len(group.names) > 1 or group.torn:
            first = min(group.names, key=node_of)
            rows |= {
                name: {"key": name, "component": first, "canonical": _canonical(group, mentioned)}
                for name in group.names
            }
    put(transaction, _JOINED, list(rows.values()))


def rule(transaction: ManagedTransaction, said: Collection[tuple[str, NodeId, NodeId, str | None]]) -> None:
    """Let words on pairs of names count: (digest, one, other, verdict) each; names and statements are there already."""
    pairs = [(*sorted((key_of(one), key_of(other))), digest, verdict) for digest, one, other, verdict in said]
    rows = [{"one": one, "other": other, "digest": digest, "verdict": verdict} for one, other, digest, verdict in pairs]
    put(transaction, _RULE, rows)
    if doubtful := {key_of(end) for _, *ends, _ in said for end in ends}:
        settle(transaction, doubtful)


def _groups(transaction: ManagedTransaction, names: Collection[str]) -> list[Group[str]]:
    links: set[Link[str]] = set()
    apart: set[tuple[str, str]] = set()
    seen: set[str] = set()
    ask = set(names)
    while ask:
        seen |= ask
        keys = sorted(ask)
        near = [Link(*row) for row in transaction.run(_NEAR, keys=keys).values()]
        for one, other, verdict in transaction.run(_RULED, keys=keys).values():
            if verdict == ONE:
                near.append(Link(one, PERSON, other))
            elif verdict == APART:
                apart.add((one, other))
        links.update(near)
        ask = {end for link in near for end in (link.alias, link.dataset)} - seen
    ends = {end for link in links for end in (link.alias, link.dataset)}
    return grouped(links, [pair for pair in apart if ends.issuperset(pair)], _by_strength)


def _by_strength(links: Collection[Link[str]]) -> list[Link[str]]:
    return sorted(links, key=lambda link: (strength(link.why), node_of(link.alias), node_of(link.dataset), link.why))


def _canonical(group: Group[str], mentioned: Collection[str]) -> str | None:
    """Who speaks for *group*: of those that events mention the least, one of those that speak before others first."""
    return min(
        (name for name in group.names if name in mentioned),
        key=lambda name: (name not in group.speaking, node_of(name)),
        default=None,
    )
