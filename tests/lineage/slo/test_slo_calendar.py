"""Calendar: a cron in a zone as intervals with deadlines, also on the days the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lineage.slo.calendar import next_due, occurrences, spacing
from lineage.slo.schedules import Calendar, Schedule

HOUR = timedelta(hours=1)


def schedule(cron: str, zone: str = "UTC", deadline: str = "0m", skip: tuple[date, ...] = ()) -> Schedule:
    return Schedule.model_validate(
        {"cron": cron, "timezone": zone, "deadline": deadline, "calendar": Calendar(skip=skip)}
    )


def ends(of: Schedule, since: datetime, now: datetime) -> list[str]:
    return [f"{o.end:%d %H:%M}" for o in occurrences(of, since, now) if o.due <= now]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, hour, minute


def test_an_occurrence_is_due_its_deadline_after_its_interval_ends() -> None:
    """Due is the nominal end plus the deadline: a window (since, now] holds what is due in it."""
    found = occurrences(schedule("0 2 * * *", deadline="5h"), utc(2026, 11, 19, 7), utc(2026, 11, 20, 7))

    assert [(o.start, o.end) for o in found if o.due <= utc(2026, 11, 20, 7)] == [
        (utc(2026, 11, 19, 2), utc(2026, 11, 20, 2))
    ]


def test_the_last_occurrence_may_be_due_later() -> None:
    """What has begun is listed, so that early deliveries of it are not taken for another's."""
    found = occurrences(schedule("0 2 * * *", deadline="5h"), utc(2026, 11, 19, 7), utc(2026, 11, 20, 7))

    assert found[-1].due == utc(2026, 11, 21, 7)


def test_a_time_that_does_not_exist_is_shifted_forward() -> None:
    """02:30 in Berlin on 29 March 2026 does not exist: 03:30 summer time, 01:30 UTC, stands for it."""
    found = ends(schedule("30 2 * * *", "Europe/Berlin"), utc(2026, 3, 27, 12), utc(2026, 3, 30, 12))

    assert found == ["28 01:30", "29 01:30", "30 00:30"]


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    """02:30 in Berlin on 25 October 2026 comes twice; the first, 00:30 UTC, is meant."""
    found = ends(schedule("30 2 * * *", "Europe/Berlin"), utc(2026, 10, 24, 12), utc(2026, 10, 26, 12))

    assert found == ["25 00:30", "26 01:30"]


def test_what_runs_every_hour_runs_in_both_hours_of_the_same_name() -> None:
    """An hourly schedule has 25 occurrences on the long day, each of one hour."""
    found = occurrences(schedule("0 * * * *", "Europe/Berlin"), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23))

    assert {o.end - o.start for o in found} == {HOUR}


def test_day_windows_are_as_long_as_the_day() -> None:
    """The days about the two changes have 23 and 25 hours."""
    midnight = schedule("0 0 * * *", "Europe/Berlin")
    short = occurrences(midnight, utc(2026, 3, 29, 12), utc(2026, 3, 29, 12))[0]
    long = occurrences(midnight, utc(2026, 10, 25, 12), utc(2026, 10, 25, 12))[0]

    assert (short.end - short.start, long.end - long.start) == (23 * HOUR, 25 * HOUR)


def test_a_skipped_date_is_listed_and_not_expected() -> None:
    """A skip list is of local dates of the nominal start; the other occurrences keep their deadline."""
    of = schedule("0 2 * * *", "Europe/Berlin", "1h", (date(2026, 12, 25),))
    found = occurrences(of, utc(2026, 12, 24, 12), utc(2026, 12, 27, 1))

    assert [o.expected for o in found] == [True, False, True, True]


def test_the_next_deadline_passes_over_skipped_dates() -> None:
    """Nobody waits for what is not expected."""
    of = schedule("0 2 * * *", "UTC", "1h", (date(2026, 12, 25),))

    assert next_due(of, utc(2026, 12, 26, 2)) == utc(2026, 12, 27, 3)


def test_rare_dates_are_found() -> None:
    """29 February is found years ahead and years back."""
    assert next_due(schedule("0 0 29 2 *"), utc(2026, 11, 20)) == utc(2028, 2, 29)


def test_spacing_is_the_mean_distance() -> None:
    """Five runs a week are 33.6 hours apart on average."""
    assert spacing(schedule("0 9 * * 1-5"), utc(2026, 11, 20)) == timedelta(hours=33.6)


# ── What is skipped, paused, and scheduled anew. ───────────────────────────────────────────────────────────────────


def daily(**changes: Any) -> Schedule:
    return Schedule.model_validate({"cron": "0 2 * * *", "deadline": "5h", **changes})


def days(schedule: Schedule, since: str, until: str) -> list[str]:
    """Nominal start and deadline of each occurrence that is expected."""
    found = occurrences(schedule, datetime.fromisoformat(since), datetime.fromisoformat(until))
    return [f"{each.start:%dT%H}-{each.end:%dT%H}, {each.due:%dT%H}" for each in found if each.expected]


@pytest.mark.parametrize(
    ("skip", "left"),
    [
        (["weekends"], [18, 21, 22, 23, 24, 25]),
        (["12-25"], [18, 19, 20, 21, 22, 23, 24, 26]),
        (["2026-12-24", "weekends"], [18, 21, 22, 23, 25]),
    ],
)
def test_days_are_skipped_by_date_by_day_of_the_year_or_as_weekends(skip: list[str], left: list[int]) -> None:
    """The local date of the nominal start decides."""
    found = occurrences(daily(calendar={"skip": skip}), utc(2026, 12, 19, 6), utc(2026, 12, 26, 3))

    assert [each.start.day for each in found if each.expected] == left


def test_while_a_job_is_paused_nothing_is_expected() -> None:
    """What falls due in a declared pause is not expected, and says why; after it, it is again."""
    pause = {"start": "2026-12-20T00:00:00Z", "duration": "2d", "reason": "move of the lake"}
    found = occurrences(daily(paused=[pause]), utc(2026, 12, 19, 12), utc(2026, 12, 22, 12))

    assert [(each.due.day, each.expected, each.because) for each in found[:3]] == [
        (20, False, "paused: move of the lake"),
        (21, False, "paused: move of the lake"),
        (22, True, ""),
    ]


HOURLY_LATER = {"cron": "0 * * * *", "deadline": "15m", "validFrom": "2026-12-20T12:00:00Z"}


def test_each_occurrence_keeps_the_schedule_that_made_it() -> None:
    """Daily until noon of the 20th, hourly from then on: deadlines before the change stay what they were."""
    schedule = Schedule.model_validate(HOURLY_LATER | {"before": {"cron": "0 2 * * *", "deadline": "5h"}})

    found = days(schedule, "2026-12-18T12:00:00Z", "2026-12-20T13:30:00Z")

    assert found == [
        "18T02-19T02, 19T07",
        "19T02-20T02, 20T07",
        "20T02-20T12, 20T17",
        "20T12-20T13, 20T13",
        "20T13-20T14, 20T14",
    ]


def test_a_slower_schedule_leaves_the_last_interval_as_it_was() -> None:
    """Hourly until noon, then daily at 2: the hour before noon ends at noon, not at 2 in the night."""
    schedule = Schedule.model_validate(
        {"cron": "0 2 * * *", "deadline": "5h", "validFrom": "2026-12-20T12:00:00Z"}
        | {"before": {"cron": "0 * * * *", "deadline": "15m"}}
    )

    found = days(schedule, "2026-12-20T11:00:00Z", "2026-12-21T03:00:00Z")

    assert found == ["20T10-20T11, 20T11", "20T11-20T12, 20T12", "21T02-22T02, 22T07"]


@pytest.mark.parametrize("since", ["2026-12-20T12:00:00Z", "2026-12-20T15:00:00Z", "2026-12-20T08:00:00Z"])
def test_wherever_one_begins_to_look_occurrences_are_the_same(since: str) -> None:
    """A window that begins after the change, or at it, sees what one that began before it sees."""
    schedule = Schedule.model_validate(
        {"cron": "30 2 * * *", "deadline": "5h", "validFrom": "2026-12-20T12:00:00Z"}
        | {"before": {"cron": "0 * * * *", "deadline": "15m"}}
    )
    whole = occurrences(schedule, utc(2026, 12, 19), utc(2026, 12, 23))

    found = occurrences(schedule, datetime.fromisoformat(since), utc(2026, 12, 23))

    assert [each for each in whole if each.due > datetime.fromisoformat(since)] == found
