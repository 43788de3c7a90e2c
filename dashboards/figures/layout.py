"""Where every box and every edge of a left-to-right graph goes: cycles, then layers, then order, then heights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dashboards.figures.cycles import acyclic, pieces
from dashboards.figures.layers import Layered, layered
from dashboards.figures.order import ordered
from dashboards.figures.place import heights

Point = tuple[float, float]
Pair = tuple[str, str]


class Box(NamedTuple):
    """A node to be placed, and its size in px."""

    id: str
    width: float
    height: float


class Gaps(NamedTuple):
    """Room to leave, in px: between columns, between boxes of a column, between unconnected pieces."""

    rank: float = 30
    node: float = 16
    piece: float = 36
    lane: float = 8  # what an edge takes of a column that it only passes


@dataclass(frozen=True, slots=True)
class Layout:
    """Centres of boxes, and routes of edges as points.

    A route alternates a gap between columns (draw it as an S-curve) and the way through a column (draw it straight).
    *back* holds the edges that close a cycle: they run from right to left. Self-loops and repeated edges have no route.
    """

    centres: Mapping[str, Point]
    routes: Mapping[Pair, tuple[Point, ...]]
    back: frozenset[Pair]
    width: float
    height: float


def layout(boxes: Sequence[Box], edges: Iterable[Pair], gaps: Gaps = Gaps()) -> Layout:  # noqa: B008 - it is frozen
    """Place *boxes* so that none overlap and edges run to the right.

    The order of the input is the only tie-breaker: equal input gives equal output, in every process. Edges that name an
    unknown box are left out.
    """
    number = {box.id: index for index, box in enumerate(boxes)}
    named = ((number[a], number[b]) for a, b in edges if a in number and b in number)
    pairs = dict.fromkeys((a, b) for a, b in named if a != b)
    links, back = acyclic(len(boxes), tuple(pairs))
    centres: dict[str, Point] = {}
    routes: dict[Pair, tuple[Point, ...]] = {}
    top, width = 0.0, 0.0
    for piece in pieces(len(boxes), links):
        placed = _place(piece, links, boxes, gaps)
        centres.update({boxes[node].id: (x, y + top) for node, (x, y) in placed.centres.items()})
        for (source, target), points in placed.routes.items():
            moved = tuple((x, y + top) for x, y in points)
            for a, b, way in ((source, target, moved), (target, source, moved[::-1])):
                if ((a, b) in back) == (way is not moved) and (a, b) in pairs:
                    routes[boxes[a].id, boxes[b].id] = way
        top, width = top + placed.height + gaps.piece, max(width, placed.width)
    turned = frozenset((boxes[a].id, boxes[b].id) for a, b in back)
    return Layout(centres, routes, turned, width, max(0.0, top - gaps.piece))


class _Placed(NamedTuple):
    centres: dict[int, Point]
    routes: dict[tuple[int, int], list[Point]]
    width: float
    height: float


def _place(piece: Sequence[int], links: Sequence[Sequence[int]], boxes: Sequence[Box], gaps: Gaps) -> _Placed:
    graph = layered(piece, links)
    rows = ordered(graph)

    def tall(node: int) -> float:
        return boxes[node].height if node >= 0 else gaps.lane

    y = heights(rows, graph, tall, gaps.node)
    top = min(y[node] - tall(node) / 2 for node in y)
    y = {node: at - top for node, at in y.items()}
    columns = [max((boxes[node].width for node in row if node >= 0), default=0.0) for row in rows]
    lefts = [sum(columns[:index]) + gaps.rank * index for index in range(len(columns))]
    x = {node: lefts[graph.layer[node]] + boxes[node].width / 2 for node in piece}
    routes = {
        (a, b): [
            (x[a] + boxes[a].width / 2, y[a]),
            *_lanes(chain, graph, y, lefts, columns),
            (x[b] - boxes[b].width / 2, y[b]),
        ]
        for (a, b), chain in graph.chains.items()
    }
    bottom = max(y[node] + tall(node) / 2 for node in y)
    return _Placed({node: (x[node], y[node]) for node in piece}, routes, lefts[-1] + columns[-1], bottom)


def _lanes(
    chain: Sequence[int], graph: Layered, y: Mapping[int, float], lefts: Sequence[float], columns: Sequence[float]
) -> list[Point]:
    points: list[Point] = []
    for lane in chain:
        column = graph.layer[lane]
        points += [(lefts[column], y[lane]), (lefts[column] + columns[column], y[lane])]
    return points
