"""From verdicts to a status: what is left of the error budget, how fast it burns, and what to say. Exact, pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import accumulate, takewhile
from operator import attrgetter
from typing import Literal, NamedTuple

from lineage.model import Verdict, VerdictState
from lineage.slo.alerting import Rung
from lineage.slo.calendar import next_due
from lineage.slo.coming import NOBODY, Said, coming
from lineage.slo.frequency import apart, schedules
from lineage.slo.lasting import plain
from lineage.slo.periods import TICK, Period, begin, length_at, period_at, reach, until
from lineage.slo.phrases import count as number
from lineage.slo.phrases import moment, percent, span
from lineage.slo.significance import unlikely
from lineage.slo.slices import counted, slicing, spaced
from lineage.slo.spec import DataSLO, indicator
from lineage.slo.status import Budget, BurnRate, SloState, Status
from lineage.slo.terms import ALIKE
from lineage.slo.tiers import SECOND, Tier, choose, tiers_of

JUDGED = frozenset({VerdictState.GOOD, VerdictState.BAD})
OPEN = frozenset({VerdictState.UNKNOWN, VerdictState.PENDING})  # expected, and not judged

EVER = datetime.min.replace(tzinfo=UTC)

WARM_AFTER = 7  # occurrences, or one window (SLO.md b.6)
AT_RISK_BELOW = Fraction(1, 4)  # of the budget (SLO.md b.7: notify owner and consumers)
PAGE_BELOW = Fraction(1, 2)  # of the budget, on the ladder's next miss
AUTO_MIN_BAD = 3  # three misses in 28 are unlikely at 1 % (P = .0027), two are not (SLO.md b.7)

DELIVERED_AT = attrgetter("delivered_at")

Severity = Literal["page", "ticket"]


class Count(NamedTuple):
    """Good and total in the SLI's unit, and how many occurrences were judged of how many that could be."""

    good: Fraction
    total: Fraction
    judged: int
    expected: int

    @property
    def sli(self) -> Fraction | None:
        """Good / total; None for 0 of 0, never 1."""
        return self.good / self.total if self.total else None

    @property
    def bad(self) -> Fraction:
        """Total less good."""
        return self.total - self.good

    @property
    def coverage(self) -> Fraction | None:
        """Judged / (judged + UNKNOWN): what is PENDING is not missing yet."""
        return Fraction(self.judged, self.expected) if self.expected else None

    def burn(self, target: Fraction) -> Fraction | None:
        """(bad / total) / (1 - target): 1 spends the budget exactly in its window; None for 0 of 0."""
        return self.bad / self.total / (1 - target) if self.total else None


def count(verdicts: Iterable[Verdict]) -> Count:
    """Add *verdicts* up."""
    tally = Tally(verdicts)
    return tally.count(0, len(tally.ordered))


class Tally:
    """Verdicts by due, added up once, so that what any window holds costs two look-ups however many they are.

    *ordered* by due and occurrence; *dues* are theirs.
    """

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self.after: datetime | None = None  # what was due by then lies in no window any more
        self.ordered: list[Verdict] = []
        self.dues: list[datetime] = []
        self._good: list[int | Fraction] = [0]
        self._total: list[int | Fraction] = [0]
        self._places: dict[VerdictState, list[int]] = {state: [] for state in VerdictState}
        self.end_with(0, sorted(verdicts, key=lambda verdict: (verdict.due, verdict.occurrence)))

    def end_with(self, place: int, verdicts: Sequence[Verdict]) -> None:
        """From *place* on have *verdicts*, by due and occurrence, instead of what is there."""
        for kept, end in ((self.ordered, place), (self.dues, place), (self._good, place + 1), (self._total, place + 1)):
            del kept[end:]
        for places in self._places.values():
            del places[bisect_left(places, place) :]
        self.ordered += verdicts
        self.dues += [verdict.due for verdict in verdicts]
        good = (_whole(verdict.good) if verdict.state in JUDGED else 0 for verdict in verdicts)
        total = (_whole(verdict.total) if verdict.state in JUDGED else 0 for verdict in verdicts)
        self._good += accumulate(good, initial=self._good.pop())
        self._total += accumulate(total, initial=self._total.pop())
        for at, verdict in enumerate(verdicts, place):
            self._places[verdict.state].append(at)

    def window(self, length: timedelta, now: datetime) -> tuple[int, int]:
        """The places in `ordered` of what lies in (now - *length*, now]: from, and up to without."""
        return self.due_after(now - length, now)

    def due_after(self, begin: datetime, now: datetime) -> tuple[int, int]:
        """The places in `ordered` of what lies in (*begin*, *now*]."""
        begin = begin if self.after is None else max(begin, self.after)
        return bisect_right(self.dues, begin), bisect_right(self.dues, now)

    def count(self, first: int, end: int) -> Count:
        """What `ordered` holds from *first* up to *end*."""
        judged = sum(self.of(state, first, end) for state in JUDGED)
        good, total = Fraction(self._good[end] - self._good[first]), Fraction(self._total[end] - self._total[first])
        return Count(good, total, judged, judged + self.of(VerdictState.UNKNOWN, first, end))

    def of(self, state: VerdictState, first: int, end: int) -> int:
        """How many verdicts there are in *state*."""
        places = self._places[state]
        return bisect_left(places, end) - bisect_left(places, first)


def _whole(part: Fraction) -> int | Fraction:
    """Whole numbers, which nearly all parts are, add up as such."""
    return part.numerator if part.denominator == 1 else part


def judge(slo: DataSLO, verdicts: Iterable[Verdict], now: datetime) -> Status:
    """The status of *slo* at *now*: a function of the set of *verdicts*, whatever their order.

    A verdict enters windows by its due time. The budget is (1 - target) of what was expected up to now, and on a
    calendar of what is yet to come as well; what is UNKNOWN takes part in the budget and in coverage, not in the SLI.
    """
    measured = Tally(verdicts)
    return judge_tally(slo, Tally(counted(slo, measured.ordered, EVER, now)), now, measured=measured)


def judge_tally(
    slo: DataSLO,
    tally: Tally,
    now: datetime,
    said: Said = NOBODY,
    measured: Tally | None = None,
) -> Status:
    """What `judge` says of the verdicts in *tally* that were due by *now*: for who asks for many instants.

    What of a window on a calendar is yet to come is not expected in what is *said* to be excluded, by SLO; by default
    by the files. Of slices *measured* is what they were made of.
    """
    period, length = period_at(slo, now), length_at(slo, now)
    first, end = tally.due_after(begin(slo, now), last := until(slo, now))
    looked, _ = tally.due_after(reach(slo, now), now)
    window, totals = tally.ordered[first:end], tally.count(first, end)
    states = {state: tally.of(state, first, end) for state in VerdictState}
    members = () if measured is None else members_of(slo, measured, window, last)
    to_come = coming(slo, now, members or tally.ordered[looked:end], said)
    budget = _budget(slo, totals, sum(states[state] for state in OPEN) + to_come)
    tiers = choose(slo, spaced(slo, apart(slo, window, now), now), length)
    rates = tuple(_rate(tier, slo, tally, now) for tier in tiers)
    before = tuple(tally.ordered[looked:first])
    streak = _streak((*before, *window)) if before else _streak(window)
    misses = max(states[VerdictState.BAD], len(streak))  # a streak may have begun before a window on a calendar
    ladder = _strictest(_ladder(slo, misses, streak, budget, burns=bool(tiers)))
    young = _young(slo, tally.count(looked, end), now)
    state = (
        "warming"
        if young
        else _state(slo, totals, budget, period, speaking=ladder is not None or any(rate.firing for rate in rates))
    )
    status = Status(
        slo=slo.name,
        at=plain(now),
        state=state,
        target=slo.target,
        window_s=length // SECOND,
        sli=totals.sli,
        good=totals.good,
        total=totals.total,
        counts={name.value.lower(): states[name] for name in VerdictState},
        coverage=totals.coverage,
        budget=budget,
        burn_rates=rates,
        burn=rates or tuple(_shown(tier, slo, tally, now) for tier in tiers_of(slo)),
        ladder=ladder,
        occurrences=tuple(window),
        members=members,
        next_due=min((next_due(each, now) for each in schedules(slo)), default=None),
        last_delivery=max(filter(None, map(DELIVERED_AT, window)), default=None),
        sentence="",
        period=period,
        before=before,
    )
    return replace(status, sentence=sentence(slo, status))


def later(slo: DataSLO, status: Status, now: datetime) -> Status:
    """*status* of *slo* as of *now*, where nothing has changed since but the time: only words tell how long it is."""
    moved = replace(status, at=now)
    return replace(moved, sentence=sentence(slo, moved)) if _streak(moved.looked_at) else moved


def _budget(slo: DataSLO, totals: Count, unjudged: int) -> Budget:
    """In the SLI's own unit; only where that is occurrences does one that was not judged have a known weight: 1."""
    expected = totals.total + (unjudged if slo.unit in ALIKE else 0)
    allowed = (1 - slo.target) * expected
    return Budget(allowed, totals.bad, 1 - totals.bad / allowed if allowed else None)


def members_of(slo: DataSLO, measured: Tally, window: Sequence[Verdict], now: datetime) -> tuple[Verdict, ...]:
    """Those in *measured* that the slices in *window* are made of; nothing where occurrences are counted."""
    cut = slicing(slo)
    if cut is None or not window:
        return ()
    first, end = measured.due_after(cut.at(window[0].due).start - TICK, now)
    return tuple(measured.ordered[first:end])


def _rate(tier: Tier, slo: DataSLO, tally: Tally, now: datetime) -> BurnRate:
    long, short = (tally.count(*tally.window(length, now)) for length in (tier.long, tier.short))
    factor = tier.factor(length_at(slo, now))
    rates = (long.burn(slo.target), short.burn(slo.target))
    burning = all(rate is not None and rate > factor for rate in rates)
    return BurnRate(
        tier.severity,
        tier.long // SECOND,
        tier.short // SECOND,
        *rates,
        factor,
        firing=burning and _guarded(slo, long),
    )


def _shown(tier: Tier, slo: DataSLO, tally: Tally, now: datetime) -> BurnRate:
    """A tier of the catalogue where the ladder speaks: how fast the budget burns is worth seeing, and no alert."""
    return replace(_rate(tier, slo, tally, now), firing=False)


def _guarded(slo: DataSLO, long: Count) -> bool:
    """Whether there is enough in the long window to believe its rate."""
    alerting = slo.spec.alerting
    stands_in = alerting.policy == "auto" and alerting.significance is None
    least_bad = alerting.min_bad_events or (AUTO_MIN_BAD if stands_in else 1)
    covered = long.coverage is not None and long.coverage >= slo.spec.no_data.min_coverage
    if not (covered and long.total >= alerting.min_events and long.bad >= least_bad):
        return False
    return alerting.significance is None or unlikely(long.bad, long.total, 1 - slo.target, alerting.significance)


def _streak(window: Sequence[Verdict]) -> list[Verdict]:
    """The newest judged verdicts as far back as they are BAD, oldest first; empty when the newest is GOOD."""
    newest_first = (verdict for verdict in reversed(window) if verdict.state in JUDGED)
    return list(takewhile(lambda verdict: verdict.state == VerdictState.BAD, newest_first))[::-1]


def _ladder(slo: DataSLO, bad: int, streak: Sequence[Verdict], budget: Budget, *, burns: bool) -> Iterable[Severity]:
    """What the discrete rules say. They end with the next GOOD occurrence: time without events is no recovery."""
    if not streak:
        return
    alerting, newest = slo.spec.alerting, streak[-1]
    if alerting.instant is not None and newest.total and newest.good / newest.total < alerting.instant.below:
        yield alerting.instant.severity
    if burns:
        return
    for rung in alerting.ladder or _default_ladder(slo):
        if (len(streak) if rung.consecutive else bad) >= rung.bad:
            yield rung.severity
    if not alerting.ladder and budget.remaining_ratio is not None and budget.remaining_ratio <= PAGE_BELOW:
        yield "page"


def _default_ladder(slo: DataSLO) -> tuple[Rung, ...]:
    first: Severity = "page" if slo.critical else "ticket"
    return (Rung(bad=1, severity=first), Rung(bad=2, consecutive=True, severity="page"))


def _strictest(severities: Iterable[Severity]) -> Severity | None:
    return min(severities, default=None)  # "page" before "ticket"


def _young(slo: DataSLO, looked_at: Count, now: datetime) -> bool:
    """Whether it has not been in force for a window, or for seven occurrences, the border of a month or not.

    A composite that lacks a member is not: what it said before stands.
    """
    began = slo.spec.effective_from
    if began is None or slo.unjoined is not None:
        return False
    return now < began + slo.window and looked_at.expected < WARM_AFTER


def _state(slo: DataSLO, totals: Count, budget: Budget, period: Period | None, *, speaking: bool) -> SloState:
    """Without coverage nothing is said. Then what speaks decides.

    Where nothing was due yet in a month, nothing is missing.
    """
    nothing_due = period is not None and totals.expected == 0
    if not nothing_due and (totals.coverage is None or totals.coverage < slo.spec.no_data.min_coverage):
        return "no_data"
    if speaking:
        return "breaching"
    return "at_risk" if budget.remaining_ratio is not None and budget.remaining_ratio < AT_RISK_BELOW else "ok"


def sentence(slo: DataSLO, status: Status) -> str:
    """The one thing to know: what is wrong and since when, else how fast the budget burns, else how much is left."""
    judged, streak = sum(status.counts[state.value.lower()] for state in JUDGED), _streak(status.looked_at)
    within = f"in {span(slo.window) if status.period is None else status.period.name}"
    if status.state == "no_data":
        expected = judged + status.counts["unknown"]
        return f"No data: {slo.unjoined or f'{judged} of {expected} occurrences could be judged {within}'}"
    if streak:
        return _described(slo, streak, status.at)
    if fastest := max((rate.long or 0 for rate in status.burn_rates if rate.firing), default=None):
        return f"Spending budget {float(fastest):.3g} times faster than it can afford; {_left(status.budget)}"
    if status.state == "warming":
        told = sum(verdict.state in JUDGED for verdict in status.looked_at)
        return f"Warming up: {told} of {WARM_AFTER} {slo.unit if slo.unit in ALIKE else 'occurrences'} judged"
    unit = slo.unit
    if not status.total:
        share = "Nothing was judged yet"
    elif status.good == status.total:
        return f"All {number(status.total)} {unit} good {within}"
    else:
        share = f"{percent(status.good / status.total)} of {unit} good"
    return f"{share} {within}; {_left(status.budget)}"


def _described(slo: DataSLO, streak: Sequence[Verdict], at: datetime) -> str:
    """What is wrong: an indicator tells of what it measured, and not of what somebody judged by hand."""
    newest = streak[-1]
    if newest.amended is not None and newest.amended.by is not None:
        return f"Due {moment(newest.due)}: {newest.reason}"
    if (cut := slicing(slo)) is not None:
        since = cut.at(streak[0].due).start
        return f"{len(streak)} slice{'' if len(streak) == 1 else 's'} bad since {moment(since)}: {newest.reason}"
    return str(indicator(slo.spec.sli.type).describe(streak, at))


def _left(budget: Budget) -> str:
    if budget.remaining_ratio is None:
        return "nothing is allowed to go wrong"
    if budget.remaining_ratio < 0:
        return f"the error budget is overspent by {percent(budget.remaining_ratio).removeprefix('-')}"
    return f"{percent(budget.remaining_ratio)} of the error budget is left"
