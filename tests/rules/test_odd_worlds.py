"""What is good by the letter and odd all the same: every route and page that shows it answers, without a fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lineage.model import NodeId, dataset_id, job_id
from lineage.paths import quoted
from tests.support.rules import House

WORLDS = [
    "a-clock-that-was-reset",
    "jobs-that-wait-for-each-other",
    "names-that-are-hard-to-spell",
    "parents-in-a-circle",
]


def known(house: House) -> Iterator[NodeId]:
    """All datasets and jobs."""
    for node in house.services.store.find(limit=1000).items:
        yield node.id


def paths(house: House) -> Iterator[str]:
    """Where each dataset, job and run is shown."""
    for node in known(house):
        here = f"{quoted(node.namespace)}/{quoted(node.name)}"
        if node.kind == "dataset":
            place = f"/api/v1/namespaces/{quoted(node.namespace)}/datasets/{quoted(node.name)}"
            yield from (place, f"{place}/versions", f"{place}/identity", f"/datasets/{here}")
        else:
            place = f"/api/v1/namespaces/{quoted(node.namespace)}/jobs/{quoted(node.name)}"
            yield from (place, f"{place}/runs", f"{place}/versions", f"/jobs/{here}")
    for run in house.services.store.runs(limit=1000).items:
        yield from (f"/api/v1/jobs/runs/{run.id}{part}" for part in ("", "/outcome", "/facets"))
        yield from (f"/runs/{run.id}", f"/api/v1/runlineage/upstream?runId={run.id}")


@pytest.mark.parametrize("world", WORLDS)
def test_everything_is_shown(house: House, world: str) -> None:
    """200 for each dataset, job and run, from the API and from the pages."""
    house.tell(world)

    codes = {path: house.client.get(path, follow_redirects=False).status_code for path in paths(house)}

    assert (True, {}) == (len(codes) > 10, {path: code for path, code in codes.items() if code != 200})


@pytest.mark.parametrize("granularity", ["dataset", "job", "application", "run"])
@pytest.mark.parametrize("world", WORLDS)
def test_its_lineage_is_walked_to_an_end(house: House, world: str, granularity: str) -> None:
    """From every node, both ways, at every granularity: circles end, names are found."""
    house.tell(world)

    asked = {"granularity": granularity, "marks": "true"}
    codes = [
        house.client.get("/api/v1/lineage", params=asked | {"nodeId": str(node)}).status_code for node in known(house)
    ]

    assert {200} == set(codes)


def test_names_are_found_as_they_were_sent(house: House) -> None:
    """Blanks, line ends, colons, slashes, quotes, scripts and NUL are letters like others."""
    house.tell("names-that-are-hard-to-spell")

    found = set(known(house))
    assert {
        dataset_id("ns with space", "new\nline\tand tab"),
        dataset_id("ns\0", "n\0l"),
        dataset_id(":", ":"),
        dataset_id("javascript:alert(1)", "<script>alert(1)</script>"),
        job_id("prod-airflow", "a/b?c=d&e#f%20 %2F"),
        job_id("prod-airflow", "شغل"),
    } - found == set()
