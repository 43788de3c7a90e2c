"""Latency: how long did data take from the sources of a path to the dataset at its end (SLO.md b.4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import exp, lgamma, log
from statistics import median_low
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from lineage.model import NodeId, Stage, Verdict, VerdictState
from lineage.slo.alerting import Trend
from lineage.slo.evidence import Ancestry, Delivery, Evidence, Need
from lineage.slo.findings import Growth
from lineage.slo.indicators._robust import LEAST, median, theil_sen
from lineage.slo.passage import Arrived, Key, Level, Passage, arrivals, key_of, regular
from lineage.slo.phrases import moment, seconds, span
from lineage.slo.shape import stamp
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Ratio, Sli, Strict, plain

MICROSECOND = timedelta(microseconds=1)
DAY, EPOCH = timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)
NONE, ONE = Fraction(0), Fraction(1)
TAIL = 0.025  # of the confidence of 95 %, on each side
TOO_LARGE = VerdictState.UNKNOWN, "the path has more datasets than are looked at; name those that count in `via`"
WEAKEST = {"datasetVersion": Level.VERSION, "asOfStart": Level.AS_OF}


def _proper(share: Fraction) -> Fraction:
    if not 0 < share < 1:
        raise ValueError("a percentile lies between 0 and 1, both left out; write 0.95")
    return share


class Percentile(Strict):
    """At most *threshold* for the share *p* of all samples, which is the same as the percentile being below it."""

    p: Annotated[Ratio, AfterValidator(_proper)] = Fraction(95, 100)
    threshold: Duration
    estimator: Literal["nearest-rank"] = "nearest-rank"


class Spec(Sli):
    """`type: latency`. *origin* of several versions that came together is the oldest of them, or the newest.

    *correlate* says which evidence is believed: versions that readers name, and the order of times.
    """

    needs_schedule: ClassVar[bool] = False
    needs_path: ClassVar[bool] = True
    tells_trend: ClassVar[bool] = True
    judges_absence: ClassVar[bool] = True

    type: Literal["latency"]
    unit: Literal["occurrences"] = "occurrences"
    origin: Literal["oldest", "newest"] = "oldest"
    correlate: Annotated[tuple[Literal["datasetVersion", "asOfStart"], ...], Field(min_length=1)] = (
        "datasetVersion",
        "asOfStart",
    )
    percentile: Percentile
    in_flight: Literal["censor-as-bad"] = "censor-as-bad"
    include_backfills: Literal[False] = False
    metadata_grace: Duration | None = None

    def remark(self, target: Fraction) -> str | None:
        """A percentile is below its threshold exactly when that share of the samples is, so both are one number."""
        shown, promised = plain(self.percentile.p), plain(target)
        if shown == promised:
            return None
        return f"the percentile that is shown is {shown}, what is promised {promised}; write p: {promised}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A version of the target that brought something new, from the version of a source at *origin*; or what will.

    *arrived* None: it is still on its way. *passage* None: nobody knows what it was made of, for the *gap* there is.
    """

    origin: datetime
    version: Delivery
    arrived: Delivery | None = None
    passage: Passage | None = None
    gap: str | None = None


def needs(slo: DataSLO) -> Need:
    """What happened on the path, in the window and a day before it."""
    _spec(slo)
    return Need(history=timedelta(days=1), ancestry=True)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each version that brought something new, by due: its origin and the threshold.

    *value* is the latency in seconds, *expected* the threshold. What is still on its way is BAD from its due time on,
    not when it lands, and keeps its name and its due time when it does. UNKNOWN: nobody knows what it was made of, or
    not as surely as `correlate` asks. A backfill, and a version that brought nothing new, is no sample.
    """
    spec = _spec(slo)
    found = samples(evidence.passed(), spec.origin, evidence.since - spec.percentile.threshold, now)
    usual = _usual(found)
    due = [sample for sample in found if evidence.since < _due(sample, spec) <= now]
    judged = [_judge(sample, spec, evidence, usual, now) for sample in due]
    return sorted(judged, key=lambda verdict: (verdict.due, verdict.occurrence))


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it."""
    newest, first = streak[-1], streak[0]
    since = f", since {moment(first.due)}" if len(streak) > 1 else ""
    return f"{newest.reason[:1].upper()}{newest.reason[1:]}{since}"


def figures(slo: DataSLO, verdicts: Sequence[Verdict]) -> dict[str, Fraction | None]:
    """The percentile of the judged, in seconds, with its confidence interval of 95 % and the number of samples.

    What is on its way counts with its age by now, of which it will be more. An end that so few samples do not give is
    None; of fewer than twenty the 95th percentile is the largest. The same by path, where there are several, for
    percentiles are never averaged. *trendSecondsPerDay* and *trendShare* tell how that of each day grows.
    """
    p = _spec(slo).percentile.p
    counted = _counted(verdicts)
    values = [value for _, value in counted]
    low, high = confidence(values, p)
    found = {
        "percentile": p,
        "seconds": percentile(values, p),
        "secondsAtLeast": low,
        "secondsAtMost": high,
        "samples": Fraction(len(values)),
    }
    ways = sorted({verdict.path for verdict, _ in counted if verdict.path is not None})
    for way in ways if len(ways) > 1 else ():
        own = [value for verdict, value in counted if verdict.path == way]
        found |= {f"path.{way}.seconds": percentile(own, p), f"path.{way}.samples": Fraction(len(own))}
    grown = trend(slo, verdicts)
    share = None if grown is None else grown.share
    return found | {"trendSecondsPerDay": None if grown is None else grown.by_day, "trendShare": share}


def trend(slo: DataSLO, verdicts: Sequence[Verdict]) -> Growth | None:
    """How the percentile of each day grows over the window of `alerting.trend`, by default 14 days (SLO.md b.4).

    By the median slope of all pairs of whole days: the newest, which may not be over, is left out. None: of fewer than
    four days there is no telling.
    """
    window = (slo.spec.alerting.trend or Trend(ticket_above=ONE)).window
    days: dict[int, list[Fraction]] = {}
    for verdict, value in _counted(verdicts):
        days.setdefault((verdict.due - EPOCH) // DAY, []).append(value)
    first = max(days, default=0) - -(-window // DAY)
    p = _spec(slo).percentile.p
    points = [(day, percentile(days[day], p) or NONE) for day in sorted(days)[:-1] if day >= first]
    usual = median([height for _, height in points]) if len(points) >= LEAST else NONE
    if not usual:
        return None
    slope = theil_sen(points)
    return Growth(slope, slope * (window // DAY) / usual, EPOCH + DAY * points[0][0])


def _counted(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, Fraction]]:
    return [(each, each.value) for each in verdicts if each.total and each.value is not None]


def samples(ancestry: Ancestry, origin: Literal["oldest", "newest"], since: datetime, now: datetime) -> list[Sample]:
    """The versions of the target by time, each with the origin of what it brought, and last what is on its way.

    What a version brought are the source versions after those that an earlier one had brought, by all ways. The first
    one known brought at least the version that it was made of; what was there before *ancestry* begins only tells what
    is new. What is on its way counts from the first that began after *since*.
    """
    versions = {source: regular(ancestry, source) for source in sorted(ancestry.sources)}
    marks: dict[NodeId, Key] = {}
    found = [
        sample
        for arrived in arrivals(ancestry)
        if not arrived.backfill
        for sample in _brought(arrived, marks, versions, origin, ancestry.begin)
    ]
    pick = min if origin == "oldest" else max
    waiting = [
        (begun(each), key_of(each), each)
        for source, come in versions.items()
        for each in come
        if since < begun(each) and (source not in marks or key_of(each) > marks[source]) and each.at <= now
    ]
    if waiting:
        at, _, version = pick(waiting, key=lambda one: one[:2])
        found.append(Sample(at, version))
    return found


def begun(version: Delivery) -> datetime:
    """When the data of a source version began to be: its interval's start, or when it was there."""
    if version.nominal is not None:
        return min(version.nominal[0], version.at)
    return version.at - (version.window or timedelta(0))


def percentile(values: Sequence[Fraction], p: Fraction) -> Fraction | None:
    """The smallest of *values* that at least the share *p* of them does not exceed: nearest rank. None of none."""
    rank = -(-p.numerator * len(values) // p.denominator)
    return sorted(values)[rank - 1] if values else None


def confidence(values: Sequence[Fraction], p: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """Two of *values* between which the percentile lies with 95 %: by order statistics, which assume no distribution.

    How many of n samples lie below it is binomial: David and Nagaraja, Order Statistics, 7.1.
    """
    below, ranks = 0.0, [0, 0]
    for rank, chance in enumerate(_binomial(len(values), float(p)), start=1):
        if below + chance <= TAIL:
            ranks[0] = rank
        below += chance
        if not ranks[1] and below >= 1 - TAIL:
            ranks[1] = rank
    ordered = sorted(values)
    low, high = (ordered[rank - 1] if 0 < rank <= len(ordered) else None for rank in ranks)
    return low, high


def _binomial(count: int, p: float) -> Iterator[float]:
    """The chances of 0, 1 … *count* of *count*; by logarithms, for their factors are too small and too large."""
    for hits in range(count + 1):
        ways = lgamma(count + 1) - lgamma(hits + 1) - lgamma(count - hits + 1)
        yield exp(ways + hits * log(p) + (count - hits) * log(1 - p))


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


def _brought(
    arrived: Arrived,
    marks: dict[NodeId, Key],
    versions: dict[NodeId, list[Delivery]],
    origin: Literal["oldest", "newest"],
    begin: datetime,
) -> Iterator[Sample]:
    """The sample that *arrived* is, if it brought anything; *marks* go on to what it brought."""
    if arrived.gap is not None:
        yield Sample(arrived.delivery.at, arrived.delivery, arrived.delivery, gap=arrived.gap)
    new: list[tuple[datetime, Key, Delivery, Passage]] = []
    for source, passage in (arrived.oldest if origin == "oldest" else arrived.newest).items():
        upto, mark = key_of(passage.version), marks.get(source)
        first = (passage.version,) if mark is None else ()
        new += [(begun(each), key_of(each), each, passage) for each in (*first, *_after(mark, upto, versions[source]))]
        marks[source] = upto if mark is None else max(mark, upto)
    if new and arrived.delivery.at > begin:
        pick = min if origin == "oldest" else max
        at, _, version, passage = pick(new, key=lambda one: one[:2])
        yield Sample(at, version, arrived.delivery, passage)


def _after(mark: Key | None, upto: Key, come: Sequence[Delivery]) -> Sequence[Delivery]:
    """Those of *come* after *mark*, where there is one, up to *upto*."""
    if mark is None:
        return ()
    return come[bisect_right(come, mark, key=key_of) : bisect_right(come, upto, key=key_of)]


def stages(sample: Sample) -> Iterator[Stage]:
    """How long the source took, and how long *sample* then waited for each job and each ran: its latency, in parts.

    Of what has not arrived, or nobody knows how, there are none.
    """
    if sample.passage is None:
        return
    yield Stage("made by", sample.version.job, seconds(sample.version.at - sample.origin))
    for place, leg in enumerate(sample.passage.legs):
        waited = leg.delivery.at - leg.ran - sample.version.at if place == 0 else leg.waited
        yield Stage("waiting for", leg.delivery.job, seconds(waited))
        yield Stage("running", leg.delivery.job, seconds(leg.ran))


Usual = Mapping[tuple[str, NodeId], Fraction]


def _usual(found: Sequence[Sample]) -> Usual:
    """How many seconds each stage takes by its own median."""
    lengths: dict[tuple[str, NodeId], list[Fraction]] = {}
    for sample in found:
        for stage in stages(sample):
            lengths.setdefault(stage[:2], []).append(stage.seconds)
    return {of: median_low(each) for of, each in lengths.items()}


def _due(sample: Sample, spec: Spec) -> datetime:
    """When it should have arrived; of what nobody knows the origin of, when it did."""
    return sample.origin if sample.gap is not None else sample.origin + spec.percentile.threshold


Outcome = tuple[VerdictState, str]


def _judge(sample: Sample, spec: Spec, evidence: Evidence, usual: Usual, now: datetime) -> Verdict:
    whole = evidence.ancestry is not None and evidence.ancestry.whole
    grace = evidence.grace if spec.metadata_grace is None else spec.metadata_grace
    due = _due(sample, spec)
    state, reason = _outcome(sample, spec, usual, now, waited=due <= now - grace) if whole else TOO_LARGE
    arrived, version = sample.arrived, sample.version
    took = (now if arrived is None else arrived.at) - sample.origin
    return Verdict(
        f"{version.run}@{stamp(version.at)}",
        due,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=ONE if state in {VerdictState.GOOD, VerdictState.BAD} else NONE,
        reason=reason,
        value=None if sample.gap is not None else Fraction(took // MICROSECOND, 1_000_000),
        expected=Fraction(spec.percentile.threshold // MICROSECOND, 1_000_000),
        delivered_at=None if arrived is None else arrived.at,
        run=None if arrived is None else arrived.run,
        evidence=version.events if sample.passage is None else sample.passage.events,
        imported=evidence.imported(due),
        path=None if sample.passage is None else sample.passage.path,
        level=None if sample.passage is None else int(sample.passage.level),
        stages=tuple(stages(sample)),
    )


def _outcome(sample: Sample, spec: Spec, usual: Usual, now: datetime, *, waited: bool) -> Outcome:
    if sample.gap is not None:
        return VerdictState.UNKNOWN, sample.gap
    if sample.arrived is None or sample.passage is None:
        age = f"on its way for {span(now - sample.origin)}, from {sample.version.job.name}"
        return (VerdictState.BAD, age) if waited else (VerdictState.PENDING, f"{age}, an event may be on its way too")
    if sample.passage.level > max(WEAKEST[word] for word in spec.correlate):
        return VerdictState.UNKNOWN, "its readers do not name the versions that they read"
    took = sample.arrived.at - sample.origin
    reason = f"took {span(took)} by path {sample.passage.path}{_slowest(sample, usual)}"
    return (VerdictState.GOOD if took <= spec.percentile.threshold else VerdictState.BAD), reason


def _slowest(sample: Sample, usual: Usual) -> str:
    """The stage with the largest excess over its own median, where one has any."""
    stage = max(stages(sample), key=lambda each: (each.seconds - usual[each[:2]], each))
    took, before = (timedelta(seconds=float(each)) for each in (stage.seconds, usual[stage[:2]]))
    return f": {span(took)} {stage.what} {stage.job.name}, usually {span(before)}" if took > before else ""
