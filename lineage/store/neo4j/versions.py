"""The versions of a dataset: what each run that wrote it made, by the time at which it was written.

Six round trips answer a page: whose names the dataset has, how many there are, those of the page with their runs, what
these listed, what was counted, and whether anything was said explicitly. The newest of many datasets take one less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, LiteralString, NamedTuple

from neo4j import ManagedTransaction

from lineage.database.times import instant
from lineage.model import Page, Version
from lineage.store._codes import EVER, OUTPUT
from lineage.store._cut import Cut
from lineage.store._identity import Component
from lineage.store._runs import Row, row_of, run_of
from lineage.store._told import Told
from lineage.store._uses import Question, folded
from lineage.store.base import Resolve
from lineage.store.neo4j.figures import figures
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import node_of
from lineage.store.neo4j.runs import COLUMNS
from lineage.store.neo4j.told import WITHIN
from lineage.store.neo4j.uses import listings, match, statements, values, writers_divided

_NEWEST: Final = (
    """
    UNWIND $names AS name CALL (name) {
        MATCH (s)-[l:LISTS]->() WHERE l.of = name AND l.written_at > $never AND s.state = 'COMPLETE'
        RETURN s, l.written_at AS written ORDER BY l.of DESC, l.written_at DESC, s.key LIMIT 1
    } RETURN name, written, """
    + COLUMNS
)
# Of one dataset the index has the order, so that a page of ten thousand versions costs no more than itself.
_ALONE: Final = " RETURN l.written_at, " + COLUMNS + " ORDER BY l.of DESC, l.written_at DESC, s.key LIMIT $most"
_UNDER_SEVERAL_NAMES: Final = (
    " WITH s, max(l.written_at) AS written RETURN written, " + COLUMNS + " ORDER BY written DESC, s.key LIMIT $most"
)


class Made(NamedTuple):
    """What *run* wrote at that time of the dataset of *part*."""

    part: Component[str]
    run: Row[str]
    written_at: int


def versions(  # noqa: PLR0913 - the promise's own filter
    transaction: ManagedTransaction,
    resolve: Resolve,
    asked: Question[str],
    part: Component[str],
    *,
    delivered: bool | None,
    limit: int,
    offset: int,
) -> Page:
    """Keep the promise of `Store.versions`; those written at the same time are in the order of their run ids."""
    retold = writers_divided(transaction, resolve, asked)
    told = [
        Made(part, row_of(each), written_at)
        for each in retold.values()
        if delivered in (None, each.state == "COMPLETE")
        and (written_at := each.written_at(part.members)) is not None
        and asked.since < written_at <= asked.until
    ]
    settled = match(asked) + _filters(asked, delivered=delivered)
    total = transaction.run(settled + " RETURN count(DISTINCT s)", values(asked)).single(strict=True).value()
    page = settled + (_ALONE if len(part.members) == 1 else _UNDER_SEVERAL_NAMES)
    rows = transaction.run(page, {**values(asked), "most": limit + offset}).values()
    found = [*told, *(Made(part, Row(*row), written_at) for written_at, *row in rows)]
    chosen = sorted(found, key=_order)[offset : offset + limit]
    return Page(tuple(_described(transaction, chosen, retold, asked.at)), total + len(told))


def newest(transaction: ManagedTransaction, datasets: Iterable[str]) -> dict[str, Version]:
    """The newest delivered version of each of *datasets*, by their keys; ties as in `versions`."""
    parts = components(transaction, datasets, Cut())
    by_name = {name: part for part in parts.values() for name in part.members}
    rows = transaction.run(_NEWEST, names=sorted(by_name), never=-EVER).values()
    made = [Made(by_name[name], Row(*row), written_at) for name, written_at, *row in rows]
    chosen = {each.part.canonical: each for each in sorted(made, key=_order, reverse=True)}  # the last of each stays
    found = {version.dataset: version for version in _described(transaction, list(chosen.values()), {}, Cut())}
    called = {dataset: node_of(part.canonical) for dataset, part in parts.items()}
    return {dataset: found[name] for dataset, name in called.items() if name in found}


def _order(made: Made) -> tuple[int, str]:
    return -made.written_at, made.run.id


def _filters(asked: Question[str], *, delivered: bool | None) -> LiteralString:
    chosen: LiteralString = " AND l.written_at > $since AND l.written_at <= $as_of"
    if not asked.at.whole:
        chosen += " AND " + WITHIN
    if delivered is not None:
        chosen += " AND s.state = 'COMPLETE'" if delivered else " AND s.state <> 'COMPLETE'"
    return chosen


def _described(
    transaction: ManagedTransaction, chosen: Sequence[Made], told: Mapping[str, Told[str]], at: Cut
) -> list[Version]:
    rows = listings(transaction, {made.run.id for made in chosen}, told)
    canonical = {name: made.part.canonical for made in chosen for name in made.part.members}
    every = folded((row for row in rows if row.side == OUTPUT and row.dataset in canonical), canonical)
    keys = [(made.run.id, made.part.canonical, OUTPUT) for made in chosen]
    whole = {key: every[key] for key in keys if key in every}
    found = figures(transaction, {key: use.raw for key, use in whole.items()}, at)
    made_of = statements(transaction, whole, at)
    return [
        Version(
            dataset=node_of(made.part.canonical),
            run=run_of(made.run, node_of),
            written_at=instant(made.written_at),
            delivered=made.run.state == "COMPLETE",
            statistics=found[key].statistics,
            explicit=found[key].version,
            schema_digest=found[key].schema_digest,
            made_of=made_of.get(key),
        )
        for made, key in zip(chosen, keys, strict=True)
        if key in found
    ]
