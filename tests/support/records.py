"""The stores whose documents, leases and verdicts the contract suite holds to their promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from lineage.homes import open_homes
from lineage.store.base import Store


@contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """A SQLite store in *folder*; opening it again goes on with the same."""
    with open_homes(f"sqlite:///{folder / 'headwater.db'}") as homes:
        yield homes.store


HOMES: dict[str, Callable[[Path], AbstractContextManager[Store]]] = {"sqlite": sqlite}
