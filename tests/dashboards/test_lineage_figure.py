"""The drawing of a picture."""

import xml.etree.ElementTree as ET
from dataclasses import replace

from dashboards.figures.lineage import draw, short
from dashboards.figures.picture import Mark, Way, Wish, picture
from tests.support.graphs import dataset, graph, job

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert("1")</script>&\u202ed\u05d0%2F'


class Links:
    """Links that say what they lead to."""

    def node(self, node):
        """To a node."""
        return f"/n?{node}"

    def expand(self, node):
        """To more of it."""
        return f"/x?{node}"


def drawn(made):
    return ET.fromstring(draw(made, Links()).svg)


def nodes(svg):
    return [link for link in svg.iter(f"{SVG}a") if link.get("class", "").split()[0] == "n"]


def test_every_node_is_a_link_that_says_what_it_is():
    """Each dataset and job has an address and a label with its name, kind and state."""
    marks = {dataset("b"): Mark("bad", "breaching", "2 h late", "1/2 SLOs")}

    svg = drawn(picture(graph("b", "a > load > b"), marks))

    told = {link.get("href"): link.get("aria-label") for link in nodes(svg)}
    assert {
        "/n?dataset:lake:a": "a, dataset, no SLO",
        "/n?job:etl:load": "load, job, no SLO",
        "/n?dataset:lake:b": "b, dataset, breaching, 2 h late, 1/2 SLOs",
    } == told


def test_the_root_is_marked_as_the_current_one():
    """Assistive technology hears where it is."""
    svg = drawn(picture(graph("b", "a > load > b"), {}))

    assert ["dataset:lake:b"] == [link.get("data-id") for link in nodes(svg) if link.get("aria-current")]


def test_hostile_names_are_text():
    """A name with markup, quotes and direction marks stands as it is, and makes no element."""
    root = dataset(HOSTILE)
    made = graph("b", "b > load > c")
    hostile = type(made)(root, {root: made.nodes[dataset("b")]}, (), {root: 0})

    svg = drawn(picture(hostile, {}))

    assert (HOSTILE, []) == (svg.find(f".//{SVG}title").text, list(svg.iter(f"{SVG}script")))


def test_a_drawing_carries_no_style_of_its_own():
    """The policy forbids style attributes; classes and the stylesheet do it."""
    svg = drawn(picture(graph("b", "a > load > b", "b > next > c d e f g h i j"), {}))

    assert [] == [element.tag for element in svg.iter() if element.get("style")]


def test_columns_tell_how_far_they_are():
    """Each column of datasets has a heading in hops."""
    svg = drawn(picture(graph("b", "a > load > b", "b > next > c"), {}))

    headings = [text.text for text in svg.iter(f"{SVG}text") if text.get("class") == "hop"]
    assert ["1 hop upstream", "This dataset", "1 hop downstream"] == headings


def test_a_fold_says_how_many_and_opens():
    """The folded box counts, and leads to the picture with all of them."""
    svg = drawn(picture(graph("hub", f"hub > fan > {' '.join(f'out{n}' for n in range(10))}"), {}))

    fold = next(link for link in nodes(svg) if "more" in link.get("class"))
    assert ("/x?dataset:lake:hub", "4 more downstream of hub, none breaching. Show them.") == (
        fold.get("href"),
        fold.get("aria-label"),
    )


def test_what_lies_beyond_is_told_beside_the_last_node():
    """`+1` leads one hop further."""
    svg = drawn(picture(graph("c", "a > one > b", "b > two > c"), {}, Wish(up=1)))

    beyond = [link.get("aria-label") for link in svg.iter(f"{SVG}a") if link.get("class") == "x"]
    assert ["Show 1 more upstream of b, none breaching"] == beyond


def test_the_way_of_a_cause_is_drawn_hot():
    """The edge from the failing job to the dataset has the class of the cause."""
    way = Way((str(job("load")), str(dataset("b"))))

    svg = drawn(picture(graph("b", "a > load > b"), {}, Wish(), way))

    hot = [(e.get("data-a"), e.get("data-b")) for e in svg.iter(f"{SVG}path") if e.get("class") == "e hot"]
    assert [("job:etl:load", "dataset:lake:b")] == hot


def test_an_edge_that_closes_a_cycle_is_drawn_as_one():
    """Exactly one edge of a ring runs back."""
    svg = drawn(picture(graph("a", "a > there > b", "b > back > a"), {}))

    assert 1 == sum(path.get("class") == "e back" for path in svg.iter(f"{SVG}path"))


def test_a_long_name_shows_its_end():
    """Names differ at their ends: two parts where they fit, else one, else its last letters."""
    shown = [short(name) for name in ("prod.mart.orders", "prod.analytics_warehouse.orders", "x" * 300, "raw/in/")]

    assert ["mart.orders", "orders", "raw/in/"] == [shown[0], shown[1], shown[3]]
    assert shown[2].startswith("…x")


def test_without_jobs_the_chips_are_gone():
    """Only datasets are drawn, and the edges between them."""
    svg = drawn(picture(graph("b", "a > load > b"), {}, Wish(jobs="hidden")))

    assert ["dataset:lake:a", "dataset:lake:b"] == sorted(link.get("data-id") for link in nodes(svg))


def test_a_line_says_what_its_dataset_was_made_of():
    """The page lights what belongs together, and asks the line for it; without a statement it says nothing."""
    whole = graph("x", "a b > mirror > x y")
    told = {dataset("x"): (dataset("a"),)}
    edges = tuple(replace(edge, made_of=told.get(edge.target)) for edge in whole.edges)

    svg = drawn(picture(replace(whole, edges=edges), {}, Wish(up=1, down=1)))

    lines = {path.get("data-b"): path.get("data-of") for path in svg.iter(f"{SVG}path") if path.get("data-a")}
    assert ('["dataset:lake:a"]', None) == (lines["dataset:lake:x"], lines["job:etl:mirror"])
