"""Lint: what is promised and cannot be kept, or alerted and cannot fire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lineage.slo.lint import inspect, noisy, warnings
from tests.support.promises import HOUR, NOON, Lake, promise

EXAMPLES = Path(__file__).parents[3] / "examples" / "slos"
SLOW = {"severity": "ticket", "long": "7d", "short": "12h", "budget": "0.1"}
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
        (
            {"schedule": {"cron": "0 0 1 1 *"}},
            "this target forbids any miss: 28 d hold 1 occurrence; a longer window, a budget in time (method",
        ),
        (
            {"owner": {"team": "data", "escalation": "pd-data"}},
            "escalation is kept and called by nobody; let what takes the channel's messages escalate",
        ),
        (
            {"lifecycle": {"endOfLife": "2026-01-01"}},
            "the data is there until 2026-01-01 00:00 UTC, which is over; write a later end, or remove it",
        ),
        ({"window": "3m"}, "the window is 3 m long, for m is a minute; write M for months"),
        (
            {"target": "0.95", "alerting": {"policy": "mwmb", "windows": [SLOW]}},
            "the ticket tier over 7 d fires while the budget is on track: its factor is 0.4; write",
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


@pytest.mark.parametrize(("swing", "expected"), [(50, []), (400, ["orders-completeness"])])
def test_rows_that_swing_are_told(tmp_path: Path, swing: int, expected: list[str]) -> None:
    """Where ordinary hours differ by more than a fifth of what is expected, -20 % is no news (SLO.md b.8)."""
    lake = Lake(tmp_path)
    for place in range(12):
        lake.runs(NOON - (13 - place) * HOUR, 1, rows=1000 + (place % 3 - 1) * swing)
    found = [name for name, _ in noisy([promise("completeness", window="12h")], lake.store, NOON)]
    lake.homes.close()

    assert found == expected


def test_a_file_that_is_named_twice_is_read_once() -> None:
    """By itself and by its folder: it is no other SLO of the same name, and nothing is planned twice."""
    file = min(EXAMPLES.glob("*.yaml"))

    assert inspect([EXAMPLES, file, EXAMPLES], NOON) == inspect([EXAMPLES], NOON)


def test_a_folder_without_slos_is_a_fault(tmp_path: Path) -> None:
    """Also after one that has some."""
    _, faults = inspect([EXAMPLES, tmp_path], NOON)

    assert faults == [f"{tmp_path}:1:1: holds no SLO; write one that begins with apiVersion: headwater/v1"]
