"""Correctness: which of the checks on each version passed, or which of its records (SLO.md b.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from lineage.model import Verdict, dataset_id
from lineage.slo.evidence import Assertion, Evidence, Need
from lineage.slo.indicators import _checked, _records
from lineage.slo.indicators._checked import Found, Include, Subject, subjects
from lineage.slo.indicators._habit import HISTORY, Habit
from lineage.slo.indicators._records import Counting, Quarantine, Rules
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

Source = Literal["dataQualityAssertions", "dataQualityMetrics", "test"]

NONE = Fraction(0)
OF_RECORDS = ("overlap", "quarantine", "rules", "actualIsRows")
SOURCES: Mapping[str, tuple[Source, ...]] = {
    "assertions": ("dataQualityAssertions", "test"),
    "records": ("dataQualityAssertions", "dataQualityMetrics"),
}


class Spec(Sli):
    """`type: correctness`. A check speaks of the version delivered at most *settle* before it, else for itself.

    Of `assertions` those count that came out of *sources*; `test`, which names no dataset, speaks of each dataset that
    its run read. Of `records` the first of *sources* that has a count gives it: an assertion by `failed_rows` of its
    params, or by `actual` where its kind is among *actual_is_rows*; `dataQualityMetrics` for nulls and for copies of
    what must be unique. A record may fail several rules: *overlap* takes the most that may have failed, or the least.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["correctness"]
    unit: Literal["assertions", "records"]
    sources: tuple[Source, ...] | None = Field(None, min_length=1)
    include: Include = Include()
    overlap: Literal["upper", "lower"] | None = None
    rules: Rules | None = None
    actual_is_rows: tuple[str, ...] | None = None
    quarantine: Quarantine | None = None
    settle: Duration = timedelta(days=1)
    on_no_evaluation: Literal["unknown"] = "unknown"

    @model_validator(mode="after")
    def _unmixed(self) -> Self:
        if strange := [word for word in self.heard if word not in SOURCES[self.unit]]:
            of = " and ".join(SOURCES[self.unit])
            raise ValueError(f"sources: {strange[0]} says nothing of {self.unit}, whose sources are {of}; leave it out")
        said = [word for word, value in zip(OF_RECORDS, self._of_records(), strict=True) if value is not None]
        if self.unit == "assertions" and said:
            raise ValueError(
                f"{said[0]} counts records, and units are never mixed; write unit: records, or leave it out"
            )
        if self.heard == ("dataQualityMetrics",) and self.quarantine is None and self.rules is None:
            raise ValueError("dataQualityMetrics alone asserts nothing; write rules: {notNull: [id], unique: [id]}")
        return self

    def _of_records(self) -> tuple[object, ...]:
        return self.overlap, self.quarantine, self.rules, self.actual_is_rows

    @property
    def heard(self) -> tuple[Source, ...]:
        """The facets that count, in the order in which they are asked."""
        return SOURCES[self.unit] if self.sources is None else self.sources

    def takes(self, assertion: Assertion) -> bool:
        """Whether *assertion* counts."""
        return assertion.source in self.heard and self.include.takes(assertion)

    @property
    def counting(self) -> Counting:
        """By which words records are counted."""
        return Counting(
            tuple(word for word in self.heard if word != "test"),
            self.include,
            self.rules,
            ("not_null",) if self.actual_is_rows is None else self.actual_is_rows,
            self.overlap or "upper",
            self.quarantine,
        )


def needs(slo: DataSLO) -> Need:
    """The checks of the window, and the versions that the first of them may speak of."""
    spec = _spec(slo)
    if spec.unit == "assertions":
        return Need(checks=True, history=spec.settle)
    aside = spec.quarantine
    if aside is None:
        return Need(counts=True, checks=True, profiles=True, history=spec.settle)
    beside = dataset_id(aside.namespace or slo.dataset.namespace, aside.table)
    return Need(counts=True, checks=True, profiles=True, history=max(spec.settle, HISTORY), beside=beside)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each delivered version, and for each check that found none, by due.

    Good and total count assertions, or records; a check that a job repeats on one version replaces what it found
    before. BAD: an assertion failed; or less of the records passed than the target, or `instant`, asks. A version that
    nothing evaluated is PENDING for `settle` and UNKNOWN from then on, never good; so is one of whose failures nobody
    says how many records they are.
    """
    spec = _spec(slo)
    found, habit = subjects(evidence, spec.settle, evidence.beside), Habit(evidence.in_time(evidence.beside))
    verdicts = [_judge(subject, slo, evidence, habit, now) for subject in found if evidence.since < subject.at <= now]
    return sorted(verdicts, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    return _checked.describe(streak)


def figures(slo: DataSLO, verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:
    """How much failed each rule in the window, as `rule.NAME.failed`; one record may have failed several.

    Of records, *failedAtLeast* and *failedAtMost* add up the bounds of each version; where all bad ones were put aside
    they are equal.
    """
    judged = [verdict for verdict in verdicts if verdict.total]
    failed: Counter[str] = Counter()
    for rule in (rule for verdict in judged for rule in verdict.rules):
        failed[rule.name] += rule.failed or 0
    by_rule: dict[str, Fraction | None] = {f"rule.{name}.failed": Fraction(failed[name]) for name in sorted(failed)}
    if _spec(slo).unit == "assertions":
        return by_rule
    least, most = (sum(each, NONE) for each in zip((NONE, NONE), *map(bounds, judged), strict=True))
    return {"failedAtLeast": least, "failedAtMost": most, **by_rule}


def bounds(verdict: Verdict) -> tuple[Fraction, Fraction]:
    """How many records failed at least and at most, of a *verdict* in records; equal where they are known exactly."""
    if not verdict.rules:
        return verdict.total - verdict.good, verdict.total - verdict.good
    least, most = _records.bounds(verdict.rules, int(verdict.total))
    return Fraction(least), Fraction(most)


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _judge(subject: Subject, slo: DataSLO, evidence: Evidence, habit: Habit, now: datetime) -> Verdict:
    spec = _spec(slo)
    if spec.unit == "records":
        found = _by_records(subject, slo, habit, now)
    else:
        found = _checked.by_assertions(subject, spec.takes, subject.at + spec.settle, now)
    return _checked.verdict(subject, found, evidence)


def _by_records(subject: Subject, slo: DataSLO, habit: Habit, now: datetime) -> Found:
    spec, instant = _spec(slo), slo.spec.alerting.instant
    floor = slo.target if instant is None else max(slo.target, instant.below)
    found = _records.counted(subject, spec.counting, habit)
    state, reason = _records.judged(found, floor, subject.at + spec.settle, now)
    good, total = Fraction(found.rows - found.bad), Fraction(found.rows)
    return Found(state, reason, good, total, floor, found.events, found.rules)
