"""In which order the nodes of each column stand, so that few edges cross."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise

from dashboards.figures.layers import Layered

Rows = list[list[int]]

SWEEPS = 24  # half of them to the right, half to the left
PATIENCE = 6  # sweeps without a better order
SWAPS = 3
LARGE = 1200  # nodes beyond which neighbours are swapped only now and then


def ordered(graph: Layered) -> Rows:
    """The nodes of each column from top to bottom: the order with the fewest crossings that the sweeps met."""
    rows = _begin(graph)
    best, kept, stale = crossings(rows, graph), [row[:] for row in rows], 0
    for sweep in range(SWEEPS):
        if not best or stale >= PATIENCE:
            break
        _sweep(rows, graph, sweep)
        if len(graph.nodes) <= LARGE or sweep % 4 == 3:  # noqa: PLR2004 - every fourth
            _swap(rows, graph)
        now = crossings(rows, graph)
        stale += 1
        if now < best:
            best, kept, stale = now, [row[:] for row in rows], 0
    return kept


def _begin(graph: Layered) -> Rows:
    """Depth first from the sources with most consumers, so that what belongs together begins together."""
    rows: Rows = [[] for _ in range(graph.count)]
    seen: set[int] = set()
    sources = (node for node in graph.nodes if not graph.ups.get(node))
    for source in sorted(sources, key=lambda node: (-len(graph.downs.get(node, ())), node)):
        waiting = [source]
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                rows[graph.layer[node]].append(node)
                waiting.extend(reversed(graph.downs.get(node, ())))
                waiting.extend(up for up in graph.ups.get(node, ()) if up not in seen)
    return rows


def crossings(rows: Rows, graph: Layered) -> int:
    """How many pairs of edges cross, counted with a Fenwick tree per gap between columns."""
    total = 0
    for left, right in pairwise(rows):
        place = {node: index for index, node in enumerate(right)}
        size = len(place) + 1
        tree, seen = [0] * (size + 1), 0
        for node in left:
            for end in sorted(place[target] for target in graph.downs.get(node, ())):
                total += seen - _sum(tree, end + 1)
                seen += 1
                _add(tree, end + 1, size)
    return total


def _sum(tree: list[int], index: int) -> int:
    total = 0
    while index:
        total += tree[index]
        index &= index - 1
    return total


def _add(tree: list[int], index: int, size: int) -> None:
    while index <= size:
        tree[index] += 1
        index += index & -index


def _sweep(rows: Rows, graph: Layered, sweep: int) -> None:
    """Sort every column by where its neighbours stand: medians and means in turn, to the right and to the left."""
    to_the_right, by_median = sweep % 2 == 0, (sweep // 2) % 2 == 0
    columns = range(1, graph.count) if to_the_right else range(graph.count - 2, -1, -1)
    beside = graph.ups if to_the_right else graph.downs
    for column in columns:
        place = {node: index for index, node in enumerate(rows[column - 1 if to_the_right else column + 1])}
        keys: dict[int, float] = {}
        for node in rows[column]:
            if found := sorted(place[other] for other in beside.get(node, ())):
                keys[node] = _median(found) if by_median else sum(found) / len(found)
        moving = iter(sorted(keys, key=keys.__getitem__))
        rows[column] = [next(moving) if node in keys else node for node in rows[column]]


def _median(found: Sequence[int]) -> float:
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2


def _swap(rows: Rows, graph: Layered) -> None:
    """Exchange neighbours in a column while that saves crossings."""
    for _ in range(SWAPS):
        better = False
        for column, row in enumerate(rows):
            sides = [_ends(row, rows[column - 1] if column else [], graph.ups)]
            sides.append(_ends(row, rows[column + 1] if column + 1 < len(rows) else [], graph.downs))
            for index in range(len(row) - 1):
                upper, lower = row[index], row[index + 1]
                if sum(_saved(side[upper], side[lower]) for side in sides) > 0:
                    row[index], row[index + 1] = lower, upper
                    better = True
        if not better:
            return


def _ends(row: Sequence[int], beside: Sequence[int], links: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    place = {node: index for index, node in enumerate(beside)}
    return {node: sorted(place[other] for other in links.get(node, ())) for node in row}


def _saved(upper: Sequence[int], lower: Sequence[int]) -> int:
    if not upper or not lower or upper[-1] <= lower[0]:
        return 0
    now = sum(len(upper) - bisect_right(upper, end) for end in lower)
    swapped = sum(len(lower) - bisect_right(lower, end) for end in upper)
    return now - swapped
