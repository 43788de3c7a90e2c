"""Every list of the API, as its description names them: whole, once, counted, cheap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.filled import Filled

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
ALL: list[tuple[str, dict[str, str]]] = [(path, {}) for path in LISTS] + FILTERED
FEW = 20  # questions to the store for a page, however long


def page_of(filled: Filled, path: str, **query: Any) -> dict[str, Any]:
    """One answer of a list."""
    answer = filled.client.get(filled.url(path), params={"q": "o"} | query if "q" in PARAMETERS[path] else query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def items(answer: dict[str, Any]) -> list[str]:
    """What a page shows, item by item; clocks that run on are no part of it."""
    listed = next(value for value in answer.values() if isinstance(value, list))
    return [json.dumps({**item, "at": None, "burn": None}, sort_keys=True) for item in listed]


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_gone_through_by_offset_or_by_cursor(path: str) -> None:
    """Every one of them takes all three."""
    assert {"limit", "offset", "cursor"} <= PARAMETERS[path]


@pytest.mark.parametrize(("path", "query"), ALL)
@settings(max_examples=3, deadline=None)
@given(limit=st.sampled_from([1, 2, 3, 7, 50]))
def test_a_list_is_the_same_page_by_page(filled: Filled, path: str, query: dict[str, str], limit: int) -> None:
    """Whichever way one turns the pages: none is lost, none comes twice, and the count is of all."""
    whole = page_of(filled, path, limit=min(1_000, 12 * limit), **query)
    expected = items(whole)

    by_offset = [
        item
        for place in range(0, len(expected), limit)
        for item in items(page_of(filled, path, limit=limit, offset=place, **query))
    ]
    by_cursor: list[str] = []
    cursor: str | None = ""
    while cursor is not None and len(by_cursor) < len(expected):
        page = page_of(filled, path, limit=limit, cursor=cursor, **query)
        by_cursor += items(page)
        cursor = page["next"]

    assert (expected, expected) == (by_offset[: len(expected)], by_cursor[: len(expected)])


@pytest.mark.parametrize(("path", "query"), ALL)
def test_a_list_counts_what_it_lists(filled: Filled, path: str, query: dict[str, str]) -> None:
    """Under the same filter; and what it lists are different things."""
    answer = page_of(filled, path, limit=1_000, **query)

    listed = items(answer)
    assert (min(answer["totalCount"], 1_000), len(listed)) == (len(listed), len(set(listed)))


@pytest.mark.parametrize("path", LISTS)
def test_a_page_is_bounded(filled: Filled, path: str) -> None:
    """Whatever limit is asked for."""
    assert 1_000 >= len(items(page_of(filled, path, limit=10**9)))


@pytest.mark.parametrize("path", LISTS)
def test_what_has_not_changed_is_not_sent_again(filled: Filled, path: str) -> None:
    """A list has an ETag, and 304 has no body."""
    query = {"q": "o"} if "q" in PARAMETERS[path] else {}
    first = filled.client.get(filled.url(path), params=query)

    again = filled.client.get(filled.url(path), params=query, headers={"If-None-Match": first.headers["etag"]})

    assert (304, b"") == (again.status_code, again.content)


@pytest.mark.parametrize("path", LISTS)
def test_a_long_page_costs_few_questions(filled: Filled, path: str) -> None:
    """A question for each item would be a round trip for each, on a store across a network."""
    page_of(filled, path, limit=50)  # what is remembered between questions is not what is counted
    filled.questions.clear()
    page_of(filled, path, limit=50)

    assert filled.questions.total() <= FEW, filled.questions
