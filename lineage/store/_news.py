"""What one merge touched: of it is made what `Store.news` answers, for as many merges as are remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic

from lineage.database.times import microseconds
from lineage.model import Entry
from lineage.statements import Statement
from lineage.store._observations import Fresh, Ref

KEPT: Final = 20_000  # merges: at the most some minutes of heavy ingest, and a few MB
NEVER: Final = -(2**62)  # before all


@dataclass(slots=True)
class Touched(Generic[Ref]):
    """What one merge touched, times in microseconds; *joined* became one with others, or came apart."""

    nodes: set[Ref] | None = field(default_factory=set)  # None: any
    joined: set[Ref] = field(default_factory=set)
    first_at: int | None = None
    ripe_at: int = NEVER

    def by(self, at: int, received: int, nodes: Iterable[Ref]) -> None:
        """Take in an event and the *nodes* that it names."""
        if self.nodes is not None:
            self.nodes.update(nodes)
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.ripe_at = max(at, received, self.ripe_at)

    def by_used(self, fresh: Sequence[Fresh[Any]], used: Iterable[Ref]) -> None:
        """Take in what the speakers of *fresh* events *used*, whichever of them named it."""
        self.by(min(event.at for event in fresh), max(event.received for event in fresh), used)


def decided(entries: Sequence[Entry], statements: Sequence[Statement]) -> Touched[Any]:
    """What statements touch: anything."""
    touched: Touched[Any] = Touched(None if statements else set())
    for entry, statement in zip(entries, statements, strict=True):
        touched.by(microseconds(statement.at), microseconds(entry.received_at), ())
    return touched


def since(rows: Iterable[tuple[int | None, Iterable[Ref] | None, Iterable[Ref]]]) -> dict[Ref, int] | None:
    """Of whom something is new, and the least time of it, from (first time, touched, joined) of merges; None: of any.

    NEVER stands for a history that may be another as a whole.
    """
    first: dict[Ref, int] = {}
    for first_at, touched, joined in rows:
        if touched is None:
            return None
        for node in touched:
            assert first_at is not None, "what touched anything came of an event"
            first[node] = min(first_at, first.get(node, first_at))
        first |= dict.fromkeys(joined, NEVER)
    return first
