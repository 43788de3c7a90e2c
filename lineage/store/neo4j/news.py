"""What the newest merges changed, one node a merge: who keeps answers asks here which of them still hold."""

from __future__ import annotations

from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.store import _news
from lineage.store._codes import instant_or_none
from lineage.store._news import Touched
from lineage.store.answers import News
from lineage.store.neo4j.keys import node_of

FIRST: Final = "00000000"  # what the last part of a revision is where no merge brought anything

_NOTE: Final = """
    MATCH (h:Headwater {key: 'graph'})
    CREATE (:News {number: h.merges, last: h.last, first_at: $first_at, ripe_at: $ripe_at, touched: $touched,
        joined: $joined})
    WITH h OPTIONAL MATCH (n:News) WHERE n.number <= h.merges - $kept AND n.ripe_at <= $ripe_at
    DELETE n
"""
_REVISION: Final = """
    OPTIONAL MATCH (h:Headwater {key: 'graph'}) RETURN coalesce(h.merges, 0), coalesce(h.last, $first)
"""
_SINCE: Final = """
    OPTIONAL MATCH (h:Headwater {key: 'graph'})
    RETURN coalesce(h.merges, 0), coalesce(h.last, $first),
        EXISTS {
            MATCH (n:News) WHERE (n.number = $number AND n.last = $last) OR ($number = 0 AND n.number = 1)
        },
        COLLECT {
            MATCH (n:News) WHERE n.number > $number OR n.ripe_at > $cut RETURN [n.first_at, n.touched, n.joined]
        }
"""
_ALSO: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key}) WHERE t.component IS NOT NULL
    MATCH (also:Thing {component: t.component}) RETURN also.key, key
"""


def note(transaction: ManagedTransaction, touched: Touched[str]) -> None:
    """Remember what the merge that holds the lock *touched*.

    What is older than KEPT merges, and was ripe when this was received, is forgotten.
    """
    row: dict[str, Any] = {
        "first_at": touched.first_at,
        "ripe_at": touched.ripe_at,
        "touched": None if touched.nodes is None else sorted(touched.nodes),
        "joined": sorted(touched.joined),
        "kept": _news.KEPT,
    }
    transaction.run(_NOTE, row).consume()


def revision(transaction: ManagedTransaction) -> str:
    """Keep the promise of `Store.revision`: how many merges there were, and what the last of them brought."""
    return _written(*transaction.run(_REVISION, first=FIRST).single(strict=True).values())


def news(transaction: ManagedTransaction, since: str, cut: int) -> News:
    """Keep the promise of `Store.news`; one round trip more where anything is new, for all names of it."""
    number, _, last = since.partition("-")
    asked = {"number": int(number, 16), "last": last, "cut": cut, "first": FIRST}
    merges, newest, known, rows = transaction.run(_SINCE, asked).single(strict=True)
    now = _written(merges, newest)
    first = _news.since(rows) if known or now == since else None
    if first is None:
        return News(now, None)
    for also, key in transaction.run(_ALSO, keys=sorted(first)).values() if first else ():
        first[also] = min(first[key], first.get(also, first[key]))
    return News(now, {node_of(key): instant_or_none(None if at == _news.NEVER else at) for key, at in first.items()})


def _written(merges: int, last: str) -> str:
    return f"{merges:x}-{last}"
