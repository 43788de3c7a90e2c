"""What was checked: versions of a dataset, each with the checks that speak of it, or a check by itself (SLO.md b.2)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from lineage.model import NodeId
from lineage.slo.evidence import Assertion, Check, Delivery, Evidence
from lineage.slo.terms import Strict


class Include(Strict):
    """Which assertions count: by severity (where a check gives none it is error) and by column, `*` for all."""

    severity: tuple[Literal["error", "warn"], ...] = ("error",)
    columns: tuple[str, ...] = ("*",)

    def takes(self, assertion: Assertion) -> bool:
        """Whether *assertion* counts."""
        return assertion.severity in self.severity and ("*" in self.columns or assertion.column in self.columns)


class Subject(NamedTuple):
    """What was checked: a version by its run, or, without one, a checking run by itself.

    *aside* is what went into a quarantine of it.
    """

    run: str
    at: datetime
    delivery: Delivery | None
    checks: tuple[Check, ...]
    aside: tuple[Delivery, ...] = ()

    @property
    def occurrence(self) -> str:
        """What its verdict is kept under."""
        alone = self.delivery is None and any(check.report for check in self.checks)
        return f"{self.run}@{self.at.isoformat()}" if alone else self.run


def subjects(evidence: Evidence, settle: timedelta, aside: Iterable[Delivery] = ()) -> list[Subject]:
    """Every version, with the checks that began within *settle* of it and before the next; and checks of none.

    A run that wrote the version speaks of it whenever it began. So it is with what was written *aside* of it.
    """
    versions = sorted((d for d in evidence.deliveries if d.refresh and d.window is None), key=lambda d: (d.at, d.run))
    times = [version.at for version in versions]
    places = {version.run: place for place, version in enumerate(versions)}

    def spoken_of(run: str, began: datetime) -> int | None:
        place = places.get(run, bisect_right(times, began) - 1)
        return place if place >= 0 and began <= times[place] + settle else None

    found: list[list[Check]] = [[] for _ in versions]
    put_aside: list[list[Delivery]] = [[] for _ in versions]
    alone: list[Subject] = []
    for check in sorted(evidence.checks, key=lambda check: (check.at, check.run)):
        place = spoken_of(check.run, check.at)
        if place is not None:
            found[place].append(check)
        elif check.assertions or check.profile is not None:
            alone.append(Subject(check.run, check.at, None, (check,)))
    for each in sorted(aside, key=lambda each: (each.at, each.run)):
        place = spoken_of(each.run, each.started_at or each.at) if each.state == "COMPLETE" else None
        if place is not None:
            put_aside[place].append(each)
    bound = zip(versions, found, put_aside, strict=True)
    return [Subject(v.run, v.at, v, tuple(checks), tuple(others)) for v, checks, others in bound] + alone


def newest(checks: Sequence[Check], tells: Callable[[Check], bool]) -> list[Check]:
    """Of *checks*, by time, the last of each job that *tells* anything: a check that is repeated replaces."""
    by_job: dict[NodeId, Check] = {check.job: check for check in checks if tells(check)}
    return list(by_job.values())
