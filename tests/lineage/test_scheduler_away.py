"""A day without a scheduler is judged on return as if it had been there: statuses, and since when incidents are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lineage.alerts.incidents import every
from lineage.alerts.policy import KIND as ALERT
from lineage.channels.base import sections
from lineage.scheduler import Scheduler
from lineage.settings import load
from tests.lineage.test_scheduler import House
from tests.support.promises import HOUR, NOON, Lake, document, event

MINUTE = timedelta(minutes=1)
EVERY = 30 * MINUTE
MISSED = document(window="12h", target="0.9", alerting={"policy": "discrete"})
WRONG = document("correctness", window="28d", target="0.9", alerting={"policy": "mwmb"})


def deliveries() -> Iterator[dict[str, Any]]:
    """A load an hour until noon, and one at three that is late."""
    for hours in (*range(-9, 0), 2):
        start = NOON + hours * HOUR
        delay = 40 * MINUTE if hours > 0 else 5 * MINUTE
        yield event("COMPLETE", start + HOUR + delay, f"load {hours}", nominal=(start, start + HOUR))


def checks() -> Iterator[dict[str, Any]]:
    """Versions that pass their checks until noon, three after it that fail nearly all; then nobody writes or checks."""
    for hours in range(-9, 3):
        at = NOON + hours * HOUR
        found = [{"assertion": f"rule {n}", "success": hours < 0 or n == 0, "actual": "1"} for n in range(10)]
        yield event("COMPLETE", at, f"load {hours}")
        yield event("START", at + MINUTE, f"test {hours}", job="orders.test", inputs=["orders"], outputs=[])
        yield event(
            "COMPLETE", at + 2 * MINUTE, f"test {hours}", job="orders.test", inputs=["orders"], outputs=[],
            assertions=found,
        )  # fmt: skip


def lived(
    folder: Path, promised: dict[str, Any], events: Iterator[dict[str, Any]], ticks: list[datetime], kind: str = "slo"
) -> list[Any]:
    """How the SLO and its newest incident of *kind* stand after these ticks, and what is remembered of its alert."""
    folder.mkdir()
    lake = Lake(folder)
    lake.put(*events)
    slos = folder / "slos"
    slos.mkdir()
    promised["spec"]["effectiveFrom"] = (NOON - 9 * HOUR).isoformat()
    (slos / "orders.yaml").write_text(json.dumps(promised))
    house = House(lake.store, load(None, sections(), slos=slos, slo={"interval_s": EVERY.total_seconds()}))
    scheduler = Scheduler(house)
    for tick in ticks:
        (status,) = scheduler.tick(tick)
    cases = [case for case in every(lake.store) if case.kind == kind]
    newest = [(case.state, case.onset_at, [m.since for m in case.members]) for case in cases[:1]]
    phases = [document.state for document in lake.store.documents(ALERT)]
    lake.homes.close()
    return [status, newest, phases]


@pytest.mark.parametrize(
    ("promised", "events", "until"),
    [
        (MISSED, deliveries, 90 * MINUTE),
        (MISSED, deliveries, 5 * HOUR),
        (WRONG, checks, 3 * HOUR),
        (WRONG, checks, 8 * HOUR),
    ],
)
def test_a_downtime_changes_neither_status_nor_onset(
    tmp_path: Path, promised: dict[str, Any], events: Any, until: timedelta
) -> None:
    """Nobody looked since the morning, in which something broke that is not mended yet: time alone mends nothing."""
    grid = [NOON + EVERY * place for place in range(-4, until // EVERY + 1)]

    up = lived(tmp_path / "up", promised, events(), grid)

    assert (up, ["firing"]) == (lived(tmp_path / "down", promised, events(), [grid[0], grid[-1]]), up[-1])


def missed_at_noon() -> Iterator[dict[str, Any]]:
    """A load an hour, of which that of noon is late and the next one in time."""
    yield from list(deliveries())[:8]
    yield event("COMPLETE", NOON + 40 * MINUTE, "late", nominal=(NOON - HOUR, NOON))
    yield event("COMPLETE", NOON + HOUR + 5 * MINUTE, "next", nominal=(NOON, NOON + HOUR))


def test_what_is_over_by_the_return_is_not_told(tmp_path: Path) -> None:
    """Somebody who was away hears of what is wrong now."""
    found = lived(tmp_path / "down", MISSED, missed_at_noon(), [NOON, NOON + 2 * HOUR])

    assert found[1:] == [[], []]


def test_a_budget_that_ran_low_meanwhile_is_told_on_return(tmp_path: Path) -> None:
    """It is low still, though the data is good again: it began with the miss that nobody saw."""
    ticks = [NOON, NOON + 2 * HOUR, NOON + 2 * HOUR + EVERY]
    found = lived(tmp_path / "down", MISSED, missed_at_noon(), ticks, "budget")
    missed = NOON + 15 * MINUTE

    assert found[1] == [("open", missed, [missed])]
