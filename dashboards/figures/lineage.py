"""The lineage graph as SVG: cards for datasets, chips for jobs, every one a link; laid out and drawn on the server."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import NamedTuple, Protocol

from dashboards.figures.icons import symbols
from dashboards.figures.layout import Box, Gaps, Layout, Point, layout
from dashboards.figures.picture import More, Picture, Shown
from dashboards.figures.text import clipped, cut, width
from lineage.model import NodeId

CARD_WIDTH, CARD_HEIGHT, CHIP = 188.0, 52.0, 30.0
SIDE, TOP, BOTTOM = 30.0, 28.0, 14.0  # margins: room for "+3" beside, hop headings above
TITLE_ROOM, NOTE_ROOM, BADGE_ROOM = 122.0, 146.0, 90.0
JOB_LABEL_ROOM = 120.0
GAPS = Gaps(rank=24)
GAPS_WITHOUT_JOBS = Gaps(rank=84)


class Links(Protocol):
    """Where the parts of the drawing lead."""

    def node(self, node: NodeId) -> str:
        """The page of a dataset or job."""

    def expand(self, node: NodeId) -> str:
        """This page, with all that *node* touches drawn too."""


class Drawing(NamedTuple):
    """The SVG, its natural size in px, and whether some edges close a circle: they run back to the left."""

    svg: str
    width: float
    height: float
    circles: bool = False


def draw(picture: Picture, links: Links) -> Drawing:
    """Draw *picture*. Every text in it is escaped; it carries classes, and no style."""
    drawn = [node for node in picture.nodes if node.id.kind == "dataset" or picture.jobs != "hidden"]
    folds = [more for more in picture.more if more.fold]
    places = _placed(picture, drawn, folds)
    parts = [*_headings(picture, places), *_edges(picture, folds, places)]
    parts += [
        _card(node, picture, places, links) if node.id.kind == "dataset" else _chip(node, picture, places, links)
        for node in drawn
    ]
    parts += [_fold(more, places, links) for more in folds]
    parts += [_beyond(more, places, links) for more in picture.more if not more.fold]
    across, tall = places.width + 2 * SIDE, places.height + TOP + BOTTOM
    icons = sorted({name for node in drawn for name in (node.mark.icon, node.mark.tone)} | {"job"})
    label = f"Lineage graph: {_counted(drawn)}. Arrow keys move between nodes."
    svg = (
        f'<svg class="main" xmlns="http://www.w3.org/2000/svg" width="{across:.0f}" height="{tall:.0f}"'
        f' viewBox="0 0 {across:.0f} {tall:.0f}" role="group" aria-label="{label}">{symbols(icons, "g-")}'
        f'<g class="v" data-w="{across:.0f}" data-h="{tall:.0f}"><g id="lg">{"".join(parts)}</g></g></svg>'
    )
    return Drawing(svg, across, tall, bool(places.back))


def _counted(drawn: Sequence[Shown]) -> str:
    datasets = sum(node.id.kind == "dataset" for node in drawn)
    jobs = len(drawn) - datasets
    return f"{datasets} dataset{'' if datasets == 1 else 's'}, {jobs} job{'' if jobs == 1 else 's'}"


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _placed(picture: Picture, drawn: Sequence[Shown], folds: Sequence[More]) -> Layout:
    with_jobs = picture.jobs != "hidden"
    boxes = [
        Box(str(node.id), *((CARD_WIDTH, CARD_HEIGHT) if node.id.kind == "dataset" else (CHIP, CHIP))) for node in drawn
    ]
    edges = [(str(line.source), str(line.target)) for line in picture.lines]
    for more in folds:
        # Where jobs are drawn a fold stands one column further, behind a box that nobody sees.
        way = [str(more.node), *([f"by {_fold_id(more)}"] if with_jobs else []), _fold_id(more)]
        boxes += [Box(name, CHIP, CHIP) for name in way[1:-1]] + [Box(way[-1], CARD_WIDTH, CARD_HEIGHT)]
        way = way if more.side == "down" else way[::-1]
        edges += list(pairwise(way))
    return layout(boxes, edges, GAPS if with_jobs else GAPS_WITHOUT_JOBS)


def _fold_id(more: More) -> str:
    return f"more {more.side} {more.node}"


def _centre(places: Layout, name: str) -> Point:
    x, y = places.centres[name]
    return x + SIDE, y + TOP


def _headings(picture: Picture, places: Layout) -> list[str]:
    """How far each column is from the root; a range where a long way round and a short one share a column."""
    columns: defaultdict[float, set[int]] = defaultdict(set)
    for node in picture.datasets:
        columns[places.centres[str(node.id)][0]].add(node.hop)
    return [
        f'<text class="hop" x="{x - CARD_WIDTH / 2 + SIDE:.0f}" y="14">{_heading(hops)}</text>'
        for x, hops in sorted(columns.items())
    ]


def _heading(hops: set[int]) -> str:
    if 0 in hops:
        return "This dataset"
    sides = {"upstream" if hop < 0 else "downstream" for hop in hops}
    near, far = min(map(abs, hops)), max(map(abs, hops))
    far_text = f"{near} hop{'' if near == 1 else 's'}" if near == far else f"{near} to {far} hops"
    return f"{far_text} {' and '.join(sorted(sides, reverse=True))}"


# ── Edges ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _edges(picture: Picture, folds: Sequence[More], places: Layout) -> list[str]:
    order = {"stale": 0, "": 1, "risk": 2, "hot": 3}  # what matters is drawn last, on top
    parts = []
    for line in sorted(picture.lines, key=lambda line: order[line.kind]):
        a, b = str(line.source), str(line.target)
        if points := places.routes.get((a, b)):
            parts.append(_edge(a, b, points, line.kind, line.made_of, back=(a, b) in places.back))
    for more in folds:
        here, there = str(more.node), _fold_id(more)
        a, b = (here, there) if more.side == "down" else (there, here)
        by = f"by {there}"
        points = places.routes.get((a, b)) or (*places.routes[a, by], *places.routes[by, b])
        parts.append(_edge(a, b, (points[0], points[-1]), ""))
    return parts


def _edge(  # noqa: PLR0913 - an edge has this many sides
    a: str,
    b: str,
    points: Sequence[Point],
    kind: str,
    made_of: Sequence[NodeId] | None = None,
    *,
    back: bool = False,
) -> str:
    moved = [(x + SIDE, y + TOP) for x, y in points]
    x, y = moved[-1]
    moved[-1] = (x + 5 if back else x - 5, y)
    tip = f"M{x + 7:.1f},{y - 4.2:.1f}l-7.5,4.2l7.5,4.2z" if back else f"M{x - 7:.1f},{y - 4.2:.1f}l7.5,4.2l-7.5,4.2z"
    css = "".join(f" {word}" for word in ("back" if back else "", kind) if word)
    of = "" if made_of is None else f' data-of="{escape(json.dumps([str(source) for source in made_of]))}"'
    return (
        f'<path class="e{css}" data-a="{escape(a)}" data-b="{escape(b)}"{of} d="{_curve(moved)}"/>'
        f'<path class="ah{css}" d="{tip}"/>'
    )


def _curve(points: Sequence[Point]) -> str:
    """S-curves between columns, straight through them."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for index, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        middle = (x0 + x1) / 2
        curve = f"C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        path += curve if index % 2 == 0 else f"L{x1:.1f},{y1:.1f}"
    return path


# ── Nodes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _card(node: Shown, picture: Picture, places: Layout, links: Links) -> str:
    mark, name = node.mark, node.id.name
    x, y = _centre(places, str(node.id))
    focus = node.id == picture.root
    badge = (
        f'<text class="slo" x="{CARD_WIDTH - 10:.0f}" y="39" text-anchor="end">{escape(mark.badge)}</text>'
        if mark.badge
        else ""
    )
    note = clipped(mark.note, BADGE_ROOM if mark.badge else NOTE_ROOM, 11.5)
    return (
        f"{_opening(node, places, links.node(node.id), f'ds {mark.tone}{_css(node, focus=focus)}', focus=focus)}"
        f' transform="translate({x - CARD_WIDTH / 2:.1f},{y - CARD_HEIGHT / 2:.1f})"><title>{escape(name)}</title>'
        f'<rect class="box" width="{CARD_WIDTH:.0f}" height="{CARD_HEIGHT:.0f}" rx="8"/>'
        f'<path class="strip" d="M0.5,8a7.5,7.5 0 0 1 4,-7V51a7.5,7.5 0 0 1 -4,-7z"/>'
        f'<use class="ic" href="#g-{mark.icon}" x="13" y="10" width="15" height="15"/>'
        f'<text class="nm" x="34" y="22">{escape(short(name))}</text>'
        f'<text class="sb" x="34" y="39">{escape(note)}</text>'
        f'<use class="sico" href="#g-{mark.tone}" x="{CARD_WIDTH - 24:.0f}" y="10" width="14" height="14"/>{badge}</a>'
    )


def short(name: str) -> str:
    """As much of the end of *name* as a card holds: two parts of `catalog.schema.table`, else one, else its letters."""
    tail = "/" if name.endswith("/") else ""
    joint = "/" if "/" in name.rstrip("/") else "."
    parts = name.rstrip("/").split(joint)
    two = joint.join(parts[-2:]) + tail
    return two if width(two, 13) <= TITLE_ROOM else cut(parts[-1] + tail, TITLE_ROOM, 13)


def _chip(node: Shown, picture: Picture, places: Layout, links: Links) -> str:
    mark = node.mark
    x, y = _centre(places, str(node.id))
    icon = mark.tone if mark.tone in ("bad", "run") else "job"
    labelled = picture.jobs == "full" or mark.tone == "bad" or node.on_path or node.id == picture.root
    return (
        f"{_opening(node, places, links.node(node.id), f'job {mark.tone}{_css(node, focus=node.id == picture.root)}')}"
        f' transform="translate({x - CHIP / 2:.1f},{y - CHIP / 2:.1f})"><title>{escape(node.id.name)}</title>'
        f'<rect class="chip" width="30" height="30" rx="15"/>'
        f'<use class="ic" href="#g-{icon}" x="7" y="7" width="16" height="16"/>'
        f"{_label(node.id.name) if labelled else ''}</a>"
    )


def _css(node: Shown, *, focus: bool) -> str:
    return f"{' focus' if focus else ''}{' path' if node.on_path else ''}"


def _opening(node: Shown, places: Layout, href: str, css: str, *, focus: bool = False) -> str:
    x, y = _centre(places, str(node.id))
    facts = [node.id.name, node.id.kind, node.mark.word, node.mark.note, node.mark.badge]
    label = ", ".join(fact for fact in facts if fact)
    current = ' aria-current="true"' if focus else ""
    return (
        f'<a class="n {css}" href="{escape(href)}" data-id="{escape(str(node.id))}"'
        f' data-name="{escape(node.id.name.lower())}" data-x="{x:.0f}" data-y="{y:.0f}"'
        f' aria-label="{escape(label)}"{current}'
    )


def _label(name: str) -> str:
    """The last part of a job's name in one or two lines below its chip, broken where the name has a joint."""
    name = name.rsplit(".", 1)[-1]
    middle = len(name) // 2
    joints = [index for index, letter in enumerate(name) if letter in "_-. " and 0 < index < len(name) - 1]
    cut_at = min(joints, key=lambda index: abs(index - middle)) + 1 if len(name) > 12 and joints else len(name)  # noqa: PLR2004 - what one line holds
    lines = [cut(line, JOB_LABEL_ROOM, 11.5) for line in (name[:cut_at], name[cut_at:]) if line]
    spans = (f'<tspan x="15" y="{43 + 13 * row}">{escape(line)}</tspan>' for row, line in enumerate(lines))
    return f'<text class="jl" text-anchor="middle">{"".join(spans)}</text>'


def _fold(more: More, places: Layout, links: Links) -> str:
    x, y = _centre(places, _fold_id(more))
    left, top = x - CARD_WIDTH / 2, y - CARD_HEIGHT / 2
    note = _told(more)
    return (
        f'<a class="n more" href="{escape(links.expand(more.node))}" data-id="{escape(_fold_id(more))}" data-name=""'
        f' data-x="{x:.0f}" data-y="{y:.0f}" aria-label="{more.count} more {more.side}stream of'
        f' {escape(more.node.name)}, {note}. Show them." transform="translate({left:.1f},{top:.1f})">'
        f'<rect class="box b3" x="8" y="8" width="{CARD_WIDTH - 16:.0f}" height="{CARD_HEIGHT:.0f}" rx="8"/>'
        f'<rect class="box b2" x="4" y="4" width="{CARD_WIDTH - 8:.0f}" height="{CARD_HEIGHT:.0f}" rx="8"/>'
        f'<rect class="box" width="{CARD_WIDTH:.0f}" height="{CARD_HEIGHT:.0f}" rx="8"/>'
        f'<text class="nm" x="16" y="22">{more.count} more {more.side}stream</text>'
        f'<text class="sb" x="16" y="39">{note}</text></a>'
    )


def _told(more: More) -> str:
    counts = [(more.breaching, "breaching"), (more.at_risk, "at risk")]
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "none breaching"


def _beyond(more: More, places: Layout, links: Links) -> str:
    x, y = _centre(places, str(more.node))
    x += (CARD_WIDTH / 2 + 14) * (1 if more.side == "down" else -1)
    css = " bad" if more.breaching else ""
    return (
        f'<a class="x{css}" href="{escape(links.expand(more.node))}" aria-label="Show {more.count} more'
        f' {more.side}stream of {escape(more.node.name)}, {_told(more)}"><circle cx="{x:.0f}" cy="{y:.0f}" r="11"/>'
        f'<text x="{x:.0f}" y="{y + 3.7:.1f}">+{more.count}</text></a>'
    )


def counts(picture: Picture) -> Mapping[str, int]:
    """How many datasets of each tone the picture draws: what its legend counts."""
    found: defaultdict[str, int] = defaultdict(int)
    for node in picture.datasets:
        found[node.mark.tone] += 1
    return found
