"""What of a graph is drawn, what is folded away, and which edges are red."""

from collections import Counter
from dataclasses import replace

from dashboards.figures.picture import MOST, Line, Mark, More, Way, Wish, picture
from tests.support.graphs import dataset, graph, job

CHAIN = ("a > one > b", "b > two > c", "c > three > d", "d > four > e")


def test_only_the_hops_that_were_wished_for_are_drawn():
    """Datasets further away than the wish are left out, on each side by its own measure."""
    drawn = picture(graph("c", *CHAIN), {}, Wish(up=1, down=2))

    assert ["b", "c", "d", "e"] == [node.id.name for node in drawn.datasets]


def test_what_lies_beyond_the_last_hop_is_counted():
    """A dataset at the end says how many more there are behind it."""
    drawn = picture(graph("c", *CHAIN), {}, Wish(up=1, down=2))

    assert (More(dataset("b"), "up", 1, 0, 0, fold=False),) == drawn.more


def test_a_job_is_drawn_between_drawn_datasets_only():
    """The job behind the last hop stays away."""
    drawn = picture(graph("c", *CHAIN), {}, Wish(up=1, down=1))

    assert {job("two"), job("three")} == {node.id for node in drawn.nodes if node.id.kind == "job"}


def test_without_jobs_datasets_are_joined_directly():
    """The same way, with the jobs left out."""
    drawn = picture(graph("c", *CHAIN), {}, Wish(up=1, down=1, jobs="hidden"))

    assert (Line(dataset("b"), dataset("c")), Line(dataset("c"), dataset("d"))) == drawn.lines


def test_three_hundred_consumers_fold_with_the_breaching_ones_on_top():
    """Six are drawn, those that breach first; the fold counts the rest and what is wrong in it."""
    names = [f"out{number:03}" for number in range(300)]
    marks = {dataset(name): Mark("bad", "breaching") for name in names[-7:]}

    drawn = picture(graph("hub", f"hub > fan > {' '.join(names)}"), marks)

    shown = {node.id.name for node in drawn.datasets if node.hop == 1}
    assert (set(names[-7:-1]), (More(dataset("hub"), "down", 294, 1, 0, fold=True),)) == (shown, drawn.more)


def test_seven_neighbours_need_no_fold():
    """A fold would take the room of the one that it hides."""
    drawn = picture(graph("hub", "hub > fan > a b c d e f g"), {})

    assert (8, ()) == (len(drawn.datasets), drawn.more)


def test_an_expanded_node_shows_all_that_it_touches():
    """What the reader opens is not folded again."""
    names = " ".join(f"out{number:02}" for number in range(30))

    drawn = picture(graph("hub", f"hub > fan > {names}"), {}, Wish(expand=frozenset({str(dataset("hub"))})))

    assert 31 == len(drawn.datasets)


def test_no_picture_has_more_datasets_than_its_measure():
    """However wide every hop is, MOST datasets are drawn, and the others are counted."""
    steps = [f"hub > fan > {' '.join(f'mid{n}' for n in range(6))}"]
    steps += [f"mid{n} > job{n} > {' '.join(f'out{n}x{m}' for m in range(7))}" for n in range(6)]

    drawn = picture(graph("hub", *steps), {}, Wish(down=3))

    assert (MOST, 9) == (len(drawn.datasets), drawn.hidden)


def test_the_way_of_a_cause_is_hot_and_what_follows_is_at_risk():
    """Edges on the path are hot; edges from it to affected datasets are at risk; others are plain."""
    way = Way((str(job("two")), str(dataset("c"))), frozenset({str(dataset("d"))}))

    drawn = picture(graph("c", *CHAIN, "c > idle > x"), {}, Wish(up=1, down=1), way)

    kinds = {(line.source.name, line.target.name): line.kind for line in drawn.lines}
    assert {
        ("b", "two"): "",
        ("two", "c"): "hot",
        ("c", "three"): "risk",
        ("three", "d"): "risk",
        ("c", "idle"): "",
        ("idle", "x"): "",
    } == kinds


def test_a_dataset_on_the_way_of_the_cause_is_never_folded():
    """It is drawn before the others of its hop, whatever their state."""
    names = [f"in{number:02}" for number in range(20)]
    way = Way((str(dataset("in19")), str(job("load")), str(dataset("hub"))))

    drawn = picture(graph("hub", f"{' '.join(names)} > load > hub"), {}, Wish(), way)

    assert "in19" in {node.id.name for node in drawn.datasets}


def test_a_cycle_is_drawn_once():
    """Two datasets that make each other are two nodes, and four edges."""
    drawn = picture(graph("a", "a > there > b", "b > back > a"), {})

    assert Counter({"dataset": 2, "job": 2}) == Counter(node.id.kind for node in drawn.nodes)


def test_a_line_through_a_job_obeys_explicit_lineage():
    """What the job reads beside, and did not make the dataset of, is joined to it by no line, and drawn for nothing."""
    whole = graph("a", "a b > mirror > x")
    edges = tuple(
        replace(edge, made_of=(dataset("b"),)) if edge.source == job("mirror") else edge for edge in whole.edges
    )

    drawn = picture(replace(whole, edges=edges), {}, Wish(up=1, down=1))

    assert ([dataset("a")], ()) == ([node.id for node in drawn.nodes], drawn.lines)
