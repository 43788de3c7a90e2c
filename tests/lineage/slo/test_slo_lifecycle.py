"""Lifecycle: data that ends is told of in time, once for each end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lineage.slo.evidence import Evidence
from lineage.slo.findings import Finding, findings
from lineage.slo.lasting import Lasting
from tests.support.promises import DAY, promise

END = datetime(2027, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def found(now: datetime, **lifecycle: Any) -> tuple[Finding, ...]:
    said = {"endOfLife": "2027-03-01"} | lifecycle
    return findings(promise(lifecycle=said), Evidence(now - DAY), (), now)


@pytest.mark.parametrize(
    ("now", "expected"),
    [(END - 30 * DAY - SECOND, []), (END - 30 * DAY, ["ending"]), (END - SECOND, ["ending"]), (END, [])],
)
def test_data_that_ends_is_told_of_thirty_days_before(now: datetime, expected: list[str]) -> None:
    """Until it has ended; by then there is nothing to prepare for."""
    assert [each.kind for each in found(now)] == expected


def test_the_end_is_the_same_for_as_long_as_it_is_near() -> None:
    """So that it is told once."""
    assert {*found(END - 20 * DAY), *found(END - DAY)} == {
        Finding("ending", END - 30 * DAY, "orders is there until 2027-03-01 00:00 UTC")
    }


def test_support_ends_before_the_data_does() -> None:
    """Each end has a notice of its own, as long as the definition says."""
    lifecycle = {"endOfSupport": "2027-02-01T12:00:00+02:00", "notice": "1w"}

    assert [found(at, **lifecycle) for at in (END - 30 * DAY, END - 8 * DAY, END - DAY)] == [
        (Finding("ending", datetime(2027, 1, 25, 10, tzinfo=UTC), "orders is supported until 2027-02-01 10:00 UTC"),),
        (),
        (Finding("ending", END - 7 * DAY, "orders is there until 2027-03-01 00:00 UTC"),),
    ]


def test_what_was_judged_before_stands_until_the_notice() -> None:
    """Who judges anew only when the time may change something is not late for it."""
    now = Lasting(END - 40 * DAY)
    found(now)

    assert now.lasts_until == END - 30 * DAY


@pytest.mark.parametrize(
    ("lifecycle", "said"),
    [
        ({}, "says no end; write endOfLife: 2027-03-01"),
        ({"notice": "2w"}, "says no end; write endOfLife: 2027-03-01"),
        ({"endOfLife": "2027-03-01", "endOfSupport": "2027-04-01"}, "support ends before the data does; write"),
        ({"endOfLife": "2027-03-01", "notice": "0d"}, "nobody prepares for an end within nothing; write 30d"),
    ],
)
def test_a_lifecycle_that_cannot_be_is_refused(lifecycle: dict[str, Any], said: str) -> None:
    """With what to write."""
    with pytest.raises(ValidationError) as caught:
        promise(lifecycle=lifecycle)

    assert said in str(caught.value)
