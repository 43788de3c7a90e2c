"""The promises of a store. Every docstring is a specification that one contract suite holds for all stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, Self, TypeVar

from lineage.model import (
    AHEAD,
    ColumnEdge,
    Declaration,
    Delta,
    Direction,
    Edge,
    Entry,
    FieldId,
    Kind,
    Node,
    NodeId,
    Page,
    RunConclusion,
    RunObserved,
    RunState,
    Suggestion,
    Verdict,
)
from lineage.statements import About, Kept, Ruling, Statement, Subject
from lineage.store.answers import Carried, Namespace, News
from lineage.store.happened import Happened

Resolve = Callable[[RunObserved], RunConclusion]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Document:
    """A small operational record: an SLO, an incident, a message to be sent, a dead letter, a key.

    *revision* counts its writes from 1. *state* and *due* are what `documents` filters by.
    """

    kind: str
    id: str
    body: bytes
    state: str = ""
    due: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A document to be written, or with *body* None to be deleted.

    *expects* is the revision it was read at (0: must not exist yet); None writes whatever is there.
    """

    kind: str
    id: str
    body: bytes | None
    state: str = ""
    due: datetime | None = None
    expects: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act alone under *name* until *expires_at*; *epoch* grows with every change of holder."""

    name: str
    holder: str
    epoch: int
    expires_at: datetime


class Store(Happened, Protocol):
    """The graph and the small records beside it. Safe to use from any thread. Times are aware and UTC.

    Where *as_of* (event time) or *known_at* (receipt) is given, the answer is what the entries with event time <=
    as_of, respectively received time <= known_at, say: exactly what a store would answer that had merged only those.
    *lookback* narrows further: only runs and jobs observed in (as_of - lookback, as_of] speak; without as_of it counts
    back from the newest event. Dataset ids in questions may be raw or canonical; in answers canonical, unless said.
    """

    def without_ahead(self, by: timedelta = AHEAD) -> Self:
        """The same store, which answers what happened (`Happened`) without the events that are ahead by more than *by*.

        An event is ahead by what its own time is after its receipt. The answers are those of a store that had merged
        only the others; but which names are one is known of all, and `newest_versions` leaves out none.
        """

    # In.
    def merge(self, entries: Sequence[Entry], deltas: Sequence[Delta]) -> None:
        """Merge *deltas*, all or none; deltas[i] came of entries[i].

        Idempotent and commutative: any order, batching and repetition of the same pairs leaves the same `dump`.
        Concludes every touched run with the `resolve` that the store was opened with. Raises StoreUnavailable.
        """

    def state(self, entries: Sequence[Entry], statements: Sequence[Statement]) -> None:
        """Take in what people decided, all or none; statements[i] stands at entries[i].

        Idempotent and commutative as `merge` is, also with it. What was said to be `hidden`, or stands in a namespace
        that was, is left out of `find`, `neighbours`, `columns` and the counts of `namespaces` until an event that
        names it is received, or the word is taken back; a dataset, when all its names are. Raises StoreUnavailable.

        Of two datasets the newest word counts, by receipt and digest: they are `one`, also without an event that says
        so; or `apart`, whatever joins them: of the links between the two the strongest hold (`sameness.strength`, then
        by name), and one that would bring them together, by itself or through others, does not.
        """

    def clear(self) -> None:
        """Forget graph, statements and verdicts, keep documents; where it takes several steps, merges are refused."""

    def anew(self, work: Callable[[], T]) -> T:
        """Run *work*, which clears the graph and merges all of it again: kept or none, where one step may be so large.

        Else others see it grow, and what broke off is to be run again. Raises StoreUnavailable, also while one does it.
        """

    def together(self, work: Callable[[], T]) -> T:
        """Run *work* so that all it merges, clears and puts is kept or none; others see it at once, at the end.

        Inside another `together` an error undoes this one alone. *work* may run on a thread of the store's choosing.
        """

    # Asked: the graph.
    def get(
        self, ids: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> dict[NodeId, Node]:
        """The datasets and jobs among *ids* that are known, under the ids as they were asked for, with their facets."""

    def statements(
        self, about: About | Iterable[Subject], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[Kept]:
        """What people said of these subjects, or of all of a kind, by receipt and digest; the newest words count."""

    def declarations(self, dataset: NodeId) -> list[Declaration]:
        """All that was declared of *dataset* and of all that is one with it, by alias, why and dataset.

        Ids are raw; a normal form that only rules name is among them.
        """

    def rulings(self, dataset: NodeId) -> list[Ruling]:
        """What people said of *dataset*, and of all that is one with it, being one with others or apart; newest first.

        Ids are raw, the least of the two first.
        """

    def suggestions(self, limit: int = 100) -> list[Suggestion]:
        """Datasets that are read and never written, with those written that `normal.differs` finds like them.

        By names (raw); none of a pair is one with the other. At most five for one.
        """

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
        """Datasets and jobs (raw identities, without facets) whose namespace or name holds every word of *words*.

        Words match case-insensitively at the start of a part of a name (parts end at any non-alphanumeric character and
        at camelCase borders) and anywhere in it from three characters on. No words: all. Items are Nodes.

        since < last observed <= until. *states*: only jobs whose newest run is in one of them. *after*: by name, the
        items that stand behind this one, which need not be known; the total counts those before it too.
        """

    def namespaces(self) -> list[Namespace]:
        """All namespaces with a dataset or job, by name."""

    def neighbours(
        self,
        ids: Iterable[NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        lookback: timedelta | None = None,
    ) -> list[Edge]:
        """One hop of lineage from all of *ids* at once, in one round trip: the edges that touch them.

        `up` from a dataset gives the jobs that write it, from a job the datasets it reads; `down` the reverse. Only
        effective listings make edges. A canonical dataset speaks for all its aliases.

        An edge from a job tells what it made the dataset of (`Edge.made_of`) where events said so explicitly: the
        newest event that speaks of the job and the dataset, under whichever of its names and of several together, as
        far as it was not taken back, without what is hidden. *lookback* forgets no statement.
        """

    def columns(
        self,
        fields: Iterable[FieldId | NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[tuple[NodeId | None, ColumnEdge]]:
        """One hop of column lineage from fields, or from all fields of a dataset: (job, edge) pairs.

        For each (output dataset, job) the newest column facet speaks; an older one is history. An end of an edge that
        is named `WHOLE` stands for every column of its dataset: who asks for one column gets the edges of WHOLE too, as
        they are, and a FieldId of WHOLE asks for all columns, as the dataset itself does.
        """

    def dependencies(
        self, jobs: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[tuple[NodeId, NodeId]]:
        """Control flow as events told it: (upstream, downstream) jobs where either is among *jobs*, sorted."""

    def heard(self, known_at: datetime) -> datetime | None:
        """When the first of all events was received, if by *known_at*: before, absence proves nothing."""

    def tallies(self, borders: Sequence[datetime]) -> list[Mapping[str, int]]:
        """For each span between two *borders*, which ascend: its events by type, and what had been seen by its end.

        A span is open below and closed above. Keys are START, COMPLETE, FAIL, ABORT, datasets and jobs.
        """

    def carried(self, facet: str, kind: Kind) -> list[Carried]:
        """The bodies of *facet* that entities of *kind* have now, by namespace and body; None for those without one."""

    def dump(self) -> Iterator[bytes]:
        """The whole graph as canonical JSON lines, in canonical order.

        Without places, row ids or anything that depends on now: two stores that merged the same set of (entry, delta)
        give the same bytes.
        """

    # Kept: verdicts and documents.
    def put_verdicts(self, slo: str, verdicts: Sequence[Verdict]) -> None:
        """Keep *verdicts*, one per (slo, occurrence): a later one replaces. Packed per SLO and day of due."""

    def verdicts(self, slo: str, since: datetime, until: datetime) -> list[Verdict]:
        """Kept verdicts of *slo* with since < due <= until, by due."""

    def put(self, changes: Sequence[Change], *, lease: Lease | None = None) -> None:
        """Write all *changes* or none. Raises Conflict when a revision moved or *lease* is of an older epoch.

        Without changes it asks whether *lease* is held; within `together` all that is written there stands or falls
        with it.
        """

    def document(self, kind: str, id: str) -> Document | None:  # noqa: A002 - the field's own word
        """One document, or None."""

    def documents(
        self,
        kind: str,
        *,
        state: str | None = None,
        due_before: datetime | None = None,
        after: str | None = None,
        limit: int = 1000,
    ) -> list[Document]:
        """Documents of *kind*, by id; *after* is the id to go on from, *state* and *due_before* filter."""

    def kinds(self) -> list[str]:
        """The kinds of which there are documents, sorted."""

    def lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        """Take or renew the lease; None while another holder has it. On the store's clock."""

    def release(self, lease: Lease) -> None:
        """Give the lease back, if it is still held under this epoch."""

    # About itself.
    def revision(self) -> str:
        """A short word that changes whenever the graph may have changed: what caches and ETags are made of."""

    def news(self, since: str, cut: datetime) -> News:
        """What was merged after the `revision` *since*, and the revision now, in one round trip.

        With it comes what was merged before, but for its event time or its receipt lay behind a *cut* there: who asked
        at the revision with as_of and known_at of the cut has not seen it yet.

        Named are the datasets (raw, under all their names) and jobs of which a question may have another answer than
        at *since*: that an event named, or that a run used of which one spoke. Any statement, and a revision that is
        not remembered any more, may change anything.
        """

    def watermark(self) -> Mapping[str, int]:
        """For each writer, the highest seq up to which every entry was merged (or is listed as unprojected)."""

    def stats(self) -> Mapping[str, int]:
        """Counts of datasets, jobs, runs, events, facets, columns (told edges, none of WHOLE); `bytes` if known."""

    def check(self) -> None:
        """Return when the store can be read and written; raise StoreUnavailable otherwise. For `/readyz`."""

    def close(self) -> None:
        """Finish what is under way and let go. Calling it twice is harmless."""
