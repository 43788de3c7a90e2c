"""The log as a channel: one line per message, so that nothing is told to nobody."""

from __future__ import annotations

from lineage.alerts.incidents import Incident
from lineage.alerts.messages import Channel, Delivery, Message
from lineage.alerts.phrases import told
from lineage.settings import Section
from lineage.telemetry import logger

log = logger(__name__)


class Settings(Section):
    """The log needs nothing."""


class LogChannel:
    """Writes every message as one warning."""

    def render(self, incident: Incident, base_url: str) -> Message:
        """The plain words."""
        payload = {"incident": incident.id, "change": incident.change, "severity": incident.severity}
        return Message(to=None, text=told(incident, base_url), payload=payload)

    def send(self, message: Message) -> Delivery:
        """Log it; cannot fail."""
        log.warning("incident_told", extra={**message.payload, "text": message.text})
        return Delivery({})


def configured(settings: Section) -> bool:  # noqa: ARG001 - every channel answers it
    """Always."""
    return True


def open(settings: Section) -> Channel:  # noqa: A001, ARG001 - the promise's own words
    """The log channel."""
    return LogChannel()
