"""Which datasets are one now: brought up to date after every link that came or went.

A link holds the newest declaration of an alias, a reason and a dataset; of an alias and a reason those of the newest
event are active (DECISIONS 10). Where links only came and nobody said anything of their names, `uniting` does it; else
all that hangs together is put together anew, a round trip for a hop of links, and `sameness` says what it comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.model import NodeId
from lineage.store._cut import Cut
from lineage.store._identity import spoken_for
from lineage.store.neo4j.identity import groups, mentioned
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.uniting import unite
from lineage.store.neo4j.writing import newest, put

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
    SET l.active = now RETURN startNode(l).key AS alias, endNode(l).key AS dataset, now
"""
_RULE: Final = """
    UNWIND $rows AS r MATCH (a:Thing {key: r.one}) MATCH (b:Thing {key: r.other})
    MERGE (a)-[said:RULED {digest: r.digest}]->(b) SET said.verdict = r.verdict
"""
_WHOSE: Final = "UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.component IS NOT NULL RETURN key, t.component"
_JOINED: Final = """
    UNWIND $rows AS r MATCH (t:Thing {key: r.key})
    WHERE coalesce(t.component, '') <> coalesce(r.component, '')
        OR coalesce(t.canonical, '') <> coalesce(r.canonical, '')
    SET t.component = r.component, t.canonical = r.canonical
"""


def declare(transaction: ManagedTransaction, declared: Iterable[dict[str, Any]], awoken: Collection[str]) -> set[str]:
    """Bring the components up to date after the rows of *declared* same_as; *awoken* are mentioned at last.

    Answers all in whose component anything may have changed.
    """
    links = newest(declared, "alias", "why", "dataset")
    put(transaction, _LINK, links)
    pairs = [{"alias": alias, "why": why} for alias, why in sorted({(row["alias"], row["why"]) for row in links})]
    turned = transaction.run(_ACTIVATE, rows=pairs).values() if pairs else []
    doubtful = {*awoken, *(end for *ends, _ in turned for end in ends)}
    if not doubtful:
        return set()
    if all(came for *_, came in turned) and unite(transaction, [(alias, of) for alias, of, _ in turned], awoken):
        return doubtful
    return settle(transaction, doubtful)


def settle(transaction: ManagedTransaction, doubtful: Collection[str]) -> set[str]:
    """Make the components of *doubtful* and of all that links join to them anew. Answers all these."""
    found = groups(transaction, doubtful, Cut())
    names = {*doubtful, *(name for group in found for name in group.names)}
    known = mentioned(transaction, names, Cut())
    before = dict(transaction.run(_WHOSE, keys=sorted(names)).values())
    rows = {name: {"key": name, "component": None, "canonical": None} for name in sorted(names)}
    for group in found:
        if len(group.names) > 1 or group.torn:
            head = _head(group.names, before)
            whole = spoken_for(group, sorted(group.names & known, key=node_of))
            rows |= {name: {"key": name, "component": head, "canonical": None} for name in group.names}
            rows[head]["canonical"] = whole and whole.canonical
    put(transaction, _JOINED, list(rows.values()))
    return names


def _head(names: Collection[str], before: Mapping[str, str]) -> str:
    """By whose key *names* are called: as most of them were *before*, so that few are written anew."""
    called = Counter(before[name] for name in names if before.get(name) in names)
    return called.most_common(1)[0][0] if called else min(names)


def rule(transaction: ManagedTransaction, said: Collection[tuple[str, NodeId, NodeId, str | None]]) -> None:
    """Let words on pairs of names count: (digest, one, other, verdict) each; names and statements are there already."""
    pairs = [(*sorted((key_of(one), key_of(other))), digest, verdict) for digest, one, other, verdict in said]
    rows = [{"one": one, "other": other, "digest": digest, "verdict": verdict} for one, other, digest, verdict in pairs]
    put(transaction, _RULE, rows)
    if doubtful := {key_of(end) for _, *ends, _ in said for end in ends}:
        settle(transaction, doubtful)
