"""The layout keeps its promises for any graph."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.figures.layout import Box, layout

NAMES = [f"n{number}" for number in range(18)]
SIZES = st.sampled_from([(30.0, 30.0), (192.0, 52.0), (192.0, 118.0)])


@st.composite
def graphs(draw):
    """Some boxes of mixed size and any edges among them: cycles, self-loops, repeats, islands."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=14))
    boxes = [Box(name, *draw(SIZES)) for name in names]
    edges = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=40)) if names else []
    return boxes, edges


def frame(box, centre):
    x, y = centre
    return x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2


def overlap(one, other):
    nudge = 1e-6
    return (
        one[0] < other[2] - nudge
        and other[0] < one[2] - nudge
        and one[1] < other[3] - nudge
        and other[1] < one[3] - nudge
    )


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_no_two_boxes_overlap(graph):
    """Boxes keep clear of each other, whatever the edges."""
    boxes, edges = graph

    placed = layout(boxes, edges)

    frames = [frame(box, placed.centres[box.id]) for box in boxes]
    assert [] == [(one, other) for index, one in enumerate(frames) for other in frames[:index] if overlap(one, other)]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_every_edge_is_routed_from_its_source_to_its_target(graph):
    """Each distinct edge between two boxes has a route that begins and ends at their sides."""
    boxes, edges = graph
    wanted = {(a, b) for a, b in edges if a != b}
    sizes = {box.id: box for box in boxes}

    placed = layout(boxes, edges)

    ends = {
        (a, b): (
            abs(abs(points[0][0] - placed.centres[a][0]) - sizes[a].width / 2) < 1e-6,
            abs(abs(points[-1][0] - placed.centres[b][0]) - sizes[b].width / 2) < 1e-6,
        )
        for (a, b), points in placed.routes.items()
    }
    assert dict.fromkeys(wanted, (True, True)) == ends


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_only_edges_that_close_a_cycle_run_to_the_left(graph):
    """A route's x never falls, unless the edge is a back edge; then it never rises."""
    boxes, edges = graph

    placed = layout(boxes, edges)

    wrong = {
        pair
        for pair, points in placed.routes.items()
        if any(
            (right[0] < left[0] - 1e-6) != (pair in placed.back)
            for left, right in pairwise(points)
            if right[0] != left[0]
        )
    }
    assert set() == wrong


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_equal_input_gives_equal_output(graph):
    """The layout depends on nothing but its arguments."""
    boxes, edges = graph

    assert layout(boxes, edges) == layout(list(boxes), list(edges))


def test_a_graph_without_cycles_has_no_back_edges():
    """A diamond is drawn forwards throughout."""
    boxes = [Box(name, 30, 30) for name in "abcd"]

    placed = layout(boxes, [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])

    assert frozenset() == placed.back


def test_a_cycle_is_broken_once():
    """Three nodes in a ring need one back edge, and all three are routed."""
    boxes = [Box(name, 30, 30) for name in "abc"]

    placed = layout(boxes, [("a", "b"), ("b", "c"), ("c", "a")])

    assert (1, 3) == (len(placed.back), len(placed.routes))


def test_nothing_takes_no_room():
    """An empty graph is laid out to an empty picture."""
    placed = layout([], [])

    assert ({}, 0.0, 0.0) == (placed.centres, placed.width, placed.height)
