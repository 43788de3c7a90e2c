"""Cadence: what schedule the deliveries of a dataset look like, and when nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.slo.cadence import Cadence, infer
from lineage.slo.calendar import occurrences
from lineage.slo.evidence import Delivery
from lineage.slo.schedules import Schedule
from tests.support.promises import DAY, HOUR, NOON, delivery

MINUTE = timedelta(minutes=1)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def daily(count: int, zone: str = BERLIN, hour: int = 2, minute: int = 10) -> list[Delivery]:
    """One a day at a wall time, a few minutes this way or that, over the change of the clocks on 25 October 2026."""
    first = datetime(2026, 10, 11, hour, minute, tzinfo=ZoneInfo(zone))
    return [delivery(first + place * DAY + place % 4 * MINUTE, f"run {place}") for place in range(count)]


def each(step: timedelta, count: int = 12, lag: timedelta = 7 * MINUTE) -> list[Delivery]:
    return [delivery(NOON + place * step + lag, f"run {place}") for place in range(count)]


def nominal(step: timedelta, count: int = 12) -> list[Delivery]:
    """Runs that name their interval, each done 20 minutes after it ends."""
    spans = ((NOON + place * step, NOON + (place + 1) * step) for place in range(count))
    return [delivery(end + 20 * MINUTE, f"{start}", nominal=(start, end)) for start, end in spans]


def found(deliveries: list[Delivery], *zones: str) -> tuple[str, str, timedelta] | None:
    cadence = infer(deliveries, zones)
    return cadence and cadence[:3]


def test_the_change_of_the_clocks_tells_the_zone() -> None:
    """What comes at ten past two in Berlin all autumn long does not in UTC, nor in New York."""
    cadence = infer(daily(28), (NEW_YORK, BERLIN))

    assert cadence == Cadence("0 2 * * *", BERLIN, 30 * MINUTE, "every day at 02:12 Europe/Berlin")


def test_where_no_clock_changed_the_first_zone_is_as_good() -> None:
    """The zone of the house is taken before UTC; with none, UTC."""
    assert [found(daily(10), BERLIN), found(daily(10))] == [
        ("0 2 * * *", BERLIN, 30 * MINUTE),
        ("0 0 * * *", "UTC", 30 * MINUTE),
    ]


@pytest.mark.parametrize(
    ("step", "cron", "deadline"),
    [
        (15 * MINUTE, "*/15 * * * *", 5 * MINUTE),
        (HOUR, "0 * * * *", 15 * MINUTE),
        (6 * HOUR, "0 */6 * * *", 15 * MINUTE),
        (8 * HOUR, "0 4-23/8 * * *", 15 * MINUTE),
        (DAY, "0 12 * * *", 15 * MINUTE),
        (7 * DAY, "0 12 * * 5", 15 * MINUTE),
    ],
)
def test_what_comes_steadily_has_a_schedule(step: timedelta, cron: str, deadline: timedelta) -> None:
    """Minutes, hours, days or a weekday; the deadline is twice as long as nearly all took."""
    assert found(each(step, lag=min(7 * MINUTE, step / 6))) == (cron, "UTC", deadline)


@pytest.mark.parametrize(("step", "cron"), [(HOUR, "0 * * * *"), (DAY, "0 12 * * *"), (6 * HOUR, "0 */6 * * *")])
def test_runs_that_name_their_interval_say_it_exactly(step: timedelta, cron: str) -> None:
    """However late they come."""
    assert found(nominal(step)) == (cron, "UTC", HOUR if step > HOUR else 30 * MINUTE)


def test_a_miss_and_a_retry_change_nothing() -> None:
    """A day that is missing, and one that came twice within minutes."""
    uneven = daily(28)
    uneven[5] = delivery(uneven[6].at + 9 * MINUTE, "again")

    assert found(uneven, BERLIN) == ("0 2 * * *", BERLIN, 30 * MINUTE)


@pytest.mark.parametrize(
    "deliveries",
    [
        [],
        each(HOUR, 4),
        [delivery(NOON + place * place * HOUR, f"{place}") for place in range(9)],
        each(HOUR, 6) + each(3 * DAY, 6),
        [delivery(NOON + place * HOUR, f"{place}", state="FAIL") for place in range(9)],
        each(40 * MINUTE),
    ],
    ids=["none", "few", "wider and wider", "changing", "failing", "unusual"],
)
def test_nobody_can_tell(deliveries: list[Delivery]) -> None:
    """Nothing is proposed where too few came, or as they liked, or none that delivered."""
    assert infer(deliveries) is None


def test_it_is_said_for_a_person() -> None:
    """With the schedule to write."""
    cadence = infer(daily(28), (BERLIN,))

    assert (cadence and cadence.sentence) == (
        "data comes about every day at 02:12 Europe/Berlin; "
        'write schedule: {cron: "0 2 * * *", timezone: Europe/Berlin, deadline: 30m}'
    )


def starts() -> Iterator[tuple[str, str, timedelta]]:
    yield from (("0 * * * *", "UTC", HOUR), ("30 3 * * *", BERLIN, DAY), ("*/20 * * * *", "UTC", 20 * MINUTE))


@settings(deadline=None)
@given(
    st.sampled_from(list(starts())),
    st.lists(st.integers(0, 200), min_size=30, max_size=30),
    st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2026, 12, 1)),  # noqa: DTZ001 - UTC comes below
)
def test_a_proposal_would_have_been_kept(
    expected: tuple[str, str, timedelta], lags_s: list[int], first: datetime
) -> None:
    """What is proposed of steady runs is their own schedule, and nearly all of them would have been in time."""
    cron, zone, period = expected
    since = first.replace(tzinfo=ZoneInfo("UTC"))
    schedule = Schedule.model_validate({"cron": cron, "timezone": zone, "deadline": "5m"})
    due = occurrences(schedule, since, since + 30 * period)[:30]
    came = [
        delivery(each.end + timedelta(seconds=lag), each.name, nominal=(each.start, each.end))
        for each, lag in zip(due, lags_s, strict=False)
    ]

    cadence = infer(came, (zone,))

    assert cadence is not None
    assert (cadence.cron, cadence.timezone) == (cron, zone)
    assert timedelta(seconds=sorted(lags_s[: len(came)])[len(came) * 19 // 20]) <= cadence.deadline
