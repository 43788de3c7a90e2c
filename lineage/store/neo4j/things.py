"""Datasets and jobs as nodes: made when first named, their spans and newest facets brought up to date.

Only a merge that holds the lock of the head comes here, so that what it read is what it may write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.model import NodeId
from lineage.store._observations import Fresh
from lineage.store._search import initials, pieces, text
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.said import Newest, newer
from lineage.store.neo4j.writing import places, put, sets

_KNOWN: Final = """
    UNWIND $keys AS key MATCH (t:Thing {key: key})
    RETURN key, t.first_at, t.last_at, t.first_received, t.last_received, t.facets
"""
_NAME: Final = ("key", "kind", "namespace", "name")
_SPAN: Final = ("first_at", "last_at", "first_received", "last_received")
_STATE: Final = (*_SPAN, "facets")
_NEW: Final = "UNWIND $rows AS r CREATE (t:Thing {" + places((*_NAME, "search", "pieces", *_STATE)) + "})"
_KEEP: Final = "UNWIND $rows AS r MATCH (t:Thing {key: r[0]}) SET " + sets("t", _STATE, first=1)
_UNSEEN: Final = (None, None, None, None, None)


def spans(fresh: Iterable[Fresh[str]]) -> dict[str, tuple[int, int, int, int]]:
    """Of every dataset and job that *fresh* events mention the first and last event time and receipt, by key."""
    found: dict[str, tuple[int, int, int, int]] = {}
    for event in fresh:
        at, received = event.at, event.received
        for key in map(key_of, event.delta.nodes):
            first, last, came, went = found.get(key, (at, at, received, received))
            found[key] = min(first, at), max(last, at), min(came, received), max(went, received)
    return found


def meet(
    transaction: ManagedTransaction,
    named: Iterable[NodeId],
    mentioned: Mapping[str, tuple[int, int, int, int]],
    facets: Mapping[str, Newest],
) -> set[str]:
    """Make the things that are *named* for the first time, and bring those *mentioned* up to date.

    Answers those that were there and are mentioned for the first time.
    """
    keys = sorted({key_of(node) for node in named if node.kind != "run"})
    if not keys:
        return set()
    known = {key: tuple(row) for key, *row in transaction.run(_KNOWN, keys=keys)}
    new: list[list[Any]] = []
    kept: list[list[Any]] = []
    for key in keys:
        before = known.get(key, _UNSEEN)
        after = (*_widest(before[:4], mentioned.get(key)), newer(before[4], facets.get(key)))
        if key not in known:
            node = node_of(key)
            new.append([key, *node, *_searched(node), *after])
        elif after != before:
            kept.append([key, *after])
    put(transaction, _NEW, new)
    put(transaction, _KEEP, kept)
    return {key for key in mentioned if known.get(key, (0,))[0] is None}


def _widest(before: tuple[Any, ...], span: tuple[int, int, int, int] | None) -> tuple[int | None, ...]:
    if span is None or before[0] is None:
        return span or before
    return min(before[0], span[0]), max(before[1], span[1]), min(before[2], span[2]), max(before[3], span[3])


def _searched(node: NodeId) -> tuple[str, str]:
    """What is searched of a name, and the pieces by which it is looked up: initials, and three characters in a row."""
    searched = text(node.namespace, node.name)
    found = {*initials(f"{node.namespace}\n{node.name}"), *pieces(searched)}
    return searched, f" {' '.join(sorted(found))} "
