"""How the words of the model are written in every store: kinds, types and sides as integers, and what JSON spells."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Final

from lineage.database.times import instant
from lineage.model import EventType, Kind, Side

KINDS: Final[tuple[Kind, ...]] = ("dataset", "job", "run")
DATASET, JOB, RUN = range(3)
KIND: Final = {kind: code for code, kind in enumerate(KINDS)}

# The four that a conclusion wants one by one come first.
TYPES: Final[tuple[EventType, ...]] = ("START", "COMPLETE", "FAIL", "ABORT", "RUNNING", "OTHER")
TYPE: Final = {event_type: code for code, event_type in enumerate(TYPES)}
LAST_DECIDING: Final = TYPE["ABORT"]
STATED: Final = 6  # a JobEvent
CLAIMED: Final = 7  # an event of another run
TYPE_SETS: Final = tuple(
    frozenset(name for code, name in enumerate(TYPES) if mask >> code & 1) for mask in range(1 << len(TYPES))
)

SIDES: Final[tuple[Side, ...]] = ("input", "output")
INPUT, OUTPUT = range(2)
SIDE: Final = {"input": INPUT, "output": OUTPUT}
OWN: Final = 2  # a facet of the entity itself
EVERY: Final = 0  # instead of a target: all that a job ever said anything of

EVER: Final = 2**62  # later than all

DIGEST_BYTES: Final = 16  # of a facet body's SHA-256: the chance that two bodies of 10^12 share it is 10^-15


def instant_or_none(at: int | None) -> datetime | None:
    """As `instant`; None stays None."""
    return None if at is None else instant(at)


def spelled(transformations: tuple[tuple[str, str, bool], ...]) -> str:
    """A column edge's transformations as text."""
    return json.dumps(transformations, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)  # a body of thousands of edges spells a handful
def read_transformations(text: str) -> tuple[tuple[str, str, bool], ...]:
    """What `spelled` was given."""
    return tuple((kind, subtype, masking) for kind, subtype, masking in json.loads(text))
