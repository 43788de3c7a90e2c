"""To whom: which channel a message takes, and where inside it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import NamedTuple

from lineage.settings import Alerts

FALLBACK = "log"


class Route(NamedTuple):
    """A channel's word and a destination inside it; None where the channel knows only one."""

    channel: str
    to: str | None


def route(wishes: Mapping[str, str], ready: Container[str], alerts: Alerts) -> Route:
    """The owner's own channel if it is *ready*, else the configured default, else Slack, else the log.

    *wishes* are what the SLO's owner asks for, channel word to destination, best first.
    """
    for channel, to in wishes.items():
        if channel in ready:
            return Route(channel, to)
    default = alerts.channel or "slack"
    return Route(default, alerts.to) if default in ready else Route(FALLBACK, None)
