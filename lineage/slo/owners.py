"""Who is named as the owner of a dataset, and whose names lead to a channel (SLO.md b.5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from lineage.facets import Tags, facet
from lineage.slo.spec import DataSLO

OWNERSHIP, TAGS = "ownership", "tags"  # the facets that name owners
WORDS = frozenset({"team", "owner"})  # of tags


class _Owner(msgspec.Struct):
    name: str = ""


class Ownership(msgspec.Struct):
    """The owners of a dataset or job."""

    owners: list[_Owner] = []


def plain(name: str) -> str:
    """*name* of a team, as it is compared: without the sign of a mention."""
    return name.strip().removeprefix("@").lower()


def reached(promises: Iterable[DataSLO]) -> frozenset[str]:
    """The teams of which one of *promises* says where they are told."""
    parties = (party for slo in promises for party in (slo.spec.owner, *slo.spec.consumer))
    return frozenset(plain(party.team) for party in parties if party.channel)


def named(facets: Mapping[str, bytes]) -> Iterator[str]:
    """Whom *facets* of a dataset name as its owners."""
    said = [owner.name for owner in facet(facets, Ownership).owners]
    said += [str(tag.value) for tag in facet(facets, Tags).tags if tag.key in WORDS and tag.field is None and tag.value]
    yield from (name for each in said if (name := plain(each)))
