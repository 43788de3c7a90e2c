"""The store in one Neo4j database, question by question: each is answered by the module that is named after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from tempfile import TemporaryFile
from typing import Final, Literal, TypeVar

from neo4j import ManagedTransaction

from lineage.database.times import instant, microseconds
from lineage.model import Delta, Entry, Kind, NodeId, Page, RunState, Suggestion
from lineage.statements import About, Kept, Statement, Subject
from lineage.store._ahead import Ahead
from lineage.store._search import Filters
from lineage.store.answers import Carried, Namespace, News
from lineage.store.base import Resolve
from lineage.store.neo4j import anew, connected, dump, happened, news, overview, records, search, stated
from lineage.store.neo4j.bolt import Bolt
from lineage.store.neo4j.merge import merge

T = TypeVar("T")

DUMP_S: Final = 3_600.0  # a transaction may take: that of a dump is long, and writes nothing

_TOUCH: Final = "MERGE (h:Headwater {key: 'check'}) SET h.at = datetime.realtime()"
_HOLD: Final = "MATCH (h:Headwater {key: 'graph'}) SET h.held = true"
_WATERMARK: Final = "MATCH (w:Writer) RETURN w.name, w.seq"
_HEARD: Final = "MATCH (e:Event) WHERE e.received <= $known_at RETURN e.received ORDER BY e.received LIMIT 1"


class Neo4jStore(Ahead, records.Records, connected.Connected, happened.Happened):
    """Keeps promises of `lineage.store.base.Store` over a server; which, the package's docstring says."""

    def __init__(self, bolt: Bolt, resolve: Resolve) -> None:
        self._bolt = bolt
        self._resolve = resolve
        self._alone = anew.Alone()

    def merge(self, entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
        """Merge *deltas*, all or none, in one transaction, which waits for those of other writers."""
        self._alone.go_on(self)
        self._bolt.write(lambda transaction: merge(transaction, self._resolve, entries, deltas))

    def state(self, entries: Sequence[Entry], statements: Sequence[Statement]) -> None:
        """Take in *statements*; statements[i] stands at entries[i]."""
        self._bolt.write(lambda transaction: stated.state(transaction, entries, statements))

    def clear(self) -> None:
        """Forget graph, statements and verdicts, keep documents; merges of others are refused until it is done."""
        self._alone.go_on(self)
        anew.clear(self._bolt)

    def anew(self, work: Callable[[], T]) -> T:
        """Run *work* piece by piece, and keep others from doing the same meanwhile."""
        self._alone.begin(self)
        try:
            return work()
        finally:
            self._alone.end(self)

    def statements(
        self, about: About | Iterable[Subject], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[Kept]:
        """What people said of these subjects, or of all of a kind, by receipt."""
        asked = about if isinstance(about, str) else list(about)
        return self._bolt.read(lambda transaction: stated.statements(transaction, asked, as_of, known_at))

    def find(  # noqa: PLR0913 - a search form has this many fields
        self,
        words: str = "",
        *,
        kind: Kind | None = None,
        namespace: str | None = None,
        order: Literal["name", "updated"] = "name",
        since: datetime | None = None,
        until: datetime | None = None,
        states: Iterable[RunState] | None = None,
        after: NodeId | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Datasets and jobs that hold every word; by namespace and name, or the last observed first."""
        filters = Filters(kind, namespace, since, until, None if states is None else tuple(states))
        return self._bolt.read(
            lambda transaction: search.find(
                transaction, words, filters, order=order, after=after, limit=limit, offset=offset
            )
        )

    def namespaces(self) -> list[Namespace]:
        """All namespaces with a dataset or job, by name."""
        return self._bolt.read(overview.namespaces)

    def suggestions(self, limit: int = 100) -> list[Suggestion]:
        """Datasets that are read and never written, with those written that `normal.differs` finds like them."""
        return self._bolt.read(lambda transaction: overview.suggestions(transaction, limit))

    def tallies(self, borders: Sequence[datetime]) -> list[Mapping[str, int]]:
        """For each span between two *borders* its events by type, and all that had been seen by its end."""
        return self._bolt.read(lambda transaction: overview.tallies(transaction, borders))

    def carried(self, facet: str, kind: Kind) -> list[Carried]:
        """The newest bodies of *facet* that entities of *kind* have now, by namespace and body."""
        return self._bolt.read(lambda transaction: overview.carried(transaction, facet, kind))

    def heard(self, known_at: datetime) -> datetime | None:
        """When the first of all events was received, if by *known_at*."""
        asked = microseconds(known_at)
        first = self._bolt.read(lambda transaction: transaction.run(_HEARD, known_at=asked).value())
        return instant(first[0]) if first else None

    def dump(self) -> Iterator[bytes]:
        """The whole graph as canonical JSON lines; merges wait while it is read from the server."""
        with TemporaryFile() as file:

            def run(transaction: ManagedTransaction) -> None:
                file.seek(0)
                file.truncate()  # what an attempt before this one wrote
                transaction.run(_HOLD).consume()
                dump.dump(transaction, file)

            self._bolt.write(run, DUMP_S)
            file.seek(0)
            for line in file:
                yield line.removesuffix(b"\n")

    def revision(self) -> str:
        """A short word that changes with every merge and with `clear`."""
        return self._bolt.read(news.revision)

    def news(self, since: str, cut: datetime) -> News:
        """What was merged after the `revision` *since*; the newest `_news.KEPT` merges are remembered."""
        asked = microseconds(cut)
        return self._bolt.read(lambda transaction: news.news(transaction, since, asked))

    def watermark(self) -> Mapping[str, int]:
        """For each writer, the highest seq that was merged."""
        return dict(self._bolt.read(lambda transaction: transaction.run(_WATERMARK).values()))

    def stats(self) -> Mapping[str, int]:
        """Counts of datasets, jobs, runs (also those only named), events, distinct facet bodies and column edges."""
        return self._bolt.read(overview.stats)

    def check(self) -> None:
        """Return when the server can be read and written; raise StoreUnavailable otherwise."""
        self._bolt.write(lambda transaction: transaction.run(_TOUCH).consume())

    def close(self) -> None:
        """Let go of the server. Calling it twice is harmless."""
        self._bolt.close()
