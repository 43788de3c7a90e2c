"""GET /api/v1/slos: which there are and how they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from lineage.app import build, open_headwater
from lineage.channels.base import sections
from lineage.settings import load
from lineage.slo.book import SloBook
from lineage.slo.spec import DataSLO
from tests.support.promises import NOON, document

HERE = "http://127.0.0.1:5000"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    """A house with one SLO whose clock stands at 12:20 and whose store is empty."""
    (tmp_path / "orders.yaml").write_text(
        json.dumps(document(window="6h", effectiveFrom=(NOON - timedelta(days=1)).isoformat()))
    )
    settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'h.db'}", slos=tmp_path)

    def clock() -> datetime:
        return NOON + timedelta(minutes=20)

    house = open_headwater(settings, clock)
    with TestClient(build(settings, house), base_url=HERE) as client:
        yield client
    house.close()


def test_the_list_has_every_slo_without_its_occurrences(client: TestClient) -> None:
    """A list is for overviews."""
    (found,) = client.get("/api/v1/slos").json()["slos"]

    assert (found["slo"], found["state"], "occurrences" in found) == ("orders-freshness", "no_data", False)


@pytest.mark.parametrize("asked", ["", "?at=2026-11-20T12:00:00Z"])
def test_what_is_retired_while_it_is_listed_is_left_out(
    client: TestClient, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list is no question about that one, so it is never 404."""
    read = SloBook.definitions

    def definitions(book: SloBook) -> Mapping[str, DataSLO]:
        found = read(book)
        (tmp_path / "orders.yaml").unlink(missing_ok=True)
        book.refresh(NOON)
        return found

    monkeypatch.setattr(SloBook, "definitions", definitions)
    found = client.get(f"/api/v1/slos{asked}")

    assert (200, []) == (found.status_code, found.json()["slos"])


def test_one_slo_has_its_occurrences(client: TestClient) -> None:
    """Every expected delivery of the window, with its verdict."""
    found = client.get("/api/v1/slos/orders-freshness").json()

    assert [one["state"] for one in found["occurrences"]] == ["UNKNOWN"] * 6


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("occurrences=2", ["11:15", "12:15"]),
        ("occurrences=2&before=2026-11-20T11:15:00Z", ["09:15", "10:15"]),
        ("occurrences=0", []),
        ("before=2026-11-20T08:00:00Z", ["07:15"]),
    ],
)
def test_the_newest_occurrences_are_listed_and_all_are_counted(
    client: TestClient, asked: str, expected: list[str]
) -> None:
    """Oldest first; the due time of the oldest one goes on to those before it."""
    found = client.get(f"/api/v1/slos/orders-freshness?{asked}").json()

    assert ([one["due"][11:16] for one in found["occurrences"]], found["occurrenceCount"], found["unknown"]) == (
        expected,
        6,
        6,
    )


def test_no_more_is_listed_than_a_page_can_show(client: TestClient) -> None:
    """What asks for more is told how many may be asked for."""
    refused = client.get("/api/v1/slos/orders-freshness?occurrences=10001")

    assert (refused.status_code, "10000" in refused.text) == (400, True)


def test_a_status_has_every_figure_by_its_name(client: TestClient) -> None:
    """Exact numbers under the names that others read; a window that nothing was judged in has a rate of null."""
    found = client.get("/api/v1/slos/orders-freshness").json()
    rate = next(iter(found["burn"].values()))

    assert (
        {word: found[word] for word in ("target", "sli", "good", "bad", "unknown", "pending", "excluded", "coverage")},
        (found["notExpected"], found["state"], found["budget"], found["burnRates"], len(found["occurrences"])),
        {word: rate[word] for word in ("long", "short", "threshold", "firing")},
    ) == (
        {"target": 0.99, "sli": None, "good": 0, "bad": 0, "unknown": 6, "pending": 0, "excluded": 0, "coverage": 0},
        (0, "no_data", {"allowed": 0.06, "spent": 0, "inherited": 0, "remainingRatio": 1}, {}, 6),
        {"long": None, "short": None, "threshold": 0.48, "firing": False},
    )


def test_another_time_may_be_asked_for(client: TestClient) -> None:
    """`at` sets both clocks."""
    found = client.get("/api/v1/slos/orders-freshness", params={"at": "2026-11-20T09:00:00Z"}).json()

    assert (found["at"], found["nextDue"]) == ("2026-11-20T09:00:00Z", "2026-11-20T09:15:00Z")


@pytest.mark.parametrize(("path", "status"), [("/none", 404), ("/orders-freshness?at=noon", 400), ("?at=noon", 400)])
def test_refusals_are_problems(client: TestClient, path: str, status: int) -> None:
    """RFC 9457 bodies, with the status of the mistake."""
    answer = client.get(f"/api/v1/slos{path}")

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_planning_and_applying_are_routes(client: TestClient) -> None:
    """What is applied is in force at once, with the same steps as the plan."""
    slos = [{"place": "late.yaml:1", "text": json.dumps(document(name="late"))}]
    planned, applied = (
        client.post(f"/api/v1/definitions/{step}", json={"slos": slos}).json() for step in ("plan", "apply")
    )
    names = [one["slo"] for one in client.get("/api/v1/slos").json()["slos"]]

    assert ([step["action"] for step in planned["steps"]], planned == applied, names) == (
        ["add"],
        True,
        ["late", "orders-freshness"],
    )


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("kind: DataSLO", 422, "x.yaml:1:1: apiVersion: is missing"),
        (json.dumps(document(target="0.5")), 409, "orders-freshness is owned by "),
    ],
)
def test_what_cannot_be_applied_is_a_problem(client: TestClient, text: str, status: int, said: str) -> None:
    """A fault has its place; what a folder owns is a conflict."""
    client.app.state.services.slos.refresh(NOON)  # type: ignore[attr-defined]  # Starlette's app
    answer = client.post("/api/v1/definitions/apply", json={"slos": [{"place": "x.yaml", "text": text}]})

    assert (answer.status_code, answer.json()["detail"][: len(said)]) == (status, said)


SPAN = {"start": "2026-11-20T10:00:00Z", "duration": "1h", "because": "patching"}


def states(client: TestClient) -> str:
    found = client.get("/api/v1/slos/orders-freshness").json()["occurrences"]
    return "".join(one["state"][0] for one in found)


def test_an_exclusion_is_stated_and_taken_back(client: TestClient) -> None:
    """What was due in it does not count, until somebody takes it back; who and why stay."""
    path = "/api/v1/slos/orders-freshness/exclusions"
    said = client.post(path, json=SPAN).json()["exclusions"]
    without = states(client)
    client.post(f"{path}/undo", json=SPAN)

    assert ([each["reason"] for each in said], without, states(client)) == (["patching"], "UUUEUU", "UUUUUU")


def test_a_calendar_excludes_for_all_that_refer_to_it(client: TestClient) -> None:
    """And says what was stated of it."""
    client.post("/api/v1/exclusions/maintenance", json=SPAN | {"rrule": "FREQ=DAILY", "timezone": "Europe/Berlin"})
    told = client.get("/api/v1/exclusions/maintenance").json()["exclusions"]

    assert [(each["rrule"], each["timezone"], each["approvedBy"]) for each in told] == [
        ("FREQ=DAILY", "Europe/Berlin", "anonymous")
    ]


def test_an_slo_is_silenced(client: TestClient) -> None:
    """Until when, why and by whom; its verdicts stay what they are."""
    path, before = "/api/v1/slos/orders-freshness/silence", states(client)
    said = client.post(path, json={"duration": "2h", "because": "moving"}).json()
    silent = client.get(path).json()

    told = {"until": "2026-11-20T14:20:00Z", "because": "moving", "by": "anonymous"}
    assert (said, silent, states(client)) == ({"silence": told}, {"silence": told}, before)


def test_an_slo_that_is_not_silent_may_be_told_to_speak(client: TestClient) -> None:
    """It is on record, and changes nothing."""
    path = "/api/v1/slos/orders-freshness/silence"

    assert client.post(f"{path}/undo", json={"because": "moved"}).json() == client.get(path).json() == {"silence": None}


def test_a_verdict_is_corrected(client: TestClient) -> None:
    """By hand, with who and why, and the status says so."""
    path = "/api/v1/slos/orders-freshness"
    judged = {"occurrence": "2026-11-20T07:00:00Z", "state": "GOOD", "because": "the file was there"}
    said = client.post(f"{path}/corrections", json=judged).json()["corrections"]

    assert (said, client.get(f"{path}/corrections").json()["corrections"] == said, states(client)) == (
        [judged | {"by": "anonymous", "at": "2026-11-20T12:20:00Z"}],
        True,
        "UGUUUU",
    )


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("orders-freshness/exclusions", SPAN | {"duration": "soon"}, 400, "duration"),
        ("orders-freshness/exclusions", SPAN | {"rrule": "FREQ=HOURLY"}, 400, "rrule"),
        ("orders-freshness/exclusions", SPAN | {"because": ""}, 400, "because"),
        ("none/exclusions", SPAN, 404, None),
        ("none/silence", {"duration": "2h", "because": "x"}, 404, None),
        ("orders-freshness/silence", {"duration": "8d", "because": "x"}, 400, "duration"),
        ("orders-freshness/silence", {"duration": "99999999999999999999d", "because": "x"}, 400, "duration"),
        ("orders-freshness/silence", {"duration": "soon", "because": "x"}, 400, "duration"),
        (
            "orders-freshness/corrections",
            {"occurrence": "1999-01-01T00:00:00Z", "state": "GOOD", "because": "x"},
            404,
            "occurrence",
        ),
        ("orders-freshness/corrections", {"occurrence": "x", "state": "LATE", "because": "x"}, 400, "state"),
    ],
)
def test_a_decision_that_cannot_be_is_a_problem(
    client: TestClient, path: str, body: dict[str, str], status: int, field: str | None
) -> None:
    """The field that is wrong is named."""
    answer = client.post(f"/api/v1/slos/{path}", json=body)

    assert (answer.status_code, answer.json().get("field")) == (status, field)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("exclusions/maintenance", SPAN),
        ("slos/orders-freshness/exclusions", SPAN),
        ("slos/orders-freshness/corrections", {"occurrence": "x", "state": "GOOD", "because": "x"}),
        ("slos/orders-freshness/silence", {"duration": "2h", "because": "x"}),
        ("slos/orders-freshness/silence/undo", {"because": "x"}),
        ("definitions/apply", {"slos": []}),
    ],
)
def test_decisions_want_an_administrator(client: TestClient, path: str, body: dict[str, str]) -> None:
    """A key that may only read states nothing."""
    key = client.app.state.services.keys.create("reader", ["read"], NOON)  # type: ignore[attr-defined]  # Starlette's

    assert client.post(f"/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {key}"}).status_code == 403


def test_proposals_are_listed(client: TestClient) -> None:
    """None without tags."""
    assert client.get("/api/v1/proposals").json() == {"proposals": [], "totalCount": 0}
