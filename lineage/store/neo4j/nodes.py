"""Datasets and jobs as they are known, now or at a cut: their spans, aliases, newest facets and tombstones.

A question is a handful of round trips, however many are asked for: who they are one with, what the nodes say, whether
any was hidden, the bodies of facets. At a cut it is two more for those that were observed beyond it too, and one for
each dataset that was dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from neo4j import ManagedTransaction

from lineage.model import Node, NodeId
from lineage.store._codes import OUTPUT, OWN, TYPE
from lineage.store._cut import Cut
from lineage.store._identity import Component, all_names
from lineage.store._nodes import Facet, Known, Stone, all_dropped, span
from lineage.store.neo4j.bodies import bodies
from lineage.store.neo4j.hidden import hidden
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.said import Newest, begins, read_facets, read_newest, read_touches

_THINGS: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.first_at <= $as_of AND t.first_received <= $known_at
    WITH key, t, t.last_at <= $as_of AND t.last_received <= $known_at AS whole
    RETURN key, t.first_at, t.last_at, whole, t.facets, whole AND t.facets IS NOT NULL OR EXISTS {
            MATCH (t)<-[m:MENTIONS]-(e:Event) WHERE m.listed AND m.at <= $as_of AND e.received <= $known_at
        },
        [(e:Event)-[d:DROPS]->(t) WHERE d.at <= $as_of AND e.received <= $known_at | [d.at, e.digest, NOT d.dropped]]
"""
_SPANS: Final = """
    UNWIND $keys AS key
    CALL (key) {
        MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = key AND m.at <= $as_of AND e.received <= $known_at
        RETURN m.at AS first_at ORDER BY m.of, m.at LIMIT 1
    }
    CALL (key) {
        MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = key AND m.at <= $as_of AND e.received <= $known_at
        RETURN m.at AS last_at ORDER BY m.of DESC, m.at DESC LIMIT 1
    }
    RETURN key, first_at, last_at
"""
_RECEIVED: Final = """
    UNWIND $events AS digest MATCH (e:Event {digest: digest}) WHERE e.received <= $known_at RETURN digest
"""
# The text of a mention's facets holds *begins* where it holds that facet.
_FACETS: Final = """
    UNWIND $asked AS a
    CALL (a) {
        MATCH (e:Event)-[m:MENTIONS]->()
        WHERE m.of = a.key AND m.at <= $as_of AND e.received <= $known_at AND m.facets CONTAINS a.begins
        RETURN m.at AS at, e.digest AS event, m.facets AS facets ORDER BY m.of DESC, m.at DESC, event DESC LIMIT 1
    }
    RETURN a.key, a.name, at, event, facets
"""
# A run that says COMPLETE of a dataset after it was dropped, and did not drop it itself, shows that it is there again.
_REBUILT: Final = """
    MATCH (e:Event)-[m:MENTIONS]->()
    WHERE m.of IN $members AND m.at > $dropped AND m.at <= $as_of AND m.touches IS NOT NULL
        AND e.type = $complete AND e.received <= $known_at AND NOT EXISTS {
            MATCH (dropping:Event)-[d:DROPS]->(t:Thing)
            WHERE t.key IN $members AND d.dropped AND dropping.run = e.run
                AND d.at <= $as_of AND dropping.received <= $known_at
        }
    RETURN e.run, m.touches
"""

Facets = Mapping[str, Mapping[str, Facet]]


class _Thing(NamedTuple):
    """What a node says at the cut."""

    span: tuple[int, int]
    whole: bool  # whether all that the node says lies within
    facets: Newest
    listed: bool
    stones: Sequence[Stone]


def get(transaction: ManagedTransaction, wanted: Iterable[NodeId], at: Cut) -> dict[NodeId, Node]:
    """Keep the promise of `Store.get`."""
    asked = {node: key_of(node) for node in wanted if node.kind != "run"}
    parts = components(transaction, asked.values(), at)
    things = _things(transaction, all_names(parts), at)
    spans = {key: thing.span for key, thing in things.items()}
    rows = {node: (key, *seen) for node, key in asked.items() if (seen := span(parts[key], spans))}
    known = _known(transaction, parts, things, _facets(transaction, things, at), at)
    return {node: known.node(*row) for node, row in rows.items()}


def described(transaction: ManagedTransaction, rows: Sequence[tuple[str, int, int]], at: Cut) -> list[Node]:
    """Nodes of *rows* (key, first and last time), in their order, without facets."""
    parts = components(transaction, [row[0] for row in rows], at)
    known = _known(transaction, parts, _things(transaction, all_names(parts), at), {}, at)
    return [known.node(*row) for row in rows]


def _known(
    transaction: ManagedTransaction,
    parts: Mapping[str, Component[str]],
    things: Mapping[str, _Thing],
    facets: Facets,
    at: Cut,
) -> Known[str]:
    members = all_names(parts)
    stones = {key: max(thing.stones) for key, thing in things.items() if thing.stones}
    dropped = all_dropped(parts.values(), stones)
    return Known(
        parts=parts,
        called={key: node_of(key) for key in members | parts.keys()},
        hid=hidden(transaction, members, at),
        listed=[key for key, thing in things.items() if thing.listed],
        stones=stones,
        rebuilt=[part.canonical for part, drop in dropped.items() if _rebuilt(transaction, part, drop, at)],
        facets=facets,
    )


def _things(transaction: ManagedTransaction, keys: Collection[str], at: Cut) -> dict[str, _Thing]:
    """What the nodes say at the cut; those that no event within it mentions are absent."""
    found: dict[str, _Thing] = {}
    for key, first_at, last_at, whole, facets, listed, drops in _asked(transaction, _THINGS, at, keys=sorted(keys)):
        stones = [Stone(time, bytes.fromhex(digest), there) for time, digest, there in drops]
        found[key] = _Thing((first_at, last_at), whole, read_newest(facets), listed, stones)
    if at.whole:
        return found
    divided = sorted(key for key, thing in found.items() if not thing.whole)
    spans = {key: (first, last) for key, first, last in _asked(transaction, _SPANS, at, keys=divided)}
    return {
        key: thing._replace(span=spans.get(key, thing.span))
        for key, thing in found.items()
        if thing.whole or key in spans
    }


def _facets(transaction: ManagedTransaction, things: Mapping[str, _Thing], at: Cut) -> Facets:
    """The newest facets of each thing at the cut; of those of now, as far as they lie within, nothing is asked."""
    newest = {key: dict(thing.facets) for key, thing in things.items()}
    later = {key: thing.facets for key, thing in things.items() if not thing.whole}
    events = sorted({event for facets in later.values() for _, event, _ in facets.values()})
    received = {event for (event,) in _asked(transaction, _RECEIVED, at, events=events)} if events else set()
    asked = [
        {"key": key, "name": name, "begins": begins(OWN, name)}
        for key, facets in later.items()
        for name, (time, event, _) in facets.items()
        if time > at.as_of or event not in received
    ]
    for each in asked:
        del newest[each["key"]][each["name"]]
    for key, name, time, event, text in _asked(transaction, _FACETS, at, asked=asked) if asked else ():
        body = next(facet.body for facet in read_facets(text) if facet.side == OWN and facet.name == name)
        newest[key][name] = time, event, body
    data = bodies(transaction, (body for facets in newest.values() for *_, body in facets.values()))
    return {
        key: {name: Facet(time, bytes.fromhex(event), data.get(body)) for name, (time, event, body) in facets.items()}
        for key, facets in newest.items()
    }


def _rebuilt(transaction: ManagedTransaction, part: Component[str], drop: Stone, at: Cut) -> bool:
    complete = TYPE["COMPLETE"]
    rows = _asked(transaction, _REBUILT, at, members=sorted(part.members), dropped=drop.at, complete=complete)
    return any(
        touch.speaker == run and touch.side == OUTPUT and touch.type == complete
        for run, text in rows
        for touch in read_touches(text)
    )


def _asked(transaction: ManagedTransaction, statement: str, at: Cut, **asked: Any) -> list[list[Any]]:
    return transaction.run(statement, {**at._asdict(), **asked}).values()
