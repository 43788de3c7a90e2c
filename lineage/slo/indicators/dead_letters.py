"""Dead letters: how many records were processed, of all that were not refused into a queue beside (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal

from lineage.model import Verdict, VerdictState, dataset_id
from lineage.slo.backlog import Backlog
from lineage.slo.evidence import Delivery, Evidence, Need
from lineage.slo.indicators._habit import HISTORY, Habit
from lineage.slo.indicators._volume import ACCUMULATED, told_apart
from lineage.slo.phrases import count, moment, percent, span
from lineage.slo.spec import Dataset, DataSLO
from lineage.slo.terms import Sli

NONE = Fraction(0)
HEARD = timedelta(hours=1)  # an older word on a queue says nothing of now


class Spec(Sli):
    """`type: dead_letters`; *queue* is the dataset into which the same runs write what they refuse.

    How many records wait there, and for how long, is told by a probe and decides no verdict.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["dead_letters"]
    unit: Literal["records"] = "records"
    queue: Dataset


def needs(slo: DataSLO) -> Need:
    """The rows of the dataset and of the queue, by run."""
    queue = _spec(slo).queue
    return Need(counts=True, history=HISTORY, beside=dataset_id(queue.namespace, queue.name), queued=True)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each delivery, by due; good are its records, total those that were refused as well.

    BAD: less than the target of this delivery was processed. UNKNOWN: somebody did not count, or the job told of the
    queue neither then nor in the four weeks before, so that its silence proves nothing. NOT_EXPECTED: there was nothing
    to process. *value* is what was refused.
    """
    aside = told_apart(evidence.in_time(evidence.beside), evidence.begin, cumulative=True)
    refused = {_key(each): each for each in aside if each.state == "COMPLETE"}
    habit, come = Habit(aside), evidence.in_time(evidence.deliveries)
    found = [each for each in told_apart(come, evidence.begin, cumulative=True) if each.refresh]
    return [
        _judge(slo, each, refused.get(_key(each)), evidence, telling=habit.has(each.job, each.at))
        for each in found
        if evidence.since < each.at <= now
    ]


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    dead = sum((verdict.value or NONE for verdict in streak), NONE)
    of = sum((verdict.total for verdict in streak), NONE)
    return f"{count(dead)} of {count(of)} records refused ({percent(dead / of)}), since {moment(streak[0].due)}"


def backlog(slo: DataSLO, evidence: Evidence, now: datetime) -> Backlog:
    """What waits in the queue, as a probe told within the hour before *now*."""
    told = evidence.queued
    if told is None or told.at <= now - HEARD:
        return Backlog(None, None, f"nobody told of {_spec(slo).queue.name} for {span(HEARD)}")
    unknown = bool(told.depth) and told.oldest_at is None
    return Backlog(told.depth, told.oldest_at, "since when the oldest waits was not told" if unknown else "")


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _key(delivery: Delivery) -> tuple[str, datetime | None]:
    """A run, or of a stream the one report."""
    return delivery.run, None if delivery.window is None else delivery.at


def _judge(slo: DataSLO, delivery: Delivery, dead: Delivery | None, evidence: Evidence, *, telling: bool) -> Verdict:
    refused = 0 if dead is None and telling else None if dead is None else dead.rows
    state, reason = _outcome(slo, delivery, refused, telling=telling)
    judged = state in {VerdictState.GOOD, VerdictState.BAD}
    rows = Fraction(delivery.rows or 0)
    return Verdict(
        delivery.run if delivery.window is None else f"{delivery.run}@{delivery.at.isoformat()}",
        delivery.at,
        state,
        good=rows if judged else NONE,
        total=rows + (refused or 0) if judged else NONE,
        reason=reason,
        value=None if refused is None else Fraction(refused),
        expected=NONE if judged else None,
        delivered_at=delivery.at,
        run=delivery.run,
        evidence=tuple(dict.fromkeys((*delivery.events, *(() if dead is None else dead.events)))),
        imported=evidence.imported(delivery.at),
    )


def _outcome(slo: DataSLO, delivery: Delivery, refused: int | None, *, telling: bool) -> tuple[VerdictState, str]:
    queue = _spec(slo).queue.name
    if not telling:
        return VerdictState.UNKNOWN, f"{delivery.job.name} never told of {queue}"
    if delivery.cumulative:
        return VerdictState.UNKNOWN, ACCUMULATED
    if delivery.rows is None or refused is None:
        return VerdictState.UNKNOWN, f"nobody counted {'the records' if delivery.rows is None else queue}"
    total = delivery.rows + refused
    if not total:
        return VerdictState.NOT_EXPECTED, "there was nothing to process"
    told = f"{count(refused)} of {count(total)} records went to {queue}"
    return (VerdictState.BAD if delivery.rows < slo.target * total else VerdictState.GOOD), told
