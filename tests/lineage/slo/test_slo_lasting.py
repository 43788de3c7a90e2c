"""Lasting: an instant that notes up to when every comparison with it comes out alike."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lineage.slo.lasting import Lasting, plain
from tests.support.promises import DAY, HOUR, NOON

MICROSECOND = timedelta(microseconds=1)
ASKED: list[tuple[Callable[[datetime], object], datetime | None]] = [
    (lambda now: now < NOON + HOUR, NOON + HOUR),
    (lambda now: NOON + HOUR >= now, NOON + HOUR + MICROSECOND),
    (lambda now: now <= NOON, NOON + MICROSECOND),
    (lambda now: now >= NOON, None),
    (lambda now: now > NOON - HOUR, None),
    (lambda now: now - DAY <= NOON - HOUR, NOON + DAY - HOUR + MICROSECOND),
    (lambda now: NOON + HOUR < now + 2 * HOUR, None),
    (lambda now: bisect_right([NOON - 3 * HOUR, NOON - HOUR, NOON], now - 2 * HOUR), NOON + HOUR),
    (lambda now: max(now, NOON + HOUR) - NOON, NOON + HOUR),
    (lambda now: (now.year, now.month), datetime(2026, 12, 1, tzinfo=NOON.tzinfo)),
    (lambda now: now - now, None),
    (lambda now: now == NOON + HOUR, NOON + HOUR),
    (lambda now: now == NOON, NOON + MICROSECOND),
]
READ: list[Callable[[datetime], object]] = [
    lambda now: now - NOON,
    lambda now: NOON + HOUR - now,
    lambda now: f"{now:%H:%M}",
    lambda now: now.isoformat(),
    lambda now: now.hour,
    lambda now: now.replace(minute=0),
    lambda now: {now: 1},
]


@pytest.mark.parametrize(("ask", "until"), ASKED)
def test_an_answer_lasts_until_a_comparison_turns(ask: Callable[[datetime], object], until: datetime | None) -> None:
    """It is what a plain datetime answers, and just before the end it still is."""
    lasting = Lasting(NOON)
    answer = ask(lasting)

    assert (answer, lasting.lasts_until) == (ask(NOON), until)
    assert until is None or answer == ask(until - MICROSECOND)


@pytest.mark.parametrize("read", READ)
def test_who_reads_more_depends_on_this_very_instant(read: Callable[[datetime], object]) -> None:
    """What was made of the hour, or of how long something has been, holds at no other time."""
    lasting = Lasting(NOON)
    answer = read(lasting)

    assert (answer, lasting.lasts_until) == (read(NOON), NOON)


def test_the_instant_itself_is_had_without_a_note() -> None:
    """For words that are found again at every instant."""
    lasting = Lasting(NOON)

    assert (plain(lasting - HOUR), lasting.lasts_until) == (NOON - HOUR, None)
