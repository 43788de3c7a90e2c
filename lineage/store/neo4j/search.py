"""Find datasets and jobs by words: an index of the pieces of every name says which may fit, their texts which do.

A node's `pieces` stand between blanks, so that the full-text index takes each for a word of its own; its `search` is
what is searched (`things`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, LiteralString

from neo4j import ManagedTransaction

from lineage.database.times import microseconds
from lineage.model import NodeId, Page
from lineage.store._cut import Cut
from lineage.store._search import PIECE, Filters, pieces, words_of
from lineage.store.neo4j.hidden import all_hidden
from lineage.store.neo4j.nodes import described

LOOKED_UP: Final = 32  # pieces: so many narrow it down, and Lucene takes a thousand at most

_BY_PIECES: Final = "CALL db.index.fulltext.queryNodes('headwater_search', $pieces) YIELD node AS t WITH t WHERE "
_ALL: Final = "MATCH (t:Thing) WHERE "
_IN_ORDER: Final = """
    MATCH (t:Thing) USING INDEX t:Thing(namespace, name, kind)
    WHERE t.namespace >= $from AND t.name >= '' AND t.kind >= '' AND
"""
_MENTIONED: Final = "t.first_at IS NOT NULL"
_LONG: Final = "all(word IN $long WHERE t.search CONTAINS word)"
_SHORT: Final = "all(word IN $short WHERE t.pieces CONTAINS word)"
_NEWEST_STATE: Final = """
    t.kind = 'job' AND COLLECT {
        MATCH (s:Speaker {job: t.key}) WHERE s.state IS NOT NULL RETURN s.state ORDER BY s.began DESC, s.key LIMIT 1
    }[0] IN $states
"""
_BEHIND: Final = """
    AND NOT (t.namespace < $after[0] OR t.namespace = $after[0]
        AND (t.name < $after[1] OR t.name = $after[1] AND t.kind <= $after[2]))
"""
_ORDERS: Final[dict[str, LiteralString]] = {
    "name": " ORDER BY t.namespace, t.name, t.kind",
    "updated": " ORDER BY t.last_at DESC, t.namespace, t.name, t.kind",
}


def find(  # noqa: PLR0913 - the promise's own form
    transaction: ManagedTransaction,
    words: str,
    filters: Filters,
    *,
    order: Literal["name", "updated"],
    after: NodeId | None,
    limit: int,
    offset: int,
) -> Page:
    """Keep the promise of `Store.find`."""
    asked = words_of(words)
    conditions = [*_fits(asked), *_conditions(filters)]
    if hidden := all_hidden(transaction):
        conditions.append(("NOT t.key IN $hidden", "hidden", hidden))
    values: dict[str, Any] = {name: value for _, name, value in conditions}
    values |= {
        "pieces": _looked_up(asked),
        "from": after.namespace if after else "",
        "after": after and (after.namespace, after.name, after.kind),
        "limit": limit,
        "offset": offset,
    }
    fits = " AND ".join((_MENTIONED, *(condition for condition, _, _ in conditions)))
    every = _BY_PIECES if asked else _ALL
    first = _IN_ORDER if order == "name" and not asked else every  # so that a page costs no more than its items
    page = first + fits + (_BEHIND if after else "") + " RETURN [t.key, t.first_at, t.last_at]" + _ORDERS[order]
    statement = (
        f"RETURN COUNT {{ {every} {fits} RETURN t }} AS total, COLLECT {{ {page} SKIP $offset LIMIT $limit }} AS rows"
    )
    total, rows = transaction.run(statement, values).single(strict=True)
    return Page(tuple(described(transaction, [tuple(row) for row in rows], Cut())), total)


def _fits(words: Sequence[str]) -> Iterator[tuple[LiteralString, str, Any]]:
    if long := [word for word in words if len(word) >= PIECE]:
        yield _LONG, "long", long
    if short := [f" {word} " for word in words if len(word) < PIECE]:
        yield _SHORT, "short", short


def _conditions(filters: Filters) -> Iterator[tuple[LiteralString, str, Any]]:
    if filters.kind is not None:
        yield "t.kind = $kind", "kind", filters.kind
    if filters.namespace is not None:
        yield "t.namespace = $namespace", "namespace", filters.namespace
    if filters.since is not None:
        yield "t.last_at > $since", "since", microseconds(filters.since)
    if filters.until is not None:
        yield "t.last_at <= $until", "until", microseconds(filters.until)
    if filters.states is not None:
        yield _NEWEST_STATE, "states", list(filters.states)


def _looked_up(words: Iterable[str]) -> str:
    found = {piece for word in words for piece in (pieces(word) if len(word) >= PIECE else (word,))}
    return " AND ".join(map(_escaped, sorted(found, key=len, reverse=True)[:LOOKED_UP]))


def _escaped(piece: str) -> str:
    """*piece* as the query syntax of Lucene takes it for what it is."""
    return "".join(letter if letter.isalnum() else f"\\{letter}" for letter in piece)
