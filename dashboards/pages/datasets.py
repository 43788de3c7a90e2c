"""`/datasets`: the list; a dataset's own page; its lineage as SVG and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from dashboards.current import Judged, by_dataset, current
from dashboards.figures.charts import Measure, durations, held
from dashboards.frame import Look, Nav, Shown, look, page
from dashboards.panels import datasets as panels
from dashboards.panels.contracts import matrix
from dashboards.panels.diagnosis import of_dataset as diagnosed
from dashboards.panels.export import exported
from dashboards.panels.facets import Documentation, facet
from dashboards.panels.identity import identity
from dashboards.panels.lineage import panel
from dashboards.panels.marks import dataset_mark, marks
from dashboards.panels.paging import SIZE, paging
from dashboards.panels.runs import Came, bars, volumes
from dashboards.panels.said import of_dataset
from dashboards.panels.slos import rows
from dashboards.states import SLO, worst
from lineage.alerts.incidents import every
from lineage.errors import NotFound
from lineage.exposures import affected as affected_by
from lineage.model import FieldId, Node, NodeId, Version, dataset_id
from lineage.store.base import Store
from lineage.tagging import inherited, tagged
from lineage.walk import walk, walk_columns
from lineage.web import needs, services

NAV = Nav("Datasets", "table", "/datasets", 2)

router = APIRouter(route_class=Shown, include_in_schema=False, dependencies=[Depends(needs("read"))])

RECENT = 42  # versions that the charts show
LISTED = 6
CHECKS = 400  # rows of facet history read for the checks
BLAST_NODES = 600
TAG_NODES = 600
TAG_BUDGET_S = 0.3
ONE = "/datasets/{namespace:word}/{name:word}"


@router.get("/datasets")
def listed(request: Request) -> Response:
    """All datasets, with their worst SLO; `namespace` filters."""
    seen, store = look(request), services(request).store
    namespace = request.query_params.get("namespace") or None
    offset = paging(request)
    found = store.find(kind="dataset", namespace=namespace, limit=SIZE, offset=offset)
    nodes = store.get([node.id for node in found.items], as_of=seen.as_of)
    judged = by_dataset(current(request).judged(seen.at, past=seen.as_of is not None))
    items = [
        (
            node,
            dataset_mark(node, _slos(node, judged), node.last_at, seen.at),
            panels.owned(node, _slos(node, judged), ()),
        )
        for node in nodes.values()
    ]
    return page(
        request,
        "datasets.html",
        items=items,
        total=found.total,
        offset=offset,
        size=SIZE,
        namespace=namespace,
        namespaces=[one for one in store.namespaces() if one.datasets],
        href=lambda start: seen.link("datasets", namespace=namespace, offset=start or None),
    )


def _slos(node: Node, judged: Any) -> list[Judged]:
    return [slo for name in dict.fromkeys((node.id, node.canonical, *node.aliases)) for slo in judged.get(name, ())]


@router.get(ONE)
def shown(request: Request, namespace: str, name: str) -> Response:
    """One dataset."""
    seen, store = look(request), services(request).store
    node = known(request, dataset_id(namespace, name), seen)
    judged = by_dataset(current(request).judged(seen.at, past=seen.as_of is not None))
    slos = _slos(node, judged)
    open_incidents = every(store, "open") if seen.as_of is None else []
    lineage = panel(request, node.canonical, open_incidents)
    down = walk(store, node.canonical, "down", as_of=seen.as_of, max_nodes=BLAST_NODES)
    versions: Sequence[Version] = store.versions(node.canonical, until=seen.as_of, limit=RECENT).items
    writers = [edge.source for edge in store.neighbours([node.canonical], "up", as_of=seen.as_of)]
    affected = frozenset(name for incident in open_incidents for name in incident.affected)
    states = [SLO[slo.status.state] for slo in slos]
    came = Came(store, [version.run for version in versions], seen.at)
    return page(
        request,
        "dataset.html",
        node=node,
        state=worst(states),
        troubled=sum(state.tone in ("bad", "warn") for state in states),
        documentation=facet(node.facets, Documentation).description,
        diagnosis=diagnosed({node.id, node.canonical, *node.aliases}, slos, open_incidents, seen),
        lineage=lineage,
        slos=rows(slos, brief=True),
        contracts=matrix(slos),
        blast=panels.blast(down, marks(down, judged, {}, affected, seen.at)),
        columns=_columns(request, node, seen),
        changes=panels.changes(store.facet_history(node.canonical, ["schema"], until=seen.as_of)),
        checks=panels.checks(
            store.facet_history(node.canonical, ["dataQualityAssertions"], until=seen.as_of, limit=CHECKS)
        ),
        versions=versions[:LISTED],
        recent=len(versions),
        came=came,
        owned=panels.owned(node, slos, writers),
        figures=_figures(versions, came),
        identity=identity(request, node, seen),
        told=of_dataset(node.facets),
        users=affected_by(down),
    )


def known(request: Request, asked: NodeId, seen: Look) -> Node:
    """The dataset, as it was at the moment that is looked at. Raises NotFound."""
    node = services(request).store.get([asked], as_of=seen.as_of).get(asked)
    if node is None:
        then = f" as of {seen.as_of:%Y-%m-%d %H:%M} UTC" if seen.as_of else ""
        raise NotFound(f"no dataset {asked.name} in {asked.namespace}{then}; look for it with the search")
    return node


def _columns(request: Request, node: Node, seen: Look) -> panels.Columns:
    store = services(request).store
    ups = store.columns([node.canonical], "up", as_of=seen.as_of)
    downs = store.columns([node.canonical], "down", as_of=seen.as_of)
    return panels.columns(node, ups, downs, _tags(store, node, [edge.target for _, edge in ups], seen))


def _tags(store: Store, node: Node, fields: Sequence[FieldId], seen: Look) -> panels.TagsOf:
    """The tags of the columns of *node* and of those that they came of, as far as a quick look goes."""
    graph = walk_columns(store, fields, "up", as_of=seen.as_of, max_nodes=TAG_NODES, budget_s=TAG_BUDGET_S)
    datasets = {node.canonical, *(field.dataset for field in graph.hops)}
    own = tagged(store, store.get(datasets, as_of=seen.as_of).values(), as_of=seen.as_of)
    return panels.TagsOf(own, inherited((edge for _, edge in graph.edges), own))


def _figures(versions: Sequence[Version], came: Came) -> dict[str, str]:
    figures = {}
    if versions:
        figures["runs"] = durations(bars([version.run for version in versions], came))
    if points := volumes(versions):
        figures["rows"] = held(points, Measure("rows"))
    return figures


@router.get(ONE + "/lineage.{ending}")
def file(request: Request, namespace: str, name: str, ending: str) -> Response:
    """The lineage as a drawing that stands alone (svg), or its nodes and edges (json)."""
    node = known(request, dataset_id(namespace, name), look(request))
    return exported(request, node.canonical, ending)
