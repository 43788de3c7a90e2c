"""Backtest: which alerts would have spoken, from verdicts that are over."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.alerts.backtest import Alarm, backtest, widened
from lineage.alerts.policy import AlertState, decide
from lineage.slo.budget import judge
from tests.support.promises import DAY, HOUR, NOON, promise, verdicts

LADDER = promise(target="0.5", alerting={"policy": "discrete"})
MINUTE, LOOK = timedelta(minutes=1), timedelta(seconds=30)


def alarms(letters: str) -> list[tuple[str, timedelta, timedelta | None]]:
    """Severity, begin and end, counted from the last occurrence, when verdicts are an hour apart."""
    found = backtest(LADDER, verdicts(letters), NOON - 28 * DAY, NOON + HOUR / 2)
    return [
        (alarm.severity, alarm.since - NOON, None if alarm.until is None else alarm.until - NOON)
        for alarm in found.alarms
    ]


def test_without_a_miss_nobody_is_called() -> None:
    """And nothing is said of what was UNKNOWN."""
    assert alarms("GGGUGGGG") == []


def test_two_misses_in_a_row_page_until_the_next_good_one() -> None:
    """The ladder: a ticket at the first, a page at the second, and the end with the next good delivery."""
    assert alarms("G" * 20 + "BBG") == [("page", -2 * HOUR + MINUTE, MINUTE)]


def test_what_still_fires_is_open() -> None:
    """An alarm that had no good delivery after it has no end."""
    assert alarms("G" * 20 + "B") == [("ticket", MINUTE, None)]


def test_each_episode_is_an_alarm() -> None:
    """Two misses with a good one between them are two."""
    assert [severity for severity, _, _ in alarms("G" * 20 + "BGGBG")] == ["ticket", "ticket"]


def test_what_was_before_counts_for_the_budget_only() -> None:
    """Alarms begin in the days that are asked for; what was spent before is spent."""
    found = backtest(promise(), verdicts("BBBB" + "G" * 44 + "BG"), NOON - DAY, NOON + HOUR / 2)

    assert [(alarm.severity, alarm.since) for alarm in found.alarms] == [("page", NOON - HOUR + MINUTE)]


def test_an_incident_is_caught_by_an_alarm_that_spoke_while_it_lasted() -> None:
    """Not by one that was over when it began."""
    found = backtest(LADDER, verdicts("G" * 20 + "BG"), NOON - DAY, NOON + HOUR)

    assert found.caught([(NOON - HOUR, None), (NOON - 2 * HOUR, NOON - HOUR / 2), (NOON + HOUR / 2, None)]) == [
        True,
        True,
        False,
    ]


def test_what_is_read_reaches_back_one_window_more() -> None:
    """So that the first of the days is judged as the last is."""
    assert widened(promise(window="7d"), 28 * DAY).window == 35 * DAY


@settings(deadline=None)
@given(st.text("GGGGGBU", min_size=1, max_size=60), st.sampled_from(["mwmb", "discrete", "auto"]))
def test_nothing_is_missed_by_looking_seldom(letters: str, policy: str) -> None:
    """It says what somebody says who judges after every occurrence, whatever came before it."""
    slo, found = promise(target="0.9", alerting={"policy": policy}), verdicts(letters)
    before: AlertState | None = None
    plain: list[tuple[object, object]] = []
    for place in range(len(found)):
        for at in (found[place].due + MINUTE, found[place].due + MINUTE + LOOK):
            transition = decide(before, judge(slo, found[: place + 1], at))
            before = before if transition is None else transition.after
            if transition is not None and transition.what == "fire":
                plain.append((at, None))
            if transition is not None and transition.what == "recover":
                plain[-1] = (plain[-1][0], at)

    tested = backtest(slo, found, found[0].due - HOUR, NOON + MINUTE + LOOK)

    assert [(alarm.since, alarm.until) for alarm in tested.alarms] == plain


def test_an_alarm_says_what_was_wrong() -> None:
    """In the words of the indicator, at the time."""
    found = backtest(LADDER, verdicts("G" * 20 + "B"), NOON - DAY, NOON + HOUR)

    assert found.alarms == (Alarm(NOON + MINUTE, None, "ticket", "Late by 1 m, due 2026-11-20 12:00 UTC"),)
