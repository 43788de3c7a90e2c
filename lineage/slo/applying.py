"""Bringing definitions into force by a person's word: kept in the store with author and time, stated on the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from lineage.errors import Conflict
from lineage.slo.decided import of
from lineage.slo.kept import Kept, kept, made, retired
from lineage.slo.planning import Step, Wanted, plan
from lineage.slo.reading import Source
from lineage.statements import Statement, Word
from lineage.store.base import Change, Store

Keep = Callable[[Sequence[Statement]], None]


class Author(NamedTuple):
    """Who applies, when, and why, if he says."""

    name: str
    at: datetime
    because: str = ""


def apply(store: Store, keep: Keep, wanted: Wanted, author: Author) -> list[Step]:
    """Fulfil *wanted* as `plan` says; what each SLO promises now is a statement that *keep* keeps.

    Applying the same again changes and states nothing. Raises as `plan` does, and Conflict where a folder owns what
    would change, having changed nothing, and StoreUnavailable; what is stated then and not yet in force is brought into
    force by applying it again.
    """
    steps = plan(store, wanted, author.at)
    if owned := next((step for step in steps if step.owner is not None), None):
        told = f"{owned.slo} is owned by {owned.owner}; change that file, or take it over with --adopt"
        raise Conflict(told, field=owned.slo)
    found, named = kept(store), {source.slo.name: source for source in wanted.sources}
    changes = [change for step in steps if (change := _change(step, named, found, author)) is not None]
    if changes:
        keep([_said(change, author) for change in changes])
        store.put(changes)
    return steps


def _change(step: Step, named: Mapping[str, Source], found: Mapping[str, Kept], author: Author) -> Change | None:
    if step.action == "keep":
        return None
    if step.action == "remove":
        return retired(step.slo, found[step.slo])
    return made(named[step.slo], found.get(step.slo), author.at, author.name)


def _said(change: Change, author: Author) -> Statement:
    assert change.body is not None, "an SLO is retired, never deleted"
    word = Word("promised", change.body.decode(), holds=change.state == "active")
    return Statement(of(change.id), author.name, author.at, (word,), author.because)
