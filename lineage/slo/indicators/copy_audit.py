"""Copy audit: does each partition of a copy hold what its original holds, by count and checksum (SLO.md b.5)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import ClassVar, Literal, NamedTuple

from lineage.model import Verdict, VerdictState, dataset_id
from lineage.slo.evidence import Audit, Evidence, Need, Sum
from lineage.slo.phrases import count, moment
from lineage.slo.shape import stamp
from lineage.slo.spec import Dataset, DataSLO
from lineage.slo.terms import Duration, Sli

NONE, ONE = Fraction(0), Fraction(1)


class Spec(Sli):
    """`type: copy_audit`. The dataset is a copy of *original*; probes tell partitions of both in the facet `checksums`.

    What a probe found in the original must be in the copy *settle* later; what changed there meanwhile was not closed.
    """

    needs_schedule: ClassVar[bool] = False

    type: Literal["copy_audit"]
    unit: Literal["partitions"] = "partitions"
    original: Dataset
    settle: Duration = timedelta(hours=1)


class Question(NamedTuple):
    """A partition as it was told of the original; None: it was told of the copy, and the original has none."""

    name: str
    at: datetime
    wanted: Sum | None
    event: str


def needs(slo: DataSLO) -> Need:
    """What probes told of both sides, in the window and twice as long before it as the copy may take."""
    original = _spec(slo).original
    beside = dataset_id(original.namespace, original.name)
    return Need(beside=beside, sums=True, history=2 * _spec(slo).settle)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each partition in each audit of the original, by due: its time and `settle`.

    GOOD: the newest word on the copy by then has as many rows and the same checksum. BAD: it has others, or none.
    UNKNOWN: nobody looked at the copy. NOT_EXPECTED: the original was told to be another before the copy was due.
    *value* is by how many rows they differ.
    """
    settle = _spec(slo).settle
    originals, copies = (sorted((a for a in evidence.audits if a.beside is side), key=_order) for side in (True, False))
    found = []
    for question in _questions(originals, copies, settle, evidence):
        due = question.at + settle
        if evidence.since < due <= now:
            copy = _newest(copies, due, evidence)
            recent = copy if copy is not None and copy.at >= question.at - settle else None
            sides = Sides(_newest(originals, due, evidence), recent)
            found.append(_judge(question, sides, due, evidence, waiting=due > now - evidence.grace))
    return sorted(found, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    more = f" and {len(streak) - 1} more" if len(streak) > 1 else ""
    return f"Copy differs in {streak[-1].occurrence.rpartition('@')[0]}{more}: {streak[-1].reason}"


def figures(slo: DataSLO, verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:  # noqa: ARG001 - asked alike
    """How many partitions differ by the newest audit of each."""
    newest: dict[str, Verdict] = {}
    for verdict in sorted((each for each in verdicts if each.total), key=lambda each: each.due):
        newest[verdict.occurrence.rpartition("@")[0]] = verdict
    differ = sum(verdict.state is VerdictState.BAD for verdict in newest.values())
    return {"partitions": Fraction(len(newest)), "partitionsThatDiffer": Fraction(differ)}


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _order(audit: Audit) -> tuple[datetime, str]:
    return audit.at, audit.event


def _questions(
    originals: Sequence[Audit], copies: Sequence[Audit], settle: timedelta, evidence: Evidence
) -> Iterator[Question]:
    for audit in originals:
        yield from (Question(name, audit.at, wanted, audit.event) for name, wanted in audit.partitions.items())
    for audit in copies:
        original = _newest(originals, audit.at + settle, evidence)
        strange = [] if original is None else [name for name in audit.partitions if name not in original.partitions]
        yield from (Question(name, audit.at, None, audit.event) for name in strange)


def _newest(audits: Sequence[Audit], by: datetime, evidence: Evidence) -> Audit | None:
    """The last of *audits*, which ascend, that looked by then and was told in time."""
    place = bisect_right(audits, by, key=lambda audit: audit.at)
    return next((each for each in reversed(audits[:place]) if evidence.timely(by, each.told_at)), None)


class Sides(NamedTuple):
    """The newest audits of both by the time that the copy was due; of the copy none that is older than it may be."""

    original: Audit | None
    copy: Audit | None


def _judge(question: Question, sides: Sides, due: datetime, evidence: Evidence, *, waiting: bool) -> Verdict:
    copy = sides.copy
    there = None if copy is None else copy.partitions.get(question.name)
    state, reason = _outcome(question, sides, there, waiting=waiting)
    judged = state in {VerdictState.GOOD, VerdictState.BAD}
    apart = abs((question.wanted.rows if question.wanted else 0) - (there.rows if there else 0))
    return Verdict(
        f"{question.name}@{stamp(question.at)}",
        due,
        state,
        good=ONE if state is VerdictState.GOOD else NONE,
        total=ONE if judged else NONE,
        reason=reason,
        value=Fraction(apart) if judged else None,
        expected=NONE if judged else None,
        delivered_at=None if copy is None else copy.at,
        evidence=tuple(dict.fromkeys((question.event, *(() if copy is None else (copy.event,))))),
        imported=evidence.imported(due),
    )


def _outcome(question: Question, sides: Sides, there: Sum | None, *, waiting: bool) -> tuple[VerdictState, str]:
    wanted, newest = question.wanted, sides.original
    if wanted is not None and there == wanted:
        return VerdictState.GOOD, f"{count(wanted.rows)} rows on both sides, with the same checksum"
    if wanted is not None and newest is not None and newest.partitions.get(question.name, wanted) != wanted:
        return VerdictState.NOT_EXPECTED, f"the original changed by {moment(newest.at)}, before the copy was due"
    if waiting:
        return VerdictState.PENDING, "they differ, and an audit of the copy may be on its way"
    if sides.copy is None:
        return VerdictState.UNKNOWN, "nobody audited the copy"
    return VerdictState.BAD, _difference(wanted, there)


def _difference(wanted: Sum | None, there: Sum | None) -> str:
    if wanted is None:
        return "the original has no such partition"
    if there is None:
        return f"the copy lacks it, {count(wanted.rows)} rows"
    if there.rows == wanted.rows:
        return f"{count(wanted.rows)} rows on both sides, and not the same ones"
    return f"{count(there.rows)} rows of {count(wanted.rows)}"
