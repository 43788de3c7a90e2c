"""Breadth-first through the graph: what a dataset, job or column came of, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from lineage.errors import NotFound
from lineage.model import ColumnEdge, Direction, Edge, FieldId, Graph, Node, NodeId

MAX_NODES = 2_000
BUDGET_S = 5.0

Way = Literal["up", "down"]
Place = TypeVar("Place", NodeId, FieldId)
Found = TypeVar("Found")


class Neighbourhood(Protocol):
    """What a walk asks of a store (`lineage.store.base.Store` promises more)."""

    def get(
        self, ids: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> dict[NodeId, Node]:
        """The nodes that are known."""

    def neighbours(
        self,
        ids: Iterable[NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        lookback: timedelta | None = None,
    ) -> list[Edge]:
        """One hop."""

    def columns(
        self,
        fields: Iterable[FieldId | NodeId],
        direction: Direction,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[tuple[NodeId | None, ColumnEdge]]:
        """One hop between columns."""


@dataclass(frozen=True, slots=True)
class ColumnGraph:
    """The answer of a walk over columns: (job, edge) pairs; *hops*, *truncated* and *frontier* as in a Graph.

    A column named `WHOLE` stands for every column of its dataset, and is as far away as those that led to it.
    """

    roots: tuple[FieldId, ...]
    edges: tuple[tuple[NodeId | None, ColumnEdge], ...]
    hops: Mapping[FieldId, int]
    truncated: bool = False
    frontier: tuple[FieldId, ...] = ()


def walk(  # noqa: PLR0913 - a question has this many sides
    store: Neighbourhood,
    root: NodeId,
    direction: Direction = "both",
    depth: int = 20,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    lookback: timedelta | None = None,
    max_nodes: int = MAX_NODES,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = time.monotonic,
) -> Graph:
    """The lineage of *root*, a dataset or job, up to *depth* dataset hops away; canonical ids throughout.

    A job stands as far away as the datasets beyond it, and the datasets of a root job are hop 1 (DECISIONS 23). Up and
    down are walked apart, so that what merely shares a parent or a child with the root is no answer; of a node met on
    both ways the nearer hop counts, upstream on a tie. One question to the store a step.

    Explicit lineage is obeyed: a job that was come to from a dataset is left only to what it made that dataset of, and
    downstream only to what it made of it. A root job is left to everything.

    The walk gives up at *max_nodes* (the root is one) or once *budget_s* seconds have passed on *clock*, which is read
    between questions: it is late by at most one. Where the walk stopped at a job that it may not leave to everything,
    the frontier names the datasets that it came from instead. Raises NotFound.
    """
    start = store.get([root], as_of=as_of, known_at=known_at).get(root)
    if start is None:
        raise NotFound(f"{root} is not known{_then(as_of, known_at)}; look for its name with /api/v1/search?q=…")

    through = {way: _Through(way, start.canonical) for way in _ways(direction)}

    def ask(ids: Collection[NodeId], way: Way) -> Iterable[_Answer[NodeId, Edge]]:
        edges = store.neighbours(ids, way, as_of=as_of, known_at=known_at, lookback=lookback)
        return through[way].answers(ids, edges)

    of_job = root.kind == "job"
    steps = max(0, 2 * depth - of_job)
    reached = _spread({start.canonical}, ask, _ways(direction), steps, _Budget(max_nodes, budget_s, clock))
    hops = {place: (step + of_job + (step > 0)) // 2 for place, step in reached.steps.items()}
    return Graph(
        root=start.canonical,
        nodes=store.get(hops, as_of=as_of, known_at=known_at),
        edges=tuple(reached.edges[key] for key in sorted(reached.edges)),
        hops={place: -hop if place in reached.upstream else hop for place, hop in hops.items()},
        truncated=reached.truncated,
        frontier=tuple(sorted({stop for place in reached.frontier for stop in _stops(place, through.values())})),
    )


def walk_columns(  # noqa: PLR0913 - a question has this many sides
    store: Neighbourhood,
    fields: Iterable[FieldId],
    direction: Direction = "up",
    depth: int = 20,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    max_nodes: int = MAX_NODES,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = time.monotonic,
) -> ColumnGraph:
    """The column lineage of *fields*, which name their datasets canonically, up to *depth* datasets away.

    What affects a whole dataset affects each of its columns: the walk goes from a column to what is told of WHOLE, and
    from WHOLE on from every column. The budgets are those of `walk`, in columns, with WHOLE as one of them.
    """
    roots = frozenset(fields)

    def ask(places: Collection[FieldId], way: Way) -> Iterable[_Answer[FieldId, _ColumnPair]]:
        asked = set(places)
        beside = {place.dataset: place for place in sorted(asked, reverse=True)}  # WHOLE, else the first by name
        for job, edge in store.columns(places, way, as_of=as_of, known_at=known_at):
            near, far = (edge.target, edge.source) if way == "up" else (edge.source, edge.target)
            place = near if near in asked else beside.get(near.dataset, near)
            yield _Answer(place, near, far, (edge.source, edge.target, job or NO_JOB), (job, edge))

    reached = _spread(roots, ask, _ways(direction), depth, _Budget(max_nodes, budget_s, clock))
    return ColumnGraph(
        roots=tuple(sorted(roots)),
        edges=tuple(reached.edges[key] for key in sorted(reached.edges)),
        hops={place: -step if place in reached.upstream else step for place, step in reached.steps.items()},
        truncated=reached.truncated,
        frontier=tuple(sorted(reached.frontier)),
    )


NO_JOB = NodeId("job", "", "")  # sorts before every job
_ColumnPair = tuple[NodeId | None, ColumnEdge]


class _Answer(NamedTuple, Generic[Place, Found]):
    asked: Place
    near: Place
    far: Place
    key: tuple[object, ...]
    found: Found
    again: bool = False  # *far* must be asked once more, although it was before


_Ask = Callable[[Collection[Place], Way], Iterable[_Answer[Place, Found]]]


class _Budget(NamedTuple):
    nodes: int
    seconds: float
    clock: Callable[[], float]


@dataclass(slots=True)
class _Reached(Generic[Place, Found]):
    steps: dict[Place, int]  # round trips from the root
    upstream: set[Place] = field(default_factory=set)
    edges: dict[tuple[object, ...], Found] = field(default_factory=dict)
    frontier: set[Place] = field(default_factory=set)
    truncated: bool = False


@dataclass(slots=True)
class _Side(Generic[Place]):
    way: Way
    here: list[Place]  # to ask from next
    seen: set[Place]


class _Through:
    """What one way may follow through jobs: explicit lineage leads from sources to what was made of them alone."""

    def __init__(self, way: Way, root: NodeId) -> None:
        self._way = way
        self._from: dict[NodeId, set[NodeId]] = {}  # for each job, the datasets from which the walk came to it
        self._leads: dict[NodeId, set[NodeId] | None] = {root: None}  # and those that lead through it; None: all
        self._withheld: dict[NodeId, list[Edge]] = {}

    def answers(self, ids: Iterable[NodeId], edges: Iterable[Edge]) -> Iterator[_Answer[NodeId, Edge]]:
        """Of *edges*, the answer of a store for *ids*, those that may be followed."""
        for job in ids:
            self._withheld.pop(job, None)
        for edge in edges:
            near, far = (edge.target, edge.source) if self._way == "up" else (edge.source, edge.target)
            again = far.kind == "job" and self._enter(far, near, edge)
            if far.kind == "job" or self._lets(near, edge):
                yield _Answer(near, near, far, (edge.source, edge.target), edge, again)
            else:
                self._withheld.setdefault(near, []).append(edge)

    def stops(self, job: NodeId) -> Collection[NodeId]:
        """From where to go on instead of from *job*, as far as it is known that not everything may pass; else none."""
        held = self._withheld.get(job) or (self._way == "up" and self._leads.get(job) is not None)
        return self._from.get(job, ()) if held else ()

    def _enter(self, job: NodeId, dataset: NodeId, edge: Edge) -> bool:
        """Whether coming to *job* from *dataset* lets anything pass that was withheld."""
        self._from.setdefault(job, set()).add(dataset)
        leads = self._leads.setdefault(job, set())
        more = edge.made_of if self._way == "up" else (dataset,)
        if more is None:
            self._leads[job] = None
        elif leads is not None:
            leads.update(more)
        return any(self._lets(job, held) for held in self._withheld.get(job, ()))

    def _lets(self, job: NodeId, edge: Edge) -> bool:
        leads = self._leads[job]
        wanted = (edge.source,) if self._way == "up" else edge.made_of
        return leads is None or wanted is None or not leads.isdisjoint(wanted)


def _stops(place: NodeId, ways: Iterable[_Through]) -> Collection[NodeId]:
    return {stop for through in ways for stop in through.stops(place)} or {place}


def _spread(
    roots: Collection[Place], ask: _Ask[Place, Found], ways: tuple[Way, ...], steps: int, budget: _Budget
) -> _Reached[Place, Found]:
    """Both ways step by step, so that a budget cuts them at the same distance."""
    reached: _Reached[Place, Found] = _Reached(dict.fromkeys(roots, 0))
    sides: list[_Side[Place]] = [_Side(way, sorted(roots), set(roots)) for way in ways]
    until = budget.clock() + budget.seconds
    for step in range(1, steps + 1):
        for side in (side for side in sides if side.here):
            if step > 1 and budget.clock() > until:
                reached.truncated = True
            if reached.truncated:
                reached.frontier.update(side.here)
            else:
                _take(reached, side, step, list(ask(side.here, side.way)), budget.nodes)
        if reached.truncated:
            reached.frontier.update(place for side in sides for place in side.here if step < steps)
            break
    return reached


def _take(
    reached: _Reached[Place, Found],
    side: _Side[Place],
    step: int,
    answers: list[_Answer[Place, Found]],
    most: int,
) -> None:
    """Take in one answer of the store, as far as there is room. A near end that is new stands where it was asked."""
    fresh: list[Place] = sorted({answer.far for answer in answers} - side.seen)
    again: set[Place] = {answer.far for answer in answers if answer.again} - set(fresh)
    unmet = (answer for answer in answers if answer.near not in reached.steps)
    stands = {answer.near: reached.steps.get(answer.asked, step - 1) for answer in unmet}
    new = stands | {place: step for place in fresh if place not in reached.steps and place not in stands}
    refused = set(list(new)[max(0, most - len(reached.steps)) :])
    for place, at in new.items():
        if place not in refused:
            reached.steps[place] = at
            if side.way == "up":
                reached.upstream.add(place)
    for answer in answers:
        if answer.far in refused or answer.near in refused:
            reached.truncated = True
            reached.frontier.add(answer.asked)
        else:
            reached.edges[answer.key] = answer.found
    side.seen.update(fresh)
    side.here = sorted(again.union(fresh) - refused)


def _ways(direction: Direction) -> tuple[Way, ...]:
    return ("up", "down") if direction == "both" else (direction,)


def _then(as_of: datetime | None, known_at: datetime | None) -> str:
    told = [f"as of {as_of.isoformat()}"] if as_of else []
    told += [f"from what was received by {known_at.isoformat()}"] if known_at else []
    return f" {' '.join(told)}" if told else ""
