"""The store in one Neo4j database, question by question: each is answered by the module that is named after it."""

from __future__ import annotations

from typing import Final

from lineage.store.base import Resolve
from lineage.store.neo4j import records
from lineage.store.neo4j.bolt import Bolt

_TOUCH: Final = "MERGE (h:Headwater {key: 'check'}) SET h.at = datetime.realtime()"


class Neo4jStore(records.Records):
    """Keeps promises of `lineage.store.base.Store` over a server; which, the package's docstring says."""

    def __init__(self, bolt: Bolt, resolve: Resolve) -> None:
        self._bolt = bolt
        self._resolve = resolve

    def check(self) -> None:
        """Return when the server can be read and written; raise StoreUnavailable otherwise."""
        self._bolt.write(lambda transaction: transaction.run(_TOUCH).consume())

    def close(self) -> None:
        """Let go of the server. Calling it twice is harmless."""
        self._bolt.close()
