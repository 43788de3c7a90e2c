"""What people answer to an incident on its page, and what it says of promises and cost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from dashboards.current import Judged
from dashboards.frame import Look
from dashboards.panels.diagnosis import of_dataset
from lineage.alerts import incidents
from lineage.alerts.incidents import Incident, Postmortem, Spent
from lineage.app import Headwater, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from lineage.slo.response import Response
from tests.support.alerting import NOW, ORDERS, slo, status
from tests.support.browsing import browser, send
from tests.support.incidents import LATE, OPENED, RESOLVED

PAGE = "/incidents/INC-7"
WIKI = "https://wiki.example.com/INC-7"
REQUIRED = Postmortem(required=True, because="spent 34 % of the budget of orders-daily-freshness")
MEMBER = LATE.model_copy(
    update={
        "promised": Response.model_validate({"detect": "10m", "repair": "1h"}),
        "detected_at": NOW + timedelta(minutes=4),
        "restored_at": NOW + timedelta(hours=3),
        "budget_spent": Spent(own=0.34, inherited=0.02),
    }
)
OVER = RESOLVED.model_copy(update={"members": (MEMBER,), "postmortem": REQUIRED})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Headwater]:
    """A house whose clock stands still."""
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'h.db'}")
    house = open_headwater(settings, lambda: NOW + timedelta(hours=6))
    yield house
    house.close()


@pytest.fixture
def client(house: Headwater) -> TestClient:
    """A browser."""
    return browser(house)


def keep(house: Headwater, case: Incident) -> None:
    house.store.put([incidents.kept(case)])


def words(client: TestClient, path: str = PAGE) -> str:
    """The page as it is read."""
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(path).text).split())


def test_a_form_takes_it_up(house: Headwater, client: TestClient) -> None:
    """It leads back to the page, which names who did and offers it no more."""
    keep(house, OPENED)
    answer = send(client, PAGE, "ack", "answers")
    page = client.get(PAGE).text

    assert (answer.status_code, answer.headers["location"], "taken up by anonymous" in page, "Take up" in page) == (
        303,
        PAGE,
        True,
        False,
    )


def test_a_form_says_where_the_postmortem_is(house: Headwater, client: TestClient) -> None:
    """A link from then on."""
    keep(house, OVER)
    send(client, PAGE, "postmortem", "answers", url=WIKI)

    assert (incidents.one(house.store, "INC-7").postmortem.url, f'<a href="{WIKI}"' in client.get(PAGE).text) == (
        WIKI,
        True,
    )


def test_an_address_that_is_none_is_told(house: Headwater, client: TestClient) -> None:
    """The page says what to write, and nothing is kept."""
    keep(house, OVER)
    answer = send(client, PAGE, "postmortem", "answers", url="javascript:alert(1)")

    assert (answer.status_code, incidents.one(house.store, "INC-7").postmortem.url) == (400, None)


@pytest.mark.parametrize("sent", [{}, {"token": "forged", "what": "ack"}])
def test_a_form_that_is_not_ours_changes_nothing(house: Headwater, client: TestClient, sent: dict[str, str]) -> None:
    """Another page may not answer in somebody's name."""
    keep(house, OPENED)
    answer = client.post(f"{PAGE}/answers", data=sent)

    assert (answer.status_code, incidents.one(house.store, "INC-7").acked_at) == (403, None)


def test_who_may_only_read_is_offered_nothing(house: Headwater, client: TestClient) -> None:
    """No form stands on the page."""
    keep(house, OPENED)
    key = house.keys.create("grafana", ["read"], NOW)
    page = client.get(PAGE, headers={"Authorization": f"Bearer {key}"}).text

    assert (OPENED.title in page, f"{PAGE}/answers" in page) == (True, False)


@pytest.mark.parametrize(
    "said",
    [
        "Detect 10 m 4 m Kept",
        "Repair 1 h 3 h Missed",
        "Spent 34 % of the budget of orders-daily-freshness",
        "34 %, 2 % from upstream",
    ],
)
def test_the_page_says_what_was_kept_and_what_it_cost(house: Headwater, client: TestClient, said: str) -> None:
    """With figures."""
    keep(house, OVER)

    assert said in words(client)


def test_those_that_lack_a_postmortem_are_a_list(house: Headwater, client: TestClient) -> None:
    """One click away, as long as there are any."""
    keep(house, OVER)
    keep(house, OPENED.model_copy(update={"id": "INC-8"}))
    listed = words(client, "/incidents?postmortem=missing")

    assert ("1 postmortem to be written" in words(client, "/incidents"), "INC-7" in listed, "INC-8" in listed) == (
        True,
        True,
        False,
    )


def test_where_none_is_missing_the_list_says_so(house: Headwater, client: TestClient) -> None:
    """Not that there was no incident."""
    keep(house, OPENED)

    assert "No postmortem is missing" in words(client, "/incidents?postmortem=missing")


def test_a_budget_that_runs_low_is_no_data_that_is_wrong() -> None:
    """A dataset whose SLOs are met stays healthy while the incident of a budget is open."""
    low = OPENED.model_copy(update={"kind": "budget", "cause": None, "affected": ()})
    met = Judged(slo("orders", ORDERS), status("orders"))

    assert of_dataset({ORDERS}, [met], [low], Look(NOW, None, None)).tone == "ok"
