"""By which version the graph was made, and whether it is whole: while it is made anew it lacks what the ledger has."""

from __future__ import annotations

from typing import Final

from lineage.store.base import Change, Store

VERSION_KIND: Final = "projection"  # the document that says by which version the graph was made
UNFINISHED: Final = Change(VERSION_KIND, "graph", b"unfinished")


def unfinished(store: Store) -> bool:
    """Whether the graph is being made anew, or that broke off: nothing is judged of what it lacks (DECISIONS 41)."""
    stamp = store.document(VERSION_KIND, "graph")
    return stamp is not None and stamp.body == UNFINISHED.body
