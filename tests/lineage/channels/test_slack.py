"""Slack: what is rendered, what goes over the wire, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lineage.alerts.incidents import Cause, Incident, Postmortem
from lineage.alerts.messages import Message
from lineage.channels import slack as channel
from lineage.channels.slack import Settings
from lineage.errors import ChannelFailed, InvalidInput
from tests.support.alerting import NOW
from tests.support.incidents import ESCALATED, LATE, OPENED, RECEIPT, RESOLVED, UNEXPLAINED, WARNED
from tests.support.slack import Answer, Slack, slack_on_loopback

GOLDEN = Path(__file__).parent / "golden"
BASE = "https://lineage.example.com"


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A Slack on the loopback, which no proxy of the machine stands before."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with slack_on_loopback() as running:
        yield running


def bot(slack: Slack) -> channel.SlackBot:
    """A bot that speaks to *slack*."""
    return channel.SlackBot("xoxb-test", f"{slack.url}/api/")


def webhook(slack: Slack) -> channel.SlackWebhook:
    """A webhook of *slack*."""
    return channel.SlackWebhook(f"{slack.url}/webhook")


def failure(sender: channel.SlackBot | channel.SlackWebhook, message: Message) -> ChannelFailed:
    """How sending *message* fails."""
    with pytest.raises(ChannelFailed) as caught:
        sender.send(message)
    return caught.value


@pytest.mark.parametrize(
    ("name", "incident"),
    [
        ("opened", OPENED),
        ("escalated", ESCALATED),
        ("warned", WARNED),
        ("resolved", RESOLVED),
        ("unexplained", UNEXPLAINED),
    ],
)
def test_a_rendering_is_its_golden_file(name: str, incident: Incident) -> None:
    """The message is, to the letter, what was reviewed in golden/."""
    message = channel.SlackBot("xoxb-test", "http://127.0.0.1/").render(incident, BASE)
    expected = json.loads((GOLDEN / f"slack-{name}.json").read_text(encoding="utf-8"))

    assert expected == {"to": message.to, "text": message.text, "edits": message.edits, "payload": message.payload}


def test_the_text_says_what_the_reader_needs() -> None:
    """The failing job's name, the owner's handle and the budget left in per cent stand in the text itself."""
    text = channel.SlackBot("xoxb-test", "http://127.0.0.1/").render(OPENED, BASE).text

    assert all(word in text for word in ("load_settlements", "@data-orders", "88 %"))


def test_long_names_stay_inside_slacks_limits() -> None:
    """Names and sentences of any length and letters fit: header 150, texts 3000, fields 2000, ten fields."""
    long = "&" * 5_000
    members = tuple(
        LATE.model_copy(update={"slo": f"{n}{long}", "dataset": (long, long), "sentence": long, "short": f"{n}{long}"})
        for n in range(40)
    )
    incident = OPENED.model_copy(
        update={
            "title": long,
            "members": members,
            "owner": long,
            "acked_by": long,
            "postmortem": Postmortem(required=True, because=long, url=f"https://{long}"),
            "affected": (f"dataset:{long}:{long}",) * 500,
            "runbook": f"https://{long}",
            "cause": Cause(job=(long, long), at=NOW, path=(f"dataset:a:{long}",) * 30, sentence=long, run=long),
        }
    )
    payload = channel.SlackBot("xoxb-test", "http://127.0.0.1/").render(incident, BASE).payload
    header, *rest = payload["blocks"]
    texts = [payload["text"], *(block["text"]["text"] for block in rest if "text" in block)]
    fields = [field["text"] for block in rest for field in block.get("fields", ())]
    small = [part for block in rest for part in block.get("elements", ())]

    assert len(header["text"]["text"]) <= 150
    assert max(map(len, texts)) <= 3_000
    assert max(map(len, fields)) <= 2_000
    assert len(fields) <= 10
    assert max(len(part.get("url", "")) for part in small) <= 3_000
    assert max(len(part["text"]) for part in small) <= 3_000


def test_a_bot_posts_to_the_owners_channel(slack: Slack) -> None:
    """One chat.postMessage with text, blocks and metadata; the receipt is where it landed."""
    sender = bot(slack)
    delivery = sender.send(sender.render(OPENED, BASE))
    ((path, body),) = slack.received
    expected = ("/api/chat.postMessage", "C0ORDERS1", "INC-7", {"channel": "C0ORDERS1", "ts": "1795257000.000001"})

    payload = body["metadata"]["event_payload"]
    assert expected == (path, body["channel"], payload["incident_id"], delivery.receipt)


def test_a_bot_edits_on_recovery(slack: Slack) -> None:
    """With a receipt the message is edited in place, and nothing new is posted."""
    sender = bot(slack)
    sender.send(sender.render(RESOLVED, BASE))
    ((path, body),) = slack.received

    assert (path, body["ts"], body["channel"]) == ("/api/chat.update", RECEIPT["ts"], RECEIPT["channel"])


@pytest.mark.parametrize("incident", [ESCALATED, WARNED])
def test_what_became_worse_is_said_in_the_thread_for_all(slack: Slack, incident: Incident) -> None:
    """A rise, or a budget that ran low, edits the message and broadcasts a reply, for an edit wakes nobody."""
    sender = bot(slack)
    sender.send(sender.render(incident, BASE))

    assert [(path, body.get("reply_broadcast")) for path, body in slack.received] == [
        ("/api/chat.update", None),
        ("/api/chat.postMessage", True),
    ]


def test_a_reply_that_was_said_is_not_said_again(slack: Slack) -> None:
    """After a crash in between: the message is edited again, and the thread is read before it is written to."""
    sender = bot(slack)
    message = sender.render(ESCALATED, BASE)
    sender.send(message)
    sender.send(replace(message, again=NOW))

    assert slack.posted == ["/api/chat.update", "/api/chat.postMessage", "/api/chat.update"]


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "not_in_channel"])
def test_a_channel_that_cannot_be_read_is_written_to(slack: Slack, error: str) -> None:
    """What may have been said is then said again: twice is better than not at all."""
    slack.answers = [Answer(body=json.dumps({"ok": False, "error": error}))]
    sender = bot(slack)
    sender.send(replace(sender.render(OPENED, BASE), again=NOW))

    assert slack.posted == ["/api/chat.postMessage"]


def test_an_incident_of_another_headwater_is_another(slack: Slack) -> None:
    """Two installations count their incidents alike; in one channel each finds its own."""
    sender = bot(slack)
    other = OPENED.model_copy(update={"detected_at": NOW})
    sender.send(sender.render(other, BASE))
    sender.send(replace(sender.render(OPENED, BASE), again=NOW))

    assert slack.posted == ["/api/chat.postMessage", "/api/chat.postMessage"]


def test_a_message_that_is_gone_is_said_anew(slack: Slack) -> None:
    """When the edited message was deleted, a new one is posted."""
    slack.answers = [Answer(body='{"ok": false, "error": "message_not_found"}')]
    sender = bot(slack)
    delivery = sender.send(sender.render(RESOLVED, BASE))

    assert (slack.posted, delivery.receipt["ts"]) == (["/api/chat.postMessage"], "1795257000.000002")


def test_blocks_that_slack_refuses_are_left_out(slack: Slack) -> None:
    """invalid_blocks is answered by the text alone."""
    slack.answers = [Answer(body='{"ok": false, "error": "invalid_blocks"}')]
    sender = bot(slack)
    sender.send(sender.render(OPENED, BASE))

    assert ["blocks" in body for _, body in slack.received] == [True, False]


def test_a_webhook_posts_every_change(slack: Slack) -> None:
    """A webhook cannot edit: recovery is a second message, and there is no receipt."""
    sender = webhook(slack)
    receipts = [sender.send(sender.render(incident, BASE)).receipt for incident in (OPENED, RESOLVED)]

    assert (slack.posted, receipts) == (["/webhook", "/webhook"], [{}, {}])


ANSWERS = [
    (Answer(429, headers={"Retry-After": "7"}), (True, 7)),
    (Answer(429), (True, 30)),
    (Answer(500, "oops"), (True, None)),
    (Answer(503), (True, None)),
    (Answer(200, "<html>a proxy's page</html>"), (True, None)),
]


@pytest.mark.parametrize(("answer", "expected"), ANSWERS)
def test_what_a_bots_answers_mean(slack: Slack, answer: Answer, expected: tuple[bool, int | None]) -> None:
    """Overload, server errors and answers that are not Slack's may pass."""
    slack.answers = [answer]
    sender = bot(slack)
    error = failure(sender, sender.render(OPENED, BASE))

    assert (*expected, 1) == (error.recoverable, error.retry_after_s, len(slack.received))


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "token_revoked", "not_in_channel"])
def test_what_a_bot_may_not_do_does_not_pass(slack: Slack, error: str) -> None:
    """A refusal by name is final, and named."""
    slack.answers = [Answer(body=json.dumps({"ok": False, "error": error}))]
    sender = bot(slack)
    failed = failure(sender, sender.render(OPENED, BASE))

    assert (failed.recoverable, str(failed)) == (False, f"slack answered 200 {error}")


@pytest.mark.parametrize(("error", "denied"), [("token_revoked", True), ("channel_not_found", False)])
def test_a_key_that_is_refused_is_told_apart(slack: Slack, error: str, denied: bool) -> None:  # noqa: FBT001 - a case
    """Who watches over messages sees that the token is to be renewed, and not the channel."""
    slack.answers = [Answer(body=json.dumps({"ok": False, "error": error}))]
    sender = bot(slack)

    assert failure(sender, sender.render(OPENED, BASE)).denied is denied


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(429, "rate_limited", {"Retry-After": "7"}), (True, 7)),
        (Answer(500, "rollup_error"), (True, None)),
        (Answer(404, "no_service"), (False, None)),
        (Answer(400, "invalid_payload"), (False, None)),
        (Answer(403, "action_prohibited"), (False, None)),
    ],
)
def test_what_a_webhooks_answers_mean(slack: Slack, answer: Answer, expected: tuple[bool, int | None]) -> None:
    """Overload and server errors may pass; a webhook that is gone or refuses does not."""
    slack.answers = [answer]
    sender = webhook(slack)
    error = failure(sender, sender.render(OPENED, BASE))

    assert expected == (error.recoverable, error.retry_after_s)


@pytest.mark.parametrize("make", [bot, webhook])
def test_silence_may_pass(slack: Slack, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Slack that does not answer in time is tried again later."""
    monkeypatch.setattr(channel, "TIMEOUT_S", 0.05)
    slack.answers = [Answer(wait_s=0.3)]
    sender = make(slack)

    assert failure(sender, sender.render(OPENED, BASE)).recoverable


def test_nobody_there_may_pass() -> None:
    """A refused connection is recoverable, and the webhook's secret address is not in the sentence."""
    sender = channel.SlackWebhook("http://127.0.0.1:1/services/SECRET")
    error = failure(sender, sender.render(OPENED, BASE))

    assert (error.recoverable, str(error)) == (True, "slack cannot be reached: ConnectionRefusedError")


def test_a_webhook_that_is_no_url_is_refused() -> None:
    """Nonsense instead of an address is final, and not repeated in the sentence."""
    sender = channel.SlackWebhook("SECRET")
    error = failure(sender, sender.render(OPENED, BASE))

    assert (error.recoverable, "SECRET" in str(error)) == (False, False)


def test_a_bot_without_a_destination_says_what_to_set(slack: Slack) -> None:
    """Without a channel nothing is asked of Slack."""
    sender = bot(slack)
    error = failure(sender, sender.render(OPENED.model_copy(update={"to": None}), BASE))

    assert (error.recoverable, slack.received) == (False, [])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), None),
        (Settings(token=SecretStr("xoxb-1")), channel.SlackBot),
        (Settings(webhook_url=SecretStr("https://hooks.example.com/x")), channel.SlackWebhook),
        (Settings(token=SecretStr("xoxb-1"), webhook_url=SecretStr("https://x")), channel.SlackBot),
    ],
)
def test_the_token_wins_over_the_webhook(settings: Settings, expected: type | None) -> None:
    """A token makes a bot, a webhook alone a webhook, neither is not configured."""
    opened = type(channel.open(settings)) if channel.configured(settings) else None

    assert expected == opened


def test_opening_without_credentials_names_the_knob() -> None:
    """Without token and webhook the error says what to set."""
    with pytest.raises(InvalidInput, match=r"slack\.token or slack\.webhook_url"):
        channel.open(Settings())


def test_secrets_are_not_printed() -> None:
    """Neither token nor webhook is in the settings' words."""
    said = repr(Settings(token=SecretStr("xoxb-1"), webhook_url=SecretStr("https://hooks.example.com/x")))

    assert not any(secret in said for secret in ("xoxb-1", "hooks.example.com"))
