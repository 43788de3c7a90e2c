"""Attendance: a mark while a collector is there, and a statement of the gap when one comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest

from collectors.attendance import MARK, Attendance
from collectors.decisions import Decisions
from lineage.homes import Homes, open_homes
from lineage.slo.unobserved import COLLECTORS, Gap, gaps
from tests.support.promises import NOON

MINUTE = timedelta(minutes=1)


class Clock:
    """A clock of the test's own."""

    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        """What it shows."""
        return self.at


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Homes]:
    """An empty store."""
    with open_homes(f"sqlite:///{tmp_path / 'h.db'}") as homes:
        yield homes


def visit(homes: Homes, clock: Clock, interval_s: float = 60) -> None:
    """A collector comes and goes at once."""
    decisions = Decisions(homes.ledger, homes.store, b"secret", clock)
    attendance = Attendance(homes.store, decisions, clock, interval_s)
    attendance.start()
    attendance.stop()


def told(homes: Homes) -> list[Gap]:
    """The gaps that were stated."""
    return [gap for kept in homes.store.statements([COLLECTORS]) for gap in gaps(kept.statement.words)]


def test_the_first_collector_tells_of_no_gap(homes: Homes) -> None:
    """Before it there was nothing to be missed."""
    visit(homes, Clock())

    assert told(homes) == []


@pytest.mark.parametrize(("away", "expected"), [(3, []), (4, [Gap(NOON, NOON + 4 * MINUTE)])])
def test_a_gap_is_what_is_longer_than_three_marks(homes: Homes, away: int, expected: list[Gap]) -> None:
    """From the last mark to when somebody is there again; a restart is none."""
    clock = Clock()
    visit(homes, clock)
    clock.at += away * MINUTE
    visit(homes, clock)

    assert expected == told(homes)


def test_a_collector_that_stood_still_tells_of_the_gap(homes: Homes) -> None:
    """One that was frozen, or could not write its marks, comes back without a start."""
    clock = Clock()
    attendance = Attendance(homes.store, Decisions(homes.ledger, homes.store, b"secret", clock), clock, 60)
    attendance.mark()
    clock.at += 10 * MINUTE

    attendance.mark()

    assert told(homes) == [Gap(NOON, NOON + 10 * MINUTE)]


def test_without_marks_no_gap_is_told(homes: Homes) -> None:
    """Where the setting is 0."""
    clock = Clock()
    visit(homes, clock)
    clock.at += 60 * MINUTE
    visit(homes, clock, 0)

    assert told(homes) == []


def test_marks_go_on_while_it_is_there(homes: Homes) -> None:
    """Each is the time of the clock."""
    clock = Clock()
    decisions = Decisions(homes.ledger, homes.store, b"secret", clock)
    attendance = Attendance(homes.store, decisions, clock, 0.01)
    attendance.start()
    clock.at += MINUTE
    wanted, deadline = clock.at.isoformat().encode(), monotonic() + 10
    while (kept := homes.store.document(*MARK)) is not None and kept.body != wanted and monotonic() < deadline:
        sleep(0.01)
    attendance.stop()

    assert kept is not None
    assert wanted == kept.body
