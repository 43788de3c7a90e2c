"""Freshness by age: for how many seconds was the newest data older than it may be; exact, whatever the parts."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lineage.model import Verdict
from lineage.slo.budget import judge
from lineage.slo.evidence import Beat, Delivery, Evidence, Excluded
from lineage.slo.indicators.freshness import describe, measure, through
from lineage.slo.spec import DataSLO
from tests.support.promises import DAY, HOUR, NOON, delivery, promise, states

MINUTE = timedelta(minutes=1)
SINCE = NOON - 4 * HOUR


def aging(threshold: str = "2h", **sli: Any) -> DataSLO:
    """Hourly data, of which the newest may be two hours old."""
    return promise(sli={"method": "age", "threshold": threshold} | sli, window="4h")


def hour(ends: datetime, late: timedelta) -> Delivery:
    """The hour that ends then, so much later."""
    return delivery(ends + late, f"run {ends}", nominal=(ends - HOUR, ends))


def measured(*deliveries: Delivery, slo: DataSLO | None = None, **known: Any) -> list[Verdict]:
    """The four hours before NOON; what is known reaches back two hours more."""
    evidence = Evidence(SINCE, deliveries, asked_from=SINCE - 2 * HOUR, **known)
    return measure(slo or aging(), evidence, NOON + 2 * MINUTE)  # past the grace


def bad_seconds(found: list[Verdict]) -> Fraction:
    return sum((verdict.total - verdict.good for verdict in found), Fraction(0))


def test_deliveries_in_time_keep_the_data_young() -> None:
    """Each hour ten minutes after its end: the age goes from 10 to 70 minutes."""
    found = measured(*(hour(SINCE + place * HOUR, 10 * MINUTE) for place in range(-1, 5)))

    assert (states(found), sum(verdict.total for verdict in found)) == ("GGGG", 4 * 3600)


def test_the_saw_tooth_is_integrated_exactly() -> None:
    """One hour came 85 minutes late: the one before it aged to 145 minutes, 25 minutes too old."""
    late = [hour(SINCE + place * HOUR, MINUTE * (85 if place == 1 else 0)) for place in range(-1, 5) if place != 2]

    assert bad_seconds(measured(*late)) == 25 * 60


def test_a_rewrite_of_old_data_makes_it_no_younger() -> None:
    """A run that completes now and rewrote an hour long past moves no watermark: age is not time since the last run."""
    old = [
        delivery(NOON - place * HOUR, f"again {place}", nominal=(SINCE - 3 * HOUR, SINCE - 2 * HOUR))
        for place in (1, 2)
    ]

    assert bad_seconds(measured(*old)) == 4 * 3600


def test_what_nobody_delivered_is_old() -> None:
    """Never delivered: all of the time after what the evidence reaches back is bad, none of it unknown."""
    assert states(measured()) == "BBBB"


def test_before_anything_was_observed_nothing_is_judged() -> None:
    """No evidence is UNKNOWN, never good and never bad."""
    assert states(measured(observed=False)) == "UUUU"


def test_a_bad_part_waits_for_an_event_on_its_way() -> None:
    """For the grace after its end a part that looks bad is PENDING; a good one is good at once."""
    evidence = Evidence(SINCE, (), asked_from=SINCE - 2 * HOUR)

    assert states(measure(aging(), evidence, NOON + timedelta(seconds=59)))[-1] == "P"


def test_excluded_time_is_in_neither_good_nor_total() -> None:
    """Time SLIs lose the measure itself: half an hour less to judge, and a part that is excluded whole is EXCLUDED."""
    away = (
        Excluded(NOON - 90 * MINUTE, NOON - HOUR, "moving house"),
        Excluded(SINCE, SINCE + HOUR, "moving house"),
    )

    found = measured(excluded=away)

    assert [(verdict.state.value, verdict.total) for verdict in found] == [
        ("EXCLUDED", 0),
        ("BAD", 3600),
        ("BAD", 1800),
        ("BAD", 3600),
    ]


def test_beats_may_tell_the_age() -> None:
    """With a heartbeat the watermark is when the newest beat that was seen was sent."""
    slo = aging("30m", heartbeat={"emitter": "heartbeat/orders", "interval": "1m", "threshold": "5m"})
    seen = [
        Beat(place, SINCE + place * MINUTE, SINCE + (place + 1) * MINUTE, "beat")
        for place in range(-40, 240)
        if not 60 <= place < 120
    ]

    found = measure(slo, Evidence(SINCE, seen=seen, asked_from=SINCE - HOUR), NOON)

    # The beat of minute 59 grows too old at minute 89; that of minute 120 is seen at 121.
    assert bad_seconds(found) == (121 - 89) * 60


def test_the_sentence_says_for_how_long() -> None:
    """The unbroken row of bad parts, added up."""
    streak = measured()

    assert describe(streak, NOON) == "Too old for 4 h, nothing delivered"


def test_a_budget_in_time_is_spent_in_seconds() -> None:
    """Allowed and spent are seconds: 1 % of what was measured."""
    slo = aging()

    status = judge(slo, measured(slo=slo), NOON)

    assert (status.budget.allowed, status.budget.spent) == (144, 14_400)


@given(
    st.lists(st.tuples(st.integers(-6, 4), st.integers(0, 300)), max_size=8),
    st.sampled_from(["5m", "30m", "2h"]),
)
def test_the_length_of_parts_changes_no_second(late: list[tuple[int, int]], part: str) -> None:
    """However time is cut, the bad seconds of a span are the same (integrated, not sampled)."""
    deliveries = [hour(SINCE + place * HOUR, minutes * MINUTE) for place, minutes in late]
    known = [each for each in deliveries if each.at <= NOON]

    assert bad_seconds(measured(*known, slo=aging(part=part))) == bad_seconds(measured(*known))


def test_a_day_is_a_part_too() -> None:
    """What is looked at once a day may be judged by days."""
    slo = promise(sli={"method": "age", "threshold": "2h", "part": "1d"}, window="28d")

    assert len(measure(slo, Evidence(NOON - 3 * DAY, asked_from=NOON - 4 * DAY), NOON)) == 3


def held(*deliveries: Delivery, **known: Any) -> datetime | None:
    return through(known.pop("slo", aging()), Evidence(SINCE, deliveries, **known), NOON)


def test_a_run_that_wrote_old_data_makes_none_younger() -> None:
    """The data reaches as far as the newest interval that was named, not as the newest run."""
    again = delivery(NOON - MINUTE, "again", nominal=(NOON - 4 * HOUR, NOON - 3 * HOUR))

    assert held(hour(NOON - HOUR, 5 * MINUTE), again) == NOON - HOUR


def test_a_run_without_an_interval_brought_the_last_whole_one() -> None:
    """As-of: what ran at ten past brought the hour before; at the full hour exactly, the one before that."""
    found = [held(delivery(NOON - HOUR + late)) for late in (10 * MINUTE, timedelta(0))]

    assert found == [NOON - HOUR, NOON - 2 * HOUR]


def test_of_partitions_the_one_furthest_behind_counts() -> None:
    """One partition saw the beat of a minute ago, the other that of ten."""
    heartbeat = {"emitter": "probe/orders", "interval": "1m", "threshold": "5m"}
    slo = promise(sli={"method": "heartbeat", "heartbeat": heartbeat})
    ages = {"a": MINUTE, "b": 10 * MINUTE}
    seen = [Beat(1, NOON - age, NOON - age, "seen", partition) for partition, age in ages.items()]

    assert held(slo=slo, seen=seen) == NOON - 10 * MINUTE


def test_of_what_was_never_delivered_nothing_is_held() -> None:
    """None, not an age since the beginning of time."""
    assert held(delivery(NOON, state="FAIL"), hour(NOON + HOUR, MINUTE)) is None
