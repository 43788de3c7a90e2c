"""What a message is and what carries it: the promise that the outbox relies on and that every channel keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from lineage.alerts.incidents import Incident


@dataclass(frozen=True, slots=True)
class Message:
    """Words ready to be sent. *text* stands alone; *payload* is the channel's own richer form of it.

    *edits* carries the receipt of the message that this one replaces, where the channel can edit. *again* is since when
    it may have been said before, by a try of which nobody noted the end: a channel that can look there says it once.
    """

    to: str | None
    text: str
    payload: dict[str, Any] = field(default_factory=dict)  # JSON of somebody else's design
    edits: dict[str, str] = field(default_factory=dict)
    again: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the channel answered; *receipt* is what it needs to edit the message later."""

    receipt: dict[str, str]


class Channel(Protocol):
    """One way out."""

    def render(self, incident: Incident, base_url: str) -> Message:
        """The incident in the channel's own words; pure. *base_url* begins every link."""

    def send(self, message: Message) -> Delivery:
        """Put it on the wire, within 10 s. Raises ChannelFailed, which says whether a retry may help."""
