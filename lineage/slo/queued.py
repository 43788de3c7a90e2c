"""From the store to a queue: what a probe told last of the records that wait in it (SLO.md b.5)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from lineage.slo.asking import Asked, Counted, read
from lineage.slo.evidence import Queued
from lineage.slo.indicators.dead_letters import HEARD

QUEUE = "queue"


class _Queue(msgspec.Struct, rename="camel"):
    depth: Counted
    oldest_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


def queued(queue: Asked) -> Queued | None:
    """The newest word on *queue* of the last hour, in the facet `queue`, whoever told it; None where there is none.

    What counts nothing that can be counted, or waits since a time that is none in UTC, is no word.
    """
    for facet in queue.after(queue.now - HEARD).facets(QUEUE):
        body = read(facet.body, _Queue)
        if body is None:
            continue
        try:
            oldest_at = body.oldest_at and body.oldest_at.astimezone(UTC)
        except OverflowError:  # the year 1 east of Greenwich
            continue
        return Queued(facet.at, body.depth, oldest_at if body.depth else None, facet.digest)
    return None
