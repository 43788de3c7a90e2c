"""Timeslices: budgets that count slices of time, each good by the share of what was due in it (SLO.md b.7)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lineage.model import Amendment, Verdict, VerdictState
from lineage.slo.budget import judge
from lineage.slo.evaluate import evaluate
from lineage.slo.explain import explain, shape_of
from lineage.slo.lasting import Lasting
from lineage.slo.lint import warnings
from lineage.slo.slices import slicing
from lineage.slo.spec import DataSLO
from lineage.slo.watching import Watch
from tests.support.promises import DAY, HOUR, NOON, Lake, event, promise, states, verdicts

MINUTE, TICK = timedelta(minutes=1), timedelta(microseconds=1)


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def sliced(length: str = "1h", wanted: str | None = "0.9", **changes: Any) -> DataSLO:
    """A promise of what is due every few minutes, in slices; 99 % of them are good."""
    objective = {"target": changes.pop("target", "0.99"), "timeSliceWindow": length}
    method = "RatioTimeslices" if wanted is None else "Timeslices"
    objective |= {} if wanted is None else {"timeSliceTarget": wanted}
    return promise(objectives=[objective], budgetingMethod=method, **changes)


def of(letters: str, *, now: datetime = NOON, **changes: Any) -> list[Verdict]:
    """The slices of occurrences six minutes apart, the last due six minutes before noon."""
    slo = sliced(**changes)
    return list(judge(slo, verdicts(letters, NOON - 6 * MINUTE, 6 * MINUTE), now).occurrences)


@pytest.mark.parametrize(
    ("letters", "state"),
    [
        ("GGGGGGGGGG", "G"),
        ("GGGGBGGGGG", "G"),
        ("GGGGBGGGGB", "B"),
        ("GGGGGUGGGG", "G"),
        ("GGGGBUGGGG", "U"),
        ("GGGGBPGGGG", "P"),
        ("GGUBBPGGGG", "B"),
        ("UUUUUUUUUU", "U"),
        ("GXXXXXXXXX", "G"),
        ("XXXXXXXXXX", "X"),
        ("NNNNNNNNNN", "N"),
        ("NNNNXNNNNN", "X"),
    ],
)
def test_a_slice_is_what_its_occurrences_leave_no_doubt_of(letters: str, state: str) -> None:
    """Ten of them, nine to be good: what is open is held to be good and bad, and nothing expected counts not."""
    assert states(of(letters)) == state


def test_the_budget_counts_slices() -> None:
    """Of 24 hours one is bad, whatever else went wrong in the others: 1 of 0.24 that may be."""
    status = judge(sliced(), verdicts(("GGGGGGGGGB" * 23) + "GGGGGGGGBB", NOON - 6 * MINUTE, 6 * MINUTE), NOON)

    found = (status.good, status.total, status.budget.allowed, status.budget.spent)
    assert found == (Fraction(23), Fraction(24), Fraction(24, 100), Fraction(1))


def test_a_slice_that_lasts_is_of_no_budget_yet() -> None:
    """It is due at its last instant, and waits for all that falls due in it."""
    made = verdicts("B" * 5, NOON - 36 * MINUTE, 6 * MINUTE)
    found = [judge(sliced(), made, now).counts for now in (NOON - TICK - TICK, NOON - TICK, NOON)]

    assert [(each["pending"], each["bad"]) for each in found] == [(0, 0), (1, 0), (0, 1)]


@pytest.mark.parametrize("letters", ["NNNN", "XXXX", "GGBB"])
def test_a_month_holds_as_many_slices_at_the_last_instant_of_one(letters: str) -> None:
    """What is not expected is not waited for either."""
    window = {"duration": "1M", "isRolling": False}
    window |= {"calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}}
    made = verdicts(letters, NOON - 15 * MINUTE, 15 * MINUTE)
    slo = sliced(timeWindow=[window], schedule={"cron": "0 0 1 1 *"})
    found = [judge(slo, made, now).budget.allowed for now in (NOON - TICK, NOON)]

    assert found[0] == found[1]


def test_a_slice_says_why() -> None:
    """How many were good, how many should have been, and the first that was not."""
    (slice_,) = of("GGGGBGGGGB")

    assert (slice_.occurrence, slice_.reason) == (
        "2026-11-20T11:00:00Z/1h",
        "8 of 10 good, 90 % wanted; first 2026-11-20 11:24 UTC: as the test says",
    )


def test_a_ratio_weighs_the_share_that_was_good() -> None:
    """RatioTimeslices: the budget is spent by each slice as much as it was bad."""
    status = judge(sliced(wanted=None), verdicts("G" * 10 + "GGGGGGGGBB", NOON - 6 * MINUTE, 6 * MINUTE), NOON)

    assert (status.good, status.total, states(status.occurrences)) == (Fraction(18, 10), Fraction(2), "GB")


def test_the_part_that_was_judged_speaks_for_a_share() -> None:
    """As it does for the indicator: while enough is known, which here is nine of ten."""
    assert [states(of(letters, wanted=None)) for letters in ("GGGGUGGGGG", "GGGGUUGGGG")] == ["G", "U"]


@pytest.mark.parametrize(
    ("length", "day", "hours"),
    [
        ("1h", (3, 29), [1] * 23),
        ("1h", (10, 25), [1] * 25),
        ("6h", (3, 29), [6, 6, 6, 5]),
        ("6h", (10, 25), [6, 6, 6, 7]),
        ("1d", (3, 29), [23]),
        ("1d", (10, 25), [25]),
    ],
)
def test_a_day_of_23_or_25_hours(length: str, day: tuple[int, int], hours: list[int]) -> None:
    """Slices begin with the day of the calendar's zone; its last one is longer or shorter, an hour is an hour."""
    window = {"duration": "1M", "isRolling": False}
    window |= {"calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "Europe/Berlin"}}
    cut = slicing(sliced(length, timeWindow=[window]))
    assert cut is not None
    first = cut.at(datetime(2026, *day, 12, tzinfo=UTC) - 12 * HOUR).start
    begin = cut.at(at(*day)).start if length == "1d" else first
    found: list[timedelta] = []
    while sum(found, timedelta()) < sum(hours) * HOUR:
        each = cut.at(begin)
        found.append(each.end - each.start)
        begin = each.end

    assert found == [hour * HOUR for hour in hours]


@given(
    st.sampled_from(["1m", "5m", "90m", "6h", "8h", "1d"]),
    st.integers(0, 3 * 366 * 86_400),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"]),
    st.sampled_from(["00:00:00", "02:30:00", "23:45:00"]),
)
@settings(max_examples=200, deadline=None)
def test_slices_meet_and_hold_their_instants(length: str, seconds: int, zone: str, begins: str) -> None:
    """Each instant lies in one slice, and the next begins where it ends, also as time lasts."""
    window = {"duration": "1M", "isRolling": False, "calendar": {"startTime": f"2011-01-31 {begins}", "timeZone": zone}}
    cut, instant = slicing(sliced(length, timeWindow=[window])), datetime(2010, 12, 1, tzinfo=UTC)
    assert cut is not None
    instant += timedelta(seconds=seconds)
    each = cut.at(instant)

    assert (
        each.start <= instant < each.end,
        cut.at(each.end).start,
        cut.at(each.end - TICK),
        cut.at(Lasting(instant)),
    ) == (
        True,
        each.end,
        each,
        each,
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"budgetingMethod": "Timeslices"}, "missing, for Timeslices count slices; write timeSliceTarget: 0.95"),
        (
            {"budgetingMethod": "RatioTimeslices"},
            "missing, for RatioTimeslices count slices; write timeSliceWindow: 5m",
        ),
        ({"objectives": [{"target": "0.9", "timeSliceWindow": "5m"}]}, "not of Occurrences; write budgetingMethod"),
        ({"objectives": [{"target": "0.9", "timeSliceWindow": "7m"}]}, "a slice divides a day"),
        (
            {"objectives": [{"target": "0.9", "timeSliceTarget": "0"}]},
            "of a slice of which nothing must be good all are",
        ),
    ],
)
def test_what_slices_need_is_said(words: dict[str, Any], told: str) -> None:
    """Both words, as OpenSLO's own kit asks for them; and neither without."""
    with pytest.raises(ValidationError, match=told):
        promise(**words)


def test_minutes_need_no_letter() -> None:
    """A number is of minutes, as in OpenSLO."""
    assert sliced(5).spec == sliced("5m").spec  # type: ignore[arg-type]  # as YAML gives it


def test_a_slice_is_the_same_whenever_it_is_asked_for(tmp_path: Path) -> None:
    """While the window rolls over its beginning it is judged by all of it, or not at all."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 40 * HOUR, 39)
    slo = sliced("6h", "0.5", window="1d", effective_from=NOON - 50 * HOUR)
    seen: dict[str, Verdict] = {}

    for step in range(60):
        for each in evaluate(slo, lake.store, NOON + step * 20 * MINUTE).occurrences:
            if each.state != "PENDING":
                assert seen.setdefault(each.occurrence, each) == each
    assert len(seen) == 7


@given(st.lists(st.tuples(st.integers(-900, 300), st.integers(0, 40)), min_size=5, max_size=20))
@settings(max_examples=15, deadline=None)
def test_watching_says_what_evaluate_says(
    tmp_path_factory: pytest.TempPathFactory, runs: list[tuple[int, int]]
) -> None:
    """However runs come and time goes on."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    slo = sliced("90m", "0.5", window="1d", effective_from=NOON - DAY)
    watch = Watch(lake.store)
    found, wanted = [], []
    for step, (minute, late) in enumerate(runs):
        now = NOON + step * 17 * MINUTE
        done = NOON + minute * MINUTE
        lake.put(event("COMPLETE", done, f"{step}"), received_at=max(done, now - late * MINUTE))
        watch.turn(now)
        found.append(watch.status(slo))
        wanted.append(evaluate(slo, lake.store, now))

    assert found == wanted


def test_what_is_wrong_names_the_slices() -> None:
    """How many in a row, since when, and what the newest held."""
    status = judge(sliced(), verdicts("G" * 10 + "B" * 20, NOON - 6 * MINUTE, 6 * MINUTE), NOON)

    assert status.sentence == (
        "2 slices bad since 2026-11-20 10:00 UTC: "
        "0 of 10 good, 90 % wanted; first 2026-11-20 11:00 UTC: as the test says"
    )


def test_lint_says_that_slices_are_too_short() -> None:
    """Of an hourly promise half of the half hours hold nothing."""
    (told,) = (each for each in warnings(sliced("30m", target="0.9"), NOON) if "slices" in each)

    assert told == (
        "slices of 30 m are shorter than the 1 h between occurrences, so that many hold none and do not count; "
        "write a longer timeSliceWindow"
    )


def test_lint_counts_slices() -> None:
    """A day of 28 is a miss that 99 % does not allow."""
    (told,) = (each for each in warnings(sliced("1d"), NOON) if "forbids" in each)

    assert told.startswith("this target forbids any miss: 28 d hold 28 slices;")


def test_slices_of_working_hours() -> None:
    """Every five minutes of eight hours on workdays: 160 slices of an hour in four weeks, and not 672."""
    working = {"cron": "*/5 9-16 * * 1-5", "deadline": "1m"}
    (told,) = (each for each in warnings(sliced("1h", target="0.999", schedule=working), NOON) if "forbids" in each)
    (held,) = re.findall(r"hold (\d+) slices", told)

    assert abs(int(held) - 160) <= 20


def test_rates_are_stretched_to_slices() -> None:
    """As to occurrences that come so seldom: twelve of them in the long window, three in the short one."""
    status = judge(sliced("1h", target="0.95"), verdicts("G" * 6000, NOON, 6 * MINUTE), NOON)

    assert (status.burn_rates[0].long_s, status.burn_rates[0].short_s) == (12 * 3600, 3 * 3600)


def test_a_month_expects_its_slices() -> None:
    """Also while they are yet to come: 30 days of 24, one of which is under maintenance."""
    window = {"duration": "1M", "isRolling": False}
    window |= {"calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}}
    planned = [{"start": "2026-11-29T00:00:00Z", "duration": "1d", "reason": "planned"}]
    beats = {"method": "heartbeat", "heartbeat": {"emitter": "a/b", "interval": "6m", "threshold": "1m"}}
    slo = sliced(timeWindow=[window], exclusions=planned, sli=beats)
    made = verdicts("G" * 4676, NOON - 6 * MINUTE, 6 * MINUTE)
    found = [judge(slo, [each for each in made if each.due <= now], now) for now in (at(11, 1), at(11, 9, 7, 31), NOON)]

    assert [status.budget.allowed for status in found] == [Fraction(29 * 24, 100)] * 3


def test_a_month_expects_slices_by_its_schedule() -> None:
    """Every second hour holds something: 360 of them in November."""
    window = {"duration": "1M", "isRolling": False}
    window |= {"calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"}}
    slo = sliced(timeWindow=[window], schedule={"cron": "*/20 */2 * * *", "deadline": "5m"})

    assert judge(slo, [], at(11, 1)).budget.allowed == Fraction(360, 100)


def test_an_occurrence_of_a_slice_is_explained_too(tmp_path: Path) -> None:
    """It spends nothing itself, and is corrected as any is."""
    lake = Lake(tmp_path)
    lake.runs(NOON - 6 * HOUR, 4)
    slo = sliced("6h", "0.9", window="1d", effective_from=NOON - 6 * HOUR)
    status = evaluate(slo, lake.store, NOON)
    found = explain(slo, status, "2026-11-20T09:00:00Z", lake.store)

    assert (found.verdict.state, shape_of(found)["spends"], status.occurrences[0].state) == ("GOOD", None, "BAD")


def test_a_slice_says_what_it_was_before_an_occurrence_became_good() -> None:
    """Where one that came late makes the slice another: what it was, and until when."""
    late = Amendment(VerdictState.BAD, NOON)
    told = verdicts("GGGGBGGGGG", NOON - 6 * MINUTE, 6 * MINUTE)
    made = [*told[:-1], replace(told[-1], amended=late)]
    (slice_,) = judge(sliced(wanted="0.9"), made, NOON).occurrences

    assert (slice_.state, slice_.amended) == ("GOOD", late)
