"""Latency: how long did data take from the sources of a path to the dataset at its end (SLO.md b.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import chain
from statistics import median_low
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from lineage.model import NodeId, Verdict, VerdictState
from lineage.slo.alerting import Trend
from lineage.slo.evidence import Ancestry, Evidence, Need
from lineage.slo.findings import Growth
from lineage.slo.indicators._beaten import LIVELY, Beaten
from lineage.slo.indicators._journeys import Journeys, Sample, by_versions
from lineage.slo.indicators._pace import Came, Pace, by_pace
from lineage.slo.indicators._percentile import confidence, percentile
from lineage.slo.indicators._robust import LEAST, median, theil_sen
from lineage.slo.passage import Level, arrivals
from lineage.slo.phrases import moment, opened, seconds, span
from lineage.slo.spec import DataSLO
from lineage.slo.terms import Duration, Ratio, Sli, Strict, plain

DAY, EPOCH = timedelta(days=1), datetime(1970, 1, 1, tzinfo=UTC)
NONE, ONE = Fraction(0), Fraction(1)
TOO_LARGE = VerdictState.UNKNOWN, "the path has more datasets than are looked at; name those that count in `via`"
LEVELS = {"heartbeat": Level.BEAT, "datasetVersion": Level.VERSION, "asOfStart": Level.AS_OF}
TOO_WEAK = {
    Level.BEAT: "no beat tells how long it took",
    Level.VERSION: "its readers do not name the versions that they read",
    Level.AS_OF: "a run came that does not tell what it read",
}


def _strongest_first(words: tuple[str, ...]) -> tuple[str, ...]:
    if list(words) != sorted(set(words), key=lambda word: LEVELS[word]):
        raise ValueError("each counts once, the strongest first; write [heartbeat, datasetVersion, asOfStart]")
    return words


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

    *correlate* says which evidence is believed, strongest first: beats that went the way of the data, versions that
    readers name, the order of times.
    """

    needs_schedule: ClassVar[bool] = False
    needs_path: ClassVar[bool] = True
    tells_trend: ClassVar[bool] = True
    judges_absence: ClassVar[bool] = True

    type: Literal["latency"]
    unit: Literal["occurrences"] = "occurrences"
    origin: Literal["oldest", "newest"] = "oldest"
    correlate: Annotated[
        tuple[Literal["heartbeat", "datasetVersion", "asOfStart"], ...],
        Field(min_length=1),
        AfterValidator(_strongest_first),
    ] = ("heartbeat", "datasetVersion", "asOfStart")
    percentile: Percentile
    in_flight: Literal["censor-as-bad"] = "censor-as-bad"
    include_backfills: Literal[False] = False
    metadata_grace: Duration | None = None

    @property
    def weakest(self) -> Level:
        """The weakest evidence that is believed."""
        return LEVELS[self.correlate[-1]]

    @property
    def beats(self) -> bool:
        """Whether beats are believed."""
        return Level.BEAT in {LEVELS[word] for word in self.correlate}

    def remark(self, target: Fraction) -> str | None:
        """A percentile is below its threshold exactly when that share of the samples is, so both are one number."""
        shown, promised = plain(self.percentile.p), plain(target)
        if shown == promised:
            return None
        return f"the percentile that is shown is {shown}, what is promised {promised}; write p: {promised}"


def needs(slo: DataSLO) -> Need:
    """What happened on the path, from a day before the first was there that is due in the window."""
    spec = _spec(slo)
    return Need(history=LIVELY + spec.percentile.threshold, ancestry=True, beats=spec.beats)


def measure(slo: DataSLO, evidence: Evidence, now: datetime) -> list[Verdict]:
    """A verdict for each version that brought something new, by due: its origin and the threshold.

    *value* is the latency in seconds, *expected* the threshold. What is still on its way is BAD from its due time on,
    not when it lands, and keeps its name and its due time when it does. UNKNOWN: nobody knows what it was made of, or
    not as surely as `correlate` asks. A backfill, and a version that brought nothing new, is no sample.
    """
    spec = _spec(slo)
    found = samples(spec, evidence.passed())
    usual = _usual(found)
    due = [sample for sample in found if evidence.since < _due(sample, spec) <= now]
    judged = [_judge(sample, spec, evidence, usual, now) for sample in due]
    return sorted(judged, key=lambda verdict: (verdict.due, verdict.occurrence))


def samples(spec: Spec, ancestry: Ancestry) -> list[Sample]:
    """What came to the end of the path, and what is on its way: by beats where they tell.

    Where nothing but beats is believed, what no beat tells of yet is nothing yet.
    """
    threshold = spec.percentile.threshold
    path = Journeys(ancestry, arrivals(ancestry), spec.origin, threshold, spec.weakest)
    beaten, alone = Beaten(path), spec.weakest is Level.BEAT
    walked = [each for each in by_versions(path, beaten.measures) if each.at is not None or not alone]
    if spec.origin == "newest":
        return [*walked, *chain(*beaten.samples())]
    came = [Came(each.delivery.at, each.delivery.at, not each.backfill) for each in path.come]
    found = by_pace(walked, Pace(came, threshold), threshold)
    for each in beaten.samples():
        newest: dict[datetime, datetime] = {}
        for sample in each:
            if sample.at is not None:
                newest[sample.at] = max(sample.origin, newest.get(sample.at, sample.origin))
        looks = [Came(*look) for look in sorted(newest.items())]
        found += by_pace(each, Pace(looks, threshold, LIVELY), threshold)
    return found


def describe(streak: Sequence[Verdict], now: datetime) -> str:  # noqa: ARG001 - every indicator is asked alike
    """What is wrong, for a person, from the unbroken row of BAD verdicts that ends it.

    While something is on its way, what has been for longest; else the newest.
    """
    newest, first = streak[-1], streak[0]
    if newest.delivered_at is None:
        newest = next(verdict for verdict in streak if verdict.delivered_at is None)
    since = f", since {moment(first.due)}" if len(streak) > 1 else ""
    return f"{opened(newest.reason)}{since}"


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
    levels = Counter(verdict.level for verdict, _ in counted if verdict.level is not None)
    found |= {f"level.{level}.samples": Fraction(count) for level, count in sorted(levels.items())}
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


def _spec(slo: DataSLO) -> Spec:
    assert isinstance(slo.spec.sli, Spec), "the word chose this file"
    return slo.spec.sli


Usual = Mapping[tuple[str, NodeId], Fraction]


def _usual(found: Sequence[Sample]) -> Usual:
    """How many seconds each stage takes by its own median."""
    lengths: dict[tuple[str, NodeId], list[Fraction]] = {}
    for sample in found:
        for stage in sample.stages:
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
    return Verdict(
        sample.name,
        due,
        state,
        good=ONE if state == VerdictState.GOOD else NONE,
        total=ONE if state in {VerdictState.GOOD, VerdictState.BAD} else NONE,
        reason=reason,
        value=None if sample.gap is not None else seconds((sample.at or now) - sample.origin),
        expected=seconds(spec.percentile.threshold),
        delivered_at=sample.at,
        run=sample.run,
        evidence=sample.events,
        imported=evidence.imported(due),
        path=sample.path,
        level=sample.level,
        stages=sample.stages,
    )


def _outcome(sample: Sample, spec: Spec, usual: Usual, now: datetime, *, waited: bool) -> Outcome:
    if sample.gap is not None:
        return VerdictState.UNKNOWN, sample.gap
    if sample.at is None:
        age = f"on its way for {span(now - sample.origin)}, from {sample.job.name}"
        if waited and not sample.certain:
            return VerdictState.UNKNOWN, TOO_WEAK[spec.weakest]
        return (VerdictState.BAD, age) if waited else (VerdictState.PENDING, f"{age}, an event may be on its way too")
    took = sample.at - sample.origin
    if sample.level is None:
        return VerdictState.BAD, f"took {span(took)} at least, until a run came that does not tell what it read"
    in_time = took <= spec.percentile.threshold
    if (in_time and sample.level > spec.weakest) or not (in_time or sample.certain):
        return VerdictState.UNKNOWN, TOO_WEAK[spec.weakest]
    by = "" if sample.path is None else f" by path {sample.path}"
    said = f"took {span(took)}{by}" if sample.level > Level.BEAT else f"the beat took {span(took)}{by}"
    return VerdictState.GOOD if in_time else VerdictState.BAD, f"{said}{_slowest(sample, usual)}"


def _slowest(sample: Sample, usual: Usual) -> str:
    """The stage with the largest excess over its own median, where one has any."""
    if not sample.stages:
        return ""
    stage = max(sample.stages, key=lambda each: (each.seconds - usual[each[:2]], each))
    took, before = (timedelta(seconds=float(each)) for each in (stage.seconds, usual[stage[:2]]))
    return f": {span(took)} {stage.what} {stage.job.name}, usually {span(before)}" if took > before else ""
