"""A run as its row says, which of them a question wants, and the Run that a row stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Generic, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, Run, RunState
from lineage.store._codes import EVER, instant_or_none
from lineage.store._cut import Cut
from lineage.store._observations import Ref
from lineage.store._told import Told


class Row(NamedTuple, Generic[Ref]):
    """A run in the references of one store and microseconds; *began* is what runs are ordered by.

    *state* is None for a job that spoke without a run, *job* for a run whose job nobody named.
    """

    id: Ref
    job: Ref | None
    state: RunState | None
    last_at: int
    started: int | None
    ended: int | None
    began: int
    conflict: int
    parent_run: Ref | None
    parent_job: Ref | None
    root_run: Ref | None
    root_job: Ref | None
    nominal_start: int | None
    nominal_end: int | None


class Question(NamedTuple, Generic[Ref]):
    """A filter of runs; times in microseconds."""

    ids: Collection[Ref] | None = None
    job: Ref | None = None
    parent: Ref | None = None
    states: Collection[RunState] | None = None
    since: int = -EVER
    until: int = EVER
    known_at: int = EVER
    lead: int = EVER

    @property
    def at(self) -> Cut:
        """The cut that goes with the filter, which *until* is no part of."""
        return Cut(known_at=self.known_at, lead=self.lead)

    def suits(self, row: Row[Ref]) -> bool:
        """Whether *row* is a run that was asked for."""
        return (
            row.state is not None
            and row.job is not None
            and self.since < row.began <= self.until
            and (self.ids is None or row.id in self.ids)
            and (self.job is None or row.job == self.job)
            and (self.parent is None or row.parent_run == self.parent)
            and (self.states is None or row.state in self.states)
        )


def row_of(told: Told[Ref]) -> Row[Ref]:
    """The row of a speaker as it was told then."""
    parent_run, parent_job, root_run, root_job = told.parent
    nominal_start, nominal_end = told.nominal
    return Row(
        told.id, told.job, told.state, told.last_at, told.started, told.ended, told.began, told.conflict,
        parent_run, parent_job, root_run, root_job, nominal_start, nominal_end,
    )  # fmt: skip


def run_of(row: Row[Ref], called: Callable[[Ref], NodeId]) -> Run:
    """The Run that *row* stands for."""
    assert row.job is not None, "a run without a job is no answer"
    assert row.state is not None, "nor is a job that spoke without a run"
    return Run(
        id=called(row.id).name,
        job=called(row.job),
        state=row.state,
        last_at=instant(row.last_at),
        started_at=instant_or_none(row.started),
        ended_at=instant_or_none(row.ended),
        nominal_start=instant_or_none(row.nominal_start),
        nominal_end=instant_or_none(row.nominal_end),
        parent_run=called(row.parent_run).name if row.parent_run is not None else None,
        parent_job=called(row.parent_job) if row.parent_job is not None else None,
        root_run=called(row.root_run).name if row.root_run is not None else None,
        root_job=called(row.root_job) if row.root_job is not None else None,
        conflict=bool(row.conflict),
    )
