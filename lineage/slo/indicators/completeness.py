"""Completeness: did each expected delivery bring the rows that it should (SLO.md b.3, b.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from lineage.model import Verdict, VerdictState
from lineage.slo.calendar import Occurrence, occurrences
from lineage.slo.evidence import Delivery, Evidence, Need
from lineage.slo.phrases import count, moment, percent
from lineage.slo.spec import DataSLO, Schedule
from lineage.slo.terms import Duration, Ratio, Sli, Strict

# The median deviation of a normal distribution is 0.6745 sigma, its mean deviation sigma / 1.253314:
# Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC 1993.
TO_SIGMA = Fraction(6745, 10_000)
MEAN_TO_SIGMA = Fraction(1_253_314, 1_000_000)

NONE, ONE = Fraction(0), Fraction(1)


class Contract(Strict):
    """The rows that were agreed upon."""

    mode: Literal["contract"]
    rows: int = Field(gt=0)


class Seasonal(Strict):
    """The median of the last *history* occurrences of the same season; below *min_history* the previous occurrence."""

    mode: Literal["seasonal"]
    season: Literal["day_of_week", "hour_of_week", "day_of_month"] = "day_of_week"
    history: int = Field(8, ge=1, le=52)
    min_history: int = Field(4, ge=1, le=52)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_history > self.history:
            raise ValueError("minHistory is more than history; write it smaller")
        return self


class Good(Strict):
    """How much of the expected volume is enough; at *boundary* `bad` exactly *min_ratio* is not."""

    min_ratio: Annotated[Ratio, Field(gt=0, le=1)] = Fraction(4, 5)
    boundary: Literal["bad", "good"] = "bad"


class Robust(Strict):
    """A drop of *min_effect* or more is bad as well when it lies *z_max* robust deviations below the median."""

    z_max: Annotated[Ratio, Field(gt=0)] = Fraction(7, 2)
    direction: Literal["drop"] = "drop"
    min_effect: Annotated[Ratio, Field(ge=0, le=1)] = Fraction(1, 20)


class Spec(Sli):
    """`type: completeness`. Rows count up to the close, *settle* after the deadline; later ones are a restatement."""

    type: Literal["completeness"]
    unit: Literal["occurrences", "rows"] = "occurrences"
    expected: Annotated[Contract | Seasonal, Field(discriminator="mode")]
    good: Good = Good()
    robust: Robust | None = None
    settle: Duration = timedelta(0)
    metadata_grace: Duration | None = None
    absence_is_zero: bool = False
    on_missing_count: Literal["unknown"] = "unknown"
    on_no_run: Literal["leave-to-freshness"] = "leave-to-freshness"


def needs(slo: DataSLO) -> Need:
    """Row counts of the window; for a seasonal expectation of as many seasons before it as it remembers."""
    expected = _spec(slo).expected
    if isinstance(expected, Contract):
        return Need(counts=True)
    season = timedelta(days=31) if expected.season == "day_of_month" else timedelta(days=7)
    return Need(counts=True, history=season * (expected.history + 1))


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each occurrence due in the window, by due. *value* is the rows, *expected* what they are held to.

    Rows count that were there at the close. UNKNOWN: a run did not say how many. NOT_EXPECTED: no run, which is
    freshness's to judge, unless `absenceIsZero`.
    """
    spec, schedule = _spec(slo), slo.spec.schedule
    assert schedule is not None, "`define` asks for it"
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    expected = occurrences(schedule, evidence.since - needs(slo).history, now)
    covers = evidence.covering(expected)
    volumes = [_volume(found, occurrence.due + spec.settle) for occurrence, found in zip(expected, covers, strict=True)]
    seasons = _seasons(spec.expected, schedule, expected, evidence)
    verdicts = []
    for place, occurrence in enumerate(expected):
        if evidence.since < occurrence.due <= now:
            basis = _basis(spec.expected, place, volumes, seasons)
            closed = now > occurrence.due + spec.settle + grace
            verdicts.append(_judge(spec, occurrence, volumes[place], basis, evidence, closed=closed))
    return verdicts


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, first = streak[-1], streak[0]
    assert newest.value is not None, "a BAD volume is known"
    if not newest.expected:
        return f"No rows in the delivery due {moment(newest.due)}"
    short = percent(1 - newest.value / newest.expected)
    since = f", since {moment(first.due)}" if len(streak) > 1 else f", due {moment(newest.due)}"
    return f"Short by {short}: {count(newest.value)} of {count(newest.expected)} rows{since}"


class Volume(NamedTuple):
    """What an occurrence brought by its close; *rows* None: nobody said. *delivery* None: nothing came."""

    rows: int | None
    delivery: Delivery | None
    events: tuple[str, ...] = ()
    cumulative: bool = False


class Basis(NamedTuple):
    """What an occurrence is held against, where that is known, and what made it."""

    rows: Fraction | None
    how: str
    history: tuple[Fraction, ...] = ()


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _volume(found: Sequence[Delivery], close: datetime) -> Volume:
    """Appended runs add up; of an overwritten dataset, and of the tries of one (job, interval), the last counts."""
    ended = [delivery for delivery in found if delivery.state == "COMPLETE" and delivery.at <= close]
    last_emptied = max((place for place, delivery in enumerate(ended) if delivery.emptied), default=-1)
    come = ended[last_emptied + 1 :]
    if not come:
        return Volume(None, None)
    last_overwrite = max((place for place, delivery in enumerate(come) if delivery.overwrites), default=0)
    speaking: dict[object, int | None] = {}
    for delivery in come[last_overwrite:]:
        key = (delivery.job, delivery.nominal) if delivery.nominal is not None else (delivery.job, delivery.run)
        before = speaking.get(key) if delivery.sums else None
        if delivery.window is None or delivery.rows is not None:  # a report without a count takes nothing back
            speaking[key] = delivery.rows if before is None else before + (delivery.rows or 0)
    counts = list(speaking.values())
    total = None if None in counts or not counts else sum(rows for rows in counts if rows is not None)
    events = tuple(event for delivery in come[last_overwrite:][-3:] for event in delivery.events)
    return Volume(total, come[-1], events, any(delivery.cumulative for delivery in come))


def _seasons(
    expected: Contract | Seasonal, schedule: Schedule, found: Sequence[Occurrence], evidence: Evidence
) -> list[object]:
    """What must be alike for one to be held against another; one that is excluded is like no other."""
    if isinstance(expected, Contract):
        return []
    zone = ZoneInfo(schedule.timezone)
    keys: dict[str, Callable[[datetime], object]] = {
        "day_of_week": lambda at: at.weekday(),
        "hour_of_week": lambda at: (at.weekday(), at.hour),
        "day_of_month": lambda at: at.day,
    }
    key = keys[expected.season]
    return [object() if evidence.excludes(each.due) else key(each.start.astimezone(zone)) for each in found]


def _basis(expected: Contract | Seasonal, place: int, volumes: Sequence[Volume], seasons: Sequence[object]) -> Basis:
    if isinstance(expected, Contract):
        return Basis(Fraction(expected.rows), "agreed")
    history: list[Fraction] = []
    for earlier in range(place - 1, -1, -1):
        rows = volumes[earlier].rows
        if rows is not None and seasons[earlier] == seasons[place]:
            history.append(Fraction(rows))
        if len(history) == expected.history:
            break
    if len(history) >= expected.min_history:
        return Basis(median(history), f"the median of {len(history)} of the same season", tuple(history))
    previous = next((v.rows for v in reversed(volumes[:place]) if v.rows is not None), None)
    how = f"low confidence: the one before, as only {len(history)} of the same season are known"
    return Basis(None if previous is None else Fraction(previous), how)


def _judge(  # noqa: PLR0913 - what an occurrence brought, what it should have, and the clock
    spec: Spec, occurrence: Occurrence, volume: Volume, basis: Basis, evidence: Evidence, *, closed: bool
) -> Verdict:
    state, reason, rows = _outcome(spec, occurrence, volume, basis, closed=closed)
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
        delivered_at=None if volume.delivery is None else volume.delivery.at,
        run=None if volume.delivery is None else volume.delivery.run,
        evidence=volume.events,
        imported=evidence.imported(occurrence.due),
    )


Outcome = tuple[VerdictState, str, int | None]


def _outcome(spec: Spec, occurrence: Occurrence, volume: Volume, basis: Basis, *, closed: bool) -> Outcome:
    if not occurrence.expected:
        return VerdictState.NOT_EXPECTED, occurrence.because, None
    if not closed:
        return VerdictState.PENDING, "due, rows may still arrive until the close", None
    if volume.delivery is None and not spec.absence_is_zero:
        return VerdictState.NOT_EXPECTED, "no run by the close; lateness is freshness's to judge", None
    rows = 0 if volume.delivery is None else volume.rows
    if unknown := _unknown(rows, volume, basis):
        return VerdictState.UNKNOWN, unknown, rows
    assert rows is not None, "`_unknown` speaks otherwise"
    assert basis.rows is not None, "`_unknown` speaks otherwise"
    held = f"{count(rows)} rows against {count(basis.rows)} ({basis.how})"
    if _short(spec.good, rows, basis.rows) or _outlying(spec.robust, rows, basis):
        return VerdictState.BAD, held, rows
    return VerdictState.GOOD, held, rows


def _unknown(rows: int | None, volume: Volume, basis: Basis) -> str | None:
    """Why the volume cannot be judged, or None."""
    if volume.cumulative:
        return "its counts accumulate over the run, which this version cannot tell apart"
    if rows is None:
        return "a run did not say how many rows it wrote"
    if basis.rows is None:
        return "nothing earlier to compare with"
    return None


def _short(good: Good, rows: int, expected: Fraction) -> bool:
    """The -20 % rule on exact numbers: exactly at the ratio is bad unless the boundary says good; of 0 all is."""
    if not expected:
        return False
    ratio = good.min_ratio
    # Cross-multiplied: a product of fractions would be reduced for every occurrence.
    delivered = rows * ratio.denominator * expected.denominator
    floor = ratio.numerator * expected.numerator
    return delivered < floor or (delivered == floor and good.boundary == "bad" and ratio < 1)


def _outlying(robust: Robust | None, rows: int, basis: Basis) -> bool:
    """By z = 0.6745 (x - median) / MAD, or with MAD 0 (x - median) / (1.253314 mean |x - median|) (SLO.md b.8).

    Two deviations of 0 leave z undefined, and then the plain ratio alone decides.
    """
    if robust is None or not basis.history or not basis.rows or rows > basis.rows * (1 - robust.min_effect):
        return False
    score = z_score(Fraction(rows), basis.history)
    return score is not None and score <= -robust.z_max


def z_score(value: Fraction, history: Sequence[Fraction]) -> Fraction | None:
    """The robust deviation of *value* from the median of *history*, None where history knows no deviation at all."""
    middle = median(history)
    deviations = [abs(point - middle) for point in history]
    if spread := median(deviations):
        return TO_SIGMA * (value - middle) / spread
    if spread := sum(deviations, Fraction(0)) / len(deviations):
        return (value - middle) / (MEAN_TO_SIGMA * spread)
    return None


def median(points: Sequence[Fraction]) -> Fraction:
    """The middle of *points*, exact; of an even number the mean of the two in the middle."""
    ordered = sorted(points)
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2
