"""Freshness of rows: each delivery weighs what it brought (SLO.md b.1, F4)."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.model import Verdict
from lineage.slo.budget import count
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.indicators.freshness import describe, figures, measure, needs
from tests.support.promises import DAY, HOUR, NOON, delivery, promise, states

MINUTE = timedelta(minutes=1)
ROWS = {"method": "rows"}


def hour(back: int, rows: int | None, late: float = 5, run: str = "") -> Delivery:
    """The load of the hour that ended *back* hours before noon, *late* minutes after its end."""
    end = NOON - back * HOUR
    return delivery(end + late * MINUTE, run or f"r{back}", nominal=(end - HOUR, end), rows=rows)


def judged(*loads: Delivery, hours: int = 3, wait: timedelta = 20 * MINUTE, **sli: Any) -> list[Verdict]:
    """The hours up to noon, by the deadline of 15 minutes unless *sli* says otherwise."""
    now = NOON + wait
    return measure(promise(sli=ROWS | sli), Evidence(now - hours * HOUR, loads, asked_from=now - 9 * DAY), now)


def test_each_delivery_weighs_what_it_brought() -> None:
    """One large late hour outweighs two small ones in time: 99 % of data, literally."""
    found = judged(hour(2, 10), hour(1, 880, late=20), hour(0, 110))

    assert (states(found), count(found).sli) == ("GBG", Fraction(120, 1000))


def test_rows_that_nobody_counted_are_estimated() -> None:
    """As many as such an occurrence uses to bring, and the reason says so."""
    weeks = [hour(7 * 24 * back, rows) for back, rows in [(1, 400)]]
    (found,) = judged(*weeks, hour(0, None), hours=1, season="hour_of_week")

    assert (found.total, found.reason) == (
        400,
        "400 rows came in time, 5 m to 1 h 5 m old; estimated by the median of 1 of the same season",
    )


def test_what_is_missing_weighs_what_it_uses_to() -> None:
    """PENDING while an event may be on its way, then BAD for as many rows as usual."""
    loads = hour(2, 300), hour(1, 500)

    assert [
        (states(found), found[-1].total) for wait in (15, 17) for found in [judged(*loads, wait=wait * MINUTE)]
    ] == [
        ("GGP", 0),
        ("GGB", 400),
    ]


def test_rows_without_any_count_are_unknown() -> None:
    """Nobody counted these, nor any before them."""
    assert states(judged(hour(0, None), hours=1)) == "U"


def test_no_rows_are_nothing_to_expect() -> None:
    """An empty delivery weighs nothing, in time or late."""
    assert states(judged(hour(0, 0), hours=1)) == "N"


@pytest.mark.parametrize(
    ("sli", "letter"),
    [
        ({"threshold": "64m"}, "B"),
        ({"threshold": "65m"}, "G"),
        ({"threshold": "4m", "bound": "lower"}, "B"),
        ({"threshold": "5m", "bound": "lower"}, "G"),
    ],
)
def test_a_threshold_is_held_to_a_bound_of_the_age(sli: dict[str, Any], letter: str) -> None:
    """Upper: from the interval's start, which no row is older than; lower: from its end. Both stand in the reason."""
    (found,) = judged(hour(0, 100), hours=1, **sli)

    assert (states([found]), found.reason[-18:]) == (letter, "5 m to 1 h 5 m old")


def test_a_late_delivery_counts_its_own_rows() -> None:
    """What a later run brings to an interval that was in time changes nothing."""
    again = hour(0, 9000, late=40, run="again")

    assert [each.total for each in judged(hour(0, 100), again, hours=1, wait=HOUR)] == [100]


def test_how_many_rows_were_late_is_told() -> None:
    """Of the unbroken row of late ones, and how old the oldest row may be."""
    found = judged(hour(1, 880, late=20), hour(0, 120, late=16), hours=2)

    assert (describe(found, NOON), figures(promise(sli=ROWS), found)) == (
        "1,000 rows late since 2026-11-20 11:15 UTC, the last delivered 2026-11-20 12:16 UTC",
        {"secondsAtMost": 80 * 60},
    )


def test_a_season_is_looked_back_upon() -> None:
    """Eight weeks and one more, for what is estimated."""
    assert needs(promise(sli=ROWS)).history == 9 * 7 * DAY


@pytest.mark.parametrize(
    "sli", [{"unit": "rows"}, {"method": "rows", "unit": "seconds"}, {"bound": "upper"}, {"season": "day_of_week"}]
)
def test_words_of_rows_belong_to_rows(sli: dict[str, Any]) -> None:
    """And each method has one unit."""
    with pytest.raises(ValidationError, match=r"; (leave|write)"):
        promise(sli=sli)
