"""What runs made of a dataset, as far as judging its promises needs it: versions without their names and schemas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, Generic, NamedTuple

from lineage.database.times import instant
from lineage.model import NodeId, RunState, Write
from lineage.store._codes import OUTPUT, TYPE, instant_or_none
from lineage.store._observations import Ref
from lineage.store._told import Told

PROOFS: Final = 3
ENDS: Final[dict[str, int]] = {state: TYPE[state] for state in ("COMPLETE", "FAIL", "ABORT")}  # who proves a state

Proof = tuple[str, int]  # hex digest of an event, and its receipt


class Row(NamedTuple, Generic[Ref]):
    """A listing that is a version, with what its run came to; in microseconds."""

    speaker: Ref
    run: str
    dataset: Ref
    job: Ref
    state: RunState
    written_at: int
    nominal_start: int | None
    nominal_end: int | None
    heard: int
    started: int | None
    parent: Ref | None


def rows_of(told: Told[Ref], run: str, members: Iterable[Ref], heard: int) -> Iterator[Row[Ref]]:
    """The versions of *members* that *run* made as it was told then; *heard* is its first receipt."""
    for member in members:
        listed = told.listings.get((member, OUTPUT))
        if listed is None or listed.written_at is None:
            continue
        assert told.job is not None, "who made a version spoke, and named its job"
        assert told.state is not None, "and it was a run"
        yield Row(
            told.id, run, member, told.job, told.state, listed.written_at, told.nominal[0], told.nominal[1], heard,
            told.started, told.parent[0],
        )  # fmt: skip


def by_run(rows: Iterable[Row[Ref]]) -> tuple[dict[Ref, Row[Ref]], Mapping[Ref, Collection[Ref]]]:
    """Of the *rows* of each run the one written last; and under which names it wrote the dataset."""
    newest: dict[Ref, Row[Ref]] = {}
    raw: defaultdict[Ref, set[Ref]] = defaultdict(set)
    for row in rows:
        raw[row.speaker].add(row.dataset)
        if row.speaker not in newest or newest[row.speaker].written_at < row.written_at:
            newest[row.speaker] = row
    return newest, raw


def writes_of(
    rows: Iterable[Row[Ref]],
    counted: Mapping[Ref, int | None],
    proofs: Mapping[Ref, Sequence[Proof]],
    called: Callable[[Ref], NodeId],
) -> list[Write]:
    """The Writes that *rows* stand for, newest first; those written at the same time are in the order of their runs.

    *proofs* are the events that ended each run as its state says, newest first; *called* knows jobs and parents.
    """
    return [
        Write(
            row.run,
            called(row.job),
            row.state,
            instant(row.written_at),
            instant_or_none(row.nominal_start),
            instant_or_none(row.nominal_end),
            counted.get(row.speaker),
            tuple(digest for digest, _ in proofs.get(row.speaker, ())[:PROOFS]),
            instant(row.heard),
            instant_or_none(row.started),
            None if row.parent is None else called(row.parent).name,
            instant_or_none(min((received for _, received in proofs.get(row.speaker, ())), default=None)),
        )
        for row in sorted(rows, key=lambda row: (-row.written_at, row.run))
    ]
