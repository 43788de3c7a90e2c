"""The graph forgotten and made again, piece by piece: as one transaction it would outgrow the server's memory.

While it is being cleared the head of the graph names who does it, and merges are refused: what they wrote between two
pieces would be lost by half. Who names himself later goes on with it, and who did before stops. Between the pieces of
`anew` others may merge, as what they merge is the same whoever does it.
"""

from __future__ import annotations

import threading
from typing import Final, Protocol
from uuid import uuid4

from neo4j import ManagedTransaction

from lineage.errors import StoreUnavailable
from lineage.store._news import Touched
from lineage.store.base import Lease
from lineage.store.neo4j import news
from lineage.store.neo4j.bolt import Bolt

PIECE: Final = 5_000  # nodes, with all their relationships: a second or two
LEASE: Final = "anew"
TTL_S: Final = 120.0  # far longer than one batch takes

_TAKE: Final = """
    MERGE (h:Headwater {key: 'graph'})
    SET h.merges = coalesce(h.merges, 0) + 1, h.last = $last
    RETURN h.clearing
"""
_BY: Final = "MATCH (h:Headwater {key: 'graph'}) SET h.clearing = $by"
# Events first, with what hangs on them; else forgetting one dataset would mean all that was ever said of it.
_FORGET: Final = (
    "MATCH (n:Event) WITH n LIMIT $most DETACH DELETE n RETURN count(*)",
    "MATCH (n:Speaker) WITH n LIMIT $most DETACH DELETE n RETURN count(*)",
    """
    MATCH (n:Thing|Body|ColumnBody|Statement|Writer|News|VerdictPage|VerdictBook) WITH n LIMIT $most
    DETACH DELETE n RETURN count(*)
    """,
)


def clear(bolt: Bolt) -> None:
    """Keep the promise of `Store.clear`: in one transaction where that suffices, or where one is open already."""
    by = uuid4().hex
    done = bolt.write(lambda transaction: _piece(transaction, by, begins=True))
    while not done:
        done = bolt.write(lambda transaction: _piece(transaction, by, begins=False))


def _piece(transaction: ManagedTransaction, by: str, *, begins: bool) -> bool:
    """Forget a piece of what is there; whether that was the last."""
    clearing = transaction.run(_TAKE, last=news.FIRST).value()[0]
    if not begins and clearing != by:
        raise StoreUnavailable("the graph is being made anew by another process; wait until it is done")
    left = PIECE
    for forget in _FORGET:
        if left:
            left -= transaction.run(forget, most=left).value()[0]
    transaction.run(_BY, by=None if left else by).consume()
    if left:
        news.note(transaction, Touched())
    return left > 0


class Leases(Protocol):
    """What gives rights for a while."""

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """As `Store.lease`."""

    def release(self, lease: Lease) -> None:
        """As `Store.release`."""


class Alone(threading.local):
    """Whether this thread makes the graph anew, and by which right."""

    _lease: Lease | None = None

    def begin(self, store: Leases) -> None:
        """Take the right to do it. Raises StoreUnavailable while another has it."""
        self._lease = self._taken(store, uuid4().hex)

    def go_on(self, store: Leases) -> None:
        """Keep the right a while longer, if this thread has it. Raises StoreUnavailable when another took it."""
        if self._lease is not None:
            self._lease = self._taken(store, self._lease.holder)

    def end(self, store: Leases) -> None:
        """Give it back, also when the work failed."""
        if self._lease is not None:
            lease, self._lease = self._lease, None
            store.release(lease)

    @staticmethod
    def _taken(store: Leases, holder: str) -> Lease:
        lease = store.lease(LEASE, holder, TTL_S)
        if lease is None:
            raise StoreUnavailable("the graph is being made anew by another process; wait until it is done")
        return lease
