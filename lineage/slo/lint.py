"""What a definition promises that cannot be kept, or an alert that cannot fire: said before anybody waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from lineage.errors import InvalidDefinition
from lineage.slo.calendar import spacing
from lineage.slo.composites import join, misjoined
from lineage.slo.evaluate import evaluate
from lineage.slo.frequency import apart
from lineage.slo.indicators._robust import LEAST, deviations, median
from lineage.slo.periods import length_at, period_at
from lineage.slo.phrases import moment, percent, span
from lineage.slo.reading import Hint, Source, files_of, read_file
from lineage.slo.shape import number
from lineage.slo.slices import slicing, spaced
from lineage.slo.spec import ANY, DataSLO
from lineage.slo.terms import ALIKE
from lineage.slo.tiers import FEASIBLE, MIN_FACTOR, can_fire, choose
from lineage.store.base import Store

HOUR = timedelta(hours=1)

# MAD to a standard deviation, of which a fifth of what is expected is the wall (SLO.md b.8).
TO_DEVIATION, NOISY = Fraction(14_826, 10_000), Fraction(1, 5)


def inspect(
    paths: Sequence[Path], now: datetime, hint: Hint | None = None, held: Mapping[str, DataSLO] | None = None
) -> tuple[list[tuple[Source, list[str]]], list[str]]:
    """Every definition in *paths*, files or folders, with its warnings; and every fault, one line each.

    A name that is used twice is a fault, and so is a path that holds no SLO; a file that is named twice is read once.
    Where a schedule is missing, *hint* may know what to write. So is a member of a composite that is not there, nor
    among those *held*: where one file is looked at alone, it may be in another.
    """
    found: list[tuple[Source, list[str]]] = []
    faults: list[str] = []
    places: dict[str, str] = {}
    looked: set[Path] = set()
    for path in paths:
        files = files_of(path) if path.is_dir() else [path]
        if files and looked.issuperset(files):
            continue
        before = len(found) + len(faults)
        for file in (each for each in files if each not in looked):
            looked.add(file)
            try:
                sources = read_file(file, hint)
            except InvalidDefinition as error:
                faults += str(error).splitlines()
                continue
            for source in sources:
                if (first := places.setdefault(source.slo.name, source.place)) != source.place:
                    faults.append(f"{source.place}:1: the SLO {source.slo.name!r} is already in {first}; rename one")
                found.append((source, []))
        if len(found) + len(faults) == before:
            faults.append(f"{path}:1:1: holds no SLO; write one that begins with apiVersion: headwater/v1")
    whole = held is not None or any(path.is_dir() for path in paths)
    known = {**(held or {}), **{source.slo.name: source.slo for source, _ in found}}
    for source, told in found:
        told.extend(warnings(join(source.slo, known), now))
    faults += [
        f"{source.place}:1: spec.sli.of: {told}"
        for source, _ in found
        for name, told in misjoined(source.slo, known)
        if whole or name in known
    ]
    return found, faults


def strangers(slos: Iterable[DataSLO], store: Store) -> Iterator[tuple[str, str]]:
    """(SLO, one sentence) for each of *slos* whose dataset no event in *store* has ever named: often a misspelling."""
    datasets = {slo.name: slo.dataset for slo in slos if slo.spec.dataset != ANY}
    known = store.get(datasets.values())
    for name, dataset in datasets.items():
        if dataset not in known:
            yield name, f"no event has named {dataset} yet; look at the spelling of namespace and name"


def noisy(slos: Iterable[DataSLO], store: Store, now: datetime) -> Iterator[tuple[str, str]]:
    """(SLO, one sentence) for each that holds volumes to what is usual, where the usual swings too far (SLO.md b.8)."""
    for slo in slos:
        if slo.spec.sli.type == "completeness" and (swing := _swing(slo, store, now)) > NOISY:
            told = (
                f"rows swing by {percent(swing)} of what is expected on ordinary days, so that a fifth less is no news"
            )
            yield slo.name, f"{told}; write a lower good.minRatio, or another season"


def _swing(slo: DataSLO, store: Store, now: datetime) -> Fraction:
    """The median deviation of what came from what was expected, as a share of it; 0 where too little came to tell."""
    found = evaluate(slo, store, now).occurrences
    shares = [each.value / each.expected for each in found if each.value is not None and each.expected]
    if len(shares) < LEAST:
        return Fraction(0)
    middle = median(shares)
    return TO_DEVIATION * median(deviations(shares, middle)) / middle.denominator


def warnings(slo: DataSLO, now: datetime) -> Iterator[str]:
    """One sentence for each thing about *slo* that its author should know (SLO.md b.7)."""
    schedule, miss = slo.spec.schedule, 1 - slo.target
    every = spaced(slo, apart(slo, (), now), now)
    if every is not None and slo.unit in ALIKE:
        if (enough := affordable(slo, now)) is not None:
            expected = _expected(slo, every, now)
            one = "slice" if slo.unit == "slices" else "occurrence"
            held = f"{_held(slo, now)} {expected} {one}{'' if expected == 1 else 's'}"
            lower = f"a target of {number(enough)} or less, " if enough else ""
            timed = ", a budget in time (method: age)" if getattr(slo.spec.sli, "method", "") == "occurrence" else ""
            ways = f"{lower}a longer window{timed} or a composite with its siblings"
            yield f"this target forbids any miss: {held}; {ways} allows one"
        if schedule is not None and schedule.deadline >= (step := spacing(schedule, now)):
            yield (
                f"the deadline of {span(schedule.deadline)} is not shorter than the {span(step)} between deliveries; "
                "runs that do not name their interval would be counted for the next one"
            )
    length = length_at(slo, now)
    for tier in choose(slo, every, length):
        if not can_fire(tier, slo, length):
            yield (
                f"the {tier.severity} tier over {span(tier.long)} can never fire: even a total outage burns "
                f"{float(1 / miss):.4g} times, its factor is {float(tier.factor(length)):.4g}; "
                f"{float(FEASIBLE / miss):.4g} would do, or policy: auto"
            )
        elif tier.factor(length) < MIN_FACTOR:
            yield (
                f"the {tier.severity} tier over {span(tier.long)} fires while the budget is on track: its factor is "
                f"{float(tier.factor(length)):.4g}; write a larger budget for it, or a shorter long window"
            )
    yield from _out_of_time(slo, now)
    if slo.spec.owner.escalation is not None:
        yield "escalation is kept and called by nobody; let what takes the channel's messages escalate"
    if remark := slo.spec.sli.remark(slo.target):
        yield remark
    cut, between = slicing(slo), apart(slo, (), now)
    if cut is not None and between is not None and cut.length < between:
        told = f"slices of {span(cut.length)} are shorter than the {span(between)} between occurrences"
        yield f"{told}, so that many hold none and do not count; write a longer timeSliceWindow"
    rates = choose(slo, every, length)
    if slo.spec.alerting.ladder and rates:
        yield "the ladder is not used, for burn rates speak here; write policy: discrete"
    if slo.spec.alerting.significance is not None and every is not None and not rates:
        yield "significance is not used, for the ladder speaks here; write policy: mwmb"


def _out_of_time(slo: DataSLO, now: datetime) -> Iterator[str]:
    if slo.window < HOUR:
        yield f"the window is {span(slo.window)} long, for m is a minute; write M for months"
    for ending in () if slo.spec.lifecycle is None else slo.spec.lifecycle.endings:
        if ending.at <= now:
            yield f"the data {ending.what} {moment(ending.at)}, which is over; write a later end, or remove it"


def _held(slo: DataSLO, now: datetime) -> str:
    period = period_at(slo, now)
    return f"{span(slo.window)} hold" if period is None else f"{period.name} holds"


def affordable(slo: DataSLO, now: datetime) -> Fraction | None:
    """The highest target that allows a miss: 1 - 1/N, rounded down to three digits; None where that of *slo* does."""
    every = spaced(slo, apart(slo, (), now), now)
    if every is None or slo.unit not in ALIKE:
        return None
    expected = _expected(slo, every, now)
    return None if expected * (1 - slo.target) >= 1 else Fraction(int((1 - 1 / expected) * 1000), 1000)


def _expected(slo: DataSLO, every: timedelta, now: datetime) -> Fraction:
    """How many occurrences the window at *now* holds; a day of 25 hours in it takes none away."""
    return Fraction(max(1, round(length_at(slo, now) / every)))
