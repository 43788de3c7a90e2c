"""One hop of lineage, as far as it needs no store: which edges are wanted, and what listings and names come to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple

from lineage.database.times import instant
from lineage.model import Direction, Edge, NodeId
from lineage.store._codes import EVER, INPUT, OUTPUT
from lineage.store._cut import Cut
from lineage.store._identity import Component, hidden_since
from lineage.store._observations import Ref
from lineage.store._told import Told

EVIDENCE_MOST: Final = 3

# The sides on which listings make edges in a direction, from a dataset and from a job.
OF_DATASET: Final[Mapping[Direction, tuple[int, ...]]] = {"up": (OUTPUT,), "down": (INPUT,), "both": (INPUT, OUTPUT)}
OF_JOB: Final[Mapping[Direction, tuple[int, ...]]] = {"up": (INPUT,), "down": (OUTPUT,), "both": (INPUT, OUTPUT)}

Proof = tuple[int, str]  # event time and hex digest


@dataclass(slots=True)
class Found(Generic[Ref]):
    """An edge to one name of a dataset."""

    first_at: int
    last_at: int
    runs: int
    proofs: list[Proof]
    retold: set[Ref] = field(default_factory=set)  # runs that are counted apart from *runs*

    def join(self, first_at: int, last_at: int, proofs: Iterable[Proof]) -> None:
        """Widen by what another listing or edge says."""
        self.first_at, self.last_at = min(self.first_at, first_at), max(self.last_at, last_at)
        self.proofs = newest(*self.proofs, *proofs)


class Key(NamedTuple, Generic[Ref]):
    """Which edge; the dataset by one of its names, or by the canonical one."""

    job: Ref
    side: int
    dataset: Ref


class Asked(NamedTuple, Generic[Ref]):
    """The edges that are wanted: those of these datasets and jobs, of speakers seen after *after*."""

    datasets: Collection[Ref]
    jobs: Collection[Ref]
    direction: Direction
    at: Cut
    after: int = -EVER

    @property
    def now(self) -> bool:
        """Whether what is kept for now answers it."""
        return self.at.whole and self.after == -EVER

    def want(self, key: Key[Ref]) -> bool:
        """Whether an edge is one of those asked for."""
        by_dataset = key.dataset in self.datasets and key.side in OF_DATASET[self.direction]
        return by_dataset or (key.job in self.jobs and key.side in OF_JOB[self.direction])


def newest(*proofs: Proof) -> list[Proof]:
    """The newest *proofs*, each once, as many as an edge names."""
    return sorted(set(proofs), reverse=True)[:EVIDENCE_MOST]


def retell(found: dict[Key[Ref], Found[Ref]], told: Iterable[Told[Ref]], asked: Asked[Ref]) -> None:
    """Let the speakers that were *told* again join the edges that others make."""
    for each in told:
        for (dataset, side), listed in each.listings.items():
            if each.job is None or each.last_at <= asked.after or not listed.effective:
                continue
            key = Key(each.job, side, dataset)
            if asked.want(key):
                edge = found.setdefault(key, Found(listed.first_at, listed.last[0], 0, []))
                edge.join(listed.first_at, listed.last[0], [(listed.last[0], listed.last[1].hex())])
                if each.state is not None:
                    edge.retold.add(each.id)


def shown(
    found: Mapping[Key[Ref], Found[Ref]], parts: Mapping[Ref, Component[Ref]], hid: Mapping[Ref, int]
) -> dict[Key[Ref], dict[Ref, Found[Ref]]]:
    """The edges under canonical names, each as it was *found* under every name; without what is hidden."""
    together: dict[Key[Ref], dict[Ref, Found[Ref]]] = {}
    for key, edge in found.items():
        part = parts[key.dataset]
        if key.job not in hid and hidden_since(part, hid) is None:
            together.setdefault(key._replace(dataset=part.canonical), {})[key.dataset] = edge
    return together


def drawn(
    together: Mapping[Key[Ref], Mapping[Ref, Found[Ref]]],
    runs: Mapping[Key[Ref], Collection[Ref]],
    made_of: Mapping[tuple[Ref, Ref], tuple[NodeId, ...]],
    called: Mapping[Ref, NodeId],
) -> list[Edge]:
    """The edges as they are answered; *runs* are those of edges that stand under several names, for each once."""
    edges: list[Edge] = []
    for key, raw in together.items():
        edge, *others = raw.values()
        for other in others:
            edge.join(other.first_at, other.last_at, other.proofs)
        count = edge.runs + len(edge.retold)
        if others:
            count = len(set(runs[key]).union(*(each.retold for each in raw.values())))
        by, of = called[key.job], called[key.dataset]
        source, target = (by, of) if key.side == OUTPUT else (of, by)
        evidence = tuple(digest for _, digest in edge.proofs)
        said = made_of.get((key.job, key.dataset)) if key.side == OUTPUT else None
        edges.append(Edge(source, target, instant(edge.first_at), instant(edge.last_at), count, evidence, made_of=said))
    return sorted(edges, key=lambda edge: (edge.source, edge.target))
