"""From the store to a queue: what a probe told last of the records that wait in it (SLO.md b.5)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from lineage.slo.asking import Asked, read
from lineage.slo.evidence import Queued
from lineage.slo.indicators.dead_letters import HEARD

QUEUE = "queue"


class _Queue(msgspec.Struct, rename="camel"):
    depth: int
    oldest_at: datetime | None = None


def queued(queue: Asked) -> Queued | None:
    """The newest word on *queue* of the last hour, in the facet `queue`, whoever told it; None where there is none.

    What has less than nothing in it, or waits since a time without a zone, is no word.
    """
    for facet in queue.after(queue.now - HEARD).facets(QUEUE):
        body = read(facet.body, _Queue)
        if body is not None and body.depth >= 0 and (body.oldest_at is None or body.oldest_at.tzinfo is not None):
            return Queued(facet.at, body.depth, body.oldest_at if body.depth else None, facet.digest)
    return None
