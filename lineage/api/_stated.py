"""What people decided, as answers need it: of one thing, under all its names, or of all things of a kind."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model import Node
from lineage.statements import STATED, About, Stated, Subject, of, read_stated, united
from lineage.store.base import Store

_PAGE = 1_000


def stated(store: Store, subject: Subject) -> Stated | None:
    """What was stated of *subject*; None when nothing was."""
    document = store.document(STATED, subject.key)
    return read_stated(document.body) if document else None


def stated_of(store: Store, node: Node) -> Stated | None:
    """What was stated of a dataset, under whichever of its names, or of a job."""
    found = (stated(store, of(name)) for name in (node.id, *node.aliases))
    return united(each for each in found if each is not None)


def stated_all(store: Store, kind: About) -> Iterator[Stated]:
    """What was stated of namespaces, sources or tags, in the order of their quoted names."""
    after: str | None = f"{kind}:"
    while after is not None:
        page = store.documents(STATED, after=after, limit=_PAGE)
        mine = [document for document in page if document.id.startswith(f"{kind}:")]
        yield from (read_stated(document.body) for document in mine)
        after = mine[-1].id if mine and len(mine) == len(page) else None
