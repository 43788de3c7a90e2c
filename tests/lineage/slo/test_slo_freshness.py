"""Freshness: which delivery covers which occurrence, and when it is late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from lineage.model import Verdict, job_id
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators.freshness import describe, measure
from tests.support.promises import DAY, HOUR, NOON, delivery, promise, states

MINUTE = timedelta(minutes=1)
DUE = NOON + 15 * MINUTE  # of the interval that ends at NOON
LAST = (NOON - HOUR, NOON)


def measured(*deliveries: Delivery, now: datetime = DUE + 2 * MINUTE, since: datetime = DUE - HOUR) -> list[Verdict]:
    """Hourly, due at a quarter past; by default one occurrence is in the window."""
    return measure(promise(), Evidence(since, deliveries), now)


def test_on_the_deadline_is_in_time() -> None:
    """Available at the deadline is good; its lateness is 0."""
    verdict = measured(delivery(DUE, nominal=LAST))[0]

    assert (states([verdict]), verdict.value) == ("G", 0)


def test_a_second_after_the_deadline_is_late_and_stays_so() -> None:
    """Late data stays BAD; the verdict keeps how late."""
    verdict = measured(delivery(DUE + timedelta(seconds=1), nominal=LAST), now=DUE + DAY, since=DUE - MINUTE)[0]

    assert (states([verdict]), verdict.value) == ("B", Fraction(1))


def test_the_first_delivery_counts() -> None:
    """A second run of the same interval changes nothing: it was available before."""
    found = measured(delivery(DUE + MINUTE, "again", nominal=LAST), delivery(DUE - MINUTE, "first", nominal=LAST))

    assert [verdict.run for verdict in found] == ["first"]


@pytest.mark.parametrize(("waited_s", "expected"), [(0, "P"), (59, "P"), (60, "B")])
def test_a_deadline_waits_for_an_event_on_its_way(waited_s: int, expected: str) -> None:
    """No event at all becomes BAD once the grace of 60 s is over, and is PENDING until then (DECISIONS 25)."""
    assert states(measured(now=DUE + timedelta(seconds=waited_s))) == expected


def test_the_definition_may_say_how_long_a_deadline_waits() -> None:
    """`metadataGrace` of the file wins over the setting."""
    slo = promise(sli={"metadataGrace": "10m"})

    assert states(measure(slo, Evidence(DUE - HOUR), DUE + 9 * MINUTE)) == "P"


@pytest.mark.parametrize("state", ["FAIL", "ABORT"])
def test_a_run_that_did_not_complete_covers_nothing(state: str) -> None:
    """FAIL and ABORT never cover."""
    assert states(measured(delivery(NOON, nominal=LAST, state=state))) == "B"


def test_a_retry_that_succeeds_in_time_is_good() -> None:
    """A FAIL before the deadline is not bad by itself."""
    tries = delivery(NOON, "first", nominal=LAST, state="FAIL"), delivery(NOON + MINUTE, "second", nominal=LAST)

    assert states(measured(*tries)) == "G"


def test_a_backfill_of_an_old_interval_does_not_cover_the_new_one() -> None:
    """A run speaks of the interval that it names, whenever it ran."""
    yesterday = (NOON - DAY, NOON - DAY + HOUR)

    assert states(measured(delivery(NOON + MINUTE, nominal=yesterday))) == "B"


def test_a_run_inside_an_interval_covers_it() -> None:
    """Without an equal interval, the one that contains the nominal start is covered."""
    assert states(measured(delivery(NOON, nominal=(NOON - 20 * MINUTE, None)))) == "G"


def test_a_nominal_instant_means_the_interval_that_has_just_ended() -> None:
    """Airflow 3's cron triggers give start and end alike: the moment of the run."""
    assert states(measured(delivery(NOON + MINUTE, nominal=(NOON, NOON)))) == "G"


def test_without_nominal_times_the_end_of_the_run_decides() -> None:
    """As-of: a completion in (end, next end] covers."""
    assert states(measured(delivery(NOON + MINUTE))) == "G"


def test_a_completion_at_the_very_end_belongs_to_the_interval_before() -> None:
    """The as-of span is open at its beginning."""
    assert states(measured(delivery(NOON))) == "B"


def test_a_run_by_hand_delivers_no_occurrence() -> None:
    """Where a job's runs name their interval, one that names none is not matched by its time."""
    before = delivery(NOON - HOUR, "scheduled", nominal=(NOON - 2 * HOUR, NOON - HOUR))

    assert states(measured(before, delivery(NOON + MINUTE, "by hand"))) == "B"


def test_another_job_without_nominal_times_still_counts() -> None:
    """Spark below Airflow names no interval; its completion is as-of."""
    before = delivery(NOON - HOUR, "scheduled", nominal=(NOON - 2 * HOUR, NOON - HOUR))

    assert states(measured(before, delivery(NOON + MINUTE, "spark", job=job_id("spark", "append")))) == "G"


def test_a_skipped_date_is_not_expected() -> None:
    """A holiday is neither good nor bad."""
    slo = promise(schedule={"calendar": {"skip": [date(2026, 11, 20)]}})

    assert states(measure(slo, Evidence(DUE - HOUR), DUE + HOUR / 2)) == "N"


def test_a_streak_is_told_from_its_first_missing_delivery() -> None:
    """Lateness is that of the oldest delivery that is still missing."""
    streak = measured(now=DUE + 2 * HOUR + 31 * MINUTE)

    assert describe(streak, DUE + 2 * HOUR + 31 * MINUTE) == (
        "Late by 2 h 31 m, due 2026-11-20 12:15 UTC, 3 deliveries missing"
    )


def test_a_late_delivery_is_told_as_delivered() -> None:
    """What came is not missing any more."""
    streak = measured(delivery(DUE + 4 * MINUTE, nominal=LAST), now=DUE + 5 * MINUTE)

    assert describe(streak, DUE + HOUR) == "Delivered 4 m late at 2026-11-20 12:19 UTC"
