"""Print what a dataset or job came of, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lineage.commands import _options
from lineage.commands._open import open_store

if TYPE_CHECKING:  # heavy; `headwater --help` imports this module
    from lineage.model import Edge, Graph


def run(  # noqa: PLR0913, PLR0917 - a question has this many sides
    node: Annotated[str, typer.Argument(metavar="NODE", help="As dataset:NAMESPACE:NAME or job:NAMESPACE:NAME.")],
    depth: Annotated[int, typer.Option("--depth", min=0, help="How many datasets away to look.")] = 20,
    direction: Annotated[str, typer.Option("--direction", help="Which way to look: up, down or both.")] = "both",
    as_of: _options.AsOf = None,
    known_at: _options.KnownAt = None,
    store: _options.Store = None,
    config: _options.Config = None,
    as_json: _options.Json = False,
) -> None:
    """Print what a dataset or job came of, and what came of it.

    $ headwater lineage dataset:postgres://dw:5432:shop.public.orders --depth 3
    """
    from lineage.api._answers import named, wanted
    from lineage.api.lineage import direction_of
    from lineage.walk import walk
    from lineage.web import instant

    root, way = wanted(named(node)), direction_of(direction)
    seen, received = instant(as_of, "--as-of"), instant(known_at, "--known-at")
    with open_store(store, config) as homes:
        known = homes.store.get(root.candidates, as_of=seen, known_at=received)
        graph = walk(homes.store, root.among(known), way, depth, as_of=seen, known_at=received)
    if as_json:
        typer.echo(json.dumps(_shape(graph)))
    else:
        typer.echo("\n".join(_lines(graph)))


def _shape(graph: Graph) -> dict[str, object]:
    return {
        "root": str(graph.root),
        "nodes": [{"id": str(node), "hop": hop} for node, hop in sorted(graph.hops.items())],
        "edges": [_edge(edge) for edge in graph.edges],
        "truncated": graph.truncated,
        "frontier": [str(node) for node in graph.frontier],
    }


def _edge(edge: Edge) -> dict[str, object]:
    ends: dict[str, object] = {"origin": str(edge.source), "destination": str(edge.target)}
    return ends if edge.made_of is None else ends | {"madeOf": [str(source) for source in edge.made_of]}


def _lines(graph: Graph) -> Iterator[str]:
    """From the farthest source down to the farthest consumer; a job before the datasets that it writes."""
    for node, hop in sorted(graph.hops.items(), key=lambda item: (item[1], item[0].kind != "job", item[0])):
        yield f"{hop:+4d}  {node}" if hop else f"   >  {node}"
    if graph.truncated:
        yield f"Cut at {len(graph.nodes)} nodes; go on from {', '.join(map(str, graph.frontier[:3]))}."
