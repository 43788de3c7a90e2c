"""The versions of a dataset in short, for a judge: as a rule one round trip for all of them and what proves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.model import Write
from lineage.store._codes import OUTPUT
from lineage.store._cut import Cut
from lineage.store._identity import Component
from lineage.store._uses import Question
from lineage.store._writes import ENDS, Proof, Row, by_run, rows_of, writes_of
from lineage.store.base import Resolve
from lineage.store.neo4j.figures import figures
from lineage.store.neo4j.keys import node_of
from lineage.store.neo4j.told import WITHIN
from lineage.store.neo4j.uses import match, values, writers_divided

_VERSION: Final = """
    s.key, l.of, s.job, s.state, l.written_at, s.nominal_start, s.nominal_end, s.first_received, s.started,
    s.parent_run,
    [(s)<-[m:DECIDES]-(e:Event) WHERE m.type = $ends[s.state] | [m.at, e.digest, e.received]]
"""
# Of speakers that the cut divides: when the first event of each was received, and what ended it by then.
_THEN: Final = """
    UNWIND $keys AS key MATCH (:Speaker {key: key})<-[m:DECIDES|TELLS]-(e:Event)
    WHERE m.at <= $as_of AND e.received <= $known_at AND m.at - e.received <= $lead
    RETURN key, min(e.received), collect(CASE WHEN m.type IN $kinds THEN [m.type, m.at, e.digest, e.received] END)
"""


def writes(
    transaction: ManagedTransaction, resolve: Resolve, asked: Question[str], part: Component[str], *, counts: bool
) -> list[Write]:
    """Keep the promise of `Store.writes`; those written at the same time are in the order of their run ids."""
    rows: list[Row[str]] = []
    proofs: dict[str, list[Proof]] = {}
    cut: LiteralString = "" if asked.at.whole else " AND " + WITHIN
    found = match(asked) + " AND l.written_at > $since AND l.written_at <= $as_of" + cut + " RETURN " + _VERSION
    for key, *row, ends in transaction.run(found, {**values(asked), "ends": ENDS}):
        rows.append(Row(key, node_of(key).name, *row))
        proofs[key] = _newest_first(ends)
    told = writers_divided(transaction, resolve, asked)
    for key, heard, ends in _then(transaction, told, asked.at):
        made = rows_of(told[key], node_of(key).name, part.members, heard)
        rows += [row for row in made if asked.since < row.written_at <= asked.until]
        kind = ENDS.get(told[key].state or "")
        proofs[key] = _newest_first(rest for of, *rest in ends if of == kind)
    newest, raw = by_run(rows)
    counted = _counted(transaction, part, raw, asked.at) if counts else {}
    return writes_of(newest.values(), counted, proofs, node_of)


def _then(transaction: ManagedTransaction, told: Collection[str], at: Cut) -> list[list[Any]]:
    asked = {"keys": sorted(told), "kinds": list(ENDS.values()), **at._asdict()}
    return transaction.run(_THEN, asked).values() if told else []


def _newest_first(ends: Iterable[list[Any]]) -> list[Proof]:
    return [(digest, received) for _, digest, received in sorted(ends, reverse=True)]


def _counted(
    transaction: ManagedTransaction, part: Component[str], raw: Mapping[str, Collection[str]], at: Cut
) -> dict[str, int | None]:
    keys = {(speaker, part.canonical, OUTPUT): members for speaker, members in raw.items()}
    return {key[0]: found.statistics.rows for key, found in figures(transaction, keys, at).items()}
