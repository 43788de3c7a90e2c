"""Which SLOs are in force, since when, and how each of them stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock

from lineage.errors import InvalidDefinition, NotFound, Overloaded
from lineage.settings import Settings
from lineage.slo.composites import joined
from lineage.slo.evaluate import evaluate
from lineage.slo.kept import dated, definition, kept, made, retired, stamps
from lineage.slo.reading import Source, read_path, watched
from lineage.slo.spec import DataSLO
from lineage.slo.status import Status
from lineage.slo.watching import Watch
from lineage.store.base import Lease, Store
from lineage.telemetry import logger

SET_BACK = timedelta(minutes=1)  # a clock that is that much earlier than before goes on from there

log = logger(__name__)


class SloBook:
    """Keeps the promise of `lineage.web.Slos`.

    With a folder (`settings.slos`) its files are in force, and beside them what was applied under other names; without
    one, all that the store keeps. Making one reads both and writes nothing; raises InvalidDefinition when a file cannot
    be used. *problem* says why the folder, as it is now, is not what is in force; None when it is.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._folder = settings.slos
        self._grace = timedelta(seconds=settings.slo.metadata_grace_s)
        self._seen: object = None
        self._taken_up = False
        self._watch = Watch(store, self._grace)
        self._turning = Lock()
        self._definitions: Mapping[str, DataSLO] = {}
        self._sources: list[Source] = []
        self._read: object = None
        self.problem: str | None = None
        if self._folder is not None:
            self._seen = _fingerprint(self._folder)
            self._sources = read_path(self._folder)
        self.reread()

    def refresh(self, now: datetime, lease: Lease | None = None) -> None:
        """Take up what changed: a new file is in force from *now*, a removed one retires its SLO and keeps its history.

        A file that cannot be used changes nothing: all that was in force stays, and *problem* says why. Raises Conflict
        when *lease* is lost.
        """
        if self._folder is not None:
            self._look(self._folder, now, lease)
        self.reread()

    def reread(self) -> None:
        """Take up what was applied and what others took from their folders; writes nothing."""
        found = kept(self._store)
        read = (stamps(found), tuple(self._sources))
        if read == self._read:
            return
        names = {source.slo.name for source in self._sources}
        applied = {
            name: definition(each.record)
            for name, each in found.items()
            if each.active and name not in names and not (self._folder is not None and each.owned)
        }
        records = {name: each.record for name, each in found.items()}
        files = {source.slo.name: dated(source.slo, records.get(source.slo.name)) for source in self._sources}
        self._read = read
        self._take(joined(files | applied))

    def _look(self, folder: Path, now: datetime, lease: Lease | None) -> None:
        """Take up the files of *folder*, where they changed."""
        seen = _fingerprint(folder)
        if seen == self._seen and self._taken_up:
            return
        self._seen, self._taken_up = seen, False
        try:
            sources = read_path(folder)
        except InvalidDefinition as error:
            self.problem = str(error)
            log.warning("slo_files_refused", extra={"problem": self.problem})
            self._taken_up = True  # until the files change again
            return
        self.problem = None
        self._write(sources, now, lease)
        self._sources, self._taken_up = sources, True

    def names(self) -> list[str]:
        """Names of the SLOs in force, sorted."""
        return sorted(self._definitions)

    def definitions(self) -> Mapping[str, DataSLO]:
        """The SLOs in force by name."""
        return self._definitions

    def definition(self, name: str) -> DataSLO:
        """The SLO *name*. Raises NotFound."""
        if (found := self._definitions.get(name)) is None:
            raise NotFound(f"no SLO is named {name!r}; there are: {', '.join(self.names()) or 'none yet'}")
        return found

    def status(self, name: str, at: datetime) -> Status:
        """The status of one SLO at *at*, which sets both clocks: the same answer for the same entries. NotFound.

        One that was never taken up by `refresh` is judged over its whole window, as if it had always been in force.
        """
        return evaluate(self.definition(name), self._store, at, grace=self._grace)

    def statuses(self, at: datetime) -> list[Status]:
        """All of them, by name, at *at*, which is the clock's now: of other times ask `status`.

        What nothing new was told of, and no deadline has passed of, is not read and judged again. One that cannot be
        judged is left out and logged: it never takes the others with it. Raises StoreUnavailable.
        """
        with self._turning:
            before, definitions = self._watch.at, self._definitions
            if before is not None and at < before - SET_BACK:
                self._watch, before = Watch(self._store, self._grace), None
            if before is not None and at < before:  # somebody asked a moment later, and was faster
                look: Callable[[DataSLO], Status] = partial(evaluate, store=self._store, now=at, grace=self._grace)
            else:
                self._watch.turn(at)
                look = self._watch.status
            judged = (_attempt(look, definitions[name]) for name in sorted(definitions))
            return [status for status in judged if status is not None]

    def _take(self, definitions: Mapping[str, DataSLO]) -> None:
        if definitions != self._definitions:  # what did not change keeps what was judged
            self._definitions = definitions

    def _write(self, sources: list[Source], now: datetime, lease: Lease | None) -> None:
        found, names = kept(self._store), {source.slo.name for source in sources}
        changes = [made(source, found.get(source.slo.name), now) for source in sources]
        changes += [retired(name, each) for name, each in found.items() if each.owned and name not in names]
        if writes := [change for change in changes if change is not None]:
            self._store.put(writes, lease=lease)
            log.info("slos_changed", extra={"slos": [change.id for change in writes]})


def _attempt(look: Callable[[DataSLO], Status], slo: DataSLO) -> Status | None:
    try:
        return look(slo)
    except Overloaded:
        raise
    except Exception:
        log.exception("slo_not_judged", extra={"slo": slo.name})
        return None


def _fingerprint(folder: Path) -> object:
    """What changes whenever a file does: names, times and sizes."""
    files = (file for file in watched(folder) if file.exists())
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)
