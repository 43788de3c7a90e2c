"""Which columns carry a tag, and which come of one that does: where a person's data went, for instance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from lineage.facets import Tags, facet
from lineage.model import WHOLE, ColumnEdge, FieldId, Node, NodeId
from lineage.statements import Kept, Subject, fold, of
from lineage.store.base import Store


def tagged(
    store: Store, nodes: Iterable[Node], *, as_of: datetime | None = None, known_at: datetime | None = None
) -> dict[FieldId, list[str]]:
    """The tags of the columns of *nodes*, datasets, as producers and people said together; of those that have any.

    A tag that somebody took away stays away. One question to the store.
    """
    found: defaultdict[FieldId, set[str]] = defaultdict(set)
    owners: dict[Subject, NodeId] = {}
    for node in nodes:
        owners |= {of(name): node.canonical for name in (node.canonical, node.id, *node.aliases)}
        for tag in facet(node.facets, Tags).tags:
            if tag.field is not None:
                found[FieldId(node.canonical, tag.field)].add(str(tag))
    said: defaultdict[FieldId, list[Kept]] = defaultdict(list)
    for kept in store.statements(owners, as_of=as_of, known_at=known_at) if owners else ():
        for field in {word.field for word in kept.statement.words if word.what == "tag" and word.field is not None}:
            said[FieldId(owners[kept.statement.subject], field)].append(kept)
    for place, each in said.items():
        told = fold(each)
        for word, holds in told.tags(place.name).items() if told else ():
            (found[place].add if holds else found[place].discard)(word)
    return {place: sorted(words) for place, words in found.items() if words}


def inherited(
    edges: Iterable[ColumnEdge], tags: Mapping[FieldId, Collection[str]]
) -> dict[FieldId, dict[str, set[FieldId]]]:
    """For each column that comes of one with *tags*: the tags, and of which columns.

    A tag goes where values go: along an edge that copies, transforms or aggregates, or does not say what it does; not
    along one that masks, nor one that only filters, joins, sorts or groups by the column.
    """
    goes: defaultdict[FieldId, list[FieldId]] = defaultdict(list)
    for edge in edges:
        if WHOLE not in (edge.source.name, edge.target.name) and _carries(edge):
            goes[edge.source].append(edge.target)
    found: defaultdict[FieldId, dict[str, set[FieldId]]] = defaultdict(dict)
    for origin, words in tags.items():
        met, waiting = {origin}, [origin]
        while waiting:
            fresh = [target for target in goes.get(waiting.pop(), ()) if target not in met]
            met.update(fresh)
            waiting += fresh
        for place in met - {origin}:
            for word in words:
                found[place].setdefault(word, set()).add(origin)
    return dict(found)


def _carries(edge: ColumnEdge) -> bool:
    return not edge.transformations or any(
        kind != "INDIRECT" and not masking for kind, _, masking in edge.transformations
    )
