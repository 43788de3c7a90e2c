"""Tags that ask for an SLO, as `slo:freshness=1h`: who carries them, and which datasets they are about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lineage.facets import Tags, facet
from lineage.model import Kind, Node, NodeId
from lineage.statements import Kept, Subject, fold
from lineage.store.base import Store

PAGE = 1_000
MARK = b"slo"
TAG = re.compile(r"slo:([a-z][a-z_-]*)[=:]\s*(\S+)")


class Wish(NamedTuple):
    """*word* as `freshness` and *value* as `1h`, in a tag that *of* carries."""

    word: str
    value: str
    of: Node


def wishes(store: Store) -> Iterator[tuple[NodeId, Wish]]:
    """Each wish with the dataset that it is about (canonical): its own, and for a job what it writes."""
    by_job: dict[NodeId, list[Wish]] = defaultdict(list)
    for wish in _carried(store, "job"):
        by_job[wish.of.id].append(wish)
    for edge in store.neighbours(by_job, "down") if by_job else ():
        yield from ((edge.target, wish) for wish in by_job.get(edge.source, ()))
    yield from ((wish.of.canonical, wish) for wish in _carried(store, "dataset"))


def _carried(store: Store, kind: Kind) -> Iterator[Wish]:
    """The wishes in the tags of things of *kind*, as producers and people said together."""
    said = _stated(store, kind)
    namespaces = {each.namespace for each in store.carried("tags", kind) if each.body and MARK in each.body}
    ids = {*said, *(node.id for namespace in namespaces for node in _all(store, kind, namespace))}
    wanted = sorted(ids)
    for start in range(0, len(wanted), PAGE):
        for asked, node in store.get(wanted[start : start + PAGE]).items():
            words = {str(tag) for tag in facet(node.facets, Tags).tags if tag.field is None}
            for word, holds in said.get(asked, {}).items():
                (words.add if holds else words.discard)(word)
            found = (TAG.fullmatch(word) for word in sorted(words) if node.hidden_at is None)
            yield from (Wish(match[1].replace("-", "_"), match[2], node) for match in found if match)


def _stated(store: Store, kind: Kind) -> dict[NodeId, Mapping[str, bool]]:
    """The tags that people put to things of *kind*, or took away."""
    told: dict[Subject, list[Kept]] = defaultdict(list)
    for kept in store.statements("job" if kind == "job" else "dataset"):
        told[kept.statement.subject].append(kept)
    folded = {NodeId(kind, subject.namespace, subject.name): fold(each) for subject, each in told.items()}
    return {node: stated.tags() for node, stated in folded.items() if stated is not None and stated.tags()}


def _all(store: Store, kind: Kind, namespace: str) -> Iterator[Node]:
    after: NodeId | None = None
    while page := store.find("", kind=kind, namespace=namespace, after=after, limit=PAGE).items:
        yield from page
        after = page[-1].id
