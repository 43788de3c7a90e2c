"""How high each node stands: as close to its neighbours as its column allows, so that edges are straight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from dashboards.figures.layers import Layered
from dashboards.figures.order import Rows

SWEEPS = 30
REST = 0.05  # the pull of a node without neighbours towards where it is


def heights(rows: Rows, graph: Layered, tall: Callable[[int], float], gap: float) -> dict[int, float]:
    """The centre of each node in px; within a column the order holds and nothing overlaps.

    Each column in turn is the exact least-squares answer to "be where your neighbours are", under those constraints:
    isotonic regression by pooling adjacent violators.
    """
    offsets = [_offsets(row, tall, gap) for row in rows]
    y = {
        node: offset - along[-1] / 2
        for row, along in zip(rows, offsets, strict=True)
        for node, offset in zip(row, along, strict=True)
    }
    for sweep in range(SWEEPS):
        both = sweep >= SWEEPS * 2 // 3
        columns = range(len(rows)) if sweep % 2 == 0 else range(len(rows) - 1, -1, -1)
        for column in columns:
            wishes = [
                (_wish(node, _beside(node, graph, both=both, left=sweep % 2 == 0), y), offset)
                for node, offset in zip(rows[column], offsets[column], strict=True)
            ]
            settled = _pooled([(wish - offset, weight) for (wish, weight), offset in wishes])
            for node, base, offset in zip(rows[column], settled, offsets[column], strict=True):
                y[node] = base + offset
    return y


def _offsets(row: Sequence[int], tall: Callable[[int], float], gap: float) -> list[float]:
    along = [0.0]
    for upper, lower in pairwise(row):
        room = gap if upper >= 0 and lower >= 0 else gap / 2
        along.append(along[-1] + (tall(upper) + tall(lower)) / 2 + room)
    return along


def _beside(node: int, graph: Layered, *, both: bool, left: bool) -> list[int]:
    ups, downs = graph.ups.get(node, ()), graph.downs.get(node, ())
    return [*ups, *downs] if both else list(ups if left else downs)


def _wish(node: int, beside: Sequence[int], y: dict[int, float]) -> tuple[float, float]:
    """Where *node* would like to be, and how much; long edges pull hardest, so that they run straight."""
    if not beside:
        return y[node], REST
    pulls = [8.0 if node < 0 and other < 0 else 2.0 if node < 0 or other < 0 else 1.0 for other in beside]
    weight = sum(pulls)
    return sum(pull * y[other] for pull, other in zip(pulls, beside, strict=True)) / weight, weight


def _pooled(wishes: Sequence[tuple[float, float]]) -> list[float]:
    """The non-decreasing values closest to the (value, weight) wishes."""
    blocks: list[tuple[float, float, int]] = []
    for wish, pull in wishes:
        value, weight, size = wish, pull, 1
        while blocks and blocks[-1][0] > value:
            other, other_weight, other_size = blocks.pop()
            value = (other * other_weight + value * weight) / (other_weight + weight)
            weight, size = weight + other_weight, size + other_size
        blocks.append((value, weight, size))
    return [value for value, _, size in blocks for _ in range(size)]
