"""What was checked: versions of a dataset, each with the checks that speak of it, or a check by itself (SLO.md b.2)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from lineage.model import NodeId, Rule, Verdict, VerdictState
from lineage.slo.evidence import Assertion, Check, Delivery, Evidence
from lineage.slo.phrases import moment, opened
from lineage.slo.terms import Strict

NAMED_FAILURES = 3


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

    A run that wrote the version speaks of it whenever it began. So it is with what was written *aside* of it. What was
    told later than the horizon after that changes nothing.
    """
    heard = (d for d in evidence.deliveries if evidence.timely(d.at + settle, d.told_at))
    versions = sorted((d for d in heard if d.refresh and d.window is None), key=lambda d: (d.at, d.run))
    times = [version.at for version in versions]
    places = {version.run: place for place, version in enumerate(versions)}

    def spoken_of(run: str, began: datetime) -> int | None:
        place = places.get(run, bisect_right(times, began) - 1)
        return place if place >= 0 and began <= times[place] + settle else None

    def in_time(place: int, told_at: datetime | None) -> bool:
        return evidence.timely(times[place] + settle, told_at)

    found: list[list[Check]] = [[] for _ in versions]
    put_aside: list[list[Delivery]] = [[] for _ in versions]
    alone: list[Subject] = []
    for check in sorted(evidence.checks, key=lambda check: (check.at, check.run)):
        place = spoken_of(check.run, check.at)
        told = check.assertions or check.profile is not None
        if place is None and told and evidence.timely(check.at, check.told_at):
            alone.append(Subject(check.run, check.at, None, (check,)))
        elif place is not None and in_time(place, check.told_at):
            found[place].append(check)
    for each in sorted(aside, key=lambda each: (each.at, each.run)):
        began = each.started_at if each.window is None and each.started_at is not None else each.at
        place = spoken_of(each.run, began) if each.state == "COMPLETE" else None
        if place is not None and in_time(place, each.told_at):
            put_aside[place].append(each)
    bound = zip(versions, found, put_aside, strict=True)
    return [Subject(v.run, v.at, v, tuple(checks), tuple(others)) for v, checks, others in bound] + alone


def newest(checks: Sequence[Check], tells: Callable[[Check], bool]) -> list[Check]:
    """Of *checks*, by time, the last of each job that *tells* anything: a check that is repeated replaces."""
    by_job: dict[NodeId, Check] = {check.job: check for check in checks if tells(check)}
    return list(by_job.values())


class Found(NamedTuple):
    """What became of one subject, and of what it is made."""

    state: VerdictState
    reason: str
    good: Fraction
    total: Fraction
    expected: Fraction
    events: tuple[str, ...]
    rules: tuple[Rule, ...] = ()


def by_assertions(
    subject: Subject, takes: Callable[[Assertion], bool], patience: datetime, now: datetime, of: str = "checks"
) -> Found:
    """*subject* by the assertions that count, each weighing one: BAD where one failed; *of* is what they are called.

    One that nothing evaluated is PENDING up to *patience*, and UNKNOWN from then on.
    """
    spoke = newest(subject.checks, lambda check: any(map(takes, check.assertions)))
    results = [each for check in spoke for each in check.assertions if takes(each)]
    failed = [assertion for assertion in results if not assertion.passed]
    state, reason = _outcome(results, failed, of, waiting=now <= patience)
    good, total = Fraction(len(results) - len(failed)), Fraction(len(results))
    events = tuple(event for check in spoke for event in check.events)
    count = Counter(each.name for each in failed)
    rules = tuple(Rule(name, count[name]) for name in sorted({each.name for each in results}))
    return Found(state, reason, good, total, Fraction(1), events, rules)


def _outcome(
    results: Sequence[Assertion], failed: Sequence[Assertion], of: str, *, waiting: bool
) -> tuple[VerdictState, str]:
    if failed:
        names = sorted({assertion.name for assertion in failed})
        more = f" and {len(names) - NAMED_FAILURES} more" if len(names) > NAMED_FAILURES else ""
        told = ", ".join(names[:NAMED_FAILURES])
        return VerdictState.BAD, f"{len(failed)} of {len(results)} {of} failed: {told}{more}"
    if results:
        return VerdictState.GOOD, f"all {len(results)} {of} passed"
    if waiting:
        return VerdictState.PENDING, "delivered, not checked yet"
    return VerdictState.UNKNOWN, f"delivered, and no {of} were evaluated"


def verdict(subject: Subject, found: Found, evidence: Evidence) -> Verdict:
    """The verdict on *subject*; *value* is the share that passed."""
    return Verdict(
        subject.occurrence,
        subject.at,
        found.state,
        good=found.good,
        total=found.total,
        reason=found.reason,
        value=found.good / found.total if found.total else None,
        expected=found.expected if found.total else None,
        delivered_at=None if subject.delivery is None else subject.delivery.at,
        run=subject.run,
        evidence=found.events or (subject.delivery.events if subject.delivery else ()),
        imported=evidence.imported(subject.at),
        rules=found.rules,
    )


def describe(streak: Sequence[Verdict]) -> str:
    """What is wrong, from the unbroken row of BAD verdicts: why the newest is, and since when."""
    newest_one, first = streak[-1], streak[0]
    return f"{opened(newest_one.reason)}, since {moment(first.due)}"
