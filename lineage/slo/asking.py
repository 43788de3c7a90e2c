"""The store as one question after another asks it: of one dataset, over one span, by one pair of clocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from lineage.model import EventRecord, FacetRecord, NodeId, Run, Write
from lineage.store.base import Store

JOB_TYPE = "jobType"
ALL = 1_000_000  # more than any window holds of one dataset

Body = TypeVar("Body")


Counted = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # what nobody can have counted is no number


class _Statistics(msgspec.Struct, rename="camel"):
    row_count: Counted | None = None


class Pattern(msgspec.Struct, rename="camel"):
    """How a stream reports: facet `jobType`, `emissionPattern`."""

    event_content_mode: str | None = None
    window_duration: int | None = None


class JobType(msgspec.Struct, rename="camel"):
    """What a job said of how it works: facet `jobType`."""

    job_type: str | None = None
    processing_type: str | None = None
    integration: str | None = None
    emission_pattern: Pattern | None = None


class Asked:
    """The store under one dataset, span and pair of clocks."""

    def __init__(self, dataset: NodeId, store: Store, since: datetime, now: datetime, known_at: datetime) -> None:
        self.dataset, self.store, self.since, self.now, self.known_at = dataset, store, since, now, known_at

    def of(self, dataset: NodeId) -> Asked:
        """The same of another dataset."""
        return Asked(dataset, self.store, self.since, self.now, self.known_at)

    def after(self, since: datetime | None) -> Asked:
        """The same after *since*, where that is given and later."""
        later = self.since if since is None else max(self.since, since)
        return Asked(self.dataset, self.store, later, self.now, self.known_at)

    def writes(self, *, counts: bool) -> list[Write]:
        """Every run that wrote it, with its rows where *counts*."""
        return self.store.writes(self.dataset, since=self.since, until=self.now, known_at=self.known_at, counts=counts)

    def events(self, jobs: Iterable[NodeId]) -> dict[str, list[EventRecord]]:
        """The events of *jobs* by run, newest first."""
        by_run: dict[str, list[EventRecord]] = defaultdict(list)
        for job in sorted(jobs):
            page = self.store.events(job=job, since=self.since, until=self.now, known_at=self.known_at, limit=ALL)
            for event in page.items:
                by_run[event.run or ""].append(event)
        return by_run

    def facets(self, *names: str, of: NodeId | None = None) -> list[FacetRecord]:
        """What was told in facets *names* of the dataset, or of another thing, newest first."""
        return self.store.facet_history(
            of or self.dataset, names, since=self.since, until=self.now, known_at=self.known_at, limit=ALL
        )

    def job_types(self, jobs: Iterable[NodeId]) -> dict[NodeId, JobType]:
        """What each of *jobs* said last of how it works, as far as it did."""
        newest = self.store.newest_facets(jobs, [JOB_TYPE], until=self.now, known_at=self.known_at)
        return {job: read(found[JOB_TYPE], JobType) or JobType() for job, found in newest.items()}

    def runs(self, ids: Iterable[str]) -> dict[str, Run]:
        """The runs *ids*, as far as they are known."""
        page = self.store.runs(ids=sorted(ids), known_at=self.known_at, limit=ALL)
        return {run.id: run for run in page.items}


def read(body: bytes, shape: type[Body]) -> Body | None:
    """A facet as *shape*; None where it is absent, deleted or of other types: a foreign facet proves nothing."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        return None


def rows_told(statistics: FacetRecord) -> int | None:
    """The rows of a facet of statistics, of what was read or written; None where it says none."""
    body = read(statistics.body, _Statistics)
    return None if body is None else body.row_count
