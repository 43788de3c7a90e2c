"""Walks over small graphs drawn by hand, and over random ones against a naive reference."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import NotFound
from lineage.model import WHOLE, ColumnEdge, Direction, Edge, FieldId, Node, NodeId, dataset_id, job_id
from lineage.walk import walk, walk_columns

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def ds(name: str) -> NodeId:
    return dataset_id("pg", name)


def job(name: str) -> NodeId:
    return job_id("af", name)


class Drawn:
    """A graph drawn as `a > job > b`; it counts how often it is asked."""

    def __init__(
        self, *flows: str, aliases: dict[str, str] | None = None, made_of: dict[str, str] | None = None
    ) -> None:
        self.edges = sorted({edge for flow in flows for edge in self._edges(flow)})
        self.aliases = {ds(raw): ds(canonical) for raw, canonical in (aliases or {}).items()}
        self.made_of = {
            (job(word.split(" > ")[0]), ds(word.split(" > ")[1])): tuple(sorted(map(ds, sources.split())))
            for word, sources in (made_of or {}).items()
        }
        self.asked: list[list[NodeId]] = []
        self.column_edges: list[tuple[NodeId | None, ColumnEdge]] = []

    @staticmethod
    def _edges(flow: str) -> Iterable[tuple[NodeId, NodeId]]:
        """Names in capitals are jobs."""
        names = [job(word) if word.isupper() else ds(word) for word in flow.split(" > ")]
        return itertools.pairwise(names)

    def get(self, ids: Iterable[NodeId], *, as_of: datetime | None = None, **_: Any) -> dict[NodeId, Node]:
        """Nothing is known before noon."""
        known = {end for edge in self.edges for end in edge} | set(self.aliases)
        if as_of is not None and as_of < NOON:
            return {}
        return {i: Node(i, self.aliases.get(i, i), NOON, NOON) for i in ids if i in known}

    def neighbours(self, ids: Iterable[NodeId], direction: Direction, **_: Any) -> list[Edge]:
        """One hop, and a note that it was asked."""
        near = 1 if direction == "up" else 0
        wanted = set(ids)
        self.asked.append(sorted(wanted))
        return [Edge(*edge, NOON, NOON, made_of=self.made_of.get(edge)) for edge in self.edges if edge[near] in wanted]

    def columns(
        self, fields: Iterable[FieldId | NodeId], direction: Direction, **_: Any
    ) -> list[tuple[NodeId | None, ColumnEdge]]:
        """One hop between columns; WHOLE stands for all of a dataset."""
        wanted = set(fields)
        every = {place.dataset for place in wanted if isinstance(place, FieldId) and place.name == WHOLE}
        some = {place.dataset for place in wanted if isinstance(place, FieldId)}

        def is_near(end: FieldId) -> bool:
            return end in wanted or end.dataset in (some if end.name == WHOLE else every)

        return [(j, e) for j, e in self.column_edges if is_near(e.target if direction == "up" else e.source)]


def names(ids: Iterable[NodeId]) -> set[str]:
    return {node.name for node in ids}


RIVER = Drawn("raw > STAGE > staged > LOAD > orders > REPORT > report > MAIL", "raw > SIDE > sibling")


@pytest.mark.parametrize(
    ("direction", "depth", "expected"),
    [
        ("up", 0, {"orders": 0}),
        ("up", 1, {"orders": 0, "LOAD": -1, "staged": -1}),
        ("up", 2, {"orders": 0, "LOAD": -1, "staged": -1, "STAGE": -2, "raw": -2}),
        ("up", 20, {"orders": 0, "LOAD": -1, "staged": -1, "STAGE": -2, "raw": -2}),
        ("down", 1, {"orders": 0, "REPORT": 1, "report": 1}),
        ("down", 2, {"orders": 0, "REPORT": 1, "report": 1, "MAIL": 2}),
        ("both", 1, {"orders": 0, "LOAD": -1, "staged": -1, "REPORT": 1, "report": 1}),
    ],
)
def test_depth_counts_datasets_from_a_dataset(direction: Direction, depth: int, expected: dict[str, int]) -> None:
    """A hop is a job and the datasets beyond it; upstream counts down."""
    graph = walk(RIVER, ds("orders"), direction, depth)

    assert expected == {node.name: hop for node, hop in graph.hops.items()}


@pytest.mark.parametrize(
    ("direction", "depth", "expected"),
    [
        ("both", 0, {"LOAD": 0}),
        ("both", 1, {"LOAD": 0, "staged": -1, "orders": 1}),
        ("up", 2, {"LOAD": 0, "staged": -1, "STAGE": -2, "raw": -2}),
        ("down", 2, {"LOAD": 0, "orders": 1, "REPORT": 2, "report": 2}),
        ("down", 3, {"LOAD": 0, "orders": 1, "REPORT": 2, "report": 2, "MAIL": 3}),
    ],
)
def test_the_datasets_of_a_job_are_its_first_hop(direction: Direction, depth: int, expected: dict[str, int]) -> None:
    """From a job, depth counts datasets too (DECISIONS 23)."""
    graph = walk(RIVER, job("LOAD"), direction, depth)

    assert expected == {node.name: hop for node, hop in graph.hops.items()}


def test_siblings_do_not_leak() -> None:
    """What else was made of a parent, or goes into a child, is no lineage of the root."""
    shared = Drawn("raw > LOAD > orders > REPORT > report", "raw > LOAD > other", "costs > REPORT")

    graph = walk(shared, ds("orders"))

    assert {"raw", "LOAD", "orders", "REPORT", "report"} == names(graph.nodes)


def test_a_cycle_ends() -> None:
    """Data that flows back to where it came from is walked once."""
    graph = walk(Drawn("a > THERE > b > BACK > a"), ds("a"))

    assert (
        {node.name: hop for node, hop in graph.hops.items()},
        len(graph.edges),
    ) == ({"a": 0, "THERE": 1, "b": -1, "BACK": -1}, 4)


def test_a_job_that_reads_what_it_writes_is_one_hop_away() -> None:
    """A loop of one job gives both edges, once each."""
    graph = walk(Drawn("a > MERGE > a"), ds("a"))

    assert [(ds("a"), job("MERGE")), (job("MERGE"), ds("a"))] == [(e.source, e.target) for e in graph.edges]


def test_a_root_may_be_asked_for_under_any_of_its_names() -> None:
    """The graph speaks of canonical identities only."""
    graph = walk(Drawn("raw > LOAD > orders", aliases={"/path/orders": "orders"}), ds("/path/orders"))

    assert (ds("orders"), {"raw", "LOAD", "orders"}) == (graph.root, names(graph.nodes))


def test_an_unknown_root_is_said() -> None:
    """Nobody has heard of it: NotFound, with a next step."""
    with pytest.raises(NotFound, match="dataset:pg:nothing is not known; look for its name"):
        walk(RIVER, ds("nothing"))


def test_a_root_that_was_not_known_yet_is_said_with_the_instant() -> None:
    """As-of belongs to the question, and to the refusal."""
    with pytest.raises(NotFound, match="is not known as of 2026-11-20T12:00:00"):
        walk(RIVER, ds("orders"), as_of=NOON - timedelta(days=1))


def test_one_question_a_step() -> None:
    """However wide the graph is, each step asks once for all its nodes."""
    wide = Drawn(*(f"a > JOB{n} > b{n}" for n in range(50)), *(f"b{n} > NEXT > c" for n in range(50)))

    walk(wide, ds("a"), "down")

    assert [len(ids) for ids in wide.asked] == [1, 50, 50, 1, 1]


def test_the_node_budget_cuts_and_names_where_to_go_on() -> None:
    """The first by name are kept; whoever has more beyond him is the frontier."""
    wide = Drawn(*(f"a > JOB{n} > b{n}" for n in range(5)))

    graph = walk(wide, ds("a"), "down", max_nodes=4)

    assert (True, {"a", "JOB0", "JOB1", "JOB2"}, {"a", "JOB0", "JOB1", "JOB2"}) == (
        graph.truncated,
        names(graph.nodes),
        names(graph.frontier),
    )


def test_going_on_from_the_frontier_finds_the_rest() -> None:
    """A walk cut in a long river goes on where it stopped."""
    river = Drawn("a > A > b > B > c > C > d")
    first = walk(river, ds("a"), "down", max_nodes=4)

    rest = walk(river, first.frontier[0], "down")

    assert {"a", "A", "b", "B", "c", "C", "d"} == names(first.nodes) | names(rest.nodes)


def test_an_exact_fit_is_not_truncated() -> None:
    """A budget that the answer fills to the last node cuts nothing."""
    graph = walk(RIVER, ds("orders"), "up", max_nodes=5)

    assert (graph.truncated, len(graph.nodes), graph.frontier) == (False, 5, ())


def test_the_time_budget_cuts_between_steps() -> None:
    """Once the clock has run out no further question is asked."""
    ticks = iter([0.0, 0.5, 2.0])

    graph = walk(RIVER, ds("report"), "up", budget_s=1.0, clock=lambda: next(ticks))

    assert (True, {"report", "REPORT", "orders"}, {"orders"}) == (
        graph.truncated,
        names(graph.nodes),
        names(graph.frontier),
    )


def test_columns_are_followed_like_datasets() -> None:
    """A column came of columns; each dataset is a hop."""
    a, b, c = (FieldId(ds(name), "amount") for name in "abc")
    store = Drawn()
    store.column_edges = [(job("ONE"), ColumnEdge(a, b)), (job("TWO"), ColumnEdge(b, c))]

    graph = walk_columns(store, [c], "up", 5)

    assert ({c: 0, b: -1, a: -2}, [job("ONE"), job("TWO")]) == (graph.hops, [j for j, _ in graph.edges])


def test_columns_have_a_budget_too() -> None:
    """A wide column is cut, and says so."""
    target = FieldId(ds("t"), "total")
    store = Drawn()
    store.column_edges = [(None, ColumnEdge(FieldId(ds("s"), f"c{n:02}"), target)) for n in range(30)]

    graph = walk_columns(store, [target], max_nodes=11)

    assert (graph.truncated, len(graph.edges), target in graph.frontier) == (True, 10, True)


def test_what_affects_a_whole_dataset_is_found_from_each_of_its_columns() -> None:
    """WHOLE stands beside the column that was asked for, and is no step of its own."""
    a, b, c = (FieldId(ds(name), "amount") for name in "abc")
    whole = FieldId(ds("b"), WHOLE)
    store = Drawn()
    store.column_edges = [(None, ColumnEdge(b, c)), (None, ColumnEdge(a, whole))]

    assert {c: 0, b: -1, whole: -1, a: -2} == walk_columns(store, [c], "up", 2).hops


def test_what_a_whole_dataset_leads_to_is_found() -> None:
    """From WHOLE the walk goes on from every column, which stands as near as WHOLE."""
    a, b, c = (FieldId(ds(name), "amount") for name in "abc")
    whole = FieldId(ds("b"), WHOLE)
    store = Drawn()
    store.column_edges = [(None, ColumnEdge(b, c)), (None, ColumnEdge(a, whole))]

    assert {a: 0, whole: 1, b: 1, c: 2} == walk_columns(store, [a], "down", 2).hops


COLUMNS = st.lists(
    st.builds(
        lambda ends, source, target: ColumnEdge(FieldId(ds(ends[0]), source), FieldId(ds(ends[1]), target)),
        st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")),
        st.sampled_from("xyz"),
        st.sampled_from(("x", "y", "z", WHOLE)),
    ),
    max_size=12,
)


def each_column(edge: ColumnEdge) -> list[ColumnEdge]:
    """*edge*, or what it says of each column where it says it of the whole."""
    to = edge.target
    return [ColumnEdge(edge.source, FieldId(to.dataset, name)) for name in ("xyz" if to.name == WHOLE else to.name)]


@given(COLUMNS, st.sampled_from(("up", "down")), st.integers(0, 4))
def test_a_walk_finds_what_it_would_without_wholes(edges: list[ColumnEdge], way: Direction, depth: int) -> None:
    """The columns behind and beyond a column, and how far, are those of the graph in which each has its own edges."""
    few, many = Drawn(), Drawn()
    few.column_edges = [(None, edge) for edge in dict.fromkeys(edges)]
    many.column_edges = [(None, each) for edge in dict.fromkeys(edges) for each in each_column(edge)]
    root = FieldId(ds("a"), "x")
    naive = walk_columns(many, [root], way, depth).hops

    found = walk_columns(few, [root], way, depth).hops

    reached: dict[FieldId, int] = {}
    for place, hop in found.items():  # Upstream, WHOLE only stands beside the columns that led to it.
        for name in "xyz" if (place.name, way) == (WHOLE, "down") else place.name:
            each = FieldId(place.dataset, name)
            reached[each] = min(hop, reached.get(each, hop), key=abs)
    assert naive == reached


@given(COLUMNS, st.sampled_from(("up", "down")), st.integers(1, 8))
def test_a_cut_walk_over_columns_is_a_part_of_the_whole(edges: list[ColumnEdge], way: Direction, most: int) -> None:
    """A budget counts WHOLE as a column, and the frontier is where to go on from."""
    store = Drawn()
    store.column_edges = [(None, edge) for edge in dict.fromkeys(edges)]
    root = FieldId(ds("a"), "x")
    whole = walk_columns(store, [root], way)

    cut = walk_columns(store, [root], way, max_nodes=most)

    assert (len(whole.hops) > most, min(most, len(whole.hops))) == (cut.truncated, len(cut.hops))
    assert set(cut.edges) <= set(whole.edges)
    assert set(cut.frontier) <= set(cut.hops)
    assert {end for _, edge in cut.edges for end in (edge.source, edge.target)} <= set(cut.hops)


GRAPHS = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 5), st.booleans()).map(
        lambda t: f"d{t[0]} > J{t[1]}" if t[2] else f"J{t[1]} > d{t[0]}"
    ),
    min_size=1,
    max_size=40,
)


MIRROR = Drawn(
    "a > MIRROR > x",
    "b > MIRROR > y",
    "y > BACK > a2",
    "a2 > AGAIN > a",
    made_of={"MIRROR > x": "a", "MIRROR > y": "b"},
)


@pytest.mark.parametrize(
    ("root", "direction", "expected"),
    [
        ("x", "up", {"x", "MIRROR", "a", "AGAIN", "a2", "BACK", "y", "b"}),
        ("y", "up", {"y", "MIRROR", "b"}),
        ("a", "down", {"a", "MIRROR", "x"}),
        ("b", "down", {"b", "MIRROR", "y", "BACK", "a2", "AGAIN", "a", "x"}),
    ],
)
def test_explicit_lineage_has_no_false_edges(root: str, direction: Direction, expected: set[str]) -> None:
    """What the job says it made x of is what x comes of; a way round that leads to the job again opens the rest."""
    assert expected == names(walk(MIRROR, ds(root), direction).nodes)


def test_a_job_that_opens_later_gives_its_hops_from_there() -> None:
    """Made of b is y, which is three datasets above x: so b is four above, however near the job itself is."""
    graph = walk(MIRROR, ds("x"), "up")

    assert {"a": -1, "a2": -2, "y": -3, "b": -4, "MIRROR": -1} == {
        node.name: hop for node, hop in graph.hops.items() if node.name in {"a", "a2", "y", "b", "MIRROR"}
    }


def test_a_root_job_gives_everything() -> None:
    """Who asks of the job asks of all its flows."""
    graph = walk(MIRROR, job("MIRROR"), "both", 1)

    assert {"MIRROR", "a", "b", "x", "y"} == names(graph.nodes)


def test_nothing_tracked_is_a_source() -> None:
    """An empty list says that there is no upstream, whatever the job reads."""
    made = Drawn("a > LOAD > x", "a > LOAD > y", made_of={"LOAD > x": ""})

    assert ({"x", "LOAD"}, {"a", "LOAD", "y"}) == (names(walk(made, ds("x")).nodes), names(walk(made, ds("a")).nodes))


def test_a_walk_that_is_cut_at_a_half_open_job_goes_on_from_the_dataset() -> None:
    """To go on from the job itself would lead to what the dataset was not made of."""
    made = Drawn("a > LOAD > x", "b > LOAD > x", "c > LOAD", made_of={"LOAD > x": "a b"})

    graph = walk(made, ds("x"), "up", max_nodes=3)

    assert (True, (ds("a"), ds("x"))) == (graph.truncated, graph.frontier)


STATEMENTS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.integers(0, 7)).map(lambda t: f"J{t[0]} > d{t[1]}"),
    st.lists(st.integers(0, 7).map("d{}".format), max_size=3, unique=True).map(" ".join),
    max_size=12,
)


def closure(
    store: Drawn, root: NodeId, depth: int, *, up: bool
) -> tuple[dict[NodeId, int], set[tuple[NodeId, NodeId]]]:
    """Distances over (dataset, job, dataset) where the one is known to be made of the other; and the edges."""
    steps = {
        (read, made)
        for read in store.edges
        for made in store.edges
        if read[1] == made[0] and read[1].kind == "job" and read[0] in store.made_of.get(made, (read[0],))
    }
    far, edges = {root: 0}, set[tuple[NodeId, NodeId]]()
    if root.kind == "job":  # everything is one hop away
        edges = {edge for edge in store.edges if edge[up] == root} if depth else set()
        far |= {edge[not up]: 1 for edge in edges}
    for _ in range(len(store.edges) + 1):
        for edge in [edge for edge in store.edges if edge[up].kind == "dataset" and far.get(edge[up], depth) < depth]:
            edges.add(edge)
            far[edge[not up]] = min(far.get(edge[not up], depth), far[edge[up]] + 1)
        for read, made in steps:
            near, further = (made, read) if up else (read, made)
            at = near[1] if up else near[0]
            if far.get(at, depth) < depth:
                edges.add(further)
                beyond = further[0] if up else further[1]
                far[beyond] = min(far.get(beyond, depth), far[at] + 1)
    return far, edges


@pytest.mark.parametrize("way", ["up", "down"])
@given(flows=GRAPHS, made_of=STATEMENTS, depth=st.integers(0, 6))
def test_a_walk_obeys_every_statement(way: Direction, flows: list[str], made_of: dict[str, str], depth: int) -> None:
    """Nodes, hops and edges are those of the closure over what each dataset is known to be made of."""
    store = Drawn(*flows, made_of=made_of)
    root = store.edges[0][0]

    graph = walk(store, root, way, depth)

    assert closure(store, root, depth, up=way == "up") == (
        {node: abs(hop) for node, hop in graph.hops.items()},
        {(edge.source, edge.target) for edge in graph.edges},
    )


def reference(
    edges: Iterable[tuple[NodeId, NodeId]], root: NodeId, steps: int
) -> tuple[dict[NodeId, int], set[tuple[NodeId, NodeId]]]:
    """Distances along *edges* by relaxing them until nothing moves; the edges that start nearer than *steps*."""
    far = {root: 0}
    for _ in range(steps):
        for near, beyond in edges:
            if near in far and far[near] < steps:
                far[beyond] = min(far.get(beyond, steps), far[near] + 1)
    return far, {(near, beyond) for near, beyond in edges if far.get(near, steps) < steps}


@given(GRAPHS, st.integers(0, 6))
def test_a_walk_is_what_the_naive_reference_says(flows: list[str], depth: int) -> None:
    """Nodes and edges of any graph, cycles included, are those that shortest distances give."""
    store = Drawn(*flows)
    root = store.edges[0][0]
    steps = max(0, 2 * depth - (root.kind == "job"))
    down, down_edges = reference(store.edges, root, steps)
    up, up_edges = reference([(b, a) for a, b in store.edges], root, steps)

    graph = walk(store, root, "both", depth)

    assert (set(up) | set(down), down_edges | {(a, b) for b, a in up_edges}) == (
        set(graph.hops),
        {(edge.source, edge.target) for edge in graph.edges},
    )


@given(GRAPHS, st.integers(1, 12))
def test_a_cut_walk_is_a_part_of_the_whole_and_says_so(flows: list[str], most: int) -> None:
    """A node budget holds, invents nothing, and is confessed exactly when something is missing."""
    store = Drawn(*flows)
    root = store.edges[0][0]
    whole = walk(store, root)

    cut = walk(store, root, max_nodes=most)

    assert cut.truncated == (len(whole.nodes) > most)
    assert len(cut.nodes) == min(most, len(whole.nodes))
    assert set(cut.edges) <= set(whole.edges)
    assert set(cut.frontier) <= set(cut.nodes)


@given(GRAPHS, STATEMENTS, st.integers(1, 12))
def test_going_on_from_where_a_walk_was_cut_invents_nothing(
    flows: list[str], made_of: dict[str, str], most: int
) -> None:
    """Upstream of every node of the frontier there is only what the whole walk has."""
    store = Drawn(*flows, made_of=made_of)
    root = store.edges[0][0]
    cut = walk(store, root, "up", max_nodes=most)

    further = [walk(store, place, "up").nodes.keys() for place in cut.frontier]

    assert set(cut.nodes).union(*further) <= set(walk(store, root, "up").nodes)
