"""How often what is late counts: as often as something used to come, so that one long stand is not one miss. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from lineage.slo.indicators._journeys import Sample

EPOCH, SECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(seconds=1)
BITS = 3  # of the length of a span
LOOKS_BACK = 8  # versions, of which the median gap is usual: as many as are known from before the evidence
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Came(NamedTuple):
    """What came at *at*; the newest of what it brought was sent at *sent*. One that does not *count* tells no pace."""

    at: datetime
    sent: datetime
    counts: bool = True


class Pace:
    """How far apart what *came*, by time, used to be; where nothing came yet, as long as *otherwise*.

    What was sent more than *within* before is forgotten: it must hang on nothing that may not be asked for any more.
    """

    def __init__(self, came: Sequence[Came], otherwise: timedelta, within: timedelta | None = None) -> None:
        self._came, self._otherwise, self._within = came, otherwise, within

    def slot(self, at: datetime) -> tuple[int, int]:
        """The span of time that *at* lies in, by its length in seconds and its number since 1970.

        It is shorter than the gap that was usual by then, by a tenth to a third, so that what comes about as often has
        spans of its own; and its length has three bits, so that a gap that changes a little moves no border.
        """
        end = bisect_right(self._came, at, key=_at)
        forgotten = LONG_AGO if self._within is None else at - self._within
        near = self._came[max(0, end - LOOKS_BACK) : end]
        times = [each.at for each in near if each.counts and each.sent > forgotten]
        gaps = sorted(after - before for before, after in pairwise(times))
        usual = gaps[len(gaps) // 2] if gaps else self._otherwise
        length = max(usual * 9 // (10 * SECOND), 1)
        rest = max(length.bit_length() - BITS, 0)
        length = length >> rest << rest
        return length, (at - EPOCH) // (length * SECOND)


def by_pace(samples: Iterable[Sample], pace: Pace, threshold: timedelta) -> list[Sample]:
    """Of *samples* the oldest of those that came together within *threshold*, and the first of each slot of others.

    Others took longer, or are still on their way. What nobody knows the origin of stays.
    """
    ordered = sorted(samples, key=lambda each: (each.origin, each.name))
    oldest = {_together(each): each for each in reversed(ordered)}
    found: list[Sample] = []
    slots: set[tuple[int, int]] = set()
    for sample in ordered:
        if sample.gap is not None or (sample.at is not None and sample.at - sample.origin <= threshold):
            wanted = oldest[_together(sample)] is sample
        else:
            slot = pace.slot(sample.origin)
            wanted = slot not in slots
            slots.add(slot)
        if wanted:
            found.append(sample)
    return found


def _at(came: Came) -> datetime:
    return came.at


def _together(sample: Sample) -> object:
    """What is equal for all that came at once."""
    return sample.at, sample.events[:1], sample.gap
