"""What was decided of an SLO on its page, the forms to decide more, and what tags propose on the list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater, open_headwater
from lineage.auth import ANONYMOUS
from lineage.channels.base import sections
from lineage.settings import load
from lineage.slo.silences import silencing
from tests.support import browsing, events
from tests.support.browsing import browser
from tests.support.promises import HOUR, NOON, document, event

PAGE = "/slos/orders-freshness"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Headwater]:
    """A house with one SLO whose clock stands at 12:20, and the events of one run."""
    since = (NOON - timedelta(days=1)).isoformat()
    (tmp_path / "orders.yaml").write_text(json.dumps(document(window="6h", effectiveFrom=since)))
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'h.db'}", slos=tmp_path)
    house = open_headwater(settings, lambda: NOON + timedelta(minutes=20))
    house.intake.start()
    house.intake.take([json.dumps(event("COMPLETE", NOON - 2 * HOUR, "load")).encode()], ANONYMOUS)
    yield house
    house.close()


@pytest.fixture
def client(house: Headwater) -> TestClient:
    """A browser."""
    return browser(house)


def send(client: TestClient, what: str, /, **fields: str) -> Any:
    """Fill in the form that does *what*, with a reason."""
    return browsing.send(client, PAGE, what, "decisions", **{"because": "the lake moved"} | fields)


def states(house: Headwater) -> str:
    return "".join(one.state.value[0] for one in house.slos.status("orders-freshness", house.now()).occurrences)


def test_a_form_excludes_a_span_and_takes_it_back(client: TestClient, house: Headwater) -> None:
    """It leads back to the page, which says who and why and has the form that undoes it."""
    before = states(house)
    answer = send(client, "exclude", start="2026-11-20T10:00:00Z", duration="1h")
    excluded = states(house)
    told = "the lake moved, approved by anonymous" in client.get(PAGE).text
    send(client, "include")

    assert (answer.status_code, answer.headers["location"], told) == (303, f"{PAGE}#decisions", True)
    assert (excluded == before[:3] + "E" + before[4:], states(house)) == (True, before)


def test_a_form_judges_an_occurrence_anew(client: TestClient, house: Headwater) -> None:
    """One of those that the page lists, GOOD or BAD."""
    send(client, "correct", occurrence="2026-11-20T08:00:00Z", state="GOOD")
    (verdict,) = [each for each in house.slos.status("orders-freshness", house.now()).occurrences if each.amended]

    assert (verdict.occurrence, verdict.state.value, "corrected by anonymous" in client.get(PAGE).text) == (
        "2026-11-20T08:00:00Z",
        "GOOD",
        True,
    )


def test_an_occurrence_is_chosen_by_when_it_was_due(client: TestClient) -> None:
    """As the table beside it names them, and not by its key."""
    page = client.get(PAGE).text

    assert re.findall(r'<option value="(2026[^"]*)">([^<]*)</option>', page)[0] == (
        "2026-11-20T11:00:00Z",
        "due 12:15, bad",
    )


@pytest.mark.parametrize(
    ("what", "fields", "status"),
    [
        ("exclude", {"token": "x", "start": "2026-11-20T10:00:00Z", "duration": "1h"}, 403),
        ("exclude", {"start": "soon", "duration": "1h"}, 400),
        ("exclude", {"what": "burn"}, 400),
        ("correct", {"occurrence": "none", "state": "GOOD"}, 404),
        ("correct", {"occurrence": "2026-11-20T08:00:00Z", "state": "LATE"}, 400),
    ],
)
def test_a_form_that_says_nothing_good_changes_nothing(
    client: TestClient, house: Headwater, what: str, fields: dict[str, str], status: int
) -> None:
    """Another site's, or one with a word that is none."""
    before = states(house)

    assert (send(client, what, **fields).status_code, states(house)) == (status, before)


def test_who_may_not_decide_sees_no_form(client: TestClient, house: Headwater) -> None:
    """A reader sees what was decided alone."""
    key = house.keys.create("reader", ["read"], house.now())

    assert 'name="token"' not in client.get(PAGE, headers={"Authorization": f"Bearer {key}"}).text


def test_what_tags_ask_for_is_on_the_list(client: TestClient, house: Headwater) -> None:
    """With the definition to apply; it is in force only then."""
    house.intake.take(list(events.bodies("airflow/3.3.2")), ANONYMOUS)
    html = client.get("/slos").text

    assert ("Proposed by tags" in html, "name: warehouse-public-daily-orders-freshness" in html) == (True, True)


def test_a_silence_is_said_on_the_page(client: TestClient, house: Headwater) -> None:
    """Who looks for a message that never came sees that somebody muted it, and until when."""
    house.decisions.keep([silencing("orders-freshness", 2 * HOUR, "the lake is being moved", "ana", house.now())])

    said = re.sub(r"<[^>]*>", "", client.get(PAGE).text)
    assert "silent until 14:20, by ana" in said
