"""Real and hand-made events, merged into a store, give the graph that a reviewer wrote down for each file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from lineage.model import NodeId, Use
from lineage.store.base import Store
from tests.support.deltas import merge, received
from tests.support.events import all_files, deltas, expected, words

MOST = 10_000


def pictured(store: Store) -> dict[str, Any]:
    """The graph that *store* answers, in the shape of `expected` as far as its promises show it."""
    found = store.find(limit=MOST).items
    runs = [run for run in store.runs(limit=MOST).items if run.state != "NEW" or store.events(run=run.id).total]
    datasets = [node.id for node in found if node.id.kind == "dataset"]
    jobs = [node.id for node in found if node.id.kind == "job"]
    return {
        "datasets": sorted(map(words, datasets)),
        "jobs": sorted(map(words, jobs)),
        "runs": {
            run.id[-6:]: {
                "job": words(run.job),
                "state": run.state,
                **({"conflict": True} if run.conflict else {}),
                **({"parent": run.parent_run[-6:]} if run.parent_run else {}),
                **({"root": run.root_run[-6:]} if run.root_run else {}),
                **sides(store.uses(run=run.id, limit=MOST)),
                **({"seconds": run.duration_s} if run.duration_s is not None else {}),
            }
            for run in runs
        },
        "declared": {
            words(job): uses
            for job in jobs
            if (uses := sides(use for use in store.uses(job=job, limit=MOST) if use.run is None))
        },
        "columns": sorted(
            (words(job) if job else "", *(f"{words(of.dataset)} {of.name}" for of in (edge.source, edge.target)))
            for job, edge in store.columns(datasets, "up")
        ),
        "dropped": sorted({words(node.canonical) for node in store.get(datasets).values() if node.dropped_at}),
        "made_of": {
            (words(edge.source), words(edge.target)): sorted(map(words, edge.made_of))
            for edge in store.neighbours(jobs, "down")
            if edge.made_of is not None
        },
    }  # fmt: skip


def sides(uses: Iterable[Use]) -> dict[str, list[str]]:
    """What was really read and written."""
    found: dict[str, list[str]] = {}
    for use in uses:
        if use.effective:
            found.setdefault("reads" if use.side == "input" else "writes", []).append(words(use.dataset))
    return {side: sorted(names) for side, names in found.items()}


def canonical(picture: dict[str, Any], store: Store) -> dict[str, Any]:
    """*picture* with the datasets of its edges under the names that answers give them."""
    raw: list[NodeId] = [node.id for node in store.find(kind="dataset", limit=MOST).items]
    called = {words(node): words(found.canonical) for node, found in store.get(raw).items()}

    def listed(said: dict[str, Any]) -> dict[str, Any]:
        return said | {key: sorted({called[name] for name in said[key]}) for key in ("reads", "writes") if key in said}

    def column(name: str) -> str:
        dataset, _, field = name.rpartition(" ")
        return f"{called[dataset]} {field}"

    return {
        "datasets": picture["datasets"],
        "jobs": picture["jobs"],
        "runs": {run: listed(said) for run, said in picture["runs"].items()},
        "declared": {job: listed(said) for job, said in picture["declared"].items()},
        "columns": sorted({(job, column(source), column(target)) for job, source, target in picture["columns"]}),
        "dropped": sorted({called[name] for name in picture["dropped"]}),
        "made_of": {
            (job, called[target]): sorted({called[source] for source in sources})
            for (job, target), sources in picture["made_of"].items()
        },
    }


@pytest.mark.parametrize("name", all_files())
def test_a_file_of_events_gives_the_graph_that_was_written_for_it(graph: Store, name: str) -> None:
    """Datasets, jobs, runs, effective edges, column edges and tombstones, as the .graph beside the file says."""
    merge(graph, received(deltas(name)))
    wanted, found = canonical(expected(name), graph), pictured(graph)
    for run, said in found["runs"].items():
        if "seconds" not in wanted["runs"].get(run, {}):  # A reviewer writes a duration only where it is the point.
            said.pop("seconds", None)

    assert wanted == found
