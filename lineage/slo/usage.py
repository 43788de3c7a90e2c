"""Who uses which column of a dataset, as column lineage tells of a moment: whom a change of it breaks (SLO.md b.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from lineage.model import WHOLE, NodeId
from lineage.slo.asking import read
from lineage.store.base import Store

CONTRACT = "contract"
MOST = 1_000  # words of consumers that are looked through


class _Expectation(msgspec.Struct):
    column: object = None


class _Contract(msgspec.Struct):
    """Our own facet, as far as it tells who expects something of which column."""

    consumer: str
    expectations: list[_Expectation] = msgspec.field(default_factory=list)


class Usage(NamedTuple):
    """Names of what is made of a dataset, *by_column*; *WHOLE* are those of all its columns.

    *blind* are jobs that read it and told of no column: they may use any. A consumer uses the columns that it expects
    something of (facet `contract`).
    """

    by_column: Mapping[str, frozenset[str]]
    blind: frozenset[str] = frozenset()

    def of(self, path: str) -> list[str]:
        """Who uses the column at *path*, or a part of it, or what it is a part of; sorted."""
        found = set(self.blind)
        for used, names in self.by_column.items():
            if used in {WHOLE, path} or _within(used, path) or _within(path, used):
                found |= names
        return sorted(found)


def usage(dataset: NodeId, store: Store, as_of: datetime, known_at: datetime) -> Usage:
    """How *dataset* was used at *as_of*, from the events received by *known_at*. Raises StoreUnavailable."""
    by_column: defaultdict[str, set[str]] = defaultdict(set)
    telling: set[NodeId | None] = set()
    for job, edge in store.columns([dataset], "down", as_of=as_of, known_at=known_at):
        telling.add(job)
        by_column[edge.source.name].add(edge.target.dataset.name)
    readers = {edge.target for edge in store.neighbours([dataset], "down", as_of=as_of, known_at=known_at)}
    for consumer, columns in _expecting(dataset, store, as_of, known_at):
        for column in columns:
            by_column[column].add(consumer)
    used = {column: frozenset(names) for column, names in by_column.items()}
    return Usage(used, frozenset(job.name for job in readers if job not in telling))


def _expecting(
    dataset: NodeId, store: Store, as_of: datetime, known_at: datetime
) -> Iterator[tuple[str, Collection[str]]]:
    """Each consumer whose expectations were told, with the columns that the newest word names."""
    told: set[str] = set()
    for facet in store.facet_history(dataset, [CONTRACT], until=as_of, known_at=known_at, limit=MOST):
        body = read(facet.body, _Contract)
        if body is not None and body.consumer not in told:
            told.add(body.consumer)
            yield body.consumer, {each.column for each in body.expectations if isinstance(each.column, str)}


def _within(path: str, other: str) -> bool:
    """Whether *path* is a part of *other*: of a struct, or an element of a list."""
    return path.startswith((f"{other}.", f"{other}[]"))
