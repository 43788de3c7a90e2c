"""What people decided, as answers need it: of one thing, under all its names, or of all things of a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from lineage.model import Node, NodeId
from lineage.statements import About, Kept, Stated, Subject, fold, of
from lineage.store.base import Store


def stated(store: Store, subject: Subject) -> Stated | None:
    """What was stated of *subject*; None when nothing was."""
    return fold(store.statements([subject]))


def stated_of(
    store: Store, nodes: Iterable[Node], *, as_of: datetime | None = None, known_at: datetime | None = None
) -> dict[NodeId, Stated]:
    """What was stated of datasets, under whichever of their names, and of jobs: those of which anything was.

    One question to the store.
    """
    names = {node.id: [of(name) for name in (node.id, *node.aliases)] for node in nodes}
    said: defaultdict[Subject, list[Kept]] = defaultdict(list)
    every = {subject for subjects in names.values() for subject in subjects}
    for kept in store.statements(every, as_of=as_of, known_at=known_at):
        said[kept.statement.subject].append(kept)
    found = {node: fold(kept for subject in subjects for kept in said[subject]) for node, subjects in names.items()}
    return {node: told for node, told in found.items() if told is not None}


def stated_all(store: Store, kind: About) -> Mapping[str, Stated]:
    """What was stated of namespaces, sources or tags, by name."""
    said: defaultdict[str, list[Kept]] = defaultdict(list)
    for kept in store.statements(kind):
        said[kept.statement.subject.name].append(kept)
    return {name: told for name, each in said.items() if (told := fold(each)) is not None}
