"""A load fails, is told of, and recovers: all of it told to the door by HTTP, judged, and heard by Slack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from lineage.app import Headwater, build, open_headwater
from lineage.channels.base import sections
from lineage.scheduler import Scheduler
from lineage.settings import load
from tests.support.promises import HOUR, NOON, document, event
from tests.support.slack import Slack, slack_on_loopback

MINUTE = timedelta(minutes=1)
WAYS = ("token", "webhook_url")


@dataclass
class Place:
    """A house behind its door, a clock that the test sets, and the Slack that it speaks to."""

    client: TestClient
    house: Headwater
    slack: Slack
    clock: list[datetime]

    def post(self, *events: dict[str, Any]) -> None:
        """Send each event at the time at which it says that it happened."""
        for one in events:
            self.clock[0] = datetime.fromisoformat(one["eventTime"])
            assert self.client.post("/api/v1/lineage", json=one).status_code == 201

    def tick(self, at: datetime) -> None:
        """Judge as of *at*, by a scheduler that has just started."""
        self.clock[0] = at
        scheduler = Scheduler(self.house)
        scheduler.tick(at)
        assert scheduler._lease is not None
        self.house.store.release(scheduler._lease)

    def incident(self) -> dict[str, Any]:
        """The one that there is, as the API gives it."""
        (found,) = self.client.get("/api/v1/incidents").json()["incidents"]
        return dict(found)


def run(kind: str, hour: int, minute: int, attempt: int = 1) -> dict[str, Any]:
    """The load of an hour, *hour* hours after noon, comes to an end so many minutes after it."""
    start = NOON + hour * HOUR
    at = start + HOUR + timedelta(minutes=minute)
    return event(kind, at, f"load {hour} {attempt}", nominal=(start, start + HOUR))


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Hourly loads since six, told by token or by webhook."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    slos = tmp_path / "slos"
    slos.mkdir()
    promised = document(window="1d", target="0.9", effectiveFrom=(NOON - 6 * HOUR).isoformat())
    (slos / "orders.yaml").write_text(json.dumps(promised), encoding="utf-8")
    with slack_on_loopback() as slack:
        ways = {"token": "xoxb-test", "webhook_url": f"{slack.url}/webhook"}
        told = {request.param: ways[request.param], "api_url": f"{slack.url}/api/"}
        settings = load(None, sections(), store=f"sqlite:///{tmp_path / 'headwater.db'}", slos=slos, slack=told)
        clock = [NOON - 6 * HOUR]
        house = open_headwater(settings, lambda: clock[0])
        house.intake.start()
        try:
            with TestClient(build(settings, house), base_url="http://127.0.0.1:5000") as client:
                made = Place(client, house, slack, clock)
                made.post(*(run("COMPLETE", hour, 5) for hour in range(-6, -1)))
                yield made
        finally:
            house.close()


def fail(place: Place) -> None:
    """The load of eleven to twelve fails twice, and its deadline passes."""
    place.post(run("FAIL", -1, 3), run("FAIL", -1, 9, attempt=2))
    place.tick(NOON + 17 * MINUTE)


def recover(place: Place) -> None:
    """It succeeds late, and the next one comes in time."""
    place.post(run("COMPLETE", -1, 40, attempt=3), run("COMPLETE", 0, 5))
    place.tick(NOON + HOUR + 16 * MINUTE)


def test_a_failing_load_opens_an_incident(place: Place) -> None:
    """The API names the job, and says who was told."""
    fail(place)
    found = place.incident()

    assert (found["state"], found["cause"]["job"], found["channel"]) == ("open", ["airflow", "orders.load"], "slack")


def test_recovery_resolves_the_incident(place: Place) -> None:
    """Since the delivery that was in time again."""
    fail(place)
    recover(place)
    found = place.incident()

    assert (found["state"], found["change"], found["restoredAt"]) == ("resolved", "resolved", "2026-11-20T13:05:00Z")


def test_recovery_is_told(place: Place) -> None:
    """A token edits what it said, a webhook says a second message; nobody is told twice."""
    fail(place)
    place.tick(NOON + 18 * MINUTE)
    recover(place)
    place.tick(NOON + HOUR + 17 * MINUTE)
    ways = {
        "/api/chat.postMessage": ["/api/chat.postMessage", "/api/chat.update"],
        "/webhook": ["/webhook", "/webhook"],
    }

    assert ways[place.slack.posted[0]] == place.slack.posted


def test_the_end_says_that_it_is_over(place: Place) -> None:
    """How long it took, from the missed deadline to the delivery in time."""
    fail(place)
    recover(place)
    text = place.slack.received[-1][1]["text"]

    assert text.startswith("Resolved: orders.load failed. Good again after 50 m.")
