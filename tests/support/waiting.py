"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

LONG_S = 60.0
PAUSE_S = 0.05


def until(done: Callable[[], bool], seconds: float = LONG_S) -> bool:
    """Return as soon as *done* says so, or after *seconds*; answers what it said last."""
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(PAUSE_S)
    return done()
