"""Of which column each column of a dataset is a copy, by column lineage: what was renamed to what (SLO.md b.9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from lineage.model import ColumnEdge, FieldId, NodeId
from lineage.store.base import Store

IDENTITY = ("DIRECT", "IDENTITY", False)

Copies = Mapping[FieldId, FieldId]  # of canonical datasets


def copies(dataset: NodeId, store: Store, as_of: datetime, known_at: datetime) -> Copies:
    """The columns of *dataset* whose values were those of one other column at *as_of*, and of which.

    One of which anybody says that its values come otherwise too is no copy. Raises StoreUnavailable.
    """
    told: defaultdict[FieldId, set[FieldId | None]] = defaultdict(set)
    for _, edge in store.columns([dataset], "up", as_of=as_of, known_at=known_at):
        if (values := _values(edge)) is not None:
            told[edge.target].add(edge.source if values else None)
    return {target: source for target, found in told.items() if len(found) == 1 for source in found if source}


def origins(before: Copies, after: Copies) -> Mapping[str, frozenset[str]]:
    """Which columns of the version *before* hold what each column has *after* it.

    A column is a copy of an older one of its own dataset, or both are copies of the same column elsewhere.
    """
    found: dict[str, frozenset[str]] = {}
    for target, source in after.items():
        alike = {old.name for old, its in before.items() if its == source and old.dataset == target.dataset}
        own = {source.name} if source.dataset == target.dataset else set()
        found[target.name] = frozenset(alike | own) - {target.name}
    return {name: olds for name, olds in found.items() if olds}


def _values(edge: ColumnEdge) -> bool | None:
    """Whether *edge* brings values as they are; False: changed, or nobody says how; None: it brings no value."""
    direct = [each for each in edge.transformations if each[0] != "INDIRECT"]
    if edge.transformations and not direct:
        return None
    return bool(direct) and all(each == IDENTITY for each in direct)
