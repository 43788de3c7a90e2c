"""Run by run, what came of a run: the runs that read the versions which it wrote, and what they wrote in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lineage.audit.trace import read_version
from lineage.errors import NotFound
from lineage.model import NodeId, Run, Use
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

    Of *run* itself all that it wrote counts; of a run after it, what it made of a version that it was met by, where
    explicit lineage says so (`Use.made_of`). Raises NotFound.
    """
    found = store.runs(ids=[run]).items
    if not found:
        raise NotFound(f"run {run} is not known; the runs of a job are listed under /api/v1/namespaces/…/jobs/…/runs")
    root: Run = found[0]
    reached = {root.id: Reached(root, 0)}
    spreading = _Spreading(store, root.id)
    here = [root]
    for hop in range(1, depth + 1):
        readers = {reader.id: reader for writer in here for reader in spreading.readers(writer)}
        fresh = [readers[key] for key in sorted(readers.keys() - reached.keys())]
        here = fresh[: max_runs - len(reached)]
        reached |= {reader.id: Reached(reader, hop) for reader in here}
        if len(here) < len(fresh):
            return Consequences(tuple(reached.values()), truncated=True)
        here += [readers[key] for key in sorted(readers.keys() & spreading.held)]
    return Consequences(tuple(reached.values()))


class _Spreading:
    """What is followed from runs. *held* are those that wrote something which is not known to come of the root."""

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root
        self._met: dict[str, set[NodeId]] = {}  # of each run, the datasets that it was met by
        self._followed: set[tuple[str, NodeId]] = set()
        self.held: set[str] = set()

    def readers(self, writer: Run) -> Iterator[Run]:
        """The runs that read a version which *writer* wrote, and made of what it was met by."""
        self.held.discard(writer.id)
        met = self._met.get(writer.id, set())
        for output in self._store.uses(run=writer.id, side="output"):
            if not output.effective or (writer.id, output.dataset) in self._followed:
                continue
            if writer.id != self._root and output.made_of is not None and met.isdisjoint(output.made_of):
                self.held.add(writer.id)
                continue
            self._followed.add((writer.id, output.dataset))
            for reader in _readers(self._store, writer, output):
                self._met.setdefault(reader.id, set()).add(output.dataset)
                yield reader


def _readers(store: Store, writer: Run, output: Use) -> Iterator[Run]:
    reads = store.uses(dataset=output.dataset, side="input", since=output.first_at, limit=_READERS)
    uses = {use.run: use for use in reads if use.effective and use.run not in (None, writer.id)}
    for reader in store.runs(ids=[run for run in uses if run], limit=_READERS).items if uses else ():
        if _read_from(store, reader, uses[reader.id], writer):
            yield reader


def _read_from(store: Store, reader: Run, use: Use, writer: Run) -> bool:
    version = read_version(store, reader, use).version
    return version is not None and version.run.id == writer.id
