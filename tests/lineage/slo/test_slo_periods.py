"""Windows on a calendar: where they begin and end, what they expect, and that alerts look back over the border."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.alerts.backtest import widened
from lineage.alerts.policy import decide
from lineage.slo.budget import count, judge
from lineage.slo.evaluate import evaluate
from lineage.slo.lasting import Lasting
from lineage.slo.lint import warnings
from lineage.slo.periods import Period, length_at, period_at, reach
from lineage.slo.planning import differences
from lineage.slo.reading import read_path
from lineage.slo.shape import shape
from lineage.slo.spec import DataSLO
from lineage.slo.watching import Watch
from lineage.slo.written import body_of
from tests.support.promises import DAY, HOUR, NOON, Lake, promise, verdicts

TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
EXAMPLES = Path(__file__).parents[3] / "examples" / "slos"


def on_calendar(
    duration: str = "1M", start: str = "2026-01-01 00:00:00", zone: str = "Europe/Berlin", **changes: Any
) -> DataSLO:
    """An hourly promise over windows of a calendar."""
    window = {"duration": duration, "isRolling": False, "calendar": {"startTime": start, "timeZone": zone}}
    return promise(changes.pop("indicator", "freshness"), timeWindow=[window], **changes)


def period(slo: DataSLO, now: datetime) -> Period:
    found = period_at(slo, now)
    assert found is not None
    return found


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "hours"),
    [((2026, 3, 15), 743), ((2026, 10, 15), 745), ((2026, 11, 15), 720), ((2027, 2, 15), 672), ((2028, 2, 15), 696)],
)
def test_a_month_is_as_long_as_its_days(month: tuple[int, int, int], hours: int) -> None:
    """March has an hour less in Berlin and October one more; February has 29 days in a leap year."""
    assert length_at(on_calendar(), at(*month)) == timedelta(hours=hours)


def test_a_month_begins_at_midnight_of_its_zone() -> None:
    """An instant before it is still the month before."""
    slo, border = on_calendar(), at(2026, 10, 31, 23)

    assert [period(slo, now).name for now in (border - TICK, border)] == ["October 2026", "November 2026"]


def test_a_quarter_ends_where_the_next_begins() -> None:
    """From 1 October 00:00 in Berlin, 22:00 UTC, to 1 January 00:00, 23:00 UTC."""
    assert period(on_calendar("1Q"), NOON) == (at(2026, 9, 30, 22), at(2026, 12, 31, 23), "Q4 2026")


def test_the_border_of_a_quarter() -> None:
    """The last instant of a quarter, and the first of the next."""
    slo, border = on_calendar("3M"), at(2026, 12, 31, 23)

    assert [period(slo, now).name for now in (border - TICK, border)] == ["Q4 2026", "Q1 2027"]


def test_a_year() -> None:
    """By its number."""
    assert period(on_calendar("1Y", zone="UTC"), NOON) == (at(2026, 1, 1), at(2027, 1, 1), "2026")


def test_a_day_that_a_month_lacks_is_its_last() -> None:
    """Months from the 31st on: each is counted from the start, so that March has its 31st again."""
    slo = on_calendar("1M", "2026-01-31 00:00:00", "UTC")

    assert period(slo, at(2026, 3, 5)) == (at(2026, 2, 28), at(2026, 3, 31), "2026-02-28 to 2026-03-30")


def test_days_have_23_and_25_hours() -> None:
    """Of the clocks in Berlin, which change on 29 March and on 25 October."""
    slo = on_calendar("1d")

    assert [length_at(slo, at(2026, *day, 12)) for day in ((3, 29), (10, 25), (11, 1))] == [23 * HOUR, 25 * HOUR, DAY]


def test_windows_lie_before_the_start_as_well() -> None:
    """It only says where one of them begins."""
    assert period(on_calendar("2w", "2027-01-04 00:00:00", "UTC"), NOON).start == at(2026, 11, 9)


@given(
    st.sampled_from(["1d", "1w", "10d", "1M", "1Q", "5M", "1Y"]),
    st.integers(0, 6 * 366 * 86_400),
    st.dates(date(2015, 1, 1), date(2035, 1, 1)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"]),
)
@settings(max_examples=200, deadline=None)
def test_windows_meet_and_hold_their_instants(duration: str, seconds: int, start: date, zone: str) -> None:
    """Each instant lies in one window, and the next begins where it ends."""
    slo, instant = on_calendar(duration, f"{start} 02:30:00", zone), at(2024, 1, 1) + timedelta(seconds=seconds)
    found = period(slo, instant)

    assert (found.start <= instant < found.end, period(slo, found.end).start, period(slo, found.end - TICK)) == (
        True,
        found.end,
        found,
    )


def test_the_budget_is_that_of_the_whole_window() -> None:
    """November in Berlin has 720 hours, also while most of them are yet to come: at 99 % 7.2 may be bad."""
    slo = on_calendar()
    begun = period(slo, NOON).start
    first = begun + 15 * MINUTE
    made = verdicts("G" * 23 + "B", first + 23 * HOUR)

    found = [judge(slo, made, now).budget.allowed for now in (begun, first + 23 * HOUR)]
    assert found == [Fraction(72, 10), Fraction(72, 10)]


def test_what_is_known_not_to_come_is_not_expected() -> None:
    """A day of maintenance ahead, and the days that the calendar skips, are of no budget."""
    skipped = {"timezone": "Europe/Berlin", "calendar": {"skip": ["2026-11-28"]}}
    planned = [{"start": "2026-11-29T23:00:00Z", "duration": "1d", "reason": "planned"}]
    slo = on_calendar(schedule=skipped, exclusions=planned)

    assert judge(slo, [], period(slo, NOON).start).budget.allowed == (720 - 48) * Fraction(1, 100)


def test_beats_to_come_are_counted_by_their_interval() -> None:
    """A beat a minute: 30 days have 43,200 of them, those that were judged and those that are not due yet."""
    beats = {"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"}
    slo = on_calendar(zone="UTC", sli={"method": "heartbeat", "heartbeat": beats})
    made = verdicts("G" * 600, at(2026, 11, 1, 9, 59), MINUTE)

    assert judge(slo, made, at(2026, 11, 1, 10)).budget.allowed == 432


@given(st.text("GBUXN", min_size=696, max_size=696))
@settings(max_examples=20, deadline=None)
def test_at_its_last_instant_a_window_is_the_sum_of_its_occurrences(letters: str) -> None:
    """A leap February, whatever became of its hours: nothing is to come, and nothing of January counts."""
    slo = on_calendar(zone="UTC")
    found = period(slo, at(2028, 2, 1))
    made = verdicts(letters, found.end - 45 * MINUTE)
    before = verdicts("BBB", found.start - 45 * MINUTE)
    status, whole = judge(slo, [*before, *made], found.end - TICK), count(made)

    assert (status.good, status.total, status.coverage, status.budget.allowed) == (
        whole.good,
        whole.total,
        whole.coverage,
        Fraction(whole.expected, 100),
    )


def test_a_month_begins_with_a_whole_budget_and_no_lost_data() -> None:
    """Before anything was due of it nothing is missing."""
    slo = on_calendar(effective_from=at(2026, 10, 1))
    status = judge(slo, verdicts("G" * 24, at(2026, 10, 31, 22, 15)), at(2026, 10, 31, 23))

    assert (status.state, status.sentence) == (
        "ok",
        "Nothing was judged yet in November 2026; 100 % of the error budget is left",
    )


def test_what_is_wrong_on_the_last_is_wrong_on_the_first() -> None:
    """The budget is whole again; the alert speaks on until an occurrence is GOOD."""
    slo = on_calendar(effective_from=at(2026, 10, 1))
    made = verdicts("G" * 20 + "BBB", at(2026, 10, 31, 22, 15))
    status = judge(slo, made, at(2026, 10, 31, 23, 10))
    transition = decide(None, status)

    assert transition is not None
    assert (status.state, status.budget.spent, transition.what, transition.after.since) == (
        "breaching",
        Fraction(0),
        "fire",
        at(2026, 10, 31, 20, 15),
    )


def test_burn_rates_look_back_over_the_border() -> None:
    """Ten minutes into November the hour that burns lies in October, and so does the threshold of 30 days: 14.4."""
    slo = on_calendar(alerting={"policy": "mwmb", "minBadEvents": 1}, effective_from=at(2026, 10, 1))
    made = verdicts("G" * 60 + "B" * 65, at(2026, 10, 31, 23, 5), MINUTE)
    rate = judge(slo, made, at(2026, 10, 31, 23, 5)).burn_rates[0]

    assert (rate.long, rate.threshold, rate.firing) == (Fraction(100), Fraction(144, 10), True)


def test_the_factor_is_that_of_the_month() -> None:
    """2 % of the budget of October in Berlin, of 745 hours, within one."""
    slo = on_calendar(alerting={"policy": "mwmb"})

    assert judge(slo, [], at(2026, 10, 15)).burn_rates[0].threshold == Fraction(149, 10)


def test_it_warms_up_over_the_border() -> None:
    """As one that rolls: until seven were judged or a window is over; a month that begins meanwhile ends nothing."""
    slo = on_calendar(effective_from=at(2026, 11, 30, 20))
    border = period(slo, NOON).end
    found = [judge(slo, verdicts("G" * count, border + HOUR), border + HOUR).state for count in (3, 6, 7)]
    older = judge(slo, verdicts("GGG", at(2026, 12, 31, 12)), at(2026, 12, 31, 12)).state

    assert (found, older) == (["warming", "warming", "ok"], "ok")


def test_answers_say_which_window_it_is() -> None:
    """Its name, and where it begins and ends; the sentence names it too."""
    slo = on_calendar()
    status = judge(slo, verdicts("GGG"), NOON)
    told = shape(status, slo)

    assert (told["window"], told["windowSeconds"], told["sentence"]) == (
        {"name": "November 2026", "start": "2026-10-31T23:00:00Z", "end": "2026-11-30T23:00:00Z"},
        30 * 86_400,
        "All 3 occurrences good in November 2026",
    )


def test_a_window_that_rolls_has_no_name() -> None:
    """It is as long as windowSeconds say, up to now."""
    assert shape(judge(promise(), [], NOON), promise())["window"] is None


def test_lint_says_what_a_month_holds() -> None:
    """By the hours of the month that it is."""
    (said,) = warnings(on_calendar(target="0.999"), at(2026, 10, 15))

    assert said.split(";")[0] == "this target forbids any miss: October 2026 holds 745 occurrences"


def test_a_plan_says_what_a_calendar_changes() -> None:
    """From rolling to a month: each field with what it decides."""
    found = {each.field: each.effect for each in differences(promise(), on_calendar())}

    assert (
        found["spec.timeWindow.0.calendar.startTime"]
        == "the window begins and ends at other times, and its budget with it"
    )


def test_what_is_written_of_it_is_what_was_read() -> None:
    """The letter of its length too, for a month is not 30 days."""
    assert body_of(on_calendar("1M"))["spec"]["timeWindow"] == [
        {
            "duration": "1M",
            "isRolling": False,
            "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "Europe/Berlin"},
        }
    ]


def test_an_answer_lasts_until_the_month_ends() -> None:
    """Of an SLO of which nothing more is due: the next window is another answer."""
    slo, now = on_calendar(schedule={"cron": "0 0 1 1 *"}), Lasting(at(2026, 2, 10))
    judge(slo, [], now)

    assert now.lasts_until == at(2026, 2, 28, 23)


def test_watching_over_the_border_says_what_evaluate_says(tmp_path: Path) -> None:
    """Judged as time goes on, or at once: alike, before the border of the month and after it."""
    lake, border = Lake(tmp_path), at(2026, 10, 31, 23)
    lake.runs(border - 5 * HOUR, 4)
    slo, watch = on_calendar(effective_from=border - 5 * HOUR), Watch(lake.store)
    moments = [border + step * 20 * MINUTE for step in range(-6, 7)]

    found = []
    for now in moments:
        watch.turn(now)
        found.append(watch.status(slo))
    assert found == [evaluate(slo, lake.store, now) for now in moments]


def test_an_example_is_a_month() -> None:
    """For reports, in the zone of those who read them."""
    told = [each.slo for each in read_path(EXAMPLES) if each.slo.spec.time_window[0].calendar is not None]

    assert [(slo.name, period(slo, NOON).name) for slo in told] == [("settlements-monthly", "November 2026")]


@pytest.mark.parametrize("now", [at(2026, 3, 31, 21), at(2026, 4, 1), at(2028, 2, 29, 22)])
def test_a_backtest_reads_what_the_oldest_look_needs(now: datetime) -> None:
    """Judged 28 days ago an SLO on a calendar looks as far back as it did then."""
    slo = on_calendar()

    assert reach(widened(slo, 28 * DAY), now) <= reach(slo, now - 28 * DAY)


def test_what_is_judged_in_a_window_is_counted_in_it() -> None:
    """Rows due at 23:15 are closed two hours later, in November: they are none of October's, where nobody judges them.

    Those before them are; October has the 745 hours of its closes.
    """
    slo = on_calendar("1M", zone="Europe/Berlin", indicator="completeness", sli={"settle": "2h"})
    border = period(slo, NOON).start
    told = verdicts("G" * 760 + "BBGGG", border + 135 * MINUTE)
    made = [replace(each, value=Fraction(0), expected=Fraction(1000)) for each in told]
    october = judge(slo, made[:-3], border - TICK)
    november = judge(slo, made, border + 3 * HOUR)

    assert [(each.counts["bad"], each.budget.allowed) for each in (october, november)] == [
        (0, Fraction(745, 100)),
        (2, Fraction(720, 100)),
    ]


@pytest.mark.parametrize("parts", [("",), ("a", "b", "c")])
def test_beats_of_every_partition_are_to_come(parts: tuple[str, ...]) -> None:
    """Of a beat in thirty minutes a day has 48, of three partitions 144; whenever in the month it is asked for."""
    beats = {"emitter": "heartbeat/orders", "interval": "30m", "threshold": "5m"}
    slo = on_calendar(zone="UTC", sli={"method": "heartbeat", "heartbeat": beats})
    made = [
        replace(each, occurrence=f"{each.occurrence}#{part}" if part else each.occurrence)
        for part in parts
        for each in verdicts("G" * 1200, at(2026, 11, 15, 0, 10), 30 * MINUTE)
    ]
    moments = [at(2026, 11, 1), at(2026, 11, 1, 0, 10), at(2026, 11, 7, 3), at(2026, 11, 15, 0, 10)]
    found = [judge(slo, [each for each in made if each.due <= now], now).budget.allowed for now in moments]

    assert found == [Fraction(30 * 48 * len(parts), 100)] * 4


def test_a_promise_of_later_is_not_judged_yet(tmp_path: Path) -> None:
    """Deliveries that name their interval come before it is in force: nothing is expected of them."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 5 * HOUR, 4)
    slo = on_calendar(effective_from=NOON + 30 * DAY)

    assert evaluate(slo, lake.store, NOON).occurrences == ()
