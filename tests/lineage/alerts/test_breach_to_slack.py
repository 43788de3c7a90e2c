"""The whole way: events come in, a deadline passes, Slack is told once, the data comes, and Slack hears of that."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from lineage.alerts import incidents
from lineage.channels.base import sections
from lineage.events import parse_event
from lineage.homes import Homes, open_homes
from lineage.model import Draft, NodeId
from lineage.projection import project
from lineage.scheduler import Scheduler
from lineage.settings import Settings, load
from lineage.slo.book import SloBook
from lineage.store.base import Store
from tests.support.alerting import BUILD, LANDING, LOAD, ORDERS, SETTLEMENTS
from tests.support.slack import Answer, Slack, slack_on_loopback

DAY = datetime(2026, 11, 21, tzinfo=UTC)
TOLD_AT = DAY + timedelta(hours=10, minutes=15)  # the delivery of 08:00 to 09:00 was due at 09:30
GOOD_AT = DAY + timedelta(hours=10, minutes=32)  # that of 09:00 to 10:00 came in time

SLO = """
apiVersion: headwater/v1
kind: DataSLO
metadata: {name: orders-freshness}
spec:
  dataset: {namespace: "postgres://dw:5432", name: mart.orders_daily}
  owner: {team: data-orders, channel: {slack: C0ORDERS1}}
  schedule: {cron: "0 * * * *", deadline: 30m}
  sli: {type: freshness}
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives: [{target: 0.5}]
  effectiveFrom: 2026-11-21T01:00:00Z
  alerting: {policy: discrete}
"""


@dataclass
class House:
    """What the scheduler needs; nothing of it runs by itself."""

    settings: Settings
    homes: Homes
    slos: SloBook
    runs: int = 0

    @property
    def store(self) -> Store:
        """The store of the homes."""
        return self.homes.store

    def now(self) -> datetime:
        """Every tick is told its time, so nobody asks."""
        raise AssertionError

    def happen(self, *ends: tuple[NodeId, str, int, datetime]) -> None:
        """Runs end: of which job, how, for the hour that begins when, and at what time; told at the last of them."""
        drafts = []
        for job, kind, hour, at in ends:
            self.runs += 1
            body = json.dumps(_event(self.runs, job, kind, hour, at)).encode()
            drafts.append(Draft("event", body, sha256(body).digest(), "test"))
        entries = self.homes.ledger.append(drafts, ends[-1][3])
        self.homes.store.merge(entries, [project(parse_event(draft.body), draft.digest) for draft in drafts])


def _event(number: int, job: NodeId, kind: str, hour: int, at: datetime) -> dict[str, Any]:
    source, target = (LANDING, SETTLEMENTS) if job == LOAD else (SETTLEMENTS, ORDERS)
    nominal = {
        "_producer": "https://example.com/test",
        "_schemaURL": "https://openlineage.io/spec/facets/1-0-1/NominalTimeRunFacet.json",
        "nominalStartTime": (DAY + timedelta(hours=hour)).isoformat(),
        "nominalEndTime": (DAY + timedelta(hours=hour + 1)).isoformat(),
    }
    return {
        "eventType": kind,
        "eventTime": at.isoformat(),
        "producer": "https://example.com/test",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": f"00000000-0000-4000-8000-{number:012d}", "facets": {"nominalTime": nominal}},
        "job": {"namespace": job.namespace, "name": job.name},
        "inputs": [{"namespace": source.namespace, "name": source.name}],
        "outputs": [{"namespace": target.namespace, "name": target.name}],
    }


Open = Callable[..., House]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    """Opens a house with a morning of good deliveries, then a loader that fails three times."""
    folder = tmp_path / "slos"
    folder.mkdir()
    (folder / "orders.yaml").write_text(SLO, encoding="utf-8")
    opened: list[Homes] = []

    def open_house(**slack: str) -> House:
        url = f"sqlite:///{tmp_path / 'headwater.db'}"
        settings = load(sections=sections(), store=url, slos=folder, slack=slack)
        homes = open_homes(url)
        opened.append(homes)
        made = House(settings, homes, SloBook(homes.store, settings))
        good = [
            (job, "COMPLETE", hour, DAY + timedelta(hours=hour + 1, minutes=minute))
            for hour in range(8)
            for job, minute in ((LOAD, 5), (BUILD, 10))
        ]
        made.happen(*good, *((LOAD, "FAIL", 8, DAY + timedelta(hours=9, minutes=minute)) for minute in (5, 15, 25)))
        return made

    yield open_house
    for homes in opened:
        homes.close()


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A Slack on the loopback, which no proxy of the machine stands before."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_on_loopback() as running:
        yield running


def recover(house: House) -> None:
    """The loader works again, and the next delivery is in time."""
    house.happen(
        *(
            (job, "COMPLETE", hour, DAY + timedelta(hours=10, minutes=minute))
            for hour, job, minute in ((8, LOAD, 18), (8, BUILD, 20), (9, LOAD, 23), (9, BUILD, 25))
        )
    )


def test_a_breach_is_told_once_and_its_end_edits_the_message(house: Open, slack: Slack) -> None:
    """By token: one post, however often it is judged; recovery edits it; a new scheduler tells nothing again."""
    river = house(token="xoxb-test", api_url=f"{slack.url}/api/")
    scheduler = Scheduler(river)
    for minute in range(3):
        scheduler.tick(TOLD_AT + timedelta(minutes=minute))
    recover(river)
    for minute in range(3):
        scheduler.tick(GOOD_AT + timedelta(minutes=minute))

    assert slack.posted == ["/api/chat.postMessage", "/api/chat.update"]


def test_the_message_names_job_owner_and_budget(house: Open, slack: Slack) -> None:
    """What the reader needs stands in the text: the failing job and how often it failed, the owner, the budget left."""
    Scheduler(house(token="xoxb-test", api_url=f"{slack.url}/api/")).tick(TOLD_AT)
    text = slack.received[0][1]["text"]
    expected = (
        "settlements.load_settlements has failed 3 times since 09:05 UTC",
        "@data-orders",
        "77.7 % of the error",
    )

    assert [words for words in expected if words not in text] == []


def test_a_webhook_tells_the_end_in_a_second_message(house: Open, slack: Slack) -> None:
    """By webhook: a breach is one message, its end another."""
    river = house(webhook_url=f"{slack.url}/webhook")
    scheduler = Scheduler(river)
    scheduler.tick(TOLD_AT)
    recover(river)
    scheduler.tick(GOOD_AT)

    assert [(path, body["text"].split(":")[0]) for path, body in slack.received] == [
        ("/webhook", "Ticket"),
        ("/webhook", "Resolved"),
    ]


def test_a_slack_that_fails_is_told_once_it_answers(house: Open, slack: Slack) -> None:
    """429, then 500, then success: delivered once, at the third try, before which it is looked for."""
    slack.answers = [Answer(429, headers={"Retry-After": "5"}), Answer(500)]
    scheduler = Scheduler(house(token="xoxb-test", api_url=f"{slack.url}/api/"))
    for minute in range(4):
        scheduler.tick(TOLD_AT + timedelta(minutes=minute))

    said, looked = "/api/chat.postMessage", "/api/conversations.history"
    assert (slack.posted, [path for path, _ in slack.received]) == ([said], [said, said, looked, said])


class Crash(BaseException):
    """The process is gone."""


def test_a_crash_after_slacks_answer_is_no_second_message(
    house: Open, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack has it and nobody noted it: who comes next finds it by its metadata, edits it and keeps its receipt."""
    river = house(token="xoxb-test", api_url=f"{slack.url}/api/")

    def gone(*_: object) -> None:
        raise Crash

    first = Scheduler(river)
    with monkeypatch.context() as patched:
        patched.setattr("lineage.alerts.outbox._Post._note", gone)
        with pytest.raises(Crash):
            first.tick(TOLD_AT)
    assert first._lease is not None
    river.store.release(first._lease)
    Scheduler(river).tick(TOLD_AT + timedelta(minutes=1))

    (document,) = river.store.documents(incidents.KIND)
    receipt = incidents.Incident.model_validate_json(document.body).receipt
    assert (slack.posted, receipt) == (
        ["/api/chat.postMessage", "/api/chat.update"],
        {"channel": "C0ORDERS1", "ts": slack.said[0]["ts"]},
    )


def test_an_unreachable_slack_is_one_line_and_another_try(
    house: Open, slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    """No traceback and no token in the log; the message waits, also for a program that starts anew."""
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        away = house(token="xoxb-test", api_url=f"http://127.0.0.1:{taken.getsockname()[1]}/api/")
        first = Scheduler(away)
        first.tick(TOLD_AT)
    lines = [(record.getMessage(), record.exc_info) for record in caplog.records if record.levelname != "INFO"]
    assert first._lease is not None
    away.store.release(first._lease)
    back = load(
        sections=sections(), slos=away.settings.slos, slack={"token": "xoxb-test", "api_url": f"{slack.url}/api/"}
    )
    Scheduler(House(back, away.homes, away.slos)).tick(TOLD_AT + timedelta(minutes=1))

    assert (lines, slack.posted, "xoxb" in caplog.text) == (
        [("notification_postponed", None)],
        ["/api/chat.postMessage"],
        False,
    )


def test_without_a_slack_the_log_is_told(house: Open) -> None:
    """Without credentials the incident is told by the log channel."""
    river = house()
    Scheduler(river).tick(TOLD_AT)

    assert [incident.channel for incident in incidents.every(river.store)] == ["log"]
