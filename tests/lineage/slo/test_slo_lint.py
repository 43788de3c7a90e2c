"""Lint: what is promised and cannot be kept, or alerted and cannot fire."""

from __future__ import annotations

from typing import Any

import pytest

from lineage.slo.lint import warnings
from tests.support.promises import NOON, promise

DAILY = {"cron": "0 0 * * *"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"schedule": DAILY}, "this target forbids any miss: 28 d hold 28 occurrences; a target of 0.964 or less"),
        ({"schedule": {"deadline": "1h"}}, "the deadline of 1 h is not shorter than the 1 h between deliveries"),
        (
            {"target": "0.9", "window": "30d", "alerting": {"policy": "mwmb"}},
            "the page tier over 1 h can never fire: even a total outage burns 10 times, its factor is 14.4; 9 would do",
        ),
        (
            {"target": "0.95", "alerting": {"ladder": [{"bad": 1, "severity": "ticket"}]}},
            "the ladder is not used, for burn rates speak here",
        ),
    ],
)
def test_what_cannot_be_is_said(changes: dict[str, Any], expected: str) -> None:
    """One sentence for each thing that the author should know."""
    assert [text for text in warnings(promise(**changes), NOON) if text.startswith(expected)] != []


@pytest.mark.parametrize(
    "changes", [{"target": "0.95", "schedule": DAILY}, {"schedule": {"cron": "*/20 * * * *"}, "target": "0.98"}]
)
def test_a_sound_promise_is_left_alone(changes: dict[str, Any]) -> None:
    """No warning for the sake of it."""
    assert list(warnings(promise(**changes), NOON)) == []


def test_beats_are_counted_by_their_interval() -> None:
    """The interval of the beats, not the schedule, says how many a window holds."""
    beats = {"emitter": "heartbeat/orders", "interval": "30m", "threshold": "5m"}
    slo = promise(sli={"method": "heartbeat", "heartbeat": beats}, target="0.9995")

    assert [text.split(";")[0] for text in warnings(slo, NOON)] == [
        "this target forbids any miss: 28 d hold 1344 occurrences"
    ]
