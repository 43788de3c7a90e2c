"""What a channel is: words for an incident, then the wire. A file that keeps these promises is a channel."""

from __future__ import annotations

from typing import ClassVar, Protocol, cast

from lineage.alerts.messages import Channel, Delivery, Message
from lineage.parts import part, words
from lineage.settings import Section, Settings

PACKAGE = "lineage.channels"


class ChannelModule(Protocol):
    """What a file in lineage/channels offers.

    `Settings` is its section, `open` makes the channel or raises InvalidInput naming the knob that is missing;
    `configured` tells whether `open` would succeed.
    """

    Settings: ClassVar[type[Section]]

    def configured(self, settings: Section) -> bool:
        """True when the section holds what `open` needs."""

    def open(self, settings: Section) -> Channel:
        """The channel, ready; no network yet."""


def sections() -> dict[str, type[Section]]:
    """The settings of every channel by its word: what `settings.load` wants to hear of."""
    return {word: _module(word).Settings for word in words(PACKAGE)}


def ready(settings: Settings) -> dict[str, Channel]:
    """Every channel that *settings* configure, open, by its word; `log` is always among them."""
    found: dict[str, Channel] = {}
    for word in words(PACKAGE):
        module = _module(word)
        section = settings.section(word, module.Settings)
        if module.configured(section):
            found[word] = module.open(section)
    return found


def _module(word: str) -> ChannelModule:
    return cast("ChannelModule", part(PACKAGE, word))  # a file in the package keeps the promise, or its test fails


__all__ = ["Channel", "ChannelModule", "Delivery", "Message", "ready", "sections"]
