"""The lineage panel: the walk that it needs, the picture of it, its controls as links, and the same nodes as a list."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Request

from dashboards.current import by_dataset, current
from dashboards.figures.lineage import Drawing, counts, draw
from dashboards.figures.picture import Jobs, Picture, Shown, Way, Wish, picture
from dashboards.frame import Look, look
from dashboards.panels.marks import job_mark, marks
from dashboards.panels.runs import Came
from lineage.alerts.incidents import Incident
from lineage.model import Direction, Edge, Graph, NodeId, Run
from lineage.staleness import marked
from lineage.store.base import Store
from lineage.views import Passage, steps_up
from lineage.walk import walk
from lineage.web import services

MOST_HOPS = 6
MOST_EXPANDED = 12  # nodes
MOST_NODES = 600  # walked, to know what lies beyond what is drawn
DEFAULT = Wish()

View = Literal["either", "graph", "list"]
VIEWS: tuple[View, ...] = ("graph", "list")
JOBS: tuple[Jobs, ...] = ("chips", "hidden", "full")


@dataclass(frozen=True, slots=True)
class Controls:
    """What the reader set, as links of the panel read and change it (UI 4.5). Unknown values are ignored."""

    look: Look
    root: NodeId
    wish: Wish = DEFAULT
    cause: bool = True
    view: View = "either"

    def link(self, **changes: object) -> str:
        """This page with some controls changed."""
        wish = self.wish
        query: dict[str, object] = {
            "up": None if wish.up == DEFAULT.up else wish.up,
            "down": None if wish.down == DEFAULT.down else wish.down,
            "jobs": None if wish.jobs == "chips" else wish.jobs,
            "cause": None if self.cause else "0",
            "view": None if self.view == "either" else self.view,
            "expand": tuple(sorted(wish.expand)),
            **changes,
        }
        return self.look.of(self.root, **query) + "#lineage"

    def node(self, node: NodeId) -> str:
        """The page of a dataset or job, at the same moment."""
        return self.look.of(node)

    def expand(self, node: NodeId) -> str:
        """This page with all that *node* touches."""
        return self.link(expand=tuple(sorted({*self.wish.expand, str(node)})))

    def file(self, ending: str) -> str:
        """The drawing or its data as a file."""
        path, _, query = self.link().removesuffix("#lineage").partition("?")
        return f"{path}/lineage.{ending}{'?' if query else ''}{query}"


def controls(request: Request, root: NodeId) -> Controls:
    """The controls as the request's query sets them, clamped to what can be shown."""
    query = request.query_params
    jobs: Jobs = next((word for word in JOBS if word == query.get("jobs")), "chips")
    view: View = next((word for word in VIEWS if word == query.get("view")), "either")
    expand = frozenset(query.getlist("expand")[:MOST_EXPANDED])
    wish = Wish(_hops(query.get("up")), _hops(query.get("down")), jobs, expand)
    return Controls(look(request), root, wish, query.get("cause") != "0", view)


def _hops(text: str | None) -> int:
    return max(0, min(MOST_HOPS, int(text))) if text is not None and text.isascii() and text.isdigit() else DEFAULT.up


@dataclass(frozen=True, slots=True)
class Panel:
    """The lineage of a dataset or job, ready to be shown."""

    controls: Controls
    picture: Picture
    drawing: Drawing
    legend: Mapping[str, int]
    on_path: bool

    @property
    def rows(self) -> Sequence[Shown]:
        """The datasets of the picture, upstream first, the worst first within a hop."""
        return self.picture.datasets


def panel(request: Request, root: NodeId, open_incidents: Iterable[Incident]) -> Panel:
    """The lineage panel of *root*, a canonical id. Raises NotFound."""
    asked = controls(request, root)
    if root.kind == "job" and "up" not in request.query_params:
        asked = replace(asked, wish=replace(asked.wish, up=1, down=1))
    store = services(request).store
    graph = neighbourhood(store, root, asked)
    way = cause_way(graph, open_incidents) if asked.cause else Way()
    judged = by_dataset(current(request).judged(asked.look.at, past=asked.look.as_of is not None))
    first = picture(graph, marks(graph, judged, {}, way.affected, asked.look.at), asked.wish, way)
    jobs = [node.id for node in first.nodes if node.id.kind == "job"]
    graph = marked(store, graph, jobs=jobs, as_of=asked.look.as_of)
    runs, came = last_runs(store, jobs, asked.look)
    ended = {job: job_mark(run, came, asked.look.at) for job, run in runs.items()}
    drawn = picture(graph, marks(graph, judged, ended, way.affected, asked.look.at), asked.wish, way)
    return Panel(asked, drawn, draw(drawn, asked), counts(drawn), bool(way.path))


def neighbourhood(store: Store, root: NodeId, asked: Controls) -> Graph:
    """One hop more than is shown, each way, and two hops round what the reader expanded."""
    of_job = root.kind == "job"
    as_of = asked.look.as_of
    up, down = asked.wish.up + 1 - of_job, asked.wish.down + 1 - of_job
    graph = _merged(
        walk(store, root, "up", up, as_of=as_of, max_nodes=MOST_NODES),
        walk(store, root, "down", down, as_of=as_of, max_nodes=MOST_NODES),
    )
    for name in sorted(asked.wish.expand):
        node = next((node for node in graph.nodes if str(node) == name), None)
        if node is not None and node != root:
            way: Direction = "up" if graph.hops[node] < 0 else "down"
            graph = _merged(graph, walk(store, node, way, 2, as_of=as_of, max_nodes=MOST_NODES))
    return graph


def _merged(one: Graph, other: Graph) -> Graph:
    """Both graphs under the first one's root. Hops of the second count from its own root, which the first holds."""
    base = one.hops.get(other.root, 0)
    further = {node: base + hop for node, hop in other.hops.items() if node not in one.hops}
    edges: dict[tuple[NodeId, NodeId], Edge] = {(edge.source, edge.target): edge for edge in (*one.edges, *other.edges)}
    return Graph(
        one.root,
        {**other.nodes, **one.nodes},
        tuple(edges.values()),
        {**one.hops, **further},
        one.truncated or other.truncated,
        (*one.frontier, *other.frontier),
    )


def cause_way(graph: Graph, found: Iterable[Incident]) -> Way:
    """The way of the first incident that touches the root, on to the root; and what open incidents put at risk."""
    name = str(graph.root)
    affected: set[str] = set()
    path: tuple[str, ...] = ()
    for incident in found:
        affected.update(incident.affected)
        way = incident.cause.path if incident.cause else ()
        if not path and (name in way or name in incident.affected):
            path = _on_to_root(graph, way)
    return Way(path, frozenset(affected - set(path)))


def _on_to_root(graph: Graph, way: tuple[str, ...]) -> tuple[str, ...]:
    """*way* as far as it is needed, then the shortest way from there to the root; *way* alone where there is none."""
    steps = steps_up(graph)
    behind: dict[Passage, Passage | None] = {(graph.root, None): None}
    waiting = deque(behind)
    while waiting:
        here = waiting.popleft()
        if str(here[0]) in way:
            onward: list[str] = []
            following = behind[here]
            while following is not None:
                onward.append(str(following[0]))
                following = behind[following]
            return (*way[: way.index(str(here[0])) + 1], *onward)
        for step in steps.get(here, ()):
            if step not in behind:
                behind[step] = here
                waiting.append(step)
    return way


def last_runs(store: Store, jobs: Sequence[NodeId], seen: Look) -> tuple[dict[NodeId, Run], Came]:
    """The newest run of each job that began by the moment that is looked at, and what they come to."""
    found = {job: runs[0] for job, runs in store.newest_runs(jobs, until=seen.as_of).items()}
    return found, Came(store, found.values(), seen.at)
