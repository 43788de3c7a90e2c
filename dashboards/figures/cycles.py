"""A directed graph without its cycles, and the pieces that it falls into."""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int]


def acyclic(count: int, edges: Sequence[Edge]) -> tuple[list[list[int]], frozenset[Edge]]:
    """The successors of each of *count* nodes with every cycle broken, and the edges that were turned round for it.

    Depth first from the nodes that nothing feeds, in the order given; an edge to a node still on the path closes a
    cycle. A turned edge that runs beside a straight one is merged into it.
    """
    back = _closing(count, edges)
    links: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        source, target = (b, a) if (a, b) in back else (a, b)
        if target not in links[source]:
            links[source].append(target)
    return links, back


def _closing(count: int, edges: Sequence[Edge]) -> frozenset[Edge]:
    out: list[list[int]] = [[] for _ in range(count)]
    fed = [False] * count
    for a, b in edges:
        out[a].append(b)
        fed[b] = True
    back: set[Edge] = set()
    state = [0] * count  # 0 unseen, 1 on the path, 2 done
    for root in sorted(range(count), key=lambda node: (fed[node], node)):
        if state[root]:
            continue
        path = [(root, iter(out[root]))]
        state[root] = 1
        while path:
            node, rest = path[-1]
            following = next(rest, None)
            if following is None:
                state[node] = 2
                path.pop()
            elif state[following] == 1:
                back.add((node, following))
            elif not state[following]:
                state[following] = 1
                path.append((following, iter(out[following])))
    return frozenset(back)


def pieces(count: int, links: Sequence[Sequence[int]]) -> list[list[int]]:
    """The connected pieces, largest first (then by first node), each in order."""
    beside: list[list[int]] = [list(row) for row in links]
    for node, row in enumerate(links):
        for target in row:
            beside[target].append(node)
    seen = [False] * count
    found = [sorted(_reach(start, beside, seen)) for start in range(count) if not seen[start]]
    return sorted(found, key=lambda piece: (-len(piece), piece[0]))


def _reach(start: int, beside: Sequence[Sequence[int]], seen: list[bool]) -> list[int]:
    waiting, reached = [start], []
    seen[start] = True
    while waiting:
        node = waiting.pop()
        reached.append(node)
        for other in beside[node]:
            if not seen[other]:
                seen[other] = True
                waiting.append(other)
    return reached
