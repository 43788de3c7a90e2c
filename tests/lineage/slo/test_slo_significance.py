"""Significance: burn rates that chance would explain do not speak (SLO.md b.7)."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lineage.slo.budget import judge
from lineage.slo.lint import warnings
from lineage.slo.significance import unlikely
from tests.support.promises import NOON, promise, verdicts

ONE_PERCENT = Fraction(1, 100)


def tail(least: int, of: int, miss: Fraction) -> Fraction:
    """P(X >= *least*) as the definition of the distribution has it."""
    return sum((comb(of, hits) * miss**hits * (1 - miss) ** (of - hits) for hits in range(least, of + 1)), Fraction(0))


@pytest.mark.parametrize(("bad", "chance"), [(1, "0.245"), (2, "0.032"), (3, "0.0027")])
def test_the_published_chances(bad: int, chance: str) -> None:
    """28 runs of which one in a hundred fails: at least one, two and three of them."""
    digits = len(chance) - 2
    assert round(tail(bad, 28, ONE_PERCENT), digits) == Fraction(chance)


def test_of_28_runs_three_misses_are_more_than_chance() -> None:
    """At 1 %: one and two are not, three are."""
    found = [unlikely(Fraction(bad), Fraction(28), ONE_PERCENT, ONE_PERCENT) for bad in (1, 2, 3)]

    assert found == [False, False, True]


@given(st.integers(0, 40), st.integers(0, 41), st.fractions(0, 1), st.fractions(0, Fraction(1, 2)))
@settings(deadline=None)
def test_it_is_the_tail_of_the_distribution(of: int, bad: int, miss: Fraction, significance: Fraction) -> None:
    """For whatever probability, exactly."""
    miss = miss / 2 + Fraction(1, 1_000)
    significance = significance / 2 + Fraction(1, 1_000)

    assert unlikely(Fraction(bad), Fraction(of), miss, significance) == (tail(bad, of, miss) < significance)


@pytest.mark.parametrize("bad", [1, 3, 40])
def test_what_is_as_likely_as_that_is_not_less_likely(bad: int) -> None:
    """The border itself, and the least bit above it: where digits cannot tell, whole numbers do."""
    border = tail(bad, 60, ONE_PERCENT)
    found = [unlikely(Fraction(bad), Fraction(60), ONE_PERCENT, border + more) for more in (0, border / 10**60)]

    assert found == [False, True]


def test_a_part_of_a_miss_is_none() -> None:
    """Of slices that weigh what of them was bad: of 24 one is likely at 1 %, and so is a part of one."""
    found = [unlikely(bad, Fraction(24), ONE_PERCENT, Fraction(1, 4)) for bad in (Fraction(1, 4), Fraction(1))]

    assert found == [False, True]


@pytest.mark.parametrize(("bad", "more_than_chance"), [(403, False), (450, False), (451, True), (40_320, True)])
def test_of_a_beat_a_minute(bad: int, *, more_than_chance: bool) -> None:
    """40,320 of them at 99 %: 403 misses are expected, and 451 come in fewer than one window of a hundred."""
    assert unlikely(Fraction(bad), Fraction(40_320), ONE_PERCENT, ONE_PERCENT) == more_than_chance


@pytest.mark.parametrize(("significance", "firing"), [("0.01", False), ("0.1", True)])
def test_a_rate_speaks_only_where_chance_does_not_explain_it(significance: str, *, firing: bool) -> None:
    """Two misses in 24 burn eight times too fast, and come by chance in one day of 42."""
    alerting = {
        "policy": "mwmb",
        "windows": [{"severity": "ticket", "long": "1d", "short": "2h", "budget": "0.1"}],
        "significance": significance,
    }
    status = judge(promise(alerting=alerting), verdicts("G" * 22 + "BB"), NOON)

    assert status.burn_rates[0].firing == firing


def test_it_takes_the_place_of_three_misses() -> None:
    """By `auto` three are asked for, unless somebody says how unlikely they must be."""
    alerting = {"policy": "auto", "significance": "0.2"}
    slo = promise(alerting=alerting, target="0.95")
    status = judge(slo, verdicts("G" * 600 + "B" * 2), NOON)

    assert [rate.firing for rate in status.burn_rates if rate.long_s == 43_200] == [True]


def test_rows_go_wrong_together() -> None:
    """A unit of which each occurrence has many says nothing of chance."""
    with pytest.raises(ValidationError, match="rows go wrong together"):
        promise("completeness", sli={"unit": "rows"}, alerting={"significance": "0.01"})


def test_lint_says_where_it_is_not_used() -> None:
    """The ladder counts misses and asks nobody how likely they are."""
    slo = promise(alerting={"policy": "discrete", "significance": "0.01"}, target="0.95")

    assert "significance is not used, for the ladder speaks here; write policy: mwmb" in list(warnings(slo, NOON))
