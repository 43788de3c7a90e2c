"""Budget: exact arithmetic, tiers, guards, the ladder; the published figures are in test_golden_figures."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.slo.budget import judge
from lineage.slo.status import Status
from lineage.slo.tiers import catalogue, choose
from tests.support.promises import DAY, HOUR, NOON, promise, verdicts

MINUTE = timedelta(minutes=1)


def judged(letters: str, *, step: timedelta = HOUR, now: Any = NOON, **changes: Any) -> Status:
    """The status of an hourly promise whose newest occurrences went as *letters* say."""
    return judge(promise(**changes), verdicts(letters, NOON, step), now)


def daily(letters: str, **changes: Any) -> Status:
    return judged(letters, step=DAY, schedule={"cron": "0 0 * * *"}, **changes)


def test_short_windows_are_a_twelfth_of_the_long_ones() -> None:
    """So says the workbook, and the catalogue keeps to it."""
    assert {tier.long / tier.short for tiers in catalogue().values() for tier in tiers} == {12}


def test_auto_takes_the_ladder_where_a_miss_costs_too_much() -> None:
    """Hourly at 99 % allows 6.7 misses in 28 d, fewer than 10: naive burn rates would page on every miss."""
    assert choose(promise(), HOUR) == ()


def test_auto_takes_burn_rates_for_frequent_occurrences() -> None:
    """5-minute beats at 99 %: the first tier's short window is stretched from 5 to 15 minutes."""
    chosen = choose(promise(), 5 * MINUTE)

    assert [(tier.long, tier.short) for tier in chosen] == [
        (HOUR, 15 * MINUTE),
        (6 * HOUR, 30 * MINUTE),
        (DAY, 2 * HOUR),
        (3 * DAY, 6 * HOUR),
    ]


def test_auto_stretches_to_whole_minutes() -> None:
    """A spacing that was measured, as of versions about an hour apart, makes windows with names like 12h."""
    chosen = choose(promise(target="0.95"), HOUR - timedelta(milliseconds=340))

    assert [(tier.long, tier.short) for tier in chosen] == [
        (12 * HOUR, 3 * HOUR),
        (DAY, 3 * HOUR),
        (3 * DAY, 6 * HOUR),
    ]


def test_auto_keeps_the_strictest_of_tiers_that_became_alike() -> None:
    """Stretched to the same windows, the one of the higher factor stays."""
    chosen = choose(promise(target="0.95"), HOUR)

    assert [(tier.long, tier.budget) for tier in chosen] == [
        (12 * HOUR, Fraction(1, 20)),
        (DAY, Fraction(1, 10)),
        (3 * DAY, Fraction(1, 10)),
    ]


def test_the_ladder_shows_the_burn_and_never_fires_it() -> None:
    """One miss in hourly deliveries burns 100 times over 1 h, 16.7 over 6 h, 4.17 over 1 d and 1.39 over 3 d."""
    status = judged("G" * 100 + "B")

    assert [(rate.long_s, round(float(rate.long or 0), 2), rate.firing) for rate in status.burn] == [
        (3_600, 100.0, False),
        (21_600, 16.67, False),
        (86_400, 4.17, False),
        (259_200, 1.39, False),
    ]


def test_what_comes_within_a_second_is_judged() -> None:
    """Of what no schedule makes the verdicts say how often it comes, as of two runs that end at once."""
    slo = promise(sli={"type": "job_success"}).scheduled(None)

    assert judge(slo, verdicts("GB", NOON, timedelta(milliseconds=500)), NOON).total == 2


def test_a_window_without_events_shows_no_burn() -> None:
    """Of daily deliveries the last hour and the last six hold none."""
    slo = promise(schedule={"cron": "0 2 * * *"})
    status = judge(slo, verdicts("GGGB", NOON - 7 * HOUR, DAY), NOON)

    assert [rate.long for rate in status.burn] == [None, None, 100, Fraction(100, 3)]


def test_where_burn_rates_speak_they_are_what_is_shown() -> None:
    """One truth, not two."""
    status = judged("G" * 288 + "B" * 12, step=5 * MINUTE, **FIVE)

    assert status.burn == status.burn_rates


FIVE = {"schedule": {"cron": "*/5 * * * *"}, "alerting": {"policy": "mwmb"}}


def test_a_tier_fires_when_both_windows_burn() -> None:
    """All bad for an hour: the 1 h / 5 m tier pages."""
    status = judged("G" * 288 + "B" * 12, step=5 * MINUTE, **FIVE)

    assert (status.burn_rates[0].firing, status.state) == (True, "breaching")


def test_a_tier_is_quiet_once_its_short_window_is() -> None:
    """The short window ends an alert soon after the cause is gone."""
    status = judged("G" * 288 + "B" * 12 + "GG", step=5 * MINUTE, **FIVE)

    assert (status.burn_rates[0].long is not None, status.burn_rates[0].firing) == (True, False)


def test_an_empty_window_has_no_rate() -> None:
    """Nothing judged in the short window is None, and fires nothing."""
    status = judged("B" * 12, step=5 * MINUTE, now=NOON + 10 * MINUTE, **FIVE)

    assert (status.burn_rates[0].short, status.burn_rates[0].firing) == (None, False)


@pytest.mark.parametrize(
    "guard",
    [{"minBadEvents": 13}, {"minEvents": 13}],
)
def test_guards_hold_a_tier_back(guard: dict[str, int]) -> None:
    """Too few events, or too few bad ones, are no proof."""
    alerting = {"policy": "mwmb", **guard}
    status = judged("G" * 288 + "B" * 12, step=5 * MINUTE, schedule=FIVE["schedule"], alerting=alerting)

    assert status.burn_rates[0].firing is False


def test_lost_coverage_freezes() -> None:
    """Half of the last hour is unknown: nothing fires."""
    status = judged("G" * 288 + "BU" * 6, step=5 * MINUTE, **FIVE)

    assert status.burn_rates[0].firing is False


def test_unknown_lowers_coverage_and_not_the_sli() -> None:
    """UNKNOWN never enters the ratio."""
    status = judged("G" * 9 + "U")

    assert (status.sli, status.coverage) == (1, Fraction(9, 10))


def test_what_is_not_expected_counts_nowhere() -> None:
    """Neither in the ratio, nor in coverage, nor in the budget."""
    status = judged("GGNN", target="0.5")

    assert (status.sli, status.coverage, status.budget.allowed) == (1, 1, 1)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [("G" * 27 + "B", "ticket"), ("G" * 26 + "BB", "page"), ("G" * 25 + "BBG", None), ("B" + "G" * 26 + "U", None)],
)
def test_the_ladder(letters: str, expected: str | None) -> None:
    """A first miss is a ticket, a second in a row a page; the next GOOD ends it."""
    assert daily(letters, target="0.80").ladder == expected


def test_half_a_budget_pages_on_the_next_miss() -> None:
    """1 of 28 at 99 % is 357 % of the budget."""
    assert daily("G" * 27 + "B").ladder == "page"


def test_critical_data_pages_at_once() -> None:
    """tier: critical, first bad: page."""
    assert daily("G" * 27 + "B", target="0.80", labels={"tier": "critical"}).ladder == "page"


def test_time_without_events_is_no_recovery() -> None:
    """The ladder stays until something good comes."""
    status = judge(promise(target="0.40", alerting={"policy": "discrete"}), verdicts("GGGB"), NOON + DAY)

    assert status.ladder == "ticket"


def test_a_ladder_of_ones_own() -> None:
    """Rungs in the file replace the default ones."""
    own = {"policy": "discrete", "ladder": [{"bad": 3, "severity": "ticket"}]}

    assert [daily(letters, alerting=own).ladder for letters in ("GGBB", "GBGBB", "BBBG")] == [None, "ticket", None]


def test_a_floor_for_one_batch() -> None:
    """`instant` speaks of the newest occurrence alone, whatever the policy."""
    slo = promise("correctness", alerting={"policy": "mwmb", "instant": {"below": "0.999", "severity": "ticket"}})
    batch = replace(verdicts("B")[0], good=Fraction(998), total=Fraction(1000))

    assert judge(slo, [batch], NOON).ladder == "ticket"


def test_a_new_promise_warms_up() -> None:
    """Under seven occurrences and one window: warming, whatever fires."""
    assert judged("GGB", effectiveFrom=NOON - 3 * HOUR).state == "warming"


def test_an_old_promise_is_warm() -> None:
    """Once it has been in force for a window, few occurrences are enough."""
    assert judged("GGG", effectiveFrom=NOON - 29 * DAY).state == "ok"


def test_a_spent_budget_is_at_risk() -> None:
    """Nothing fires, and less than a quarter is left."""
    assert daily("BBB" + "G" * 25, target="0.90").state == "at_risk"


def test_the_window_is_open_at_its_beginning() -> None:
    """(now - P, now]: what was due exactly P ago has left."""
    status = judged("BGGG", window="3h")

    assert (status.counts["good"], status.counts["bad"]) == (3, 0)


@pytest.mark.parametrize(
    ("letters", "changes", "sentence"),
    [
        ("GGG", {}, "All 3 occurrences good in 28 d"),
        ("BGGG", {"target": "0.5"}, "75 % of occurrences good in 28 d; 50 % of the error budget is left"),
        ("BGGG", {}, "75 % of occurrences good in 28 d; the error budget is overspent by 2400 %"),
        # As `-66.7 %` stands everywhere else: rounded down, so that neither flatters.
        ("BGG", {"target": "0.8"}, "66.6 % of occurrences good in 28 d; the error budget is overspent by 66.7 %"),
        ("UU", {}, "No data: 0 of 2 occurrences could be judged in 28 d"),
        ("G", {"effectiveFrom": NOON - HOUR}, "Warming up: 1 of 7 occurrences judged"),
    ],
)
def test_the_sentence(letters: str, changes: dict[str, Any], sentence: str) -> None:
    """The one thing to know, in the words of a person."""
    assert judged(letters, **changes).sentence == sentence


LETTERS = st.text("GBUPN", min_size=0, max_size=60)
TARGETS = st.sampled_from(["0.5", "0.9", "0.95", "0.99", "0.999"])


@settings(deadline=None)
@given(LETTERS, TARGETS, st.randoms(use_true_random=False))
def test_the_order_of_evidence_never_matters(letters: str, target: str, chance: random.Random) -> None:
    """A status is a function of the set of verdicts."""
    slo, ordered = promise(target=target), verdicts(letters)
    shuffled = chance.sample(ordered, len(ordered))

    assert judge(slo, shuffled, NOON) == judge(slo, ordered, NOON)


@settings(deadline=None)
@given(LETTERS, TARGETS)
def test_the_budget_adds_up(letters: str, target: str) -> None:
    """Allowed = (1 - t) N, spent = bad, and what is left is 1 - spent / allowed, as exact fractions."""
    status = judged(letters, target=target)
    expected = sum(letters.count(letter) for letter in "GBUP")
    allowed, bad = (1 - Fraction(target)) * expected, letters.count("B")

    assert (status.budget.allowed, status.budget.spent, status.budget.remaining_ratio) == (
        allowed,
        bad,
        1 - bad / allowed if expected else None,
    )


@settings(deadline=None)
@given(LETTERS, TARGETS)
def test_a_good_occurrence_never_hurts(letters: str, target: str) -> None:
    """Turning one BAD into GOOD never lowers the SLI or what is left."""
    before, after = judged(letters, target=target), judged(letters.replace("B", "G", 1), target=target)

    assert (after.sli or 0, after.budget.remaining_ratio or 0) >= (before.sli or 0, before.budget.remaining_ratio or 0)
