"""Schema stability: did a delivery change the columns in a way that breaks who reads them (SLO.md b.5, b.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal

from lineage.model import Verdict, VerdictState
from lineage.slo.drift import Change, Columns, Weight, drift, phrase
from lineage.slo.evidence import Delivery, Evidence, Need, SchemaTold
from lineage.slo.phrases import moment, opened
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Sli
from lineage.slo.usage import Usage

NAMED_CHANGES = 3
NONE, ONE = Fraction(0), Fraction(1)
# How the reason of a change begins.
BREAKS, UNUSED, KEEPS, SAYS = "breaking", "breaking-unused", "nothing breaks", "only said otherwise"
HISTORY = timedelta(days=7)  # before the window, where the schema is that the first delivery is held against


class Spec(Sli):
    """`type: schema_stability`. *positional*: it is read by place. What is taken back within *flap* breaks once.

    *unused*: what a breaking change is that nobody is known to be hurt by: all readers told of the columns that they
    use, and none of them of this.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["schema_stability"]
    unit: Literal["occurrences"] = "occurrences"
    positional: bool = False
    flap: Duration = timedelta(days=1)
    unused: Literal["bad", "good"] = "bad"


def needs(slo: DataSLO) -> Need:
    """The schemas that runs told of, in the window and a week before it."""
    _spec(slo)
    return Need(schemas=True, history=HISTORY)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each delivery, by due: its columns against those of the last delivery that told of them.

    *value* is how many changes break. UNKNOWN: the run told of no schema, which is not the same as no columns, or no
    earlier one is known. What returns within `flap` to what it was before is no second break.
    """
    found = _judged(_spec(slo), evidence)
    return [verdict for verdict in found if evidence.since < verdict.due <= now]


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest = streak[-1]
    return f"{opened(newest.reason)}, since {moment(newest.due)}"


def weight(verdict: Verdict) -> Weight | None:
    """What the heaviest change of the columns breaks, as *verdict* says; None where they did not change."""
    begun = {BREAKS: Weight.BREAKING, UNUSED: Weight.BREAKING, KEEPS: Weight.COMPATIBLE, SAYS: Weight.INFO}
    return begun.get(verdict.reason.partition(":")[0])


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _judged(spec: Spec, evidence: Evidence) -> Iterator[Verdict]:
    told: dict[str, list[SchemaTold]] = {}
    for each in sorted(evidence.schemas, key=lambda each: (each.at, each.event)):
        told.setdefault(each.run, []).append(each)
    last = next((each.columns for each in reversed(evidence.schemas) if each.at <= evidence.begin), None)
    left: tuple[datetime, Columns] | None = None  # what it was before the last change, and when that came
    for delivery in sorted(evidence.in_time(evidence.deliveries), key=lambda delivery: (delivery.at, delivery.run)):
        if not delivery.refresh:
            continue
        schema = next((each for each in reversed(told.get(delivery.run, ())) if each.at <= delivery.at), None)
        columns = None if schema is None else schema.columns
        back = left is not None and columns == left[1] and delivery.at - left[0] <= spec.flap
        yield _judge(delivery, schema, last, spec, evidence, back=back)
        if columns is not None and columns != last:
            left = None if last is None else (delivery.at, last)
            last = columns


def _judge(  # noqa: PLR0913 - a delivery, what it told, and what it is held against
    delivery: Delivery, schema: SchemaTold | None, last: Columns | None, spec: Spec, evidence: Evidence, *, back: bool
) -> Verdict:
    state, reason, breaks = _outcome(schema, last, spec, back=back)
    return Verdict(
        delivery.run if delivery.window is None else f"{delivery.run}@{delivery.at.isoformat()}",
        delivery.at,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=NONE if state == VerdictState.UNKNOWN else ONE,
        reason=reason,
        value=None if state == VerdictState.UNKNOWN else Fraction(breaks),
        expected=None if state == VerdictState.UNKNOWN else NONE,
        delivered_at=delivery.at,
        run=delivery.run,
        evidence=delivery.events if schema is None else (schema.event,),
        imported=evidence.imported(delivery.at),
    )


def _outcome(
    schema: SchemaTold | None, last: Columns | None, spec: Spec, *, back: bool
) -> tuple[VerdictState, str, int]:
    if schema is None or schema.columns is None:
        return VerdictState.UNKNOWN, "its run told of no schema", 0
    if last is None:
        return VerdictState.UNKNOWN, "no earlier schema is known", 0
    changes = drift(last, schema.columns, positional=spec.positional, origins=schema.origins)
    if back:
        return VerdictState.GOOD, "the columns are again what they were", 0
    breaking = [change for change in changes if change.weight is Weight.BREAKING]
    if breaking:
        return _broken(breaking, schema.used, spec)
    keeps = SAYS if all(change.weight is Weight.INFO for change in changes) else KEEPS
    named = "; ".join(phrase(each) for each in changes[:NAMED_CHANGES])
    return VerdictState.GOOD, f"{keeps}: {named}" if named else "the columns are the same", 0


def _broken(breaking: Sequence[Change], used: Usage | None, spec: Spec) -> tuple[VerdictState, str, int]:
    """What breaks, those changes first that hurt somebody, who is named."""
    hurt = {each: [] if used is None else used.of(each.path) for each in breaking}
    ordered = sorted(breaking, key=lambda each: not hurt[each])
    more = f" and {len(ordered) - NAMED_CHANGES} more" if len(ordered) > NAMED_CHANGES else ""
    unused = used is not None and not any(hurt.values())
    state = VerdictState.GOOD if unused and spec.unused == "good" else VerdictState.BAD
    named = "; ".join(phrase(each, hurt[each]) for each in ordered[:NAMED_CHANGES])
    return state, f"{UNUSED if unused else BREAKS}: {named}{more}", len(breaking)
