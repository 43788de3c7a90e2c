"""Incidents over HTTP, and what people answer to them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from lineage.alerts import incidents
from lineage.alerts.incidents import Postmortem
from lineage.app import Headwater
from lineage.slo.response import Response
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


def test_who_takes_it_up_is_noted(client: TestClient, three: None) -> None:
    """By the name of the key, at once, and for everybody."""
    told = client.post("/api/v1/incidents/INC-9/ack").json()
    read = client.get("/api/v1/incidents/INC-9").json()

    moment = {"at": told["ackedAt"], "what": "acknowledged by anonymous"}
    assert (told["ackedBy"], told["timeline"][-1], read) == ("anonymous", moment, told)


def test_what_is_over_cannot_be_taken_up(client: TestClient, three: None) -> None:
    """409, with the reason."""
    answer = client.post("/api/v1/incidents/INC-8/ack")

    assert (answer.status_code, "is over" in answer.json()["detail"]) == (409, True)


def test_what_nobody_knows_cannot_be_taken_up(client: TestClient) -> None:
    """404, and nothing is stated."""
    assert client.post("/api/v1/incidents/INC-404/ack").status_code == 404


def test_who_may_only_read_answers_nothing(services: Headwater, client: TestClient, three: None) -> None:
    """It takes a key of scope admin, and the record is as it was."""
    key = services.keys.create("grafana", ["read"], NOW)
    answer = client.post("/api/v1/incidents/INC-9/ack", headers={"Authorization": f"Bearer {key}"})

    assert (answer.status_code, incidents.one(services.store, "INC-9").acked_at) == (403, None)


def test_a_postmortem_is_where_somebody_says(client: TestClient, three: None) -> None:
    """Of what is over, as a rule."""
    told = client.post("/api/v1/incidents/INC-8/postmortem", json={"url": "https://wiki.example.com/INC-8"}).json()

    assert told["postmortem"] == {"required": False, "because": "", "url": "https://wiki.example.com/INC-8"}


def test_a_postmortem_that_is_no_page_is_refused(client: TestClient, three: None) -> None:
    """400, and the field is named."""
    answer = client.post("/api/v1/incidents/INC-8/postmortem", json={"url": "javascript:alert(1)"})

    assert (answer.status_code, answer.json()["field"]) == (400, "url")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"url": ', "the body is no JSON: Expecting value, at character 8"),
        (b"{}", "url: Field required"),
        (b'{"url": [%s]}' % (b"1," * 99 + b"1"), f"url: Input should be a valid string ([{'1, ' * 33}… was given)"),
    ],
)
def test_a_body_that_is_none_is_told_in_a_sentence(client: TestClient, three: None, body: bytes, said: str) -> None:
    """Where it breaks off, what it lacks, or the beginning of what is wrong."""
    headers = {"content-type": "application/json"}
    answer = client.post("/api/v1/incidents/INC-8/postmortem", content=body, headers=headers)

    assert (answer.status_code, answer.json()["detail"]) == (400, said)


def test_those_that_lack_a_postmortem_are_listed(services: Headwater, client: TestClient) -> None:
    """Those that require one, open or over, as long as nobody says where it is."""
    required = Postmortem(required=True, because="spent 34 % of the budget of orders-freshness")
    written = required.model_copy(update={"url": "https://wiki.example.com/INC-3"})
    of = {"INC-1": required, "INC-2": Postmortem(), "INC-3": written}
    services.store.put([incidents.kept(RESOLVED.model_copy(update={"id": id_, "postmortem": of[id_]})) for id_ in of])

    assert listed(client, "?postmortem=missing") == (["INC-1"], 1)


def test_what_was_promised_is_told_with_figures(services: Headwater, client: TestClient) -> None:
    """In seconds, with what it came to."""
    promised = Response.model_validate({"detect": "10m", "repair": "1h"})
    member = RESOLVED.members[0].model_copy(update={"promised": promised, "detected_at": NOW + timedelta(minutes=4)})
    services.store.put([incidents.kept(RESOLVED.model_copy(update={"members": (member,)}))])
    told = client.get("/api/v1/incidents/INC-7").json()["promises"]

    assert [(each["what"], each["withinSeconds"], each["tookSeconds"], each["state"]) for each in told] == [
        ("detect", 600, 240, "kept"),
        ("repair", 3600, 10800, "missed"),
    ]
