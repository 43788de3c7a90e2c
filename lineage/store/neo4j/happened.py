"""The part of the store that answers what happened: runs, uses, versions, events and facets over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from neo4j import ManagedTransaction

from lineage.model import (
    FacetRecord,
    NodeId,
    Page,
    Run,
    RunState,
    Side,
    Use,
    Version,
    Write,
    run_id,
)
from lineage.store import _cut, _runs, _uses
from lineage.store._codes import OWN, SIDE
from lineage.store._cut import Cut, cut
from lineage.store._events import Question
from lineage.store._identity import Component
from lineage.store.base import Resolve
from lineage.store.neo4j import around, cuts, history, runs, uses, versions, writes
from lineage.store.neo4j.bolt import Bolt
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import key_of


class Happened:
    """What happened, question by question; each is answered by the module that is named after it."""

    _bolt: Bolt
    _resolve: Resolve
    _lead: int

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
        asked = _runs.Question(
            ids=None if ids is None else [key_of(run_id(run)) for run in dict.fromkeys(ids)],
            job=_key(job),
            parent=_run_key(parent),
            states=None if states is None else list(states),
            **_cut.window(since, until, known_at, self._lead),
        )
        return self._bolt.read(lambda t: runs.runs(t, self._resolve, _open_runs(t, asked), limit, offset))

    def newest_runs(
        self,
        of: Iterable[NodeId],
        *,
        states: Iterable[RunState] | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 1,
    ) -> dict[NodeId, list[Run]]:
        """The newest runs of each job, and the newest children of each run, among *of*."""
        wanted = list(dict.fromkeys(of))
        states = None if states is None else list(states)
        window = _cut.window(None, until, known_at, self._lead)
        asked: _runs.Question[str] = _runs.Question(None, None, None, states, **window)
        return self._bolt.read(lambda t: runs.newest(t, self._resolve, wanted, _open_runs(t, asked), limit))

    def newest_facets(
        self,
        of: Iterable[NodeId],
        names: Iterable[str],
        *,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> dict[NodeId, dict[str, bytes]]:
        """The newest body of each facet of each run and job that has one."""
        wanted, called, at = list(of), set(names), cut(until, known_at, self._lead)
        return self._bolt.read(lambda t: around.newest_facets(t, wanted, called, at))

    def beats(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None, limit: int = 20
    ) -> dict[str, list[datetime]]:
        """The times of the newest events of each run, newest first."""
        wanted, at = list(of), cut(until, known_at, self._lead)
        return self._bolt.read(lambda t: around.beats(t, wanted, at, limit))

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
        asked = _all_uses(since, until, known_at, self._lead)._replace(
            speaker=_run_key(run), job=_key(job), side=None if side is None else SIDE[side]
        )

        def answer(transaction: ManagedTransaction) -> list[Use]:
            within = _opened(transaction, asked)
            members = None if dataset is None else _part(transaction, dataset, within.at).members
            return uses.uses(transaction, self._resolve, within._replace(members=members), limit)

        return self._bolt.read(answer)

    def uses_of(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None
    ) -> dict[str, list[Use]]:
        """What each run used, newest first."""
        keys, at = {key_of(run_id(run)): run for run in of}, cut(until, known_at, self._lead)
        found = self._bolt.read(lambda t: uses.uses_of(t, self._resolve, keys, cuts.trimmed(t, at)))
        return {keys[key]: used for key, used in found.items()}

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
        asked = _all_uses(since, until, known_at, self._lead)

        def answer(transaction: ManagedTransaction) -> Page:
            within, part = _of(transaction, dataset, asked)
            return versions.versions(
                transaction, self._resolve, within, part, delivered=delivered, limit=limit, offset=offset
            )

        return self._bolt.read(answer)

    def newest_versions(self, datasets: Iterable[NodeId]) -> dict[NodeId, Version]:
        """The newest delivered version of each of *datasets*; one that has none is left out."""
        keys = {key_of(dataset): dataset for dataset in datasets}
        found = self._bolt.read(lambda t: versions.newest(t, keys))
        return {keys[key]: version for key, version in found.items()}

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
        asked = _all_uses(since, until, known_at, self._lead)

        def answer(transaction: ManagedTransaction) -> list[Write]:
            within, part = _of(transaction, dataset, asked)
            return writes.writes(transaction, self._resolve, within, part, counts=counts)

        return self._bolt.read(answer)

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
        asked = Question(
            digests=None if digests is None else list(digests),
            run=_run_key(run),
            job=_key(job),
            members=None,
            namespace=namespace,
            ahead=None if ahead is None else _cut.lead_of(ahead),
            **_cut.window(since, until, known_at, self._lead),
        )

        def answer(transaction: ManagedTransaction) -> Page:
            if asked.ahead is not None and not cuts.any_ahead(transaction, asked.ahead):
                return Page((), 0)
            members = None if dataset is None else _part(transaction, dataset, Cut()).members
            within = asked._replace(members=members)
            return history.events(transaction, within, newest_first=newest_first, limit=limit, offset=offset)

        return self._bolt.read(answer)

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
        called = None if names is None else list(names)
        sides = history.ALL_SIDES if side == "any" else (OWN if side is None else SIDE[side],)
        window = _cut.window(since, until, known_at, self._lead)
        return self._bolt.read(lambda t: history.facet_history(t, of, called, sides, window, limit))


def _key(node: NodeId | None) -> str | None:
    return None if node is None else key_of(node)


def _run_key(run: str | None) -> str | None:
    return None if run is None else key_of(run_id(run))


def _all_uses(
    since: datetime | None, until: datetime | None, known_at: datetime | None, lead: int
) -> _uses.Question[str]:
    return _uses.Question(None, None, None, None, **_cut.window(since, until, known_at, lead))


def _of(
    transaction: ManagedTransaction, dataset: NodeId, asked: _uses.Question[str]
) -> tuple[_uses.Question[str], Component[str]]:
    within = _opened(transaction, asked)
    part = _part(transaction, dataset, within.at)
    return within._replace(members=part.members), part


def _opened(transaction: ManagedTransaction, asked: _uses.Question[str]) -> _uses.Question[str]:
    """*asked*, with no cut where all that is stored lies within it."""
    at = cuts.trimmed(transaction, asked.at)
    return asked._replace(until=at.as_of, known_at=at.known_at, lead=at.lead)


def _open_runs(transaction: ManagedTransaction, asked: _runs.Question[str]) -> _runs.Question[str]:
    """Likewise; what *until* says of runs stays, for it cuts nothing."""
    at = cuts.trimmed(transaction, asked.at)
    return asked._replace(known_at=at.known_at, lead=at.lead)


def _part(transaction: ManagedTransaction, dataset: NodeId, at: Cut) -> Component[str]:
    key = key_of(dataset)
    return components(transaction, [key], at)[key]
