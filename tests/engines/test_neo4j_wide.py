"""Partitions of one table may be thousands: what one more writes in a real Neo4j depends on it alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from neo4j import ManagedTransaction

from lineage.projection import resolve
from lineage.store.neo4j.bolt import Bolt, parse_url
from lineage.store.neo4j.merge import merge
from tests.engines.engine import Engine
from tests.engines.neo4j_server import url
from tests.support.deltas import linked, ran, received

FEW, MANY = 10, 60


class Counted:
    """A transaction that counts the properties which its statements set."""

    def __init__(self, transaction: ManagedTransaction) -> None:
        self._transaction = transaction
        self.written = 0

    def run(self, *statement: Any, **parameters: Any) -> Counted:
        """As of a transaction; only what writes is asked to be consumed."""
        self._result = self._transaction.run(*statement, **parameters)
        return self

    def consume(self) -> None:
        """Take the result, and count what it wrote."""
        self.written += self._result.consume().counters.properties_set

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._result)


@pytest.fixture
def bolt(neo4j_server: Engine) -> Iterator[Bolt]:
    """A way to the server of the store."""
    bolt = Bolt(parse_url(url(neo4j_server)))
    yield bolt
    bolt.close()


def written(bolt: Bolt, number: int, *, tabled: bool) -> int:
    """How many properties one more partition sets, which the rules say is of the table; Spark may say so too."""
    name = f"orders/dt={number:06d}"
    aliases = [linked("orders", name, "rule: a partition is a part of its dataset")]
    if tabled:
        aliases.append(linked(name, "shop.orders"))
    event = ran(f"r{number}", "COMPLETE", number / 1000, by=f"load{number}", writes=[name], aliases=tuple(aliases))
    ((entry, delta),) = received([event])

    def run(transaction: ManagedTransaction) -> int:
        counted = Counted(transaction)
        merge(counted, resolve, [entry], [delta])  # type: ignore[arg-type] # it does what a transaction does
        return counted.written

    return bolt.write(run)


@pytest.mark.usefixtures("graph")
@pytest.mark.parametrize("tabled", [False, True])
@pytest.mark.parametrize("order", [1, -1])
def test_one_more_partition_writes_one_more_partition(bolt: Bolt, order: int, tabled: bool) -> None:  # noqa: FBT001 - a case
    """Whether they come in order or the last first, and also where a symlink moves from each to the next."""
    numbers = range(MANY)[::order]

    sets = [written(bolt, number, tabled=tabled) for number in numbers]

    assert max(sets[-5:]) <= max(sets[FEW - 5 : FEW])
