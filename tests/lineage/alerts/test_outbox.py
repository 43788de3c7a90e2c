"""How a message leaves: once, late when it must, to the log when it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from lineage.alerts import incidents
from lineage.alerts.incidents import Incident
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.outbox import Notice, drain
from lineage.alerts.react import react
from lineage.errors import ChannelFailed
from lineage.slo.status import Status
from lineage.telemetry import NOTIFICATIONS_FAILED
from tests.support.alerting import HOUR, NOW, ORDERS, MemoryStore, later, slo, status

DEFINITIONS = {"orders": slo("orders", ORDERS), "beats": slo("beats", ORDERS, channel={})}
LATE = status("orders", "GGB", ladder="ticket", state="breaching")
WORSE = later(LATE, timedelta(minutes=10), ladder="page")
GOOD = status("orders", "GGBG", at=NOW + HOUR)

LOST = ChannelFailed("no route", recoverable=True)
LIMITED = ChannelFailed("too many", recoverable=True, retry_after_s=30)
REFUSED = ChannelFailed("channel_not_found", recoverable=False)
DENIED = ChannelFailed("token_revoked", recoverable=False, denied=True)


@dataclass
class Line:
    """A channel that keeps what it carried; *failures* are raised first, *edits* makes it answer receipts."""

    edits: bool = False
    failures: list[Exception] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def render(self, incident: Incident, base_url: str) -> Message:
        """What a test can compare."""
        text = f"{incident.id} {incident.state} {incident.change} {base_url}"
        return Message(incident.to, text, edits=dict(incident.receipt))

    def send(self, message: Message) -> Delivery:
        """Fail as told, else keep it."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)
        return Delivery({"ts": "1"} if self.edits else {})


class Interrupted(Line):
    """A line that speaks for so long that somebody else writes meanwhile."""

    def __init__(self, store: MemoryStore, *, edits: bool) -> None:
        super().__init__(edits)
        self._store = store

    def send(self, message: Message) -> Delivery:
        """Send it; the next write comes too late."""
        self._store.fail_puts = 1
        return super().send(message)


@dataclass
class Desk:
    """A store, a Slack and a log; time is what `at` says."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(graph=()))
    slack: Line = field(default_factory=Line)
    log: Line = field(default_factory=Line)

    def react(self, *statuses: Status) -> None:
        """React at the time of the first status."""
        react(self.store.as_store(), DEFINITIONS, statuses, statuses[0].at)

    def drain(self, at: datetime, jitter: Callable[[], float] = lambda: 0.0) -> list[Notice]:
        """Send what is due at *at*."""
        channels: dict[str, Channel] = {"slack": self.slack, "log": self.log}
        return drain(self.store.as_store(), channels, "http://lineage", at, jitter=jitter)

    def said(self) -> list[str]:
        """What Slack was told, without links."""
        return [" ".join(message.text.split()[:3]) for message in self.slack.sent]

    def incident(self) -> Incident:
        """The first incident as it is kept."""
        return incidents.one(self.store.as_store(), "INC-1")

    def states(self) -> list[str]:
        """The states of all notices."""
        return [document.state for document in self.store.documents("outbox")]


@pytest.fixture
def desk() -> Desk:
    """One SLO that has just missed its deadline."""
    made = Desk()
    made.react(LATE)
    return made


def test_a_breach_is_one_message(desk: Desk) -> None:
    """What was sent is not sent again, however often the outbox is drained."""
    for minute in range(3):
        desk.drain(NOW + timedelta(minutes=minute))

    assert desk.said() == ["INC-1 open opened"]


def test_the_message_goes_to_the_owner(desk: Desk) -> None:
    """The owner's channel is the destination, and the incident remembers it."""
    desk.drain(NOW)

    assert (desk.slack.sent[0].to, desk.incident().channel, desk.incident().to) == ("C0ORDERS1", "slack", "C0ORDERS1")


def test_sending_is_noted_on_the_incident(desk: Desk) -> None:
    """When it was told, and the receipt to edit it by, are kept with the incident."""
    desk.slack.edits = True
    desk.drain(NOW)

    assert (desk.incident().notified_at, desk.incident().receipt) == (NOW, {"ts": "1"})


def test_what_was_said_is_kept(desk: Desk) -> None:
    """A sent notice holds its channel and its words."""
    (notice,) = desk.drain(NOW)

    assert (notice.state, notice.channel, notice.text) == ("sent", "slack", "INC-1 open opened http://lineage")


def test_recovery_edits_where_there_is_a_receipt(desk: Desk) -> None:
    """The second message carries the receipt of the first."""
    desk.slack.edits = True
    desk.drain(NOW)
    desk.react(GOOD)
    desk.drain(GOOD.at)

    assert [message.edits for message in desk.slack.sent] == [{}, {"ts": "1"}]


def test_a_failure_that_passes_is_tried_again_and_delivered_once(desk: Desk) -> None:
    """Two failures, then success: one message."""
    desk.slack.failures = [LOST, LOST]
    for minute in range(5):
        desk.drain(NOW + timedelta(minutes=minute))

    assert (desk.said(), desk.states()) == (["INC-1 open opened"], ["sent"])


def test_each_failure_waits_longer(desk: Desk) -> None:
    """The wait doubles, half of it by chance."""
    desk.slack.failures = [LOST, LOST]
    desk.drain(NOW)
    (first,) = desk.store.documents("outbox")
    desk.drain(NOW + HOUR, jitter=lambda: 1.0)
    (second,) = desk.store.documents("outbox")

    assert (first.due, second.due) == (NOW + timedelta(seconds=2.5), NOW + HOUR + timedelta(seconds=10))


def test_retry_after_is_honoured(desk: Desk) -> None:
    """A channel that asks for 30 s is not asked again before."""
    desk.slack.failures = [LIMITED]
    desk.drain(NOW)
    desk.drain(NOW + timedelta(seconds=29))
    early = len(desk.slack.sent)
    desk.drain(NOW + timedelta(seconds=30))

    assert (early, len(desk.slack.sent)) == (0, 1)


def test_a_failing_channel_is_left_alone_for_the_round(desk: Desk) -> None:
    """After one failure that may pass nothing else is tried on that channel until the next round."""
    desk.store.kept.clear()
    definitions = {name: slo(name, ORDERS._replace(name=name)) for name in ("a", "b")}
    react(desk.store.as_store(), definitions, [status(name, "B", ladder="page") for name in "ab"], NOW)
    desk.slack.failures = [LOST]
    desk.drain(NOW)

    assert (desk.slack.sent, desk.states()) == ([], ["pending", "pending"])


def test_a_refusal_goes_to_the_log(desk: Desk) -> None:
    """What the channel will never take is written to the log, and is not tried again."""
    desk.slack.failures = [REFUSED]
    desk.drain(NOW)
    desk.drain(NOW + HOUR)

    assert (desk.states(), len(desk.log.sent), desk.incident().channel) == (["failed"], 1, "log")


def test_queued_updates_become_one(desk: Desk) -> None:
    """A breach, its rise and its end, all waiting: the end is told, once."""
    desk.react(WORSE)
    desk.react(GOOD)
    desk.drain(GOOD.at)

    assert (desk.said(), desk.states()) == (["INC-1 resolved resolved"], ["dropped", "dropped", "sent"])


def test_a_queued_rise_is_still_an_opening(desk: Desk) -> None:
    """A rise that overtakes the first message is told as an opening: nobody heard of it before."""
    desk.react(WORSE)
    desk.drain(WORSE.at)

    assert desk.said() == ["INC-1 open opened"]


def test_details_are_not_said_twice_where_nothing_can_be_edited(desk: Desk) -> None:
    """A change of details after the message is dropped by a channel that cannot edit."""
    desk.drain(NOW)
    desk.react(status("beats", "GB", at=NOW + HOUR, ladder="ticket"))
    desk.drain(NOW + HOUR)

    assert (desk.said(), desk.states()) == (["INC-1 open opened"], ["sent", "dropped"])


def test_details_edit_the_message(desk: Desk) -> None:
    """A channel that can edit is told of details too."""
    desk.slack.edits = True
    desk.drain(NOW)
    desk.react(status("beats", "GB", at=NOW + HOUR, ladder="ticket"))
    desk.drain(NOW + HOUR)

    assert desk.said() == ["INC-1 open opened", "INC-1 open changed"]


def test_a_crash_between_answer_and_note_is_the_only_duplicate(desk: Desk) -> None:
    """When the note is lost the message is sent once more, and then never again."""
    unsent = dict(desk.store.kept)
    desk.drain(NOW)
    desk.store.kept = unsent  # the process died before its note was kept
    for minute in range(3):
        desk.drain(NOW + timedelta(minutes=minute))

    assert len(desk.slack.sent) == 2


def test_the_note_survives_a_change_of_the_incident(desk: Desk) -> None:
    """An incident that is written while it is told is read again; the receipt is not lost."""
    desk.slack = Interrupted(desk.store, edits=True)
    desk.drain(NOW)

    assert (desk.incident().receipt, desk.states()) == ({"ts": "1"}, ["sent"])


def test_a_wait_for_the_cause_holds_the_message_back() -> None:
    """A notice is not sent before it is due."""
    desk = Desk()
    react(desk.store.as_store(), DEFINITIONS, [LATE], NOW, group_wait_s=90)
    desk.drain(NOW + timedelta(seconds=89))
    early = len(desk.slack.sent)
    desk.drain(NOW + timedelta(seconds=90))

    assert (early, len(desk.slack.sent)) == (0, 1)


def test_a_channel_that_breaks_keeps_nobody_else_from_speaking(desk: Desk) -> None:
    """A fault that no channel may have is logged; the next message goes out, and the first is tried again."""
    definitions = {**DEFINITIONS, "b": slo("b", ORDERS._replace(name="b"))}
    react(desk.store.as_store(), definitions, [status("b", "B", ladder="page")], NOW)
    desk.slack.failures = [ZeroDivisionError()]
    desk.drain(NOW)
    spoke = len(desk.slack.sent)
    desk.drain(NOW)

    assert (spoke, len(desk.slack.sent)) == (1, 2)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(LOST, "serverError"), (LIMITED, "rateLimited"), (REFUSED, "clientError"), (DENIED, "authError")],
)
def test_failures_are_counted_by_reason(desk: Desk, failure: ChannelFailed, reason: str) -> None:
    """headwater_notifications_failed_total counts every failed try, by channel and Alertmanager's reason."""
    counter = NOTIFICATIONS_FAILED.labels("slack", reason)
    before = counter._value.get()
    desk.slack.failures = [failure]
    desk.drain(NOW)

    assert counter._value.get() == before + 1
