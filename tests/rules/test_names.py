"""OPENLINEAGE 3.1 and 3.2: names as the specification spells them stay as they are, and are found by themselves.

Other spellings (3.3) are the matter of test_names_that_differ.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from lineage.model import NodeId, dataset_id, job_id
from tests.support.rules import House, bodies, house


def datasets() -> dict[str, NodeId]:
    """The datasets of the file, by the system that each is of."""
    outputs = [json.loads(body)["outputs"][0] for body in bodies("names-of-datasets")]
    return {
        each["facets"]["documentation"]["description"]: dataset_id(each["namespace"], each["name"]) for each in outputs
    }


def jobs() -> list[NodeId]:
    """The jobs of the file."""
    told = [json.loads(body)["job"] for body in bodies("names-of-jobs")]
    return [job_id(each["namespace"], each["name"]) for each in told]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, front: tuple[FastAPI, TestClient]) -> Iterator[House]:
    """A house that has heard of all of them."""
    with house(tmp_path_factory.mktemp("names"), *front) as made:
        yield made.tell("names-of-datasets", "names-of-jobs")


@pytest.mark.parametrize("system", datasets())
def test_a_dataset_of_each_system_keeps_its_name(named: House, system: str) -> None:
    """It is found under it, is its own canonical name, and is one with nothing else."""
    dataset = datasets()[system]

    found = named.dataset(dataset.namespace, dataset.name)
    assert ({"namespace": dataset.namespace, "name": dataset.name}, []) == (found["canonical"], found["aliases"])


@pytest.mark.parametrize("system", datasets())
def test_a_dataset_of_each_system_is_found_by_its_node_id(named: House, system: str) -> None:
    """However many colons and slashes are in namespace and name."""
    dataset = datasets()[system]

    graph = named.get("/lineage", nodeId=str(dataset), direction="up")["graph"]
    assert [str(dataset)] == [node["id"] for node in graph if node["type"] == "DATASET"]


@pytest.mark.parametrize("job", jobs(), ids=lambda job: f"{job.namespace} {job.name}")
def test_a_job_is_found_by_its_name(named: House, job: NodeId) -> None:
    """By path and by node id, whoever named it; the same name in two namespaces is two jobs."""
    found = named.job(job.namespace, job.name)

    (node,) = named.get("/lineage", nodeId=str(job))["graph"]
    assert (job.name, job.namespace, str(job)) == (found["name"], found["namespace"], node["id"])
