"""Findings: what is wrong with a dataset beside its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from lineage.model import Restated, job_id
from lineage.slo.evidence import Delivery, Evidence
from lineage.slo.findings import findings
from tests.support.promises import DAY, HOUR, LOAD, NOON, delivery, promise, verdicts

OTHER = job_id("airflow", "orders.copy")
MINUTE = timedelta(minutes=1)


def kinds(*deliveries: Delivery) -> list[str]:
    evidence = Evidence(NOON - DAY, deliveries)
    return [each.kind for each in findings(promise(), evidence, (), NOON)]


def hour(ends: int, **fields: Any) -> Delivery:
    """A run of the hour that ended so many hours before noon."""
    end = NOON - ends * HOUR
    return delivery(end + 5 * MINUTE, fields.pop("run", f"run {ends} {fields}"), nominal=(end - HOUR, end), **fields)


def dropped(at: timedelta, **fields: Any) -> Delivery:
    return delivery(NOON - at, f"drop {at}", emptied=True, dropped=True, **fields)


@pytest.mark.parametrize(
    ("deliveries", "expected"),
    [
        ([hour(2), dropped(HOUR)], ["dropped"]),
        ([dropped(2 * HOUR), hour(1)], []),
        ([hour(2), dropped(HOUR, state="FAIL")], []),
        ([hour(2), delivery(NOON - HOUR, "cut", emptied=True)], []),
    ],
)
def test_dropped_until_it_is_written_again(deliveries: list[Delivery], expected: list[str]) -> None:
    """A DROP that failed dropped nothing, and a TRUNCATE is an empty dataset, which its own SLOs speak of."""
    assert kinds(*deliveries) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"job": LOAD}, {"job": OTHER}, ["conflict"]),
        ({"job": LOAD}, {"job": LOAD, "run": "again"}, []),
        ({"job": LOAD, "run": "a"}, {"job": OTHER, "parent": "a"}, []),
        ({"job": LOAD, "parent": "dag"}, {"job": OTHER, "parent": "dag"}, []),
        ({"job": LOAD}, {"job": OTHER, "state": "FAIL"}, []),
        (
            {"job": LOAD, "partitions": (frozenset({("c", "DE")}),)},
            {"job": OTHER, "partitions": (frozenset({("c", "FR")}),)},
            [],
        ),
    ],
)
def test_two_that_write_one_interval(one: dict[str, Any], other: dict[str, Any], expected: list[str]) -> None:
    """Two jobs that are not parts of one: a retry, a child, a sister or another partition is no conflict."""
    assert kinds(hour(2), hour(1, **one), hour(1, **other)) == expected


def test_a_hand_over_is_no_conflict() -> None:
    """Once one alone writes the newest interval it is over, whatever was before."""
    assert kinds(hour(2), hour(2, job=OTHER), hour(1, job=OTHER)) == []


def test_a_conflict_is_the_same_for_as_long_as_it_lasts() -> None:
    """Since the first of the intervals in a row that two wrote, so that nobody is told each hour."""
    both = [each for ends in (3, 2, 1) for each in (hour(ends), hour(ends, job=OTHER))]

    (found,) = findings(promise(), Evidence(NOON - DAY, [hour(4), *both]), (), NOON)

    assert (found.at, found.sentence) == (
        NOON - 3 * HOUR + 5 * MINUTE,
        "orders is written by orders.copy and orders.load for the same interval, 2026-11-20 10:00 UTC",
    )


@pytest.mark.parametrize(("now", "ago", "expected"), [(1011, 1, 1), (989, 1, 1), (1010, 1, 0), (2000, 25, 0)])
def test_a_closed_number_that_changed_by_more_than_a_hundredth(now: int, ago: int, expected: int) -> None:
    """1 % exactly is nothing, and so is what is a day old by now."""
    restated = Restated(Fraction(now), NOON - ago * HOUR)
    closed, after = verdicts("GG", NOON - 25 * HOUR)
    found = findings(
        promise(), Evidence(NOON - DAY), [replace(closed, value=Fraction(1000), restated=restated), after], NOON
    )

    assert len(found) == expected


def test_what_is_only_late_is_no_backfill() -> None:
    """More rows of the hour that closed last: they are late, and the next occurrence is not due yet."""
    (closed,) = verdicts("G", NOON - HOUR)
    late = replace(closed, value=Fraction(1000), restated=Restated(Fraction(2000), NOON - MINUTE))

    assert findings(promise(), Evidence(NOON - DAY), [late], NOON) == ()
