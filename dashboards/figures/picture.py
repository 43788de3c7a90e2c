"""What of a lineage graph is drawn: hops, folds, what lies beyond, and the way of a root cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from lineage.model import Graph, NodeId
from lineage.views import flows

Tone = Literal["ok", "warn", "bad", "run", "unk"]
Side = Literal["up", "down"]
Jobs = Literal["chips", "hidden", "full"]

FAN_OUT = 6  # children of one node that are drawn before the rest folds
MOST = 40  # datasets of a picture (UI 1.2)
MOST_EXPANDED = 120  # when the reader asked for more

URGENCY: Mapping[str, int] = {"bad": 0, "warn": 1, "run": 2, "unk": 3, "ok": 4}


@dataclass(frozen=True, slots=True)
class Mark:
    """What a node shows beside its name: its state as tone and word, a line below, a badge, the sort of thing it is."""

    tone: Tone = "unk"
    word: str = "no SLO"
    note: str = ""
    badge: str = ""
    icon: str = "table"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the reader asked to see: dataset hops each way, jobs or not, and the nodes to show all around."""

    up: int = 2
    down: int = 2
    jobs: Jobs = "chips"
    expand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Way:
    """The way of a root cause: node ids from the cause down to the root, and the datasets that it puts at risk."""

    path: tuple[str, ...] = ()
    affected: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Shown:
    """A node that is drawn; *hop* counts datasets from the root, negative upstream."""

    id: NodeId
    hop: int
    mark: Mark
    on_path: bool = False


@dataclass(frozen=True, slots=True)
class More:
    """Datasets next to *node* that are not drawn; a fold stands in their column, otherwise they lie beyond the last."""

    node: NodeId
    side: Side
    count: int
    breaching: int
    at_risk: int
    fold: bool


Kind = Literal["", "stale", "hot", "risk"]


@dataclass(frozen=True, slots=True)
class Line:
    """An edge that is drawn, in the direction in which data flows. Stale: the job has left the dataset behind.

    *made_of* as of Edge.
    """

    source: NodeId
    target: NodeId
    kind: Kind = ""
    made_of: tuple[NodeId, ...] | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is drawn, in the order in which it is laid out. *hidden* counts the datasets that it leaves out."""

    root: NodeId
    nodes: tuple[Shown, ...]
    lines: tuple[Line, ...]
    more: tuple[More, ...]
    hidden: int
    jobs: Jobs
    truncated: bool = False

    @property
    def datasets(self) -> tuple[Shown, ...]:
        """The datasets among the nodes, upstream first."""
        return tuple(sorted((node for node in self.nodes if node.id.kind == "dataset"), key=lambda node: node.hop))


def picture(graph: Graph, marks: Mapping[NodeId, Mark], wish: Wish = Wish(), way: Way = Way()) -> Picture:
    """Choose what to draw of *graph*, which should reach one hop further than *wish*, so that "+3" can be told.

    Worst first: where a node has more than FAN_OUT neighbours on the next hop, those that are breaching stay, and the
    rest folds into one box. At most MOST datasets, MOST_EXPANDED once something is expanded.
    """
    choice = _Choice(graph, marks, wish, way)
    choice.spread("up", wish.up)
    choice.spread("down", wish.down)
    hops = choice.hops
    jobs = [] if wish.jobs == "hidden" else _jobs(graph, hops, wish, way)
    shown = [
        Shown(node, hops.get(node, graph.hops.get(node, 0)), marks.get(node, Mark()), str(node) in way.path)
        for node in [*hops, *jobs]
    ]
    known = sum(node.kind == "dataset" for node in graph.hops)
    return Picture(
        graph.root,
        tuple(shown),
        tuple(_lines(graph, {*hops, *jobs}, wish.jobs, way)),
        tuple(more for more in choice.more() if more.count),
        known - len(hops),
        wish.jobs,
        graph.truncated,
    )


def adjacent(graph: Graph) -> dict[Side, dict[NodeId, tuple[NodeId, ...]]]:
    """For each dataset the datasets one hop up and one hop down, through any job."""
    reads, writes = _by_job(graph)
    flow = flows(graph)
    sides: dict[Side, defaultdict[NodeId, list[NodeId]]] = {"up": defaultdict(list), "down": defaultdict(list)}
    for job in reads:
        for source in reads[job]:
            for target in writes.get(job, ()):
                if source != target and flow(source, job, target):
                    sides["down"][source].append(target)
                    sides["up"][target].append(source)
    return {side: {node: tuple(dict.fromkeys(found)) for node, found in by.items()} for side, by in sides.items()}


def _by_job(graph: Graph) -> tuple[dict[NodeId, list[NodeId]], dict[NodeId, list[NodeId]]]:
    reads: defaultdict[NodeId, list[NodeId]] = defaultdict(list)
    writes: defaultdict[NodeId, list[NodeId]] = defaultdict(list)
    for edge in graph.edges:
        if edge.target.kind == "job":
            reads[edge.target].append(edge.source)
        elif edge.source.kind == "job":
            writes[edge.source].append(edge.target)
    return reads, writes


@dataclass
class _Choice:
    """Which datasets are drawn, found hop by hop."""

    graph: Graph
    marks: Mapping[NodeId, Mark]
    wish: Wish
    way: Way
    hops: dict[NodeId, int] = field(default_factory=dict)
    left: dict[tuple[NodeId, Side], tuple[list[NodeId], bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.beside = adjacent(self.graph)
        if self.graph.root.kind == "dataset":
            self.hops[self.graph.root] = 0

    def spread(self, side: Side, reach: int) -> None:
        """Go *reach* hops to one side of the root, further where the reader expanded a node."""
        sign, hop, edge = (-1 if side == "up" else 1), 0, self._starts(side)
        while edge:
            hop += 1
            found: list[NodeId] = []
            for node in edge:
                found += self._step(node, side, hop * sign, within=hop <= reach)
            edge = sorted(found, key=self._urgency)

    def _starts(self, side: Side) -> list[NodeId]:
        root = self.graph.root
        if root.kind == "dataset":
            return [root]
        ends = (
            (edge.source if side == "up" else edge.target)
            for edge in self.graph.edges
            if root == (edge.target if side == "up" else edge.source)
        )
        start = sorted(ends, key=self._urgency)[: FAN_OUT * 2]
        self.hops.update({node: (-1 if side == "up" else 1) for node in start if node not in self.hops})
        return start

    def _step(self, node: NodeId, side: Side, hop: int, *, within: bool) -> list[NodeId]:
        fresh = sorted(
            (other for other in self.beside[side].get(node, ()) if other not in self.hops), key=self._urgency
        )
        expanded = str(node) in self.wish.expand
        if not within and not expanded:
            self.left[node, side] = (fresh, False)
            return []
        room = (MOST_EXPANDED if self.wish.expand else MOST) - len(self.hops)
        take = len(fresh) if expanded or len(fresh) <= FAN_OUT + 1 else FAN_OUT
        kept, rest = fresh[: min(take, max(room, 0))], fresh[min(take, max(room, 0)) :]
        self.hops.update(dict.fromkeys(kept, hop))
        self.left[node, side] = (rest, True)
        return kept

    def _urgency(self, node: NodeId) -> tuple[bool, int, NodeId]:
        return str(node) not in self.way.path, URGENCY[self.marks.get(node, Mark()).tone], node

    def more(self) -> Iterable[More]:
        """What is left out, less what another way led to."""
        for (node, side), (others, fold) in self.left.items():
            unseen = [self.marks.get(other, Mark()).tone for other in others if other not in self.hops]
            yield More(node, side, len(unseen), unseen.count("bad"), unseen.count("warn"), fold)


def _jobs(graph: Graph, hops: Mapping[NodeId, int], wish: Wish, way: Way) -> list[NodeId]:
    """Jobs between drawn datasets; at the ends also those that read nothing, or write nothing, within the wish."""
    reads, writes = _by_job(graph)
    flow = flows(graph)

    def belongs(job: NodeId) -> bool:
        sources = [node for node in reads.get(job, ()) if node in hops]
        targets = [node for node in writes.get(job, ()) if node in hops]
        between = any(flow(source, job, target) for source in sources for target in targets)
        if job == graph.root or str(job) in way.path or between:
            return bool(job == graph.root or sources or targets)
        begins = not reads.get(job) and any(-wish.up < hops[node] <= 0 for node in targets)
        return begins or (not writes.get(job) and any(0 <= hops[node] < wish.down for node in sources))

    return sorted(job for job in {*reads, *writes} if belongs(job))


def _lines(graph: Graph, drawn: set[NodeId], jobs: Jobs, way: Way) -> Iterable[Line]:
    pairs = (
        [(edge.source, edge.target) for edge in graph.edges]
        if jobs != "hidden"
        else [(node, other) for node, others in adjacent(graph)["down"].items() for other in others]
    )
    kind = _kinds(pairs, way, hidden=jobs == "hidden")
    left = {(edge.source, edge.target) for edge in graph.edges if edge.stale}
    made_of = {(edge.source, edge.target): edge.made_of for edge in graph.edges}
    for source, target in sorted(set(pairs)):
        if source in drawn and target in drawn:
            seen = kind(source, target) or ("stale" if (source, target) in left else "")
            yield Line(source, target, seen, made_of.get((source, target)))


def _kinds(
    pairs: Iterable[tuple[NodeId, NodeId]], way: Way, *, hidden: bool
) -> Callable[[NodeId, NodeId], Literal["", "hot", "risk"]]:
    path = [step for step in way.path if not (hidden and step.startswith("job:"))]
    hot = set(pairwise(path))
    reached = {*path, *way.affected}
    threatened = {str(a) for a, b in pairs if str(b) in way.affected and a.kind == "job"} | way.affected

    def kind(source: NodeId, target: NodeId) -> Literal["", "hot", "risk"]:
        a, b = str(source), str(target)
        if (a, b) in hot:
            return "hot"
        return "risk" if (a in reached or (a in threatened and source.kind == "job")) and b in threatened else ""

    return kind
