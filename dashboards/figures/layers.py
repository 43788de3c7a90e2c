"""Which column each node of an acyclic graph stands in, with a lane in every column that an edge only passes."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SHORTENINGS = 8  # passes after which nothing moved any more in 3,000 random graphs


@dataclass(frozen=True, slots=True)
class Layered:
    """A connected acyclic graph in columns; nodes below 0 are lanes of long edges.

    *ups* and *downs* are neighbours one column to the left and right, lanes included; *chains* names the lanes of each
    edge, in the direction of its links.
    """

    nodes: Sequence[int]
    layer: Mapping[int, int]
    count: int
    ups: Mapping[int, Sequence[int]]
    downs: Mapping[int, Sequence[int]]
    chains: Mapping[tuple[int, int], Sequence[int]]


def layered(nodes: Sequence[int], links: Sequence[Sequence[int]]) -> Layered:
    """Put *nodes* into columns: as far left as their producers allow, then edges shortened where consumers prevail."""
    producers: dict[int, list[int]] = {node: [] for node in nodes}
    for node in nodes:
        for target in links[node]:
            producers[target].append(node)
    layer = _shortened(*_longest_paths(nodes, links, producers), links, producers)
    lowest = min(layer.values())
    layer = {node: column - lowest for node, column in layer.items()}
    return _with_lanes(nodes, links, layer)


def _longest_paths(
    nodes: Sequence[int], links: Sequence[Sequence[int]], producers: Mapping[int, Sequence[int]]
) -> tuple[dict[int, int], list[int]]:
    waiting_for = {node: len(producers[node]) for node in nodes}
    ready = deque(node for node in nodes if not waiting_for[node])
    layer: dict[int, int] = {}
    sequence: list[int] = []
    while ready:
        node = ready.popleft()
        sequence.append(node)
        layer[node] = max((layer[producer] + 1 for producer in producers[node]), default=0)
        for target in links[node]:
            waiting_for[target] -= 1
            if not waiting_for[target]:
                ready.append(target)
    return layer, sequence


def _shortened(
    layer: dict[int, int],
    sequence: Sequence[int],
    links: Sequence[Sequence[int]],
    producers: Mapping[int, Sequence[int]],
) -> dict[int, int]:
    """Pull nodes that have more consumers than producers towards their consumers."""
    for _ in range(SHORTENINGS):
        moved = False
        for node in reversed(sequence):
            if len(links[node]) > len(producers[node]):
                right = min(layer[target] for target in links[node]) - 1
                moved |= right > layer[node]
                layer[node] = max(layer[node], right)
        if not moved:
            break
    return layer


def _with_lanes(nodes: Sequence[int], links: Sequence[Sequence[int]], layer: dict[int, int]) -> Layered:
    ups: defaultdict[int, list[int]] = defaultdict(list)
    downs: defaultdict[int, list[int]] = defaultdict(list)
    chains: dict[tuple[int, int], list[int]] = {}
    columns = dict(layer)
    lane = 0
    for node in nodes:
        for target in links[node]:
            chain: list[int] = []
            for column in range(layer[node] + 1, layer[target]):
                lane -= 1
                columns[lane] = column
                chain.append(lane)
            chains[node, target] = chain
            way = [node, *chain, target]
            for left, right in pairwise(way):
                downs[left].append(right)
                ups[right].append(left)
    return Layered(nodes, columns, max(layer.values()) + 1, ups, downs, chains)
