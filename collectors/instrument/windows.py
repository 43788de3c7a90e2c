"""What happened between two looks at the meters: counts, offsets, lag and delay of every topic. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collectors.instrument.meters import DELAY_BOUNDS_MS, Topic


@dataclass(frozen=True, slots=True)
class Flow:
    """One topic within one window. *partitions* as facets say them; *delays_ms* by percentile; *schemas* so far."""

    topic: str
    rows: int
    size_bytes: int
    failed: int = 0
    newest_ms: int = 0
    partitions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    delays_ms: Mapping[str, int] = field(default_factory=dict)
    schemas: frozenset[int] = frozenset()

    def facet(self) -> dict[str, Any]:
        """The body of the `kafka_window` facet: what OpenLineage's own statistics have no word for."""
        said = {
            "partitions": dict(self.partitions),
            "maxTimestamp": self.newest_ms or None,
            "delayMs": dict(self.delays_ms),
            "failed": self.failed or None,
            "schemaIds": sorted(self.schemas),
        }
        return {word: value for word, value in said.items() if value}


def flows(
    before: Mapping[str, Topic], now: Mapping[str, Topic], ends: Mapping[tuple[str, int], int] | None = None
) -> list[Flow]:
    """What every topic of *now* saw since *before*, by name; topics that saw nothing are there with 0 rows.

    *ends* gives the end of a partition as the broker knows it, for the lag.
    """
    return [_flow(name, before.get(name, Topic()), now[name], ends or {}) for name in sorted(now)]


def percentile_ms(delays: Sequence[int], share: float) -> int | None:
    """The least bound under which at least *share* of *delays* lie (nearest rank); None without any."""
    total = sum(delays)
    if not total:
        return None
    wanted, seen = share * total, 0
    for number, bound in zip(delays, (*DELAY_BOUNDS_MS, DELAY_BOUNDS_MS[-1]), strict=True):
        seen += number
        if seen >= wanted:
            return bound
    return DELAY_BOUNDS_MS[-1]


def _flow(name: str, before: Topic, now: Topic, ends: Mapping[tuple[str, int], int]) -> Flow:
    delays = [late - early for early, late in zip(before.delays, now.delays, strict=True)]
    percentiles = {f"p{round(share * 100)}": percentile_ms(delays, share) for share in (0.5, 0.95, 0.99)}
    return Flow(
        topic=name,
        rows=now.rows - before.rows,
        size_bytes=now.size_bytes - before.size_bytes,
        failed=now.failed - before.failed,
        newest_ms=now.newest_ms,
        partitions={
            str(partition): _partition(partition, last, before, now, ends.get((name, partition)))
            for partition, last in sorted(now.lasts.items())
        },
        delays_ms={word: bound for word, bound in percentiles.items() if bound is not None},
        schemas=frozenset(now.schemas),
    )


def _partition(partition: int, last: int, before: Topic, now: Topic, end: int | None) -> dict[str, int]:
    first = before.lasts[partition] + 1 if partition in before.lasts else now.firsts.get(partition, last)
    said = {"startOffset": first, "endOffset": last + 1}
    return said if end is None else said | {"lag": max(0, end - last - 1)}
