"""Run by run, what came of a run: the runs that read the versions which it wrote, and what they wrote in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lineage.audit.trace import read_version
from lineage.errors import NotFound
from lineage.model import Run, Use
from lineage.store.base import Store

_READERS = 1_000  # uses of a dataset looked through for those who read one version of it


@dataclass(frozen=True, slots=True)
class Reached:
    """A run that read what runs before it wrote; *hop* is 0 for the root."""

    run: Run
    hop: int


@dataclass(frozen=True, slots=True)
class Consequences:
    """The runs in the order of their distance, then by id. *truncated*: there are more than the budget has."""

    runs: tuple[Reached, ...]
    truncated: bool = False


def consequences(store: Store, run: str, *, depth: int, max_runs: int) -> Consequences:
    """What came of *run*, up to *depth* datasets away. A run is followed once, however often it is met.

    Raises NotFound.
    """
    found = store.runs(ids=[run]).items
    if not found:
        raise NotFound(f"run {run} is not known; the runs of a job are listed under /api/v1/namespaces/…/jobs/…/runs")
    root: Run = found[0]
    reached = {root.id: Reached(root, 0)}
    here = [root]
    for hop in range(1, depth + 1):
        readers = {reader.id: reader for writer in here for reader in _readers(store, writer)}
        fresh = [readers[key] for key in sorted(readers.keys() - reached.keys())]
        here = fresh[: max_runs - len(reached)]
        reached |= {reader.id: Reached(reader, hop) for reader in here}
        if len(here) < len(fresh):
            return Consequences(tuple(reached.values()), truncated=True)
    return Consequences(tuple(reached.values()))


def _readers(store: Store, writer: Run) -> Iterator[Run]:
    """The runs that read a version which *writer* wrote."""
    for output in (use for use in store.uses(run=writer.id, side="output") if use.effective):
        reads = store.uses(dataset=output.dataset, side="input", since=output.first_at, limit=_READERS)
        uses = {use.run: use for use in reads if use.effective and use.run not in (None, writer.id)}
        for reader in store.runs(ids=[run for run in uses if run], limit=_READERS).items if uses else ():
            if _read_from(store, reader, uses[reader.id], writer):
                yield reader


def _read_from(store: Store, reader: Run, use: Use, writer: Run) -> bool:
    version = read_version(store, reader, use).version
    return version is not None and version.run.id == writer.id
