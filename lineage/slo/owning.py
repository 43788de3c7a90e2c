"""From the store to ownership: whom events named as the owners of a dataset, and which named it first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lineage.model import FacetRecord
from lineage.slo.asking import ALL, Asked
from lineage.slo.evidence import Evidence, OwnersTold
from lineage.slo.owners import OWNERSHIP, TAGS, named

MOST = 20  # words from before all that is asked for, of which some may have come too late


def owning(evidence: Evidence, asked: Asked) -> Evidence:
    """*evidence* with every word on owners since it begins, the last ones before that, and the first events of all."""
    known, wanted = asked.known_at, (OWNERSHIP, TAGS)
    before = [
        facet
        for name in wanted
        for facet in asked.store.facet_history(
            asked.dataset, [name], side=None, until=asked.since, known_at=known, limit=MOST
        )
    ]
    since = asked.store.facet_history(
        asked.dataset, wanted, side=None, since=asked.since, until=asked.now, known_at=known, limit=ALL
    )
    first = asked.store.events(dataset=asked.dataset, until=asked.now, known_at=known, newest_first=False, limit=MOST)
    naming = (OwnersTold(each.at, "", (), each.digest, each.received_at) for each in first.items)
    return replace(evidence, owners=(*naming, *_told((*since, *before))))


def _told(facets: Iterable[FacetRecord]) -> Iterator[OwnersTold]:
    for each in facets:
        names = tuple(named({each.name: each.body}))
        yield OwnersTold(each.at, each.name, names, each.digest, each.received_at)
