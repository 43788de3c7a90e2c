"""Datasets and jobs under all their names: what the names know of it comes to one node."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple

from lineage.database.times import instant
from lineage.model import Node, NodeId
from lineage.store._codes import instant_or_none
from lineage.store._identity import Component, hidden_since
from lineage.store._observations import Ref


class Stone(NamedTuple):
    """A word that a dataset was dropped, or created: the larger one counts.

    Where one event drops and creates names of one dataset, as a rename in two steps, it is there afterwards.
    """

    at: int
    digest: bytes
    there: bool


class Facet(NamedTuple):
    """A facet of one name; of several names the larger one counts. Without a *body* it was deleted.

    Where one event speaks of a dataset under two names, the larger body counts, so that row ids decide nothing.
    """

    at: int
    digest: bytes
    body: bytes | None

    @property
    def order(self) -> tuple[int, bytes, bytes]:
        """What makes one larger than another."""
        return self.at, self.digest, self.body or b""


@dataclass(frozen=True, slots=True)
class Known(Generic[Ref]):
    """What the names of some datasets and jobs know, at one cut.

    *stones* are the newest of each name; *rebuilt* who was written again after it was dropped, by the canonical name;
    *listed* the names that events name elsewhere than in column lineage.
    """

    parts: Mapping[Ref, Component[Ref]]
    called: Mapping[Ref, NodeId]
    hid: Mapping[Ref, int]
    listed: Collection[Ref]
    stones: Mapping[Ref, Stone]
    rebuilt: Collection[Ref]
    facets: Mapping[Ref, Mapping[str, Facet]]

    def node(self, name: Ref, first_at: int, last_at: int) -> Node:
        """The dataset or job *name*, which was observed from *first_at* to *last_at*."""
        part = self.parts[name]
        drop = dropped(part, self.stones)
        return Node(
            id=self.called[name],
            canonical=self.called[part.canonical],
            first_at=instant(first_at),
            last_at=instant(last_at),
            facets=_together(part, self.facets),
            aliases=tuple(sorted(self.called[member] for member in part.members if member != name)),
            dropped_at=None if drop is None or part.canonical in self.rebuilt else instant(drop.at),
            only_in_columns=not any(member in self.listed for member in part.members),
            hidden_at=instant_or_none(hidden_since(part, self.hid)),
        )


def span(part: Component[Ref], spans: Mapping[Ref, tuple[int, int]]) -> tuple[int, int] | None:
    """From when to when *part* was observed under any of its names; None where it never was."""
    found = [spans[member] for member in part.members if member in spans]
    return (min(first for first, _ in found), max(last for _, last in found)) if found else None


def dropped(part: Component[Ref], stones: Mapping[Ref, Stone]) -> Stone | None:
    """The word that dropped *part*; None where a newer one created it, or nobody spoke of it."""
    newest = max((stones[member] for member in part.members if member in stones), default=None)
    return None if newest is None or newest.there else newest


def all_dropped(parts: Iterable[Component[Ref]], stones: Mapping[Ref, Stone]) -> dict[Component[Ref], Stone]:
    """Those of *parts* that were dropped, each once."""
    return {part: drop for part in parts if (drop := dropped(part, stones)) is not None}


def _together(part: Component[Ref], facets: Mapping[Ref, Mapping[str, Facet]]) -> dict[str, bytes]:
    newest: dict[str, Facet] = {}
    for member in part.members:
        for name, seen in facets.get(member, {}).items():
            if name not in newest or seen.order > newest[name].order:
                newest[name] = seen
    return {name: seen.body for name, seen in sorted(newest.items()) if seen.body is not None}
