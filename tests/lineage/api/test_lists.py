"""Every list of the API, as its description names them: whole, once, counted, cheap."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.alerts import incidents
from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.paths import quoted
from lineage.settings import load
from tests.support.alerting import NOW
from tests.support.events import all_files, bodies
from tests.support.incidents import OPENED, RESOLVED
from tests.support.promises import document

DOCUMENT = json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text(encoding="utf-8"))
PARAMETERS: dict[str, set[str]] = {
    path: {each["name"] for each in methods["get"].get("parameters", ())}
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods
}
LISTS = sorted(path for path, names in PARAMETERS.items() if "limit" in names)
FILTERED: list[tuple[str, dict[str, str]]] = [
    ("/api/v1/search", {"sort": "UPDATE_AT"}),
    ("/api/v1/search", {"filter": "JOB"}),
    ("/api/v1/search", {"sort": "UPDATE_AT", "before": "2027-01-01", "after": "2020-01-01"}),
    ("/api/v1/jobs", {"lastRunStates": "COMPLETED"}),
    ("/api/v1/events", {"sortDirection": "asc"}),
    ("/api/v1/incidents", {"state": "open"}),
    ("/api/v1/dead-letters", {"reason": "JSON"}),
]
ALL = [(path, {}) for path in LISTS] + FILTERED
FEW = 20  # questions to the store for a page, however long


@dataclass
class World:
    """A house in which every list has something to show, and the questions that its store was asked."""

    client: TestClient
    questions: Counter[str]
    names: dict[str, str]

    def page(self, path: str, **query: Any) -> dict[str, Any]:
        """One answer of a list."""
        found = self.client.get(self.url(path), params={"q": "o"} | query if "q" in PARAMETERS[path] else query)
        assert found.status_code == 200, found.text
        body: dict[str, Any] = found.json()
        return body

    def url(self, path: str) -> str:
        """The path with names in it of which there is much to list."""
        kind = "job" if "/jobs" in path else "dataset"
        return path.format(namespace=self.names[f"{kind} namespace"], name=self.names[kind], id=self.names["run"])


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Any, questions: Counter[str]) -> None:
        self._store = store
        self._questions = questions

    def __getattr__(self, name: str) -> Any:
        self._questions[name] += 1
        return getattr(self._store, name)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All events that were captured, and some of everything that people and SLOs say."""
    folder = tmp_path_factory.mktemp("lists")
    for number in range(3):
        (folder / f"{number}.yaml").write_text(json.dumps(document(name=f"orders-{number}")))
    house = open_headwater(load(None, sections(), store=f"sqlite:///{folder / 'headwater.db'}", slos=folder))
    try:
        house.start()
        with TestClient(build(house.settings, house), base_url="http://127.0.0.1:5000") as client:
            yield _filled(client, house)
    finally:
        house.close()


def _filled(client: TestClient, house: Any) -> World:
    batch = b"\n".join(body for name in all_files() for body in bodies(name))
    kind = {"Content-Type": "application/x-ndjson"}
    client.post("/api/v1/lineage/batch", content=batch, headers=kind)
    client.post("/api/v1/lineage/batch", content=b"\n".join(b"not JSON %d" % n for n in range(5)), headers=kind)
    client.put("/api/v1/tags/gold", json={})
    client.put("/api/v1/sources/dw", json={"type": "PG", "connectionUrl": "pg://dw"})
    kept = [(OPENED, 0), (RESOLVED, 0), (OPENED, 0), (OPENED, 1), (RESOLVED, 2)]  # several at one time
    house.store.put(
        [
            incidents.kept(one.model_copy(update={"id": f"INC-{number}", "detected_at": NOW + timedelta(days=day)}))
            for number, (one, day) in enumerate(kept)
        ]
    )
    runs = Counter(run.job for run in house.store.runs(limit=10_000).items)
    written = Counter(
        {node.id: house.store.versions(node.id, limit=0).total for node in house.store.find(kind="dataset").items}
    )
    ((job, _),), ((dataset, _),) = runs.most_common(1), written.most_common(1)
    names = {
        "job namespace": quoted(job.namespace),
        "job": quoted(job.name),
        "dataset namespace": quoted(dataset.namespace),
        "dataset": quoted(dataset.name),
        "run": house.store.runs(limit=1).items[0].id,
    }
    questions: Counter[str] = Counter()
    house.store = Counting(house.store, questions)
    return World(client, questions, names)


def items(answer: dict[str, Any]) -> list[str]:
    """What a page shows, item by item; clocks that run on are no part of it."""
    (listed,) = (value for value in answer.values() if isinstance(value, list))
    return [json.dumps({**item, "at": None, "burn": None}, sort_keys=True) for item in listed]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_gone_through_by_offset_or_by_cursor(path: str) -> None:
    """Every one of them takes all three."""
    assert {"limit", "offset", "cursor"} <= PARAMETERS[path]


@pytest.mark.parametrize(("path", "query"), ALL)
@settings(max_examples=3, deadline=None)
@given(limit=st.sampled_from([1, 2, 3, 7, 50]))
def test_a_list_is_the_same_page_by_page(world: World, path: str, query: dict[str, str], limit: int) -> None:
    """Whichever way one turns the pages: none is lost, none comes twice, and the count is of all."""
    whole = world.page(path, limit=min(1_000, 40 * limit), **query)
    expected = items(whole)

    by_offset = [
        item
        for place in range(0, len(expected), limit)
        for item in items(world.page(path, limit=limit, offset=place, **query))
    ]
    by_cursor, cursor = list[str](), ""
    while cursor is not None and len(by_cursor) < len(expected):
        page = world.page(path, limit=limit, cursor=cursor, **query)
        by_cursor += items(page)
        cursor = page["next"]

    assert (expected, expected) == (by_offset[: len(expected)], by_cursor[: len(expected)])


@pytest.mark.parametrize(("path", "query"), ALL)
def test_a_list_counts_what_it_lists(world: World, path: str, query: dict[str, str]) -> None:
    """Under the same filter; and what it lists are different things."""
    answer = world.page(path, limit=1_000, **query)

    listed = items(answer)
    assert (min(answer["totalCount"], 1_000), len(listed)) == (len(listed), len(set(listed)))


@pytest.mark.parametrize("path", LISTS)
def test_a_page_is_bounded(world: World, path: str) -> None:
    """Whatever limit is asked for."""
    assert 1_000 >= len(items(world.page(path, limit=10**9)))


@pytest.mark.parametrize("path", LISTS)
def test_what_has_not_changed_is_not_sent_again(world: World, path: str) -> None:
    """A list has an ETag, and 304 has no body."""
    query = {"q": "o"} if "q" in PARAMETERS[path] else {}
    first = world.client.get(world.url(path), params=query)

    again = world.client.get(world.url(path), params=query, headers={"If-None-Match": first.headers["etag"]})

    assert (304, b"") == (again.status_code, again.content)


@pytest.mark.parametrize("path", LISTS)
def test_a_long_page_costs_few_questions(world: World, path: str) -> None:
    """A question for each item would be a round trip for each, on a store across a network."""
    world.page(path, limit=50)  # what is remembered between questions is not what is counted
    world.questions.clear()
    world.page(path, limit=50)

    assert world.questions.total() <= FEW, world.questions
