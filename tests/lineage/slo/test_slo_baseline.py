"""Baseline: which earlier occurrences tell what is usual, and how (SLO.md b.8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators.completeness import measure
from tests.support.promises import DAY, delivery, promise, states

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = 7 * DAY
FRIDAY = datetime(2026, 12, 11, tzinfo=BERLIN)  # the last day that is loaded


def loads(rows: dict[datetime, int], **fields: Any) -> list[Delivery]:
    """A load of each day, an hour after it ended."""
    return [
        delivery(day + DAY + timedelta(hours=1), f"{day:%m-%d}", nominal=(day, day + DAY), rows=count, **fields)
        for day, count in rows.items()
    ]


def daily(rows: dict[datetime, int], *more: Delivery, expected: Any = None, **known: Any) -> Verdict:
    """The newest verdict of a daily promise, two days after FRIDAY."""
    sli = {"expected": {"mode": "seasonal"} | (expected or {})} | known.pop("sli", {})
    slo = promise(
        "completeness", sli=sli, schedule={"cron": "0 0 * * *", "timezone": "Europe/Berlin", "deadline": "5h"}
    )
    now = FRIDAY + DAY + timedelta(hours=12)
    return measure(slo, Evidence(now - DAY, [*loads(rows), *more], **known), now)[-1]


def fridays(*rows: int) -> dict[datetime, int]:
    """*rows* of the newest Fridays, the last of them FRIDAY's."""
    return {FRIDAY - WEEK * weeks: count for weeks, count in enumerate(reversed(rows))}


USUAL = (1000, 1010, 990, 1005)


def test_the_tested_point_is_never_its_own_history() -> None:
    """Neither it nor what came after it: what is judged twice has the same basis."""
    assert daily(fridays(*USUAL, 1)).expected == Fraction(2005, 2)


def test_another_weekday_says_nothing_of_this_one() -> None:
    """Sundays are quiet, and no Friday is held to them."""
    quiet = {FRIDAY - 5 * DAY - WEEK * weeks: 10 for weeks in range(6)}

    assert daily(fridays(*USUAL, 1000) | quiet).expected == Fraction(2005, 2)


def test_how_far_the_window_reaches_changes_no_baseline() -> None:
    """A long window knows more of what was before an occurrence when that is new: it looks back as far as ever."""
    rows = {FRIDAY - WEEK * weeks: 500 for weeks in range(10, 15)} | fridays(1000, 1000, 1000, 1000, 1000)
    schedule = {"cron": "0 0 * * *", "timezone": "Europe/Berlin", "deadline": "5h"}
    slo = promise("completeness", sli={"expected": {"mode": "seasonal"}}, schedule=schedule)
    now = FRIDAY + DAY + timedelta(hours=12)

    found = [measure(slo, Evidence(now - days * DAY, loads(rows)), now)[-1] for days in (1, 90)]

    assert [each.reason for each in found] == ["1,000 rows against 1,000 (the median of 4 of the same season)"] * 2


def test_what_was_restated_is_no_history() -> None:
    """A point whose rows changed after its close is not what was usual."""
    again = loads({FRIDAY - WEEK: 4000})[0]._replace(at=FRIDAY - 3 * DAY, run="again")

    assert daily(fridays(900, 900, 900, 900, 5000, 900), again).expected == 900


def test_what_is_restated_later_still_is_history_then() -> None:
    """A verdict stands on what was known when it closed: what changes a point afterwards does not reach back."""
    found = []
    for restated in (FRIDAY + DAY, FRIDAY + DAY + timedelta(hours=6)):
        again = loads({FRIDAY - WEEK: 4000})[0]._replace(at=restated, run="again")
        found.append(daily(fridays(900, 900, 1000, 1000, 5000, 900), again).expected)

    assert found == [950, 1000]


def test_what_a_backfill_brought_is_no_history() -> None:
    """By the order of intervals, or because the run says so."""
    rows = fridays(900, 900, 1000, 1000, 5000, 900)
    (newer,) = loads({FRIDAY - WEEK + DAY: 700})
    newer_first = newer._replace(at=FRIDAY - WEEK + DAY)

    found = [daily(rows), daily(rows, newer_first), daily(rows, backfills=frozenset([f"{FRIDAY - WEEK:%m-%d}"]))]

    assert [each.expected for each in found] == [1000, 950, 950]


def test_what_a_person_judged_bad_is_no_history() -> None:
    """A point that carries an incident by hand tells nothing of an ordinary day."""
    name = f"{(FRIDAY - WEEK).astimezone(ZoneInfo('UTC')):%Y-%m-%dT%H:%M:%S}Z"
    rows = fridays(900, 900, 1000, 1000, 5000, 900)

    assert [daily(rows, condemned=frozenset(names)).expected for names in ([], [name])] == [1000, 950]


def test_a_holiday_is_held_to_sundays() -> None:
    """And teaches neither Fridays nor Sundays."""
    sundays = {FRIDAY - 5 * DAY - WEEK * weeks: 100 + weeks for weeks in range(4)}
    holiday = {"holidays": {"skip": ["12-11"]}}

    assert daily(fridays(*USUAL, 95) | sundays, expected=holiday).expected == Fraction(203, 2)


def test_business_days_are_counted_in_their_month() -> None:
    """11 December 2026 is the ninth: it is held to the ninth of other months, whatever weekdays they were."""
    ninths = [datetime(2026, month, day, tzinfo=BERLIN) for month, day in ((8, 13), (9, 11), (10, 13), (11, 12))]
    rows = {day: 500 + place for place, day in enumerate(ninths)}

    found = daily(fridays(*USUAL, 500) | rows, expected={"season": "business_day"})

    assert (found.expected, found.reason[:15]) == (Fraction(1003, 2), "500 rows agains")


def test_a_trend_is_followed() -> None:
    """Rows that grow by a fifth of the median a week are held to where they would be, not to where they were."""
    grown = daily(fridays(1000, 1200, 1400, 1600, 1800, 1500))

    assert (grown.expected, states([grown]), grown.reason) == (
        2000,
        "B",
        "1,500 rows against 2,000 (the median of 5 of the same season, by their trend)",
    )


def test_a_slope_of_less_than_a_tenth_in_a_week_is_none() -> None:
    """It would follow every wave."""
    assert daily(fridays(1000, 1050, 1100, 1150, 1200)).expected == 1075


def test_a_history_that_varies_much_is_told() -> None:
    """1.4826 MAD above a fifth of the median: the -20 % rule comes on ordinary days, and the reason says so."""
    found = [daily(fridays(*rows, 1000)).reason for rows in (USUAL, (600, 1400, 700, 1300, 1000))]

    assert ["unlike each other" in reason for reason in found] == [False, True]


def test_a_rise_is_looked_into_where_both_directions_are() -> None:
    """The mirror of the drop; on its own a rise is surplus, and no fault."""
    rows = fridays(*USUAL, 1100)

    assert [states([daily(rows, sli={"robust": {"direction": way}})]) for way in ("drop", "both")] == ["G", "B"]


@pytest.mark.parametrize("rows", [(900, 1000, 1100, 801), (900, 1000, 1100, 1000, 801)])
def test_deviations_of_few_points_mean_nothing(rows: tuple[int, ...]) -> None:
    """Below four points only the plain ratio decides, whatever `minHistory` says."""
    assert states([daily(fridays(*rows), expected={"minHistory": 1})]) == "G"


def test_holidays_need_weeks() -> None:
    """There are no Sundays in a season of months."""
    with pytest.raises(ValidationError, match="only weeks have; write season: day_of_week"):
        daily({}, expected={"season": "day_of_month", "holidays": {"skip": ["12-25"]}})
