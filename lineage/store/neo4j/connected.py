"""The part of the store that answers what hangs together: nodes, edges, columns, and which names are one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from neo4j import ManagedTransaction

from lineage.model import ColumnEdge, Declaration, Direction, Edge, FieldId, Node, NodeId
from lineage.statements import Ruling
from lineage.store._cut import cut
from lineage.store.base import Resolve
from lineage.store.neo4j import around, columns, declared, edges, nodes
from lineage.store.neo4j.bolt import Bolt
from lineage.store.neo4j.cuts import trimmed


class Connected:
    """What hangs together, question by question; each is answered by the module that is named after it."""

    _bolt: Bolt
    _resolve: Resolve

    def get(
        self, ids: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> dict[NodeId, Node]:
        """The datasets and jobs among *ids* that are known; of a dataset, over all its aliases."""
        wanted, at = list(ids), cut(as_of, known_at)
        return self._bolt.read(lambda t: nodes.get(t, wanted, trimmed(t, at)))

    def neighbours(
        self,
        ids: Iterable[NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        lookback: timedelta | None = None,
    ) -> list[Edge]:
        """One hop of lineage from all of *ids* at once."""
        wanted, at = list(ids), cut(as_of, known_at)

        def run(transaction: ManagedTransaction) -> list[Edge]:
            within = at if lookback is not None else trimmed(transaction, at)
            return edges.neighbours(transaction, self._resolve, wanted, direction, within, lookback)

        return self._bolt.read(run)

    def columns(
        self,
        fields: Iterable[FieldId | NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[tuple[NodeId | None, ColumnEdge]]:
        """One hop of column lineage: (job, edge) pairs."""
        wanted, at = list(fields), cut(as_of, known_at)
        return self._bolt.read(lambda t: columns.columns(t, wanted, direction, trimmed(t, at)))

    def dependencies(
        self, jobs: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[tuple[NodeId, NodeId]]:
        """Which jobs wait for which: (upstream, downstream) pairs that touch *jobs*, sorted."""
        wanted, at = list(jobs), cut(as_of, known_at)
        return self._bolt.read(lambda t: around.dependencies(t, wanted, at))

    def declarations(self, dataset: NodeId) -> list[Declaration]:
        """All that was declared of *dataset* and of all that is one with it, by alias, why and dataset."""
        return self._bolt.read(lambda t: declared.declarations(t, dataset))

    def rulings(self, dataset: NodeId) -> list[Ruling]:
        """What people said of *dataset*, under all its names, being one with others or apart; newest first."""
        return self._bolt.read(lambda t: declared.rulings(t, dataset))
