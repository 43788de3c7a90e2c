"""From the store to audits: what probes summed up of a dataset and of the one that it is a copy of (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec

from lineage.model import FacetRecord
from lineage.slo.asking import Asked, read
from lineage.slo.evidence import Audit, Evidence, Sum

CHECKSUMS = "checksums"


class _Partition(msgspec.Struct):
    name: str
    count: int
    checksum: str | int


class _Checksums(msgspec.Struct):
    partitions: list[_Partition]


def with_audits(evidence: Evidence, own: Asked, original: Asked) -> Evidence:
    """*evidence* with what was told of both datasets, in the facet `checksums` of either.

    It is looked at, whoever told it: one probe that reads both, or one beside each.
    """
    copies, originals = own.facets(CHECKSUMS), original.facets(CHECKSUMS)
    heard = min((facet.received_at for facet in (*copies, *originals)), default=evidence.observed_since)
    audits = (*_audits(copies, beside=False), *_audits(originals, beside=True))
    return replace(evidence, audits=audits, observed=evidence.observed or heard is not None, observed_since=heard)


def _audits(facets: Iterable[FacetRecord], *, beside: bool) -> Iterator[Audit]:
    for facet in facets:
        body = read(facet.body, _Checksums)
        if body is not None:
            found = {each.name: Sum(each.count, str(each.checksum)) for each in body.partitions}
            yield Audit(facet.at, beside, found, facet.digest, facet.received_at)
