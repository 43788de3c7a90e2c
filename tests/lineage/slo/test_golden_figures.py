"""The published figures of SLO.md g: each test is one of its lines, and a line without a test fails the last one."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from lineage.slo.budget import Count, count, judge
from lineage.slo.indicators._robust import z_score
from lineage.slo.lint import warnings
from lineage.slo.status import Budget
from lineage.slo.tiers import Tier, can_fire, tiers_for
from tests.support.promises import DAY, HOUR, NOON, promise, verdicts

SLO_MD = Path(__file__).parents[3] / "docs" / "SLO.md"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def budget(letters: str, target: str, window: str = "28d") -> Budget:
    """What hourly occurrences that went as *letters* say leave of the budget."""
    return judge(promise(target=target, window=window), verdicts(letters), NOON).budget


def exhausted_in(target: str, burn: Fraction, window: timedelta = 30 * DAY) -> Fraction:
    """After how many seconds at this burn rate, measured from counts, the budget of *window* is gone."""
    bad = burn * (1 - Fraction(target))
    rate = Count(good=1 - bad, total=Fraction(1), judged=1, expected=1).burn(Fraction(target))
    assert rate is not None, "there was something to judge"
    return Fraction(window // SECOND) / rate


def factors(window: timedelta) -> list[float]:
    return [round(float(tier.factor(window)), 3) for tier in tiers_for(window)]


@pytest.mark.parametrize(("burn", "minutes"), [(1, 43_200), (2, 21_600), (10, 4_320), (1000, Fraction(432, 10))])
def test_sre_workbook_5_4_and_5_8(burn: int, minutes: Fraction) -> None:
    """At 99.9 % over 30 d a burn rate of 1, 2, 10 and 1000 empties the budget in 30 d, 15 d, 3 d and 43.2 min."""
    assert exhausted_in("0.999", Fraction(burn)) == minutes * 60


def test_sre_workbook_5_4_and_5_8_windows() -> None:
    """(1 h, 5 m, 14.4, 2 %), (6 h, 30 m, 6, 5 %), (1 d, 2 h, 3) and (3 d, 6 h, 1, 10 %)."""
    found = [(t.long, t.short, t.factor(30 * DAY), t.budget) for t in tiers_for(30 * DAY)]

    assert found == [
        (HOUR, 5 * MINUTE, Fraction("14.4"), Fraction(2, 100)),
        (6 * HOUR, 30 * MINUTE, 6, Fraction(5, 100)),
        (DAY, 2 * HOUR, 3, Fraction(10, 100)),
        (3 * DAY, 6 * HOUR, 1, Fraction(10, 100)),
    ]


def test_low_traffic() -> None:
    """10 requests in an hour at 99.9 %, one failed: burn 100, and 13.9 % of the 30-day budget."""
    slo = promise(target="0.999", window="30d")
    counted = count(verdicts("GGGGGGGGGB", step=6 * MINUTE))
    expected = 10 * 24 * 30

    assert (counted.burn(slo.target), round(float(1 / (expected * (1 - slo.target))), 3)) == (100, 0.139)


def test_extreme_goal() -> None:
    """90 %: an hour of total outage spends 1.39 % of 30 d, less than the 2 % of the first tier; 6 h can spend 5 %."""
    slo = promise(target="0.90", window="30d", schedule={"cron": "*/5 * * * *"}, alerting={"policy": "mwmb"})
    spent = Fraction(HOUR // SECOND) / exhausted_in("0.90", Fraction(10))

    assert (round(float(spent), 4), [can_fire(tier, slo) for tier in tiers_for(slo.window)]) == (
        0.0139,
        [False, True, True, True],
    )


def test_extreme_goal_is_told_by_lint() -> None:
    """The sentence names the tier that can never fire, what an outage burns, and what would do."""
    slo = promise(target="0.90", window="30d", schedule={"cron": "*/5 * * * *"}, alerting={"policy": "mwmb"})

    (said,) = [each for each in warnings(slo, NOON) if "never fire" in each]

    assert said.startswith(
        "the page tier over 1 h can never fire: even a total outage burns 10 times, its factor is 14"
    )


def test_extreme_goal_of_five_nines() -> None:
    """99.999 % over 30 d at a total outage: gone in 25.92 s."""
    assert exhausted_in("0.99999", Fraction(100_000)) == Fraction("25.92")


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (28, [13.44, 5.6, 2.8, 0.933]),
        (7, [13.44, 3.5, 1.4, 0.98]),
        (30, [14.4, 6, 3, 1]),
        (90, [43.2, 18, 9, 3]),
    ],
)
def test_28_d_factors(days: int, expected: list[float]) -> None:
    """And those of 7 d by the budgets 8, 12.5, 20 and 42 %, of 30 d and of 90 d (the table of b.7)."""
    assert factors(timedelta(days=days)) == expected


def test_28_d_factors_have_no_noise() -> None:
    """0.9333… is 14/15, as a fraction and not as a double."""
    assert tiers_for(28 * DAY)[-1].factor(28 * DAY) == Fraction(14, 15)


def test_rolling_occurrences() -> None:
    """97 of 100 at 95 %: consumed 0.6, remaining 0.4."""
    found = budget("GBBB" + "G" * 96, "0.95")

    assert (found.spent / found.allowed, found.remaining_ratio) == (Fraction(3, 5), Fraction(2, 5))


def test_rolling_occurrences_overspent() -> None:
    """770 of 777 at 99.9 %: consumed 9.009009, remaining -8.009009, which is not clamped at 0."""
    found = budget("B" * 7 + "G" * 770, "0.999", "90d")

    assert [round(float(each), 6) for each in (found.spent / found.allowed, found.remaining_ratio or 0)] == [
        9.009009,
        -8.009009,
    ]


def test_rolling_occurrences_of_which_nothing_is_known() -> None:
    """0 of 0 is no figure, never 100 %."""
    status = judge(promise(), verdicts("UUU"), NOON)

    assert (status.sli, status.coverage, status.state) == (None, 0, "no_data")


def test_robust_baseline() -> None:
    """H = [1000, 1010, 990, 1005, 995, 1000, 2000, 1000], x = 800: median 1000, MAD 5, z = -26.98."""
    history = [Fraction(rows) for rows in (1000, 1010, 990, 1005, 995, 1000, 2000, 1000)]

    usual = median(history)
    assert (usual, median(abs(each - usual) for each in history), z_score(Fraction(800), history)) == (
        1000,
        5,
        Fraction("-26.98"),
    )


def test_a_tier_is_data() -> None:
    """The factor of a tier is budget times period over long, exactly."""
    assert Tier("page", HOUR, 5 * MINUTE, Fraction(2, 100)).factor(30 * DAY) == Fraction("14.4")


def lines() -> list[str]:
    """The first words of each line of SLO.md g, as they begin the names of its tests."""
    section = SLO_MD.read_text(encoding="utf-8").partition("\n## g. Golden figures")[2].partition("\n## ")[0]
    heads = re.findall(r"^- (.+?)(?: \(|: | 97/| 13\.)", section, flags=re.MULTILINE)
    return [re.sub(r"\W+", "_", head.lower()) for head in heads]


def test_no_line_is_without_its_test() -> None:
    """A figure that is added to the document fails here until it holds."""
    tests = [name for name in globals() if name.startswith("test_")]

    bare = [line for line in lines() if not any(name.startswith(f"test_{line}") for name in tests)]
    assert (len(lines()), bare) == (6, [])
