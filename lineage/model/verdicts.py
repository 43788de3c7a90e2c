"""What became of an expected delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Literal, NamedTuple

from lineage.model.ids import NodeId


class VerdictState(StrEnum):
    """What became of one expected occurrence. UNKNOWN never counts as good (invariant 7)."""

    GOOD = "GOOD"
    BAD = "BAD"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    EXCLUDED = "EXCLUDED"
    NOT_EXPECTED = "NOT_EXPECTED"


@dataclass(frozen=True, slots=True)
class Amendment:
    """That a verdict was another one before *at*: events came late, or somebody (*by*) judged by hand and said why."""

    was: VerdictState
    at: datetime
    by: str | None = None
    because: str = "events came late"


@dataclass(frozen=True, slots=True)
class Restated:
    """That a verdict's figure has become *value* since it closed, which was at *at* for the first time."""

    value: Fraction
    at: datetime


class Rule(NamedTuple):
    """A rule that was checked, and how much *failed* it, in the SLI's own unit; None: nobody says how much."""

    name: str
    failed: int | None


class Stage(NamedTuple):
    """One part of a latency, in the order of the data: *what* of *job* took so many *seconds*.

    `made by`: until the job had written the data where it begins. `waiting for`: until the job began. `running`: until
    it had ended. `seen by`: until a probe saw the data where it ends.
    """

    what: Literal["made by", "waiting for", "running", "seen by"]
    job: NodeId
    seconds: Fraction


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one occurrence: what was due when, what came, and the events that prove it.

    *good* and *total* are in the SLI's own unit (occurrences, rows, records, assertions); both are 0 unless the state
    is GOOD or BAD. *value* is the measured figure (lateness in s, rows, share) and *expected* what it was held against.
    """

    occurrence: str  # stable name: the nominal start in ISO 8601, or the run that was checked
    due: datetime
    state: VerdictState
    good: Fraction = Fraction(0)
    total: Fraction = Fraction(0)
    reason: str = ""  # one sentence for a person
    value: Fraction | None = None
    expected: Fraction | None = None
    delivered_at: datetime | None = None
    run: str | None = None
    evidence: tuple[str, ...] = ()  # hex digests of events
    imported: bool = False  # due before Headwater observed (DECISIONS 24)
    amended: Amendment | None = None
    restated: Restated | None = None  # it changes no verdict: the first close counts
    path: str | None = None  # by which way the data came; equal for equal ways
    level: int | None = None  # of a latency: 1 beats, 2 versions that readers name, 3 the order of times (SLO.md b.4)
    stages: tuple[Stage, ...] = ()  # of a latency: the parts that add up to *value*
    rules: tuple[Rule, ...] = ()  # that it was checked by, where any were
    ordinary: tuple[Fraction, Fraction] | None = None  # from and up to what *value* is nothing unusual, where known
