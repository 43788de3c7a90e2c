"""Slack: by bot token, which can edit what it said, or by webhook, which can only say it again."""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field

from lineage.alerts.incidents import Incident
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.phrases import told
from lineage.channels._blocks import blocks, notification
from lineage.errors import ChannelFailed, InvalidInput
from lineage.settings import SecretStr, Section
from lineage.telemetry import logger

if TYPE_CHECKING:
    from slack_sdk import WebClient, WebhookClient
    from slack_sdk.errors import SlackApiError

Answer = TypeVar("Answer")

TIMEOUT_S = 10
RETRY_AFTER_S = 30  # when Slack says 429 and not for how long

# Errors that pass: https://docs.slack.dev/reference/methods/chat.postMessage#errors
PASSING = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"})
DENIED = frozenset(
    {"access_denied", "account_inactive", "invalid_auth", "missing_scope", "no_permission", "not_authed"}
    | {"org_login_required", "token_expired", "token_revoked", "no_service", "invalid_token"}
)
DENIED_STATUS = frozenset({401, 403})
PASSING_STATUS = frozenset({408, 425, 429})
SERVER_ERROR = 500
OK = 200

# The message that was to be edited is gone, or too old to be edited: say it anew.
NOT_EDITABLE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

EVENT = "headwater_incident"  # of the metadata that every message carries
HISTORY, REPLIES = "conversations.history", "conversations.replies"
PAGES_MOST = 10  # of a busy channel, 200 messages each
CLOCKS_APART = timedelta(minutes=5)  # Slack's and ours

ALOUD = frozenset({"escalated", "warned"})  # changes that are worth more than an edit

log = logger(__name__)
WIRE = logger(f"{__name__}.wire")
WIRE.setLevel(logging.CRITICAL + 1)  # the library logs URLs, and a webhook's URL is its secret; we say what failed


class Settings(Section):
    """One of `token` and `webhook_url`; the token wins."""

    token: SecretStr | None = Field(
        None,
        description="Bot token (xoxb-…): chat:write edits its messages, channels:history says none twice.",
    )
    webhook_url: SecretStr | None = Field(None, description="Incoming webhook; one channel, no editing.")
    api_url: str = Field("https://slack.com/api/", description="Slack's Web API; another for a proxy or a test.")


class SlackBot:
    """Posts with a bot token and edits the message when the incident changes."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url

    def render(self, incident: Incident, base_url: str) -> Message:
        """Block Kit, with metadata that names the incident."""
        return Message(
            incident.to, told(incident, base_url), _payload(incident, base_url), edits=dict(incident.receipt)
        )

    def send(self, message: Message) -> Delivery:
        """Post, or edit where there is a receipt; what became worse is also said in the thread, for all to see.

        What may have been said before is looked for first, where the token may read the channel (DECISIONS 28).
        """
        if message.to is None and not message.edits:
            raise ChannelFailed("slack has no channel to post to; set alerts.to or the owner's", recoverable=False)
        client = self._client()
        edits = message.edits or self._said_before(client, message)
        if not edits:
            return self._post(client, message)
        try:
            _call(lambda: client.api_call("chat.update", json={**edits, **message.payload}))
        except _Refused as refused:
            if refused.error in NOT_EDITABLE and message.to is not None:
                return self._post(client, message)
            raise
        if message.edits and message.payload["metadata"]["event_payload"]["change"] in ALOUD:
            self._reply(client, message)
        return Delivery(dict(edits))

    def _reply(self, client: WebClient, message: Message) -> None:
        place = {"channel": message.edits["channel"], "thread_ts": message.edits["ts"]}
        told = message.payload["metadata"]["event_payload"]
        if message.again is not None:
            thread = {"channel": place["channel"], "ts": place["thread_ts"]}
            if _looked_up(client, REPLIES, thread, message.again, told) is not None:
                return
        reply = {**place, "reply_broadcast": True, "text": message.payload["text"]}
        reply["metadata"] = message.payload["metadata"]
        _call(lambda: client.api_call("chat.postMessage", json=reply))

    def _said_before(self, client: WebClient, message: Message) -> dict[str, str]:
        """The receipt of the message of the same incident, if a try that nobody noted the end of has posted it."""
        if message.again is None or message.to is None:
            return {}
        told = message.payload["metadata"]["event_payload"]
        same = {name: told[name] for name in ("incident_id", "detected_at")}
        found = _looked_up(client, HISTORY, {"channel": message.to}, message.again, same)
        return {} if found is None else {"channel": message.to, "ts": found}

    def _post(self, client: WebClient, message: Message) -> Delivery:
        said = {"channel": message.to, "unfurl_links": False, **message.payload}
        try:
            answer = _call(lambda: client.api_call("chat.postMessage", json=said))
        except _Refused as refused:
            if refused.error != "invalid_blocks":
                raise
            del said["blocks"]
            answer = _call(lambda: client.api_call("chat.postMessage", json=said))
        return Delivery({"channel": str(answer["channel"]), "ts": str(answer["ts"])})

    def _client(self) -> WebClient:
        from slack_sdk import WebClient

        client = WebClient(self._token, self._api_url, TIMEOUT_S, retry_handlers=[], logger=WIRE)
        client.proxy = None  # the library takes HTTPS_PROXY and forgets NO_PROXY; urllib minds both
        return client


class SlackWebhook:
    """Posts to an incoming webhook; every change is a message of its own."""

    def __init__(self, url: str) -> None:
        self._url = url

    def render(self, incident: Incident, base_url: str) -> Message:
        """Block Kit. A webhook has one channel, whatever the incident asks for."""
        return Message(None, told(incident, base_url), _payload(incident, base_url))

    def send(self, message: Message) -> Delivery:
        """Post it; a webhook answers no receipt."""
        client = self._client()
        body = {"text": message.payload["text"], "blocks": message.payload["blocks"], "unfurl_links": False}
        answer = _call(lambda: client.send_dict(body))
        if answer.status_code == OK:
            return Delivery({})
        raise _refused(answer.status_code, answer.body, answer.headers)

    def _client(self) -> WebhookClient:
        from slack_sdk import WebhookClient

        client = WebhookClient(self._url, TIMEOUT_S, retry_handlers=[], logger=WIRE)
        client.proxy = None  # as above
        return client


class _Refused(ChannelFailed):
    """Slack answered, and said no with *error*."""

    def __init__(self, message: str, error: str, *, recoverable: bool, retry_after_s: int | None, denied: bool) -> None:
        super().__init__(message, recoverable=recoverable, retry_after_s=retry_after_s, denied=denied)
        self.error = error


def configured(settings: Section) -> bool:
    """True with a token or a webhook."""
    assert isinstance(settings, Settings), "the loader gives each channel its own section"
    return settings.token is not None or settings.webhook_url is not None


def open(settings: Section) -> Channel:  # noqa: A001 - the promise's own word
    """The channel that the settings allow. Raises InvalidInput when they allow none."""
    assert isinstance(settings, Settings), "the loader gives each channel its own section"
    if settings.token is not None:
        return SlackBot(settings.token.get_secret_value(), settings.api_url)
    if settings.webhook_url is not None:
        return SlackWebhook(settings.webhook_url.get_secret_value())
    raise InvalidInput("slack needs slack.token or slack.webhook_url", field="slack.token")


def _payload(incident: Incident, base_url: str) -> dict[str, Any]:
    told_of = {
        "incident_id": incident.id,
        "detected_at": incident.detected_at.isoformat(),  # of two installations in one channel each knows its own
        "transition": incident.transition,
        "change": incident.change,
        "state": incident.state,
    }
    return {
        "text": notification(incident, base_url),
        "blocks": blocks(incident, base_url),
        "metadata": {"event_type": EVENT, "event_payload": told_of},
    }


def _looked_up(
    client: WebClient, method: str, place: Mapping[str, str], since: datetime, wanted: Mapping[str, object]
) -> str | None:
    """The ts of the newest message in *place* whose metadata say all that is *wanted*; None: none, or not to be read.

    https://docs.slack.dev/reference/methods/conversations.history; a name in place of an id is not to be read.
    """
    oldest = f"{(since - CLOCKS_APART).timestamp():.6f}"
    asked = {**place, "include_all_metadata": "true", "oldest": oldest, "limit": "200"}
    for _ in range(PAGES_MOST):
        try:
            answer = _call(lambda: client.api_call(method, params=asked))
        except _Refused as refused:
            if refused.recoverable:
                raise
            log.warning("slack_not_read", extra={"method": method, "error": refused.error})
            return None
        for said in answer.get("messages") or ():
            metadata = said.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            in_thread = said.get("thread_ts", said["ts"]) != said["ts"]
            ours = metadata.get("event_type") == EVENT and wanted.items() <= payload.items()
            if ours and in_thread == (method == REPLIES):  # a thread begins with what it is about
                return str(said["ts"])
        asked["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not asked["cursor"]:
            break
    return None


def _call(request: Callable[[], Answer]) -> Answer:
    """What the library answers to *request*; its failures as ChannelFailed, without the secrets they may quote."""
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        return request()
    except SlackApiError as error:
        raise _of_api(error) from None
    except SlackClientError as error:
        raise ChannelFailed(f"slack cannot be asked: {type(error).__name__}", recoverable=False) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ChannelFailed(f"slack cannot be reached: {type(reason).__name__}", recoverable=True) from None
    except ValueError:
        raise ChannelFailed("slack's address is not a URL; look at slack.webhook_url", recoverable=False) from None


def _of_api(error: SlackApiError) -> _Refused:
    response = error.response
    return _refused(response.status_code, str(response.get("error", "")), response.headers)


def _refused(status: int, error: str, headers: Mapping[str, str]) -> _Refused:
    """A refusal as the caller may act on it: what is no word of Slack's (a proxy's page) may pass too."""
    strange = re.fullmatch(r"[a-z_]+", error) is None
    passing = status >= SERVER_ERROR or status in PASSING_STATUS or error in PASSING or (strange and status == OK)
    limited = status == 429 or error in {"ratelimited", "rate_limited"}  # noqa: PLR2004 - RFC 6585
    after = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    wait_s = int(after) if after.isdecimal() else RETRY_AFTER_S
    said = "no word of Slack's" if strange else error
    message = f"slack answered {status} {said}"
    denied = status in DENIED_STATUS or error in DENIED
    return _Refused(message, error, recoverable=passing, retry_after_s=wait_s if limited else None, denied=denied)
