"""Ways in that fetch for themselves: what a file in this folder offers so that the service starts it."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

from collectors.intake import Intake
from lineage.parts import part, words
from lineage.settings import Section, Settings

PACKAGE = "collectors.transports"


class Transport(Protocol):
    """Brings events to an intake, from a thread of its own."""

    def start(self) -> None:
        """Begin to fetch; return at once."""

    def stop(self) -> None:
        """Finish what is under way and let go. Calling it twice is harmless."""


def sections() -> dict[str, type[Section]]:
    """The settings of every transport that has some, by its word."""
    return {word: module.Settings for word, module in _modules().items()}


def ready(settings: Settings, intake: Intake) -> list[Transport]:
    """Every transport that *settings* configure, open and not started; each brings what it fetches to *intake*."""
    found: list[Transport] = []
    for word, module in _modules().items():
        section: Any = settings.section(word, module.Settings)
        if module.configured(section):
            found.append(module.open(section, intake))
    return found


def _modules() -> dict[str, ModuleType]:
    return {word: module for word in words(PACKAGE) if hasattr(module := part(PACKAGE, word), "Settings")}
