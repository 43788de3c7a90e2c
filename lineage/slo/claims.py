"""From the store to claims: when producers say that a dataset changed last, `dataQualityMetrics.lastUpdated`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from lineage.model import FacetRecord
from lineage.slo.asking import Asked, read
from lineage.slo.evidence import Claim, Delivery, Evidence

METRICS = "dataQualityMetrics"
NEAR = 32  # facets back from where the evidence begins, among which the last claim before it may be


class _Metrics(msgspec.Struct, rename="camel"):
    last_updated: datetime | None = None


def claimed(evidence: Evidence, asked: Asked) -> Evidence:
    """*evidence* with what producers claim of the dataset, the newest claim from before it begins included."""
    before = asked.store.facet_history(asked.dataset, [METRICS], until=asked.since, known_at=asked.known_at, limit=NEAR)
    earlier = max(_claims(before, evidence.deliveries), default=None)
    found = tuple(_claims(asked.facets(METRICS), evidence.deliveries))
    heard = [claim.told_at for claim in found] + ([evidence.observed_since] if evidence.observed_since else [])
    return replace(
        evidence,
        claims=found if earlier is None else (earlier, *found),
        observed=evidence.observed or bool(found) or earlier is not None,
        observed_since=min(heard, default=None),
    )


def _claims(facets: Iterable[FacetRecord], deliveries: Iterable[Delivery]) -> Iterator[Claim]:
    """What *facets* claim, but for runs that wrote the dataset and failed, or that only emptied it."""
    vain = {each.run for each in deliveries if not each.refresh}
    for facet in facets:
        body = read(facet.body, _Metrics)
        at = None if body is None or facet.run in vain else body.last_updated
        if at is not None and at.tzinfo is not None:
            yield Claim(facet.at, min(at, facet.at), facet.digest, facet.received_at)
