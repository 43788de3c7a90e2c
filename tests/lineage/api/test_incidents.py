"""Incidents over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from lineage.alerts import incidents
from lineage.app import Headwater
from tests.support.alerting import NOW
from tests.support.incidents import OPENED, RESOLVED


@pytest.fixture
def three(services: Headwater) -> None:
    """Two that are open and one that is over; INC-10 is the newest."""
    kept = [
        OPENED.model_copy(update={"id": "INC-9"}),
        RESOLVED.model_copy(update={"id": "INC-8"}),
        OPENED.model_copy(update={"id": "INC-10", "detected_at": NOW + timedelta(days=1)}),
    ]
    services.store.put([incidents.kept(incident) for incident in kept])


def listed(client: TestClient, query: str = "") -> tuple[list[str], int]:
    """The ids of a list, and how many there are in all."""
    answer = client.get(f"/api/v1/incidents{query}").json()
    return [incident["id"] for incident in answer["incidents"]], answer["totalCount"]


def test_incidents_are_listed_newest_first(client: TestClient, three: None) -> None:
    """All of them, by the time they were noticed; INC-10 comes after INC-9, not after INC-1."""
    assert listed(client) == (["INC-10", "INC-9", "INC-8"], 3)


def test_a_state_filters(client: TestClient, three: None) -> None:
    """Only those that are in it are listed and counted."""
    assert listed(client, "?state=resolved") == (["INC-8"], 1)


def test_a_list_is_cut_and_counted_whole(client: TestClient, three: None) -> None:
    """Limit and offset cut the list; the count stays whole."""
    assert listed(client, "?limit=1&offset=1") == (["INC-9"], 3)


def test_one_incident_is_told_in_camel_case(client: TestClient, three: None) -> None:
    """Cause, members and times are there; what a channel keeps for itself is not."""
    answer = client.get("/api/v1/incidents/INC-9").json()
    expected = ("2026-11-21T10:30:00Z", "88 %", "FAIL", False)

    budget_left = answer["members"][0]["budgetLeft"]
    assert expected == (answer["onsetAt"], budget_left, answer["cause"]["state"], "receipt" in answer)


def test_an_unknown_incident_is_404(client: TestClient) -> None:
    """The problem says where to look."""
    answer = client.get("/api/v1/incidents/INC-404")

    assert (answer.status_code, "/api/v1/incidents lists them" in answer.json()["detail"]) == (404, True)


def test_an_unknown_state_is_refused(client: TestClient) -> None:
    """A state that there is not is 400 or 422, never an empty list."""
    assert client.get("/api/v1/incidents?state=closed").status_code in (400, 422)
