"""Many small segments made into few: what a writer wrote one after the other, packed, and only then taken away.

Readers prefer what is packed. After an end at any step all is there, once or twice; the same again goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from lineage.ledger.segments import Segment, SegmentBroken, joined, read_head
from lineage.ledger.shelf import Place, Shelf, packed_at
from lineage.telemetry import logger

PACKED_BYTES: Final = 8 * 1024 * 1024  # of bodies in one segment, at most
YOUNG: Final = timedelta(hours=1)  # a writer looks for itself after a sixth of that: `objects.SLEPT_S`

log = logger(__name__)


class Compacted(NamedTuple):
    """What came of a compaction: how many segments became how many, and *left* ones of an earlier end, taken away."""

    segments: int = 0
    packed: int = 0
    left: int = 0


class _Standing(NamedTuple):
    place: Place
    head: Segment


def compact(shelf: Shelf, now: datetime, going_on: Callable[[], object] = lambda: None) -> Compacted:
    """Pack what has stood for an hour at *now*, by the store's clock, up to 8 MiB of bodies a segment.

    *going_on* is called before anything is written. Raises StoreUnavailable, SegmentBroken.
    """
    old = [place for place in shelf.places() if now - place.since >= YOUNG]
    segments = packed = left = 0
    for _, places in groupby(sorted(old, key=_order), key=lambda place: place.writer):
        standing, covered = _sorted_out(shelf, places)
        for one in covered:
            going_on()
            left += _taken_away(shelf, one, standing)
        for some in _groups(standing):
            going_on()
            _pack(shelf, some)
            segments, packed = segments + len(some), packed + 1
    return Compacted(segments, packed, left)


def _order(place: Place) -> tuple[str, int, int]:
    """What holds more comes first of what begins together."""
    return place.writer, place.first, -(place.last or 0)


def _sorted_out(shelf: Shelf, places: Iterable[Place]) -> tuple[list[_Standing], list[_Standing]]:
    """Of one writer's *places* those that count, and those whose beginning one of them holds already."""
    standing: list[_Standing] = []
    covered: list[_Standing] = []
    for place in places:
        head = shelf.head(place.path)
        if head is None:
            raise SegmentBroken(f"{place.path} is gone; something else packs here")
        twice = bool(standing) and head.first <= standing[-1].head.last
        (covered if twice else standing).append(_Standing(place, head))
    return standing, covered


def _taken_away(shelf: Shelf, one: _Standing, standing: Sequence[_Standing]) -> bool:
    """Whether *one* was left of an earlier end and is gone now; what is not held word by word elsewhere stays."""
    held = {entry for other in standing for entry in other.head.entries}
    if not held.issuperset(one.head.entries):
        log.warning("segment_claimed_twice", extra={"place": one.place.path})
        return False
    shelf.delete(one.place.path)
    return True


def _groups(standing: Iterable[_Standing]) -> Iterator[list[_Standing]]:
    """Neighbours that fit into one segment, two at least."""
    group: list[_Standing] = []
    size_bytes = 0
    for one in standing:
        more_bytes = sum(one.head.sizes)
        goes_on = bool(group) and _goes_on(group[-1].head, one.head)
        if group and (not goes_on or size_bytes + more_bytes > PACKED_BYTES):
            yield from [group] if len(group) > 1 else []
            group, size_bytes = [], 0
        group.append(one)
        size_bytes += more_bytes
    if len(group) > 1:
        yield group


def _goes_on(one: Segment, following: Segment) -> bool:
    return following.first == one.last + 1 and following.before == one.after and following.gone == one.gone


def _pack(shelf: Shelf, group: Sequence[_Standing]) -> None:
    parts = [part for one in group if (part := shelf.fetch(one.place.path)) is not None]
    whole = joined(parts)
    head = read_head(whole)
    if len(parts) != len(group) or head.linked != head.after:
        raise SegmentBroken(f"{group[0].place.path} and what follows is not what was chained; see audit verify")
    path = packed_at(head.writer, head.first, head.last)
    shelf.create(path, whole)
    if shelf.fetch(path) != whole:
        raise SegmentBroken(f"{path} is not what was written there; something else packs here")
    for one in group:
        shelf.delete(one.place.path)
    log.info("segments_packed", extra={"place": path, "segments": len(group), "bytes": len(whole)})
