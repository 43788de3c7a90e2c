"""The promises of a store on what happened: runs, uses, versions, events and facets over time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, Protocol

from lineage.model import FacetRecord, NodeId, Page, Run, RunState, Side, Use, Version, Write


class Happened(Protocol):
    """A part of `Store`, whose words on *known_at* and on ids hold here too."""

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
        """Runs, newest first by start (by first sight where START is missing). *since* < start <= *until*.

        Items are Runs; one that only others named is NEW, under the job that they gave it. With *known_at*, states and
        times are as concluded from the events received by then.
        """

    def newest_runs(
        self,
        of: Iterable[NodeId],
        *,
        states: Iterable[RunState] | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 1,
    ) -> dict[NodeId, list[Run]]:
        """For each job among *of* its newest runs, for each run its newest children: in one round trip.

        As `runs` gives them, at most *limit* of each; whoever has none is left out.
        """

    def newest_facets(
        self,
        of: Iterable[NodeId],
        names: Iterable[str],
        *,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> dict[NodeId, dict[str, bytes]]:
        """The newest body of each of the facets *names* of each of *of*, runs and jobs, in one round trip.

        What was never carried, or deleted, is left out; so is who has none of them. With *until*, events after it say
        nothing.
        """

    def beats(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None, limit: int = 20
    ) -> dict[str, list[datetime]]:
        """The event times of the newest *limit* events of each of the runs *of*, newest first, in one round trip.

        With *until*, events after it say nothing. A run without events is left out.
        """

    def uses_of(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None
    ) -> dict[str, list[Use]]:
        """What each of the runs *of* used, as `uses` gives it, in one round trip; who used nothing is left out."""

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
        """Who used what, newest first by last observation; at least one of run, job and dataset must be given.

        *since* < last observation <= *until*. With *until*, events after it say nothing.
        """

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
        """Versions of *dataset* and its aliases, newest first by written_at, since < written_at <= until.

        Items are Versions. *delivered* filters. With *until*, events after it say nothing.
        """

    def newest_versions(self, datasets: Iterable[NodeId]) -> dict[NodeId, Version]:
        """The newest delivered version of each of *datasets*, under the ids as they were asked for, in one round trip.

        One that has none is left out.
        """

    def writes(
        self,
        dataset: NodeId,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        counts: bool = False,
    ) -> list[Write]:
        """The versions of *dataset* as `versions` gives them, all of them, but each only as far as a judge needs it.

        A thousand SLOs are judged of these every half minute. Rows are counted only with *counts*.
        """

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
        """Event records by event time (ties by digest), *since* < it <= *until*; items are EventRecords.

        *job* and *run* mean events of it, *dataset* events that name it, *namespace* those whose job, or whose dataset
        in a DatasetEvent, is named in it; *ahead* those of which the time is after their receipt by more than that.
        """

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
        """Dated facet rows of a dataset (with its aliases), job or run, newest first by event time.

        *since* < it <= *until*. A deletion is a row with an empty body.
        """
