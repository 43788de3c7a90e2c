"""Correctness: which of the checks on each version passed (SLO.md b.2, unit assertions)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from lineage.model import NodeId, Verdict, VerdictState
from lineage.slo.evidence import Assertion, Check, Delivery, Evidence, Need
from lineage.slo.phrases import moment
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli, Strict

NAMED_FAILURES = 3


class Include(Strict):
    """Which assertions count: by severity (where a check gives none it is error) and by column, `*` for all."""

    severity: tuple[Literal["error", "warn"], ...] = ("error",)
    columns: tuple[str, ...] = ("*",)


class Spec(Sli):
    """`type: correctness`. A check speaks of the version delivered at most *settle* before it, else for itself.

    *sources*: the facets that count; `test`, which names no dataset, speaks of each dataset that its run read.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["correctness"]
    unit: Literal["assertions"]
    sources: tuple[Literal["dataQualityAssertions", "test"], ...] = ("dataQualityAssertions", "test")
    include: Include = Include()
    settle: Duration = timedelta(days=1)
    on_no_evaluation: Literal["unknown"] = "unknown"


def needs(slo: DataSLO) -> Need:
    """The checks of the window, and the versions that the first of them may speak of."""
    return Need(checks=True, history=_spec(slo).settle)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each delivered version, and for each check that found none, by due.

    Good and total count assertions; a check that a job repeats on one version replaces what it found before. A version
    that nothing evaluated is PENDING for `settle` and UNKNOWN from then on, never good.
    """
    spec = _spec(slo)
    subjects = _subjects(evidence, spec.settle)
    verdicts = [_judge(subject, spec, evidence, now) for subject in subjects if evidence.since < subject.at <= now]
    return sorted(verdicts, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, first = streak[-1], streak[0]
    return f"{newest.reason[:1].upper()}{newest.reason[1:]}, since {moment(first.due)}"


class Subject(NamedTuple):
    """What was checked: a version by its run, or, without one, a checking run by itself."""

    run: str
    at: datetime
    delivery: Delivery | None
    checks: tuple[Check, ...]

    @property
    def occurrence(self) -> str:
        """What its verdict is kept under."""
        alone = self.delivery is None and any(check.report for check in self.checks)
        return f"{self.run}@{self.at.isoformat()}" if alone else self.run


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _subjects(evidence: Evidence, settle: timedelta) -> list[Subject]:
    versions = sorted((d for d in evidence.deliveries if d.refresh and d.window is None), key=lambda d: (d.at, d.run))
    times = [version.at for version in versions]
    places = {version.run: place for place, version in enumerate(versions)}
    found: list[list[Check]] = [[] for _ in versions]
    alone: list[Subject] = []
    for check in sorted(evidence.checks, key=lambda check: (check.at, check.run)):
        place = places.get(check.run, bisect_right(times, check.at) - 1)
        if place >= 0 and check.at <= times[place] + settle:
            found[place].append(check)
        elif check.assertions:
            alone.append(Subject(check.run, check.at, None, (check,)))
    bound = [Subject(v.run, v.at, v, tuple(checks)) for v, checks in zip(versions, found, strict=True)]
    return bound + alone


def _judge(subject: Subject, spec: Spec, evidence: Evidence, now: datetime) -> Verdict:
    newest: dict[NodeId, tuple[Check, list[Assertion]]] = {}
    for check in subject.checks:
        if included := [assertion for assertion in check.assertions if _counts(assertion, spec)]:
            newest[check.job] = (check, included)
    results = [assertion for _, assertions in newest.values() for assertion in assertions]
    failed = [assertion for assertion in results if not assertion.passed]
    state, reason = _outcome(results, failed, subject.at + spec.settle, now)
    good, total = Fraction(len(results) - len(failed)), Fraction(len(results))
    events = tuple(event for check, _ in newest.values() for event in check.events)
    return Verdict(
        subject.occurrence,
        subject.at,
        state,
        good=good,
        total=total,
        reason=reason,
        value=good / total if total else None,
        expected=Fraction(1) if total else None,
        delivered_at=None if subject.delivery is None else subject.delivery.at,
        run=subject.run,
        evidence=events or (subject.delivery.events if subject.delivery else ()),
        imported=evidence.imported(subject.at),
    )


def _outcome(
    results: Sequence[Assertion], failed: Sequence[Assertion], patience: datetime, now: datetime
) -> tuple[VerdictState, str]:
    if failed:
        names = sorted({assertion.name for assertion in failed})
        more = f" and {len(names) - NAMED_FAILURES} more" if len(names) > NAMED_FAILURES else ""
        told = ", ".join(names[:NAMED_FAILURES])
        return VerdictState.BAD, f"{len(failed)} of {len(results)} checks failed: {told}{more}"
    if results:
        return VerdictState.GOOD, f"all {len(results)} checks passed"
    if now <= patience:
        return VerdictState.PENDING, "delivered, not checked yet"
    return VerdictState.UNKNOWN, "delivered, and no check evaluated it"


def _counts(assertion: Assertion, spec: Spec) -> bool:
    if assertion.source not in spec.sources or assertion.severity not in spec.include.severity:
        return False
    return "*" in spec.include.columns or assertion.column in spec.include.columns
