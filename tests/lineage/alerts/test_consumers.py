"""Those who rely on the data are told beside its owner: each in its own channel, each message by its own receipt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.outbox import drain
from lineage.alerts.react import react
from lineage.channels.slack import SlackBot, SlackWebhook
from lineage.slo.silences import silencing
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.statements import Kept
from tests.lineage.alerts.test_outbox import GOOD, LATE, Line
from tests.support.alerting import HOUR, NOW, ORDERS, REVENUE, MemoryStore, slo, status
from tests.support.slack import Answer, Slack, slack_on_loopback

RISK = {"team": "risk", "channel": {"slack": "C0RISK01"}}
WEB = {"team": "web", "channel": {"slack": "C0WEB0001"}, "handle": "<!subteam^S0WEB>"}
OWNER, OTHERS = "C0ORDERS1", ["C0RISK01", "C0WEB0001"]
TAKEN = Answer(body='{"ok": true, "channel": "C0ORDERS1", "ts": "1"}')
TOLD, EDITED = "/api/chat.postMessage", "/api/chat.update"


@dataclass
class Office:
    """A store, a Slack on the loopback that is spoken to as *channel* does, and a log."""

    slack: Slack
    channel: Channel
    consumer: Any = field(default_factory=lambda: [RISK, WEB])
    store: MemoryStore = field(default_factory=lambda: MemoryStore(graph=()))
    log: Line = field(default_factory=Line)
    owner: str = OWNER
    others: Mapping[str, DataSLO] = field(default_factory=dict)

    def happen(self, *statuses: Status, at: datetime | None = None, wait_s: float = 0) -> None:
        """React to *statuses*, then send what is due at *at*, or at once."""
        react(self.store.as_store(), self.definitions(), statuses, statuses[0].at, group_wait_s=wait_s)
        self.drain(at or statuses[0].at)

    def drain(self, at: datetime) -> None:
        """Send what is due at *at*."""
        channels: Mapping[str, Channel] = {"slack": self.channel, "log": self.log}
        drain(self.store.as_store(), channels, "http://lineage", at, jitter=lambda: 0.0)

    def definitions(self) -> dict[str, DataSLO]:
        """One SLO with consumers, one with the owner alone."""
        orders = slo("orders", ORDERS, consumer=self.consumer, channel={"slack": self.owner})
        return {"orders": orders, "beats": slo("beats", REVENUE), **self.others}

    def said(self) -> list[tuple[str, str]]:
        """How and in which channel Slack was spoken to, in order; it may have been read first."""
        spoken = ((path, body) for path, body in self.slack.received if not path.startswith("/api/conversations."))
        return [(path, body.get("channel", "")) for path, body in spoken]


@dataclass
class Dying:
    """A channel whose process ends before the second message leaves."""

    inner: Channel
    left: int = 1

    def render(self, incident: Incident, base_url: str) -> Message:
        """As the channel does."""
        return self.inner.render(incident, base_url)

    def send(self, message: Message) -> Delivery:
        """Send the first one."""
        if not self.left:
            raise SystemExit
        self.left -= 1
        return self.inner.send(message)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A Slack on the loopback, which no proxy of the machine stands before."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_on_loopback() as running:
        yield running


@pytest.fixture
def office(slack: Slack) -> Office:
    """Spoken to by a bot, which can edit."""
    return Office(slack, SlackBot("xoxb-test", f"{slack.url}/api/"))


def test_the_owner_is_told_first_then_each_consumer(office: Office) -> None:
    """One message for each channel, however often it is judged."""
    for _ in range(3):
        office.happen(LATE)

    assert office.said() == [(TOLD, channel) for channel in (OWNER, *OTHERS)]


def test_one_consumer_needs_no_list(office: Office) -> None:
    """`consumer: {team: …}` is a list of one."""
    office.consumer = RISK
    office.happen(LATE)

    assert office.said() == [(TOLD, OWNER), (TOLD, "C0RISK01")]


def test_the_end_edits_every_message_by_its_own_receipt(office: Office) -> None:
    """Recovery says nothing anew: the message of each channel is edited by the time it was posted at."""
    office.happen(LATE)
    office.happen(GOOD)
    edits = [(path, body["channel"], body["ts"]) for path, body in office.slack.received[3:]]

    assert edits == [
        (EDITED, channel, f"1795257000.{place:06d}") for place, channel in enumerate((OWNER, *OTHERS), start=1)
    ]


def test_a_message_names_the_owner_and_the_consumers(office: Office) -> None:
    """Whoever reads it knows who else does."""
    office.happen(LATE)
    text = str(office.slack.received[1][1]["blocks"])

    assert [name for name in ("@data-orders", "@risk", "<!subteam^S0WEB>") if name not in text] == []


def test_who_reads_the_same_channel_gets_one_message(office: Office) -> None:
    """A consumer in the owner's channel, and two consumers in one, are not told twice."""
    office.consumer = [{"team": "night", "channel": {"slack": OWNER}}, RISK, {**RISK, "team": "audit"}]
    office.happen(LATE)

    assert office.said() == [(TOLD, OWNER), (TOLD, "C0RISK01")]


def test_a_webhook_has_one_channel_for_everybody(slack: Slack) -> None:
    """Whatever the consumers ask for, it would all come to the same place: it is said once."""
    office = Office(slack, SlackWebhook(f"{slack.url}/webhook"))
    office.happen(LATE)
    office.happen(GOOD)

    assert [path for path, _ in slack.received] == ["/webhook", "/webhook"]


def test_what_one_channel_refuses_the_log_is_told_and_the_others_hear(office: Office) -> None:
    """A consumer's channel that does not exist harms neither the owner's message nor the next consumer's."""
    office.slack.answers = [TAKEN, Answer(body='{"ok": false, "error": "channel_not_found"}')]
    office.happen(LATE)
    incident = incidents.one(office.store.as_store(), "INC-1")

    assert (len(office.log.sent), incident.channel, [copy.channel for copy in incident.copies.values()]) == (
        1,
        "slack",
        ["log", "slack"],
    )


def test_a_consumer_that_could_not_be_told_is_told_later_and_the_owner_once(office: Office) -> None:
    """Each message is tried again by itself."""
    office.consumer = [RISK]
    office.slack.answers = [TAKEN, Answer(500)]
    office.happen(LATE)
    office.drain(NOW + HOUR)

    assert office.said() == [(TOLD, OWNER), (TOLD, "C0RISK01"), (TOLD, "C0RISK01")]


def test_while_the_owner_waits_for_slack_so_does_the_consumer(office: Office) -> None:
    """A channel that fails is left alone for the round, and the owner is still the first to hear."""
    office.consumer = [RISK]
    office.slack.answers = [Answer(500)]
    office.happen(LATE)
    office.drain(NOW + HOUR)

    assert office.said() == [(TOLD, OWNER), (TOLD, OWNER), (TOLD, "C0RISK01")]


def test_what_was_over_before_a_consumer_heard_is_not_told_to_it(office: Office) -> None:
    """The owner's message is edited; who becomes a consumer only now hears nothing of what is over."""
    office.consumer = ()
    office.happen(LATE)
    office.consumer = [RISK]
    office.happen(GOOD)

    assert office.said() == [(TOLD, OWNER), (EDITED, OWNER)]


def test_who_is_a_consumer_no_more_hears_the_end(office: Office) -> None:
    """What somebody was told of does not stay on fire for them."""
    office.happen(LATE)
    office.consumer = ()
    office.happen(GOOD)

    assert office.said()[3:] == [(EDITED, channel) for channel in (OWNER, *OTHERS)]


def test_a_silence_is_for_everybody(office: Office) -> None:
    """While the SLO is silenced neither owner nor consumers hear; afterwards all do, once."""
    silence = silencing("orders", HOUR, "the lake is being moved", "ana", NOW)
    office.store.stated = [Kept(silence.at, b"silence", silence)]
    office.happen(LATE)
    silent = len(office.slack.received)
    office.drain(NOW + 2 * HOUR)

    assert (silent, [channel for _, channel in office.said()]) == (0, [OWNER, *OTHERS])


def test_the_consumers_of_what_joins_an_incident_are_told_too(office: Office) -> None:
    """Whose SLO is hurt by the same cause hears of it, though the message is an old one to its owner."""
    office.consumer = ()
    office.happen(LATE)
    joining = slo("more", ORDERS, consumer=RISK)
    react(
        office.store.as_store(),
        {**office.definitions(), "more": joining},
        [status("more", "GB", at=NOW + timedelta(minutes=5), ladder="ticket")],
        NOW + timedelta(minutes=5),
    )
    office.drain(NOW + timedelta(minutes=5))

    assert office.said() == [(TOLD, OWNER), (EDITED, OWNER), (TOLD, "C0RISK01")]


def test_who_was_a_consumer_and_could_not_be_told_hears_nothing_of_what_is_over(office: Office) -> None:
    """Slack was away until it was over, and nobody asks for the message any more."""
    office.consumer = [RISK]
    office.slack.answers = [TAKEN, Answer(500)]
    office.happen(LATE)
    office.consumer = ()
    office.happen(GOOD)
    office.drain(NOW + 2 * HOUR)

    assert office.said()[2:] == [(EDITED, OWNER)]


def test_an_owner_that_moves_in_does_not_leave_a_consumers_message_on_fire(office: Office) -> None:
    """Both messages are edited at the end, though both would be written to one channel by now."""
    office.consumer = [RISK]
    office.happen(LATE)
    office.owner = "C0RISK01"
    office.happen(GOOD)

    assert office.said()[2:] == [(EDITED, OWNER), (EDITED, "C0RISK01")]


def test_who_relies_on_what_is_silenced_hears_nothing_of_it(office: Office) -> None:
    """Another SLO of the incident speaks to its own readers; afterwards the silent one's are told."""
    silence = silencing("orders", HOUR, "the lake is being moved", "ana", NOW)
    office.store.stated = [Kept(silence.at, b"silence", silence)]
    office.consumer = [RISK]
    office.others = {"more": slo("more", ORDERS, consumer=WEB)}
    office.happen(LATE, status("more", "GGB", ladder="ticket"))
    silent = office.said()
    office.drain(NOW + 2 * HOUR)

    assert (silent, office.said()[2:]) == ([(TOLD, OWNER), (TOLD, "C0WEB0001")], [(TOLD, "C0RISK01")])


def test_who_dies_between_two_messages_has_sent_the_first(office: Office) -> None:
    """What was sent is noted before the next one goes: who comes after sends the others alone."""
    alive, office.channel = office.channel, Dying(office.channel)
    with pytest.raises(SystemExit):
        office.happen(LATE)
    office.channel = alive
    office.drain(NOW + HOUR)

    assert office.said() == [(TOLD, OWNER), *((TOLD, channel) for channel in OTHERS)]
