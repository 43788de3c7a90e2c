"""`headwater lineage` and `headwater audit trace`: the same answers, on a terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lineage import cli
from lineage.errors import InvalidInput, NotFound
from tests.support.making import body, dataset, facet
from tests.support.reading import minutes, reading, run_uuid, whole_run


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store that knows raw > stage > staged > load > orders."""
    with reading(tmp_path) as world:
        world.tell(whole_run(1, "stage", 0, ["raw"], ["staged"]))
        world.tell(whole_run(2, "load", 10, ["staged"], ["orders"]))
    return f"sqlite:///{tmp_path / 'headwater.db'}"


def ask(store: str, *words: str) -> str:
    """What the command prints; a failure is raised."""
    result = CliRunner().invoke(cli.build(), [*words, "--store", store], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_lineage_reads_from_the_sources_down(store: str) -> None:
    """One node a line with its distance, the root marked."""
    assert ask(store, "lineage", "dataset:pg:staged").splitlines() == [
        "  -1  job:af:stage",
        "  -1  dataset:pg:raw",
        "   >  dataset:pg:staged",
        "  +1  job:af:load",
        "  +1  dataset:pg:orders",
    ]


def test_lineage_as_json_has_nodes_and_edges(store: str) -> None:
    """For programs: ids, distances, and edges as data flows."""
    answer = json.loads(ask(store, "lineage", "dataset:pg:orders", "--depth", "1", "--direction", "up", "--json"))

    assert ([node["hop"] for node in answer["nodes"]], len(answer["edges"]), answer["truncated"]) == (
        [0, -1, -1],
        2,
        False,
    )


def test_lineage_as_json_tells_explicit_lineage(tmp_path: Path) -> None:
    """What a job says that it made the target of; nothing where it says nothing."""
    lineage = facet(inputs=[{"namespace": "lake", "name": "raw", "type": "DATASET"}])
    told = dataset("orders", facets={"lineage": lineage})
    with reading(tmp_path) as world:
        world.tell([body(inputs=[dataset("raw"), dataset("other")], outputs=[told])])

    edges = json.loads(ask(f"sqlite:///{tmp_path / 'headwater.db'}", "lineage", "job:etl:load", "--json"))["edges"]
    assert [None, None, ["dataset:lake:raw"]] == [edge.get("madeOf") for edge in edges]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lineage", "orders"], InvalidInput),
        (["lineage", "dataset:pg:none"], NotFound),
        (["lineage", "dataset:pg:orders", "--direction", "sideways"], InvalidInput),
        (["audit", "trace", "dataset:pg:raw"], NotFound),
        (["audit", "trace", "orders"], InvalidInput),
        (["audit", "trace", run_uuid(1), "--known-at", "soon"], InvalidInput),
    ],
)
def test_a_question_that_cannot_be_answered_is_one_sentence(store: str, words: list[str], error: Any) -> None:
    """The family of errors that the command line prints without a traceback."""
    with pytest.raises(error):
        ask(store, *words)


def test_trace_prints_runs_and_what_ties_them(store: str) -> None:
    """Each run with its distance, then who read and wrote what, and by which events that is known."""
    printed = ask(store, "audit", "trace", run_uuid(2))

    assert [line.split()[:2] for line in printed.splitlines()[:2]] == [
        ["0", f"run:{run_uuid(2)}"],
        ["1", f"run:{run_uuid(1)}"],
    ]
    assert f"run:{run_uuid(2)} read dataset:pg:staged#{run_uuid(1)} (as_of) by " in printed


def test_a_trace_as_json_is_that_of_the_api(store: str) -> None:
    """The same nodes and edges; a dataset as of an instant."""
    answer = json.loads(ask(store, "audit", "trace", "dataset:pg:staged", "--as-of", minutes(5).isoformat(), "--json"))

    assert (answer["root"], [edge["type"] for edge in answer["edges"]]) == (f"run:{run_uuid(1)}", ["READ", "WROTE"])
