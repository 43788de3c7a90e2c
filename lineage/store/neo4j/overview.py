"""The whole graph in few figures: what is in it, what happened span by span, what one facet says of all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate, islice, pairwise
from typing import Any, Final

import msgspec
from neo4j import ManagedTransaction

from lineage.database.times import instant, microseconds
from lineage.model import Kind, Suggestion
from lineage.store._alike import Used, alike
from lineage.store._codes import TYPE, TYPES
from lineage.store.answers import Carried, Namespace
from lineage.store.neo4j.bodies import bodies
from lineage.store.neo4j.hidden import all_hidden
from lineage.store.neo4j.keys import node_of

SHOWN: Final = ("START", "COMPLETE", "FAIL", "ABORT")

_NAMESPACES: Final = """
    MATCH (t:Thing) WHERE t.first_at IS NOT NULL
    RETURN t.namespace AS namespace, min(t.first_at), max(t.last_at),
        sum(CASE t.kind WHEN 'dataset' THEN 1 ELSE 0 END), sum(CASE t.kind WHEN 'job' THEN 1 ELSE 0 END)
    ORDER BY namespace
"""
_EVENTS: Final = """
    UNWIND range(0, size($borders) - 2) AS span
    MATCH (e:Event) WHERE e.at > $borders[span] AND e.at <= $borders[span + 1] AND e.type IN $types
    RETURN span, e.type, count(*)
"""
# By the first border that it is not after; those that are after the last count nowhere.
_SEEN: Final = """
    MATCH (t:Thing) WHERE t.first_at <= $borders[-1]
    WITH t.kind AS kind, CASE WHEN t.first_at <= $borders[0] THEN 0
        ELSE size([border IN $borders WHERE border < t.first_at]) END AS border
    RETURN kind, border, count(*)
"""
# The text of `facets` says `"name":[at,"event","body"]`, the first behind a brace, others behind a comma; within a name
# a quotation mark stands behind a backslash.
_CARRIED: Final = """
    MATCH (t:Thing {kind: $kind}) WHERE t.first_at IS NOT NULL
    WITH t, CASE WHEN t.facets STARTS WITH '{' + $mark THEN substring(t.facets, 1 + size($mark))
        ELSE split(t.facets, ',' + $mark)[1] END AS rest
    WITH t, split(split(rest, ']')[0], ',')[2] AS body
    RETURN t.namespace AS namespace, CASE body WHEN 'null' THEN null ELSE replace(body, '"', '') END AS body,
        min(t.first_at), max(t.last_at)
"""
_USED: Final = """
    MATCH (d:Thing {kind: 'dataset'}) WITH d, [EXISTS { (d)<-[:READS]-() }, EXISTS { (d)<-[:WRITES]-() }] AS used
    UNWIND range(0, 1) AS side WITH d, used, side WHERE used[side]
    RETURN coalesce(d.component, d.key), d.key, side ORDER BY d.namespace, d.name
"""
_STATS: Final = """
    RETURN COUNT { MATCH (t:Thing {kind: 'dataset'}) WHERE t.first_at IS NOT NULL } AS datasets,
        COUNT { MATCH (t:Thing {kind: 'job'}) WHERE t.first_at IS NOT NULL } AS jobs,
        COUNT { MATCH (s:Speaker) } - COUNT { MATCH (s:Speaker) WHERE s.key STARTS WITH 'j' } AS runs,
        COUNT { MATCH (e:Event) } AS events,
        COUNT { MATCH (b:Body) } AS facets,
        COUNT { MATCH (:ColumnBody)-[c:COMES_FROM]->(:Thing) WHERE c.source <> '' AND c.target <> '' } AS columns
"""


def namespaces(transaction: ManagedTransaction) -> list[Namespace]:
    """Keep the promise of `Store.namespaces`."""
    hid: defaultdict[tuple[str, str], int] = defaultdict(int)
    for key in all_hidden(transaction):
        node = node_of(key)
        hid[node.namespace, node.kind] += 1
    return [
        Namespace(name, instant(first), instant(last), datasets - hid[name, "dataset"], jobs - hid[name, "job"])
        for name, first, last, datasets, jobs in transaction.run(_NAMESPACES)
    ]


def tallies(transaction: ManagedTransaction, borders: Sequence[datetime]) -> list[Mapping[str, int]]:
    """Keep the promise of `Store.tallies`."""
    asked: dict[str, Any] = {
        "borders": [microseconds(border) for border in borders],
        "types": [TYPE[kind] for kind in SHOWN],
    }
    if len(borders) < 2:  # noqa: PLR2004 - there is no span
        return []
    found: list[dict[str, int]] = [dict.fromkeys(SHOWN, 0) for _ in pairwise(borders)]
    for span, kind, count in transaction.run(_EVENTS, asked):
        found[span][TYPES[kind]] = count
    first: dict[str, list[int]] = {kind: [0] * len(borders) for kind in ("dataset", "job")}
    for kind, border, count in transaction.run(_SEEN, asked):
        first[kind][border] = count
    for kind, counts in first.items():
        for span, seen in enumerate(islice(accumulate(counts), 1, None)):
            found[span][f"{kind}s"] = seen
    return list(found)


def carried(transaction: ManagedTransaction, facet: str, kind: Kind) -> list[Carried]:
    """Keep the promise of `Store.carried`."""
    mark = msgspec.json.encode(facet).decode() + ":["
    rows = transaction.run(_CARRIED, kind=kind, mark=mark).values()
    known = bodies(transaction, (body for _, body, *_ in rows))
    found = (
        Carried(namespace, known.get(body), instant(first_at), instant(last_at))
        for namespace, body, first_at, last_at in rows
    )
    return sorted(found, key=Carried.place)


def suggestions(transaction: ManagedTransaction, limit: int) -> list[Suggestion]:
    """Keep the promise of `Store.suggestions`."""
    used = (Used(whole, node_of(key), side) for whole, key, side in transaction.run(_USED).values())
    return list(islice(alike(used), limit))


def stats(transaction: ManagedTransaction) -> Mapping[str, int]:
    """Keep the promise of `Store.stats`; how many bytes it takes only the server knows."""
    return transaction.run(_STATS).single(strict=True).data()
