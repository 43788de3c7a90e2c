"""What each producer really means: an event as sent becomes the event that was meant, before it is projected."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Final

from lineage.events import Event
from lineage.model import Delta
from lineage.normal import PLAIN, Rules
from lineage.parts import words
from lineage.projection import project

Reading = Callable[[Event], Event]

# In this order: a producer first, then what is true of every producer. A new file of this folder is found by itself.
_LAST: Final = ("kafka", "generic")
_FIRST: Final = tuple(word for word in words(__name__) if word not in _LAST)


def _reading(word: str) -> Reading:
    meant: Reading = importlib.import_module(f"{__name__}.{word}").normalise
    return meant


_KNOWN: Final = tuple(word for word in words(__name__) if word != "generic")
_READINGS: Final = tuple(_reading(word) for word in (*_FIRST, *_LAST))


def normalise(event: Event) -> Event:
    """The event that its producer meant: pure, a function of this one event; one that needs nothing comes back itself.

    What was sent stays in the ledger. Never raises for what a facet holds: an odd facet is left as it is.
    """
    for reading in _READINGS:
        event = reading(event)
    return event


def understand(event: Event, digest: bytes, rules: Rules = PLAIN) -> Delta:
    """What *event* says, taken as meant: the one way from an event to the graph, at the door and in a rebuild."""
    return project(normalise(event), digest, rules)


def sender(producer: str) -> str:
    """Which file of this folder speaks of *producer*, a URI; `other` when none does. Few words: a label of metrics."""
    uri = producer.lower()
    return next((word for word in _KNOWN if word in uri), "other")
