"""Completeness: did each expected delivery bring the rows that it should (SLO.md b.3, b.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lineage.model import Restated, Verdict, VerdictState, dataset_id
from lineage.slo.calendar import Occurrence, occurrences
from lineage.slo.evidence import Evidence, Need, covering
from lineage.slo.indicators._baseline import Baseline, Basis, Point, Robust, Seasonal, ordinary, outlying
from lineage.slo.indicators._parts import Partitions, placed
from lineage.slo.indicators._reconciled import Reconcile, counted_by_probe, read_by
from lineage.slo.indicators._volume import ACCUMULATED, Volume, told_apart, volume
from lineage.slo.passage import backfills
from lineage.slo.phrases import count, moment, percent
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Ratio, Sli, Strict

NONE, ONE = Fraction(0), Fraction(1)
RUN_UP = timedelta(days=1)  # before the window, where a stream may have begun to count


class Contract(Strict):
    """The rows that were agreed upon, and *most* of them where more are as wrong as fewer."""

    mode: Literal["contract"]
    rows: int = Field(gt=0)
    most: int | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.most is not None and self.most < self.rows:
            raise ValueError("most is less than rows; write the fewest as rows and the most as most")
        return self


class Good(Strict):
    """How much of the expected volume is enough; at *boundary* `bad` exactly *min_ratio* is not."""

    min_ratio: Annotated[Ratio, Field(gt=0, le=1)] = Fraction(4, 5)
    boundary: Literal["bad", "good"] = "bad"


Expected = Contract | Seasonal | Reconcile


class Spec(Sli):
    """`type: completeness`. Rows count up to the close, *settle* after the deadline; later ones are a restatement.

    Reports of a stream that accumulate are taken as `cumulative` over their run, or each as a `delta`. *partitions* may
    name the interval that a run is for. More than *surplus_above* over what is expected is told, and is no fault of
    completeness.
    """

    judges_absence: ClassVar[bool] = True

    type: Literal["completeness"]
    unit: Literal["occurrences", "rows"] = "occurrences"
    expected: Annotated[Expected, Field(discriminator="mode")]
    good: Good = Good()
    robust: Robust = Robust()
    settle: Duration = timedelta(0)
    metadata_grace: Duration | None = None
    absence_is_zero: bool = False
    accumulative: Literal["cumulative", "delta"] = "cumulative"
    partitions: Partitions | None = None
    surplus_above: Annotated[Ratio, Field(ge=0)] = Fraction(1, 5)
    on_missing_count: Literal["unknown"] = "unknown"
    on_no_run: Literal["leave-to-freshness"] = "leave-to-freshness"

    def open_for(self, grace: timedelta) -> timedelta | None:
        """Up to the close, and for as long as what was told by then may be on its way."""
        return self.settle + (grace if self.metadata_grace is None else self.metadata_grace)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.partitions is not None and self.partitions.dimension is not None:
            raise ValueError(
                "rows are counted of whole deliveries; write partitions: {time: …} alone, or a freshness SLO"
            )
        if self.most is not None and self.unit == "rows":
            raise ValueError("a share of rows knows no row too many; write unit: occurrences, or leave most out")
        return self

    @property
    def settles(self) -> timedelta:
        """Until the close."""
        return self.settle

    @property
    def most(self) -> int | None:
        """More rows than these were agreed to be too many; None: nothing was."""
        return self.expected.most if isinstance(self.expected, Contract) else None


def needs(slo: DataSLO) -> Need:
    """Row counts of the window; for a seasonal expectation of as many seasons before it as it remembers."""
    expected = _spec(slo).expected
    need = Need(counts=True, history=RUN_UP, partitions=_spec(slo).partitions is not None)
    if isinstance(expected, Seasonal):
        return need._replace(history=expected.reach, backfills=True)
    if isinstance(expected, Contract):
        return need
    sources = frozenset(dataset_id(each.namespace, each.name) for each in expected.sources)
    return need._replace(reads=sources, counted_by=expected.job)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each occurrence due in the window, by due. *value* is the rows, *expected* what they are held to.

    Rows count that were there at the close. UNKNOWN: a run did not say how many, or nobody knows what to expect.
    NOT_EXPECTED: no run, which is freshness's to judge, unless `absenceIsZero`.
    """
    spec, schedule = _spec(slo), slo.spec.schedule
    assert schedule is not None, "`define` asks for it"
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    expected = occurrences(schedule, evidence.since - needs(slo).history, now)
    come = told_apart(evidence.deliveries, evidence.begin, cumulative=spec.accumulative == "cumulative")
    come = placed(come, spec.partitions, schedule, expected)
    covers = covering(expected, come)
    closes = [occurrence.due + spec.settle for occurrence in expected]
    volumes = [
        volume(found, close, [each for each in found if not evidence.timely(close, each.told_at)])
        for found, close in zip(covers, closes, strict=True)
    ]
    basis_of = _bases(slo, evidence, expected, volumes)
    return [
        _judge(spec, occurrence, volumes[place], basis_of(place), evidence, closed=now > closes[place] + grace)
        for place, occurrence in enumerate(expected)
        if evidence.since < occurrence.due <= now
    ]


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, first = streak[-1], streak[0]
    assert newest.value is not None, "a BAD volume is known"
    if not newest.expected:
        return f"No rows in the delivery due {moment(newest.due)}"
    since = f", since {moment(first.due)}" if len(streak) > 1 else f", due {moment(newest.due)}"
    against = f"{count(newest.value)} of {count(newest.expected)} rows{since}"
    if newest.value > newest.expected:
        return f"Over by {percent(newest.value / newest.expected - 1)}: {against}"
    return f"Short by {percent(1 - newest.value / newest.expected)}: {against}"


def figures(slo: DataSLO, verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:  # noqa: ARG001 - asked alike
    """The rows of the judged occurrences, what was expected of them, and how many came beyond that."""
    judged = [(each.value, each.expected) for each in verdicts if each.total]
    pairs = [(rows, expected) for rows, expected in judged if rows is not None and expected is not None]
    return {
        "rows": sum((rows for rows, _ in pairs), NONE),
        "rowsExpected": sum((expected for _, expected in pairs), NONE),
        "rowsSurplus": sum((max(NONE, rows - expected) for rows, expected in pairs), NONE),
    }


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _bases(
    slo: DataSLO, evidence: Evidence, expected: Sequence[Occurrence], volumes: Sequence[Volume]
) -> Callable[[int], Basis]:
    """What the occurrence at each place is held against."""
    wanted, settle, schedule = _spec(slo).expected, _spec(slo).settle, slo.spec.schedule
    assert schedule is not None, "`define` asks for it"
    if isinstance(wanted, Contract):
        agreed = Basis(Fraction(wanted.rows), "agreed")
        return lambda place: agreed  # noqa: ARG005 - it is the same for all
    if isinstance(wanted, Reconcile):
        if (probe := wanted.probe) is not None:
            probes = covering(expected, evidence.in_time(evidence.beside))
            return lambda place: counted_by_probe(probes[place], expected[place].due + settle, probe)
        by_delta = _spec(slo).accumulative == "delta"
        doubtful = frozenset(each.run for each in evidence.deliveries if each.cumulative and not by_delta)
        return lambda place: read_by(volumes[place].counted, evidence, doubtful)
    points = [
        Point(occurrence, come.rows, occurrence.due + settle, come.restated_at)
        for occurrence, come in zip(expected, volumes, strict=True)
    ]
    again = backfills(evidence.deliveries) | evidence.backfills
    alien = [
        not occurrence.expected
        or evidence.excludes(occurrence.due)
        or occurrence.name in evidence.condemned
        or any(delivery.run in again for delivery in come.counted)
        for occurrence, come in zip(expected, volumes, strict=True)
    ]
    return Baseline(wanted, schedule, points, alien).of


def _judge(  # noqa: PLR0913 - what an occurrence brought, what it should have, and the clock
    spec: Spec, occurrence: Occurrence, come: Volume, basis: Basis, evidence: Evidence, *, closed: bool
) -> Verdict:
    state, reason, rows = _outcome(spec, occurrence, come, basis, closed=closed)
    good, total = NONE, NONE
    if state in {VerdictState.GOOD, VerdictState.BAD}:
        assert rows is not None, "only a known volume is judged"
        assert basis.rows is not None, "and only against a known one"
        good, total = ONE if state == VerdictState.GOOD else NONE, ONE
        if spec.unit == "rows":
            good, total = min(Fraction(rows), basis.rows), basis.rows
    return Verdict(
        occurrence.name,
        occurrence.due,
        state,
        good=good,
        total=total,
        reason=reason,
        value=None if rows is None else Fraction(rows),
        expected=basis.rows,
        delivered_at=None if come.delivery is None else come.delivery.at,
        run=None if come.delivery is None else come.delivery.run,
        evidence=(*come.events, *basis.events),
        restated=_afterwards(come) if closed else None,
        imported=evidence.imported(occurrence.due),
        ordinary=None if rows is None else ordinary(spec.robust, basis),
    )


Outcome = tuple[VerdictState, str, int | None]


def _outcome(spec: Spec, occurrence: Occurrence, come: Volume, basis: Basis, *, closed: bool) -> Outcome:
    if not occurrence.expected:
        return VerdictState.NOT_EXPECTED, occurrence.because, None
    if not closed:
        return VerdictState.PENDING, "due, rows may still arrive until the close", None
    later = _restated(come)
    if come.delivery is None and not spec.absence_is_zero:
        return VerdictState.NOT_EXPECTED, f"no run by the close; lateness is freshness's to judge{later}", None
    rows = 0 if come.delivery is None else come.rows
    if unknown := _unknown(rows, come, basis):
        return VerdictState.UNKNOWN, f"{unknown}{later}", rows
    assert rows is not None, "`_unknown` speaks otherwise"
    assert basis.rows is not None, "`_unknown` speaks otherwise"
    beyond = "" if spec.most is None or rows <= spec.most else f", and at most {count(spec.most)}"
    against = f"{count(rows)} rows against {count(basis.rows)} ({basis.how}{beyond})"
    held = f"{against}{_surplus(spec, rows, basis.rows)}{later}"
    if beyond or _short(spec.good, rows, basis.rows) or outlying(spec.robust, rows, basis):
        return VerdictState.BAD, held, rows
    return VerdictState.GOOD, held, rows


def _unknown(rows: int | None, come: Volume, basis: Basis) -> str | None:
    """Why the volume cannot be judged, or None."""
    if any(each.cumulative for each in come.counted):
        return ACCUMULATED
    if rows is None:
        return "a run did not say how many rows it wrote"
    return basis.how if basis.rows is None else None


def _surplus(spec: Spec, rows: int, expected: Fraction) -> str:
    """What came beyond the expected, where it is worth a word: often the same rows twice."""
    return f", {count(rows - expected)} too many" if rows > expected * (1 + spec.surplus_above) else ""


def _afterwards(come: Volume) -> Restated | None:
    if come.restated is None or come.restated_at is None:
        return None
    return Restated(Fraction(come.restated), come.restated_at)


def _restated(come: Volume) -> str:
    """What came after the close: it changes no verdict."""
    if come.restated_at is None:
        return ""
    rows = "rows that nobody counted" if come.restated is None else f"{count(come.restated)} rows"
    return f"; restated as {rows} at {moment(come.restated_at)}"


def _short(good: Good, rows: int, expected: Fraction) -> bool:
    """The -20 % rule on exact numbers: exactly at the ratio is bad unless the boundary says good; of 0 all is."""
    if not expected:
        return False
    ratio = good.min_ratio
    # Cross-multiplied: a product of fractions would be reduced for every occurrence.
    delivered = rows * ratio.denominator * expected.denominator
    floor = ratio.numerator * expected.numerator
    return delivered < floor or (delivered == floor and good.boundary == "bad" and ratio < 1)
