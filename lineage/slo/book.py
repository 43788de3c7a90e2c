"""Which SLOs are in force, since when, and how each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from pydantic import ValidationError

from lineage.errors import InvalidDefinition, NotFound, Overloaded
from lineage.settings import Settings
from lineage.slo.evaluate import evaluate
from lineage.slo.reading import Source, files_of, read_path
from lineage.slo.spec import DataSLO, Schedule, define
from lineage.slo.status import Status
from lineage.store.base import Change, Document, Store
from lineage.telemetry import logger

KIND = "slo"
ACTIVE, RETIRED = "active", "retired"

FRESH = timedelta(seconds=15)  # how long `statuses` repeats itself while the store does not change

log = logger(__name__)


class Record(msgspec.Struct, frozen=True):
    """An SLO as it is kept: its definition, the YAML that a person wrote, where, and since when it is in force."""

    definition: msgspec.Raw
    text: str
    place: str
    since: datetime


@dataclass(frozen=True, slots=True)
class _Judged:
    """All statuses as they were at *at*, and what they were judged on."""

    at: datetime
    revision: str
    definitions: Mapping[str, DataSLO]
    statuses: tuple[Status, ...]


class SloBook:
    """Keeps the promise of `lineage.web.Slos`.

    With a folder (`settings.slos`) its files are the SLOs; without one, those that the store keeps. Making one reads
    both and writes nothing; raises InvalidDefinition when a file cannot be used. *problem* says why the folder, as it
    is now, is not what is in force; None when it is.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._folder = settings.slos
        self._grace = timedelta(seconds=settings.slo.metadata_grace_s)
        self._seen: object = None
        self._taken_up = False
        self._judged: _Judged | None = None
        self._definitions: Mapping[str, DataSLO] = {}
        self.problem: str | None = None
        if self._folder is None:
            self._definitions = self._kept()
        else:
            self._seen = _fingerprint(self._folder)
            self._definitions = self._dated(read_path(self._folder))

    def refresh(self, now: datetime) -> None:
        """Take up what changed: a new file is in force from *now*, a removed one retires its SLO and keeps its history.

        A file that cannot be used changes nothing: all that was in force stays, and *problem* says why.
        """
        if self._folder is None:
            self._take(self._kept())
            return
        seen = _fingerprint(self._folder)
        if seen == self._seen and self._taken_up:
            return
        self._seen, self._taken_up = seen, False
        try:
            sources = read_path(self._folder)
        except InvalidDefinition as error:
            self.problem = str(error)
            log.warning("slo_files_refused", extra={"problem": self.problem})
            self._taken_up = True  # until the files change again
            return
        self.problem = None
        self._write(sources, now)
        self._taken_up = True
        self._take(self._dated(sources))

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
        """All of them, by name, as they were at *at* or at most FRESH before it with nothing new since.

        One that cannot be judged is left out and logged: it never takes the others with it. Raises StoreUnavailable.
        """
        revision, definitions, last = self._store.revision(), self._definitions, self._judged
        unchanged = last is not None and last.revision == revision and last.definitions is definitions
        if last is not None and unchanged and timedelta(0) <= at - last.at < FRESH:
            return list(last.statuses)
        found = [status for name in sorted(definitions) if (status := self._attempt(name, at)) is not None]
        self._judged = _Judged(at, revision, definitions, tuple(found))
        return found

    def _take(self, definitions: Mapping[str, DataSLO]) -> None:
        if definitions != self._definitions:  # what did not change keeps what was judged
            self._definitions = definitions

    def _attempt(self, name: str, at: datetime) -> Status | None:
        try:
            return self.status(name, at)
        except Overloaded:
            raise
        except NotFound:
            return None  # retired a moment ago
        except Exception:
            log.exception("slo_not_judged", extra={"slo": name})
            return None

    def _records(self) -> dict[str, tuple[Document, Record]]:
        documents = self._store.documents(KIND, limit=1_000_000)
        return {document.id: (document, msgspec.json.decode(document.body, type=Record)) for document in documents}

    def _kept(self) -> dict[str, DataSLO]:
        active = {name: record for name, (document, record) in self._records().items() if document.state == ACTIVE}
        return {
            name: define(msgspec.json.decode(record.definition)).since(record.since) for name, record in active.items()
        }

    def _dated(self, sources: list[Source]) -> dict[str, DataSLO]:
        records = self._records()
        found = {}
        for source in sources:
            _, record = records.get(source.slo.name, (None, None))
            slo = source.slo if record is None else _rescheduled(source.slo, record, None)
            found[source.slo.name] = slo if record is None else slo.since(record.since)
        return found

    def _write(self, sources: list[Source], now: datetime) -> None:
        records = self._records()
        changes: list[Change] = []
        for source in sources:
            name = source.slo.name
            document, record = records.get(name, (None, None))
            since = record.since if record is not None else now
            slo = source.slo if record is None else _rescheduled(source.slo, record, now)
            own = slo.model_dump_json(by_alias=True, exclude_none=True).encode()
            body = msgspec.json.encode(Record(msgspec.Raw(own), source.text, source.place, since))
            if document is None or document.body != body or document.state != ACTIVE:
                changes.append(Change(KIND, name, body, ACTIVE))
        names = {source.slo.name for source in sources}
        for name, (document, _) in records.items():
            if name not in names and document.state == ACTIVE:
                changes.append(Change(KIND, name, document.body, RETIRED))
        if changes:
            self._store.put(changes)
            log.info("slos_changed", extra={"slos": [change.id for change in changes]})


def _rescheduled(slo: DataSLO, record: Record, now: datetime | None) -> DataSLO:
    """*slo* with the schedules that held before it, as *record* knows them: what fell due keeps its own."""
    kept = msgspec.json.decode(record.definition).get("spec", {}).get("schedule")
    if kept is None or slo.spec.schedule is None:
        return slo
    try:
        earlier = Schedule.model_validate(kept)
    except ValidationError:  # of a version that understood other words
        return slo
    return slo.scheduled(slo.spec.schedule.after(earlier, now))


def _fingerprint(folder: Path) -> object:
    """What changes whenever a file does: names, times and sizes."""
    files = files_of(folder) if folder.is_dir() else [folder]
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
