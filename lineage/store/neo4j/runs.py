"""Runs by what people ask for: their ids, job, parent, state or time; for now or as they were known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, LiteralString

from neo4j import ManagedTransaction

from lineage.model import NodeId, Page, Run
from lineage.store._codes import EVER
from lineage.store._runs import Question, Row, row_of, run_of
from lineage.store.base import Resolve
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.told import DIVIDED, WITHIN, retell

# A `_runs.Row`, of a speaker `s`.
COLUMNS: Final = """s.key, s.job, s.state, s.last_at, s.started, s.ended, s.began, s.conflict,
    s.parent_run, s.parent_job, s.root_run, s.root_job, s.nominal_start, s.nominal_end
"""
_RUNS: Final = "MATCH (s:Speaker) WHERE s.state IS NOT NULL AND s.job IS NOT NULL"
# The order of runs; of one job or parent it begins with that, so that an index has it.
_ORDER: Final = " ORDER BY %ss.began DESC, s.key"
_UNDER: Final[Mapping[str, tuple[LiteralString, LiteralString]]] = {
    "job": (" AND s.job = key", "s.job DESC, "),
    "run": (" AND s.parent_run = key", "s.parent_run DESC, "),
}
# Who the cut divides: of jobs and of parents all that ever named them, for what is named now may be newer than the cut.
_DIVIDED: Final[Mapping[str, LiteralString]] = {
    "job": "UNWIND $keys AS key MATCH (s:Speaker) WHERE s.job = key AND " + DIVIDED + " RETURN s.key"
    " UNION UNWIND $keys AS key MATCH (:Thing {key: key})<-[:NAMED]-(s:Speaker) WHERE " + DIVIDED + " RETURN s.key",
    "run": "UNWIND $keys AS key MATCH (s:Speaker) WHERE s.parent_run = key AND " + DIVIDED + " RETURN s.key"
    " UNION UNWIND $keys AS key MATCH (:Speaker {key: key})<-[:NAMED]-(s:Speaker) WHERE " + DIVIDED + " RETURN s.key",
    "itself": "UNWIND $keys AS key MATCH (s:Speaker {key: key}) WHERE " + DIVIDED + " RETURN s.key",
    "all": "MATCH (s:Speaker) WHERE " + DIVIDED + " RETURN s.key",
}


def runs(transaction: ManagedTransaction, resolve: Resolve, asked: Question[str], limit: int, offset: int) -> Page:
    """Keep the promise of `Store.runs`; runs that began together are in the order of their ids."""
    where = _RUNS + _filters(asked)
    values = {**asked._asdict(), "as_of": EVER, "most": limit + offset}
    apart = _divided(transaction, resolve, *_candidates(asked), asked)
    total = transaction.run(where + " RETURN count(*)", values).single(strict=True).value()
    first: LiteralString = "s.job DESC, " if asked.job else "s.parent_run DESC, " if asked.parent else ""
    page = where + " RETURN " + COLUMNS + _ORDER.replace("%s", first) + " LIMIT $most"
    rows = transaction.run(page, values).values()
    chosen = _first([*map(Row._make, rows), *apart])[offset : offset + limit]
    return Page(tuple(run_of(row, node_of) for row in chosen), total + len(apart))


def newest(
    transaction: ManagedTransaction, resolve: Resolve, of: Iterable[NodeId], asked: Question[str], limit: int
) -> dict[NodeId, list[Run]]:
    """Keep the promise of `Store.newest_runs`; *asked* holds for each of *of*."""
    found: dict[NodeId, list[Run]] = {}
    wanted = list(dict.fromkeys(of))
    for kind in _UNDER:
        keys = {key_of(node): node for node in wanted if node.kind == kind}
        rows = _newest(transaction, resolve, kind, keys, asked, limit) if keys else {}
        found |= {keys[key]: [run_of(row, node_of) for row in _first(several)[:limit]] for key, several in rows.items()}
    return {node: found[node] for node in wanted if node in found}


def _newest(  # noqa: PLR0913, PLR0917 - what a question about many is made of
    transaction: ManagedTransaction,
    resolve: Resolve,
    kind: str,
    keys: Collection[str],
    asked: Question[str],
    limit: int,
) -> Mapping[str, list[Row[str]]]:
    under, first = _UNDER[kind]
    order = _ORDER.replace("%s", first)
    statement = (
        "UNWIND $keys AS key CALL (key) { "
        + _RUNS + under + _filters(asked) + " RETURN s" + order + " LIMIT $limit } RETURN key, " + COLUMNS
    )  # fmt: skip
    found: defaultdict[str, list[Row[str]]] = defaultdict(list)
    values = {**asked._asdict(), "as_of": EVER, "keys": list(keys), "limit": limit}
    for key, *columns in transaction.run(statement, values):
        found[key].append(Row(*columns))
    for row in _divided(transaction, resolve, kind, keys, asked):
        of = row.job if kind == "job" else row.parent_run
        if of is not None and of in keys:
            found[of].append(row)
    return found


def _filters(asked: Question[str]) -> LiteralString:
    wanted: tuple[tuple[LiteralString, object], ...] = (
        (" AND s.key IN $ids", asked.ids),
        (" AND s.job = $job", asked.job),
        (" AND s.parent_run = $parent", asked.parent),
        (" AND s.state IN $states", asked.states),
    )
    chosen = "".join(condition for condition, value in wanted if value is not None)
    cut = "" if asked.at.whole else " AND " + WITHIN
    return chosen + " AND s.began > $since AND s.began <= $until" + cut


def _candidates(asked: Question[str]) -> tuple[str, Collection[str]]:
    """How the runs that the cut divides are found, and by which keys."""
    if asked.ids is not None:
        return "itself", asked.ids
    if asked.job is not None:
        return "job", [asked.job]
    return ("all", ()) if asked.parent is None else ("run", [asked.parent])


def _divided(
    transaction: ManagedTransaction, resolve: Resolve, how: str, keys: Collection[str], asked: Question[str]
) -> list[Row[str]]:
    """The runs that were asked for among those that the cut divides, as they were told then."""
    if asked.at.whole:
        return []
    candidates = transaction.run(_DIVIDED[how], {"keys": list(keys), **asked.at._asdict()}).value()
    rows = map(row_of, retell(transaction, resolve, candidates, asked.at).values())
    return [row for row in rows if asked.suits(row)]


def _first(rows: Iterable[Row[str]]) -> list[Row[str]]:
    return sorted(rows, key=lambda row: (-row.began, node_of(row.id).name))
