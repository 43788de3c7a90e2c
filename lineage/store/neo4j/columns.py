"""One hop of column lineage: how bodies and their derivations are found, now or at a time.

About six round trips a hop, however many columns are asked for; at a cut one more for each of two: what was newest
then of what has changed since, and all that ever carried a body.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.model import ColumnEdge, Direction, FieldId, NodeId
from lineage.store import _columns
from lineage.store._columns import Carried, Derivation
from lineage.store._cut import Cut
from lineage.store._identity import Component
from lineage.store.neo4j.hidden import hidden
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import key_of, node_of

_OUTPUTS: Final = """
    UNWIND $datasets AS key MATCH (:Thing {key: key})<-[s:SPEAKS_OF]-(:ColumnBody) RETURN DISTINCT key, s.job
"""
_CARRIERS: Final = """
    UNWIND $bodies AS digest MATCH (:ColumnBody {digest: digest})-[s:SPEAKS_OF]->(d:Thing) RETURN DISTINCT d.key, s.job
"""
# The newest word of all, and whether it lies within the cut.
_CARRIED: Final = """
    UNWIND $outputs AS pair MATCH (:Thing {key: pair[0]})<-[s:SPEAKS_OF {job: pair[1]}]-(b:ColumnBody)
    WITH pair, s, b ORDER BY s.at DESC, s.event DESC
    WITH pair, collect([s.at, s.event, b.digest])[0] AS word
    MATCH (e:Event {digest: word[1]})
    RETURN pair[0], pair[1], word[0], word[1], word[2], word[0] <= $as_of AND e.received <= $known_at
"""
_CARRIED_THEN: Final = """
    UNWIND $outputs AS pair MATCH (:Thing {key: pair[0]})<-[d:DERIVES {job: pair[1]}]-(e:Event)
    WHERE d.at <= $as_of AND e.received <= $known_at
    WITH pair, d, e ORDER BY d.at DESC, e.digest DESC
    WITH pair, collect([d.at, e.digest, d.body])[0] AS word
    RETURN pair[0], pair[1], word[0], word[1], word[2]
"""
_DERIVATION: Final = " RETURN b.digest, c.target, d.key, c.source, c.transformations"
_OF_BODY: Final = (
    "UNWIND $asked AS digest MATCH (b:ColumnBody {digest: digest})-[c:COMES_FROM]->(d:Thing)" + _DERIVATION
)
_OF_TARGET: Final = (
    "UNWIND $asked AS a MATCH (b:ColumnBody {digest: a[0]})-[c:COMES_FROM {target: a[1]}]->(d:Thing)" + _DERIVATION
)
_OF_DATASET: Final = "UNWIND $asked AS key MATCH (b:ColumnBody)-[c:COMES_FROM]->(d:Thing {key: key})" + _DERIVATION
_OF_SOURCE: Final = (
    "UNWIND $asked AS a MATCH (b:ColumnBody)-[c:COMES_FROM {source: a[1]}]->(d:Thing {key: a[0]})" + _DERIVATION
)


def columns(
    transaction: ManagedTransaction, fields: Iterable[FieldId | NodeId], direction: Direction, at: Cut
) -> list[tuple[NodeId | None, ColumnEdge]]:
    """Keep the promise of `Store.columns`."""
    asked = [*fields]
    datasets = {each.dataset if isinstance(each, FieldId) else each for each in asked}
    numbered = {dataset: key_of(dataset) for dataset in datasets}
    return _columns.columns(_Asking(transaction, at), asked, numbered, direction)


class _Asking:
    """What the graph knows of column lineage, at one cut."""

    def __init__(self, transaction: ManagedTransaction, at: Cut) -> None:
        self._transaction = transaction
        self._at = at
        self._parts: dict[str, Component[str]] = {}

    def outputs(self, datasets: Collection[str]) -> Iterator[tuple[str, str]]:
        return ((key, job) for key, job in self._asked(_OUTPUTS, datasets=sorted(datasets)))

    def carriers(self, bodies: Collection[Hashable]) -> Iterator[tuple[str, str]]:
        return ((key, job) for key, job in self._asked(_CARRIERS, bodies=list(bodies)))

    def carried(self, outputs: Collection[tuple[str, str]]) -> Iterator[Carried[str]]:
        changed: list[tuple[str, str]] = []
        for *word, within in self._asked(_CARRIED, outputs=sorted(map(list, outputs))):
            if within:
                yield Carried(*word)
            else:
                changed.append((word[0], word[1]))
        yield from (Carried(*word) for word in self._asked(_CARRIED_THEN, outputs=sorted(map(list, changed))))

    def of_bodies(
        self, whole: Collection[Hashable], some: Collection[tuple[Hashable, str]]
    ) -> Iterator[Derivation[str]]:
        yield from self._derivations(_OF_BODY, list(whole))
        yield from self._derivations(_OF_TARGET, [list(each) for each in some])

    def of_sources(self, whole: Collection[str], some: Collection[tuple[str, str]]) -> Iterator[Derivation[str]]:
        yield from self._derivations(_OF_DATASET, sorted(whole))
        yield from self._derivations(_OF_SOURCE, [list(each) for each in some])

    def components(self, datasets: Collection[str]) -> Mapping[str, Component[str]]:
        fresh = {dataset for dataset in datasets if dataset not in self._parts}
        for part in components(self._transaction, fresh, self._at).items() if fresh else ():
            self._parts |= {part[0]: part[1], **dict.fromkeys(part[1].members, part[1])}
        return {dataset: self._parts[dataset] for dataset in datasets}

    def hidden(self, nodes: Collection[str]) -> Mapping[str, int]:
        return hidden(self._transaction, [node for node in nodes if node], self._at)

    def called(self, nodes: Collection[str]) -> Mapping[str, NodeId]:
        return {node: node_of(node) for node in nodes if node}

    def _derivations(self, statement: str, asked: list[Any]) -> Iterator[Derivation[str]]:
        return (Derivation(*row) for row in self._asked(statement, asked=asked))

    def _asked(self, statement: str, **asked: list[Any]) -> list[list[Any]]:
        if not any(asked.values()):
            return []
        return self._transaction.run(statement, {**asked, **self._at._asdict()}).values()
