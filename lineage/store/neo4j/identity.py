"""Which datasets are one: for now as the nodes say, at a cut from the declarations and words within it.

Now each node names its component, by the key of one of its names, on whose node stands who speaks for all: one more
name is one more node to write. A component of now is one round trip; at a cut it is one for each hop of links and of
what people said, as it is for a merge that took a link away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, LiteralString

from neo4j import ManagedTransaction

from lineage.sameness import PERSON, Group, Link, grouped, strength
from lineage.store._codes import EVER
from lineage.store._cut import Cut
from lineage.store._identity import Component, hanging, spoken_for
from lineage.store.neo4j.keys import node_of

APART: Final = "apart"
ONE: Final = "one"

_COMPONENTS: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.component IS NOT NULL
    WITH t.component AS component, collect(key) AS asked
    MATCH (h:Thing {key: component})
    MATCH (m:Thing {component: component}) WHERE m.first_at IS NOT NULL
    RETURN asked, h.canonical, collect(m.key)
"""
_JOINED: Final = """
    MATCH (t:Thing {key: $key}) WHERE t.component IS NOT NULL
    MATCH (m:Thing {component: t.component}) RETURN m.key
"""
_NEAR: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[l:LINK {active: true}]-(:Thing)
    RETURN DISTINCT startNode(l).key, l.why, endNode(l).key
"""
# For each alias and reason that ever was declared near by, all that the newest event within the cut says. Most ever
# named one dataset, in thousands of events: then any of them will do.
_NEAR_THEN: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[l:LINK]-(:Thing)
    WITH DISTINCT startNode(l) AS alias, l.why AS why
    WITH alias, why, COLLECT { MATCH (alias)-[k:LINK {why: why}]->(d:Thing) RETURN d.key } AS named
    CALL (alias, why, named) {
        WITH alias, why, named WHERE size(named) = 1 AND EXISTS {
            MATCH (alias)-[s:SAME_AS {why: why}]->(:Thing) WHERE s.at <= $as_of
            MATCH (e:Event {digest: s.event}) WHERE e.received <= $known_at
        }
        RETURN named[0] AS dataset
        UNION
        WITH alias, why, named WHERE size(named) > 1
        MATCH (alias)-[s:SAME_AS {why: why}]->(d:Thing) WHERE s.at <= $as_of
        MATCH (e:Event {digest: s.event}) WHERE e.received <= $known_at
        WITH s, d ORDER BY s.at DESC, s.event DESC
        WITH collect([s.at, s.event, d.key]) AS said
        UNWIND [each IN said WHERE each[0] = said[0][0] AND each[1] = said[0][1]] AS newest
        RETURN newest[2] AS dataset
    }
    RETURN DISTINCT alias.key, why, dataset
"""
_RULED: Final = """
    UNWIND $keys AS key MATCH (:Thing {key: key})-[r:RULED]-(:Thing)
    MATCH (s:Statement {digest: r.digest}) WHERE s.at <= $as_of AND s.received <= $known_at
    WITH DISTINCT startNode(r).key AS one, endNode(r).key AS other, r.verdict AS verdict, s.received AS received,
        s.digest AS digest
    ORDER BY received DESC, digest DESC
    RETURN one, other, collect(coalesce(verdict, ''))[0]
"""
_MENTIONED: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key})
    WHERE t.first_at <= $as_of AND t.first_received <= $known_at AND (
        $one_clock OR t.last_at <= $as_of AND t.last_received <= $known_at OR EXISTS {
            MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = key AND m.at <= $as_of AND e.received <= $known_at
        }
    )
    RETURN key
"""


def components(transaction: ManagedTransaction, datasets: Iterable[str], at: Cut) -> dict[str, Component[str]]:
    """The component of each of *datasets* at the cut; of one that stands alone too."""
    found = {dataset: Component(dataset, (dataset,)) for dataset in datasets}
    if not found:
        return found
    at = Cut(*at.clocks)
    if at.whole:
        for asked, canonical, members in transaction.run(_COMPONENTS, keys=list(found)).values():
            if canonical in members:  # else a merge was at work meanwhile
                found |= dict.fromkeys(asked, Component(canonical, tuple(members)))
        return found
    for group in groups(transaction, found, at):
        members = sorted(mentioned(transaction, group.names, at), key=node_of)
        if component := spoken_for(group, members):
            found |= dict.fromkeys(group.names & found.keys(), component)
    return found


def joined(transaction: ManagedTransaction, dataset: str) -> set[str]:
    """All that is one with *dataset* now, what no event mentions among it."""
    return {dataset, *transaction.run(_JOINED, key=dataset).value()}


def groups(transaction: ManagedTransaction, datasets: Collection[str], at: Cut) -> list[Group[str]]:
    """All that links join to any of *datasets*; a group that people tore apart as its parts, also those of one name."""
    apart: set[tuple[str, str]] = set()
    statement = _NEAR if at.whole else _NEAR_THEN

    def near(names: Collection[str]) -> list[Link[str]]:
        keys = sorted(names)
        links = [Link(*row) for row in _asked(transaction, statement, keys, at)]
        for one, other, verdict in _asked(transaction, _RULED, keys, at):
            if verdict == ONE:
                links.append(Link(one, PERSON, other))
            elif verdict == APART:
                apart.add((one, other))
        return links

    links = hanging(datasets, near)
    ends = {end for link in links for end in (link.alias, link.dataset)}
    return grouped(links, [pair for pair in apart if ends.issuperset(pair)], _by_strength)


def mentioned(transaction: ManagedTransaction, names: Collection[str], at: Cut) -> set[str]:
    """Those of *names* that events within the cut mention."""
    one_clock = EVER in at.clocks
    return {key for (key,) in _asked(transaction, _MENTIONED, sorted(names), at, one_clock=one_clock)}


def _asked(
    transaction: ManagedTransaction, statement: LiteralString, keys: list[str], at: Cut, **more: object
) -> list[list[str]]:
    return transaction.run(statement, {"keys": keys, **at._asdict(), **more}).values()


def _by_strength(links: Collection[Link[str]]) -> list[Link[str]]:
    return sorted(links, key=lambda link: (strength(link.why), node_of(link.alias), node_of(link.dataset), link.why))
