"""Job success: did the jobs that write the dataset complete, each with its last try (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from lineage.model import NodeId, Verdict, VerdictState
from lineage.slo.calendar import occurrences
from lineage.slo.evidence import Delivery, Evidence, Need
from lineage.slo.phrases import moment
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli

NONE, ONE = Fraction(0), Fraction(1)
ENDED = {"FAIL": "failed", "ABORT": "was aborted"}


class Spec(Sli):
    """`type: job_success`. With a schedule by occurrence, without one by interval, or by run where none is named."""

    needs_schedule: ClassVar[bool] = False

    type: Literal["job_success"]
    unit: Literal["occurrences"] = "occurrences"
    metadata_grace: Duration | None = None

    @property
    def by_schedule(self) -> bool:
        """As it says where it has one."""
        return True


def needs(slo: DataSLO) -> Need:
    """Who wrote the dataset and how it went; without a schedule also the tries of the day before the window."""
    _spec(slo)
    return Need(history=timedelta(0) if slo.spec.schedule is not None else timedelta(days=1))


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each occurrence, by due. GOOD: the last try of every job that tried completed, however late.

    Runs of a stream that go on say nothing. NOT_EXPECTED: no run ended, which is freshness's to judge.
    """
    spec = _spec(slo)
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    found = [
        _judge(work, evidence, waited=work.due <= now - grace)
        for work in _scheduled(slo, evidence, now)
        if evidence.since < work.due <= now
    ]
    return sorted(found, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, first = streak[-1], streak[0]
    more = f", {len(streak)} in a row, since {moment(first.due)}" if len(streak) > 1 else ""
    return f"{newest.reason}{more}"  # it begins with the name of a job, which keeps its letters


class Work(NamedTuple):
    """What was to be done by *due*, and the tries; *due* of what has no schedule is when the first try ended."""

    name: str
    due: datetime
    tries: Sequence[Delivery]
    unexpected: str = ""  # why nothing was to be done


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _scheduled(slo: DataSLO, evidence: Evidence, now: datetime) -> Iterator[Work]:
    ended = [delivery for delivery in evidence.deliveries if delivery.window is None]
    if slo.spec.schedule is None:
        yield from _unscheduled(ended, evidence)
        return
    expected = occurrences(slo.spec.schedule, evidence.since, now)
    for occurrence, tries in zip(expected, replace(evidence, deliveries=ended).covering(expected), strict=True):
        yield Work(occurrence.name, occurrence.due, tries, occurrence.because)


def _unscheduled(ended: Sequence[Delivery], evidence: Evidence) -> Iterator[Work]:
    works: dict[object, list[Delivery]] = {}
    for delivery in sorted(ended, key=lambda delivery: (delivery.at, delivery.run)):
        key = delivery.run if delivery.nominal is None else (delivery.job, delivery.nominal)
        works.setdefault(key, []).append(delivery)
    for first, *others in works.values():
        again = (each for each in others if evidence.timely(first.at, each.told_at))
        if evidence.timely(first.at, first.told_at):
            yield Work(first.run, first.at, [first, *again])


def _judge(work: Work, evidence: Evidence, *, waited: bool) -> Verdict:
    last: dict[NodeId, Delivery] = {}
    for each in sorted(work.tries, key=lambda each: (each.at, each.run)):
        last[each.job] = each
    failed = [each for each in last.values() if each.state != "COMPLETE"]
    state, reason = _outcome(work, failed, waited=waited)
    spoke = failed or list(last.values())[-1:]
    return Verdict(
        work.name,
        work.due,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=ONE if state in {VerdictState.GOOD, VerdictState.BAD} else NONE,
        reason=reason,
        delivered_at=max((each.at for each in work.tries if each.refresh), default=None),
        run=spoke[0].run if spoke else None,
        evidence=tuple(event for each in spoke for event in each.events),
        imported=evidence.imported(work.due),
    )


def _outcome(work: Work, failed: Sequence[Delivery], *, waited: bool) -> tuple[VerdictState, str]:
    if work.unexpected:
        return VerdictState.NOT_EXPECTED, work.unexpected
    if failed:
        told = ", ".join(f"{each.job.name} {ENDED[each.state]} at {moment(each.at)}" for each in failed)
        return (VerdictState.BAD, told) if waited else (VerdictState.PENDING, f"{told}; another try may be on its way")
    if not work.tries:
        none = "no run ended; whether one should have is freshness's to judge"
        return (VerdictState.NOT_EXPECTED, none) if waited else (VerdictState.PENDING, none)
    again = f", the last of {len(work.tries)} runs" if len(work.tries) > 1 else ""
    return VerdictState.GOOD, f"completed{again}"
