"""The graph in one SQLite file, question by question: each is answered by the module that is named after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from sqlite3 import Connection
from typing import Literal

from lineage.database import Database
from lineage.database.times import microseconds
from lineage.model import (
    ColumnEdge,
    Declaration,
    Delta,
    Direction,
    Edge,
    Entry,
    FacetRecord,
    FieldId,
    Kind,
    Node,
    NodeId,
    Page,
    RunState,
    Side,
    Suggestion,
    Use,
    Version,
    Write,
    run_id,
)
from lineage.statements import About, Kept, Ruling, Statement, Subject
from lineage.store import _cut, _events, _news, _runs, _uses
from lineage.store._ahead import Ahead
from lineage.store._codes import SIDE
from lineage.store._cut import Cut, cut, lead_of
from lineage.store._search import Filters
from lineage.store.answers import Carried, Namespace, News
from lineage.store.base import Resolve
from lineage.store.sqlite import (
    around,
    columns,
    declared,
    dump,
    edges,
    history,
    news,
    nodes,
    overview,
    records,
    rulings,
    runs,
    schema,
    search,
    stated,
    uses,
    versions,
    writes,
)
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.merge import merge
from lineage.store.sqlite.sql import trimmed

NOTHING = Page((), 0)


class SqliteStore(Ahead, records.Records, around.Around):
    """Keeps the promises of `lineage.store.base.Store` over a Database, which it shares with the ledger.

    What is called on the database's writer thread joins the transaction that is open there (DECISIONS 12).
    """

    def __init__(self, database: Database, resolve: Resolve) -> None:
        self._database = database
        self._resolve = resolve
        self._ids = Ids()
        database.when_doubtful(self._ids.forget)

    def merge(self, entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
        """Merge *deltas*; what a failed merge wrote is undone, also within a transaction that goes on."""

        def run() -> None:
            with self._database.savepoint() as connection:
                merge(connection, self._ids, self._resolve, entries, deltas)

        self._database.write(lambda _: run())

    def state(self, entries: Sequence[Entry], statements: Sequence[Statement]) -> None:
        """Take in *statements*; statements[i] stands at entries[i]."""

        def run(connection: Connection) -> None:
            stated.state(connection, entries, statements)
            rulings.rule(connection, self._ids, zip(entries, statements, strict=True))
            news.note(connection, (entry.digest for entry in entries), _news.decided(entries, statements))

        self._database.write(run)

    def clear(self) -> None:
        """Forget graph and verdicts, keep documents. Readers see the old graph until the transaction ends."""

        def run() -> None:
            with self._database.transaction() as connection:
                ((merges,),) = connection.execute("SELECT coalesce(max(number), 0) FROM tally WHERE what = 'merges'")
                for table in (*schema.TABLES, "verdict_pages"):
                    connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant
                search.clear(connection)
                connection.execute("INSERT INTO tally VALUES ('merges', ?)", (merges,))
                news.note(connection, (), _news.Touched())
            self._ids.forget()

        self._database.write(lambda _: run())

    def get(
        self, ids: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> dict[NodeId, Node]:
        """The datasets and jobs among *ids* that are known; of a dataset, over all its aliases."""
        with self._database.read() as connection:
            return nodes.get(connection, ids, trimmed(connection, cut(as_of, known_at)))

    def statements(
        self, about: About | Iterable[Subject], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[Kept]:
        """What people said of these subjects, or of all of a kind, by receipt."""
        with self._database.read() as connection:
            return stated.statements(connection, about, cut(as_of, known_at))

    def declarations(self, dataset: NodeId) -> list[Declaration]:
        """All that was declared of *dataset* and of all that is one with it, by alias, why and dataset."""
        with self._database.read() as connection:
            return declared.declarations(connection, dataset)

    def rulings(self, dataset: NodeId) -> list[Ruling]:
        """What people said of *dataset*, under all its names, being one with others or apart; newest first."""
        with self._database.read() as connection:
            return rulings.rulings(connection, dataset)

    def suggestions(self, limit: int = 100) -> list[Suggestion]:
        """Datasets that are read and never written, with those written that `normal.differs` finds like them."""
        with self._database.read() as connection:
            return declared.suggestions(connection, limit)

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
        with self._database.read() as connection:
            return search.find(connection, words, filters, order=order, after=after, limit=limit, offset=offset)

    def namespaces(self) -> list[Namespace]:
        """All namespaces with a dataset or job, by name."""
        with self._database.read() as connection:
            return nodes.namespaces(connection)

    def neighbours(
        self,
        ids: Iterable[NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        lookback: timedelta | None = None,
    ) -> list[Edge]:
        """One hop of lineage, by source and target. Without *as_of*, *lookback* counts from the newest event."""
        with self._database.read() as connection:
            at = cut(as_of, known_at)
            if lookback is None:  # else it counts from as_of, also from one beyond all that is stored
                at = trimmed(connection, at)
            return edges.neighbours(connection, self._resolve, ids, direction, at, lookback)

    def columns(
        self,
        fields: Iterable[FieldId | NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[tuple[NodeId | None, ColumnEdge]]:
        """One hop of column lineage, by edge and job; the job is None where a DatasetEvent said it."""
        with self._database.read() as connection:
            return columns.columns(connection, fields, direction, trimmed(connection, cut(as_of, known_at)))

    def runs(  # noqa: PLR0913 - a filter has this many fields
        self,
        *,
        ids: Iterable[str] | None = None,
        job: NodeId | None = None,
        parent: str | None = None,
        states: Iterable[RunState] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Runs, newest first. One that only others named is NEW, under the job that they gave it."""
        with self._database.read() as connection:
            wanted = [run_id(run) for run in ids] if ids is not None else None
            parent_run = run_id(parent) if parent is not None else None
            asked = [node for node in (job, parent_run) if node is not None]
            found = nodes.look_up(connection, [*asked, *(wanted or ())])
            if not found.keys() >= set(asked):
                return NOTHING
            question = _runs.Question(
                ids=None if wanted is None else [found[run] for run in dict.fromkeys(wanted) if run in found],
                job=found[job] if job is not None else None,
                parent=found[parent_run] if parent_run is not None else None,
                states=None if states is None else list(states),
                **_cut.window(since, until, known_at, self._lead),
            )
            return runs.runs(connection, self._resolve, question, limit, offset)

    def uses(  # noqa: PLR0913 - a filter has this many fields
        self,
        *,
        run: str | None = None,
        job: NodeId | None = None,
        dataset: NodeId | None = None,
        side: Side | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 1000,
    ) -> list[Use]:
        """Who used what, newest first by last observation. With *until*, events after it say nothing."""
        assert (run, job, dataset) != (None, None, None), "uses are asked of a run, a job or a dataset"
        with self._database.read() as connection:
            speaker = run_id(run) if run is not None else None
            asked = [node for node in (speaker, job, dataset) if node is not None]
            found = nodes.look_up(connection, asked)
            if not found.keys() >= set(asked):
                return []
            window = _cut.window(since, until, known_at, self._lead)
            at = Cut(window["until"], window["known_at"])
            question = _uses.Question(
                speaker=found[speaker] if speaker is not None else None,
                job=found[job] if job is not None else None,
                members=components(connection, [found[dataset]], at)[found[dataset]].members if dataset else None,
                side=None if side is None else SIDE[side],
                **window,
            )
            return uses.uses(connection, self._resolve, question, limit)

    def versions(  # noqa: PLR0913 - a filter has this many fields
        self,
        dataset: NodeId,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        delivered: bool | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Versions of *dataset* and its aliases, newest first by written_at."""
        with self._database.read() as connection:
            number = nodes.look_up(connection, [dataset]).get(dataset)
            if number is None:
                return NOTHING
            window = _cut.window(since, until, known_at, self._lead)
            part = components(connection, [number], Cut(window["until"], window["known_at"]))[number]
            question = _uses.Question(members=part.members, **window)
            return versions.versions(
                connection, self._resolve, question, part, delivered=delivered, limit=limit, offset=offset
            )

    def newest_versions(self, datasets: Iterable[NodeId]) -> dict[NodeId, Version]:
        """The newest delivered version of each of *datasets*; one that has none is left out."""
        with self._database.read() as connection:
            numbers = nodes.look_up(connection, datasets)
            newest = versions.newest(connection, components(connection, numbers.values(), Cut()))
            return {dataset: newest[number] for dataset, number in numbers.items() if number in newest}

    def writes(
        self,
        dataset: NodeId,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        counts: bool = False,
    ) -> list[Write]:
        """All versions of *dataset* and its aliases, newest first by written_at, for a judge."""
        with self._database.read() as connection:
            number = nodes.look_up(connection, [dataset]).get(dataset)
            if number is None:
                return []
            window = _cut.window(since, until, known_at, self._lead)
            part = components(connection, [number], Cut(window["until"], window["known_at"]))[number]
            question = _uses.Question(members=part.members, **window)
            return writes.writes(connection, self._resolve, question, part, counts=counts)

    def events(  # noqa: PLR0913 - a filter has this many fields
        self,
        *,
        digests: Iterable[str] | None = None,
        run: str | None = None,
        job: NodeId | None = None,
        dataset: NodeId | None = None,
        namespace: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        ahead: timedelta | None = None,
        newest_first: bool = True,
        limit: int = 100,
        offset: int = 0,
    ) -> Page:
        """Event records by event time, since < at <= until."""
        with self._database.read() as connection:
            speaker = run_id(run) if run is not None else None
            asked = [node for node in (speaker, job, dataset) if node is not None]
            found = nodes.look_up(connection, asked)
            if not found.keys() >= set(asked):
                return NOTHING
            question = _events.Question(
                digests=None if digests is None else list(digests),
                run=found[speaker] if speaker is not None else None,
                job=found[job] if job is not None else None,
                members=components(connection, [found[dataset]], Cut())[found[dataset]].members if dataset else None,
                namespace=namespace,
                ahead=None if ahead is None else lead_of(ahead),
                **_cut.window(since, until, known_at, self._lead),
            )
            return history.events(connection, question, newest_first=newest_first, limit=limit, offset=offset)

    def heard(self, known_at: datetime) -> datetime | None:
        """When the first of all events was received, if by *known_at*."""
        with self._database.read() as connection:
            return writes.heard(connection, microseconds(known_at))

    def facet_history(  # noqa: PLR0913 - a filter has this many fields
        self,
        of: NodeId,
        names: Iterable[str] | None = None,
        *,
        side: Side | Literal["any"] | None = "any",
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 10_000,
    ) -> list[FacetRecord]:
        """Dated facet rows, newest first, since < at <= until; a deletion is a row with an empty body."""
        with self._database.read() as connection:
            window = _cut.window(since, until, known_at, self._lead)
            return history.facet_history(connection, of, names, side, history.Window(**window), limit=limit)

    def tallies(self, borders: Sequence[datetime]) -> list[Mapping[str, int]]:
        """For each span between two *borders*: its events by type, and what had been seen by its end."""
        with self._database.read() as connection:
            return overview.tallies(connection, borders)

    def carried(self, facet: str, kind: Kind) -> list[Carried]:
        """The newest bodies of *facet*, by namespace and body; None for entities without one comes first."""
        with self._database.read() as connection:
            return overview.carried(connection, facet, kind)

    def dump(self) -> Iterator[bytes]:
        """The whole graph as canonical JSON lines, as of the moment at which the first one is asked for."""
        with self._database.read() as connection:
            yield from dump.dump(connection)

    def revision(self) -> str:
        """A short word that changes with every merge and with `clear`."""
        with self._database.read() as connection:
            return news.revision(connection)

    def news(self, since: str, cut: datetime) -> News:
        """What was merged after the `revision` *since*; the newest `news.KEPT` merges are remembered."""
        with self._database.read() as connection:
            return news.news(connection, since, microseconds(cut))

    def watermark(self) -> Mapping[str, int]:
        """For each writer, the highest seq that was merged.

        Append and merge share a transaction here, so that everything below it was merged, is listed as unprojected or
        is a statement.
        """
        with self._database.read() as connection:
            return dict(connection.execute("SELECT writer, seq FROM watermark").fetchall())

    def stats(self) -> Mapping[str, int]:
        """Counts of datasets, jobs, runs (also those only named), events, distinct facet bodies and column edges.

        Of these only what leads from one column to another: an end that is a whole dataset counts as no column.
        """
        with self._database.read() as connection:
            tally = dict(connection.execute("SELECT what, number FROM tally").fetchall())
            ((facets,),) = connection.execute("SELECT coalesce(max(id), 0) FROM body")
        counts = {what: tally.get(what, 0) for what in ("datasets", "jobs", "runs", "events", "columns")}
        return counts | {"facets": facets, "bytes": self._database.size_bytes()}

    def check(self) -> None:
        """Return when the store can be read and written; raise StoreUnavailable otherwise."""
        self._database.check()

    def close(self) -> None:
        """Let go; the database, which the ledger shares, is closed by whoever opened it."""
