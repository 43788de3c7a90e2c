"""Why one verdict is what it is: what it was held to, and the events that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lineage.errors import NotFound
from lineage.model import EventRecord, Verdict
from lineage.slo.phrases import count, moment, percent, span
from lineage.slo.shape import Number, left_out_of, made_of, number, stamp, window_of
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.store.base import Store

NAMED = 5  # occurrences that are told where none is meant
LEVELS = {1: "beats", 2: "versions that readers name", 3: "the order of times"}  # SLO.md b.4


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict of *slo* in its *status*, and the events that it names, in its own order."""

    slo: DataSLO
    status: Status
    verdict: Verdict
    events: tuple[EventRecord, ...]


def explain(slo: DataSLO, status: Status, occurrence: str, store: Store) -> Explanation:
    """Why *occurrence* of *slo* is what *status* says. The beginning of a name is enough where only one begins so.

    `newest` is the last one that was judged. Raises NotFound, which names some that there are.
    """
    verdict = _meant(status, occurrence)
    found = {record.digest: record for record in _records(verdict, store)}
    return Explanation(slo, status, verdict, tuple(found[each] for each in verdict.evidence if each in found))


def shape_of(explained: Explanation) -> dict[str, object]:
    """*explained* as JSON: numbers and times as `shape` gives them."""
    verdict, status = explained.verdict, explained.status
    return {
        "slo": status.slo,
        "at": stamp(status.at),
        "occurrence": verdict.occurrence,
        "due": stamp(verdict.due),
        "state": verdict.state.value,
        "reason": verdict.reason,
        "value": number(verdict.value),
        "expected": number(verdict.expected),
        "good": number(verdict.good),
        "total": number(verdict.total),
        "spends": _spends(explained),
        "sli": number(status.sli),
        "target": number(status.target),
        "window": window_of(status.period),
        "budgetRemainingRatio": number(status.budget.remaining_ratio),
        "deliveredAt": stamp(verdict.delivered_at),
        "run": verdict.run,
        "imported": verdict.imported,
        "level": verdict.level,
        **made_of(verdict),
        "leftOut": [left_out_of(each) for each in status.left_out],
        "events": [
            {
                "digest": event.digest,
                "type": event.type,
                "eventTime": stamp(event.at),
                "receivedAt": stamp(event.received_at),
                "run": event.run,
                "job": None if event.job is None else {"namespace": event.job.namespace, "name": event.job.name},
            }
            for event in explained.events
        ],
    }


def lines_of(explained: Explanation) -> Iterator[str]:
    """*explained* for a person, a line a thing; of a figure that is not known there is no line."""
    verdict, slo = explained.verdict, explained.slo
    yield f"{slo.name}  {verdict.occurrence}  {verdict.state.value}"
    yield f"  because    {verdict.reason}"
    yield f"  due        {moment(verdict.due)}"
    if verdict.delivered_at is not None:
        yield f"  delivered  {moment(verdict.delivered_at)}"
    yield from _figures(verdict)
    yield f"  counts     {number(verdict.good)} good of {number(verdict.total)} {_unit(explained)}"
    if verdict.good != verdict.total and _counts(explained) and explained.status.budget.allowed:
        spent = (verdict.total - verdict.good) / explained.status.budget.allowed
        yield f"  spends     {percent(spent)} of the error budget"
    if explained.status.sli is not None:
        yield f"  stands     {_stands(explained.status)}"
    if verdict.run is not None:
        yield f"  run        {verdict.run}"
    if verdict.imported:
        yield "  imported   it was due before the first event was received that speaks of it"
    for left in explained.status.left_out:
        yield f"  left out   {left.sentence}"
    for event in explained.events:
        job = "" if event.job is None else f"  {event.job}"
        yield f"  event      {event.digest}  {event.type or event.kind}  {moment(event.at)}{job}"
    if not explained.events:
        yield "  event      none: absence is what it is judged by"


def _figures(verdict: Verdict) -> Iterator[str]:
    """What was measured, and what that is made of."""
    if verdict.value is not None:
        against = "" if verdict.expected is None else f" against {number(verdict.expected)}"
        yield f"  measured   {number(verdict.value)}{against}"
    if verdict.level is not None:
        yield f"  known by   {LEVELS[verdict.level]} (level {verdict.level})"
    for stage in verdict.stages:
        yield f"  stage      {span(timedelta(seconds=float(stage.seconds)))} {stage.what} {stage.job}"
    if verdict.ordinary is not None:
        yield f"  ordinary   {' to '.join(count(each) for each in verdict.ordinary)}"
    for rule in (rule for rule in verdict.rules if rule.failed):
        yield f"  rule       {count(rule.failed or 0)} failed {rule.name}"


def _stands(status: Status) -> str:
    """How the SLO as a whole stands, in the words of its page."""
    left = status.budget.remaining_ratio
    rest = "" if left is None else f"; {percent(left)} of the error budget left"
    assert status.sli is not None, "asked for only where something was judged"
    within = "" if status.period is None else f" in {status.period.name}"
    return f"{percent(status.sli, 2)} good{within}, objective {percent(status.target, 2)}{rest}"


def _counts(explained: Explanation) -> bool:
    """Whether the budget counts the verdict itself, and not the slice that it is a part of."""
    return explained.verdict not in explained.status.members


def _unit(explained: Explanation) -> str:
    return explained.slo.unit if _counts(explained) else explained.slo.spec.sli.unit


def _spends(explained: Explanation) -> Number:
    allowed = explained.status.budget.allowed if _counts(explained) else None
    return number((explained.verdict.total - explained.verdict.good) / allowed) if allowed else None


def _records(verdict: Verdict, store: Store) -> Sequence[EventRecord]:
    if not verdict.evidence:
        return ()
    found: Sequence[EventRecord] = store.events(digests=verdict.evidence, limit=len(verdict.evidence)).items
    return found


def _meant(status: Status, name: str) -> Verdict:
    verdicts = (*status.occurrences, *status.members)
    if name == "newest":
        found = [verdict for verdict in verdicts if verdict.total][-1:]
    else:
        exact = [verdict for verdict in verdicts if verdict.occurrence == name]
        found = exact or [verdict for verdict in verdicts if verdict.occurrence.startswith(name)]
    if len(found) == 1:
        return found[0]
    told = ", ".join(verdict.occurrence for verdict in (found or verdicts)[-NAMED:])
    why = "".join(f"; {left.sentence}" for left in status.left_out)
    if not verdicts:
        ahead = "" if status.next_due is None else f"; the next is due {moment(status.next_due)}"
        raise NotFound(f"nothing was due by then{ahead}{why}")
    if name == "newest":
        raise NotFound(f"nothing was judged by then; there are: {told}{why}")
    kind = "begin so" if found else "there are"
    raise NotFound(f"{len(found) or 'no'} occurrences are meant by {name!r}; {kind}: {told}")
