"""SLOs as documents of the store: each definition as its author wrote it, from where, since when and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from lineage.slo.reading import Source
from lineage.slo.schedules import Schedule
from lineage.slo.spec import DataSLO, define
from lineage.store.base import Change, Store

KIND = "slo"
ACTIVE, RETIRED = "active", "retired"
ALL = 1_000_000


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """An SLO as it is kept: its definition, the YAML that a person wrote, where, and since when it is in force.

    *by* applied it, at *at*; None: a file of the folder owns it (DECISIONS 29).
    """

    definition: msgspec.Raw
    text: str
    place: str
    since: datetime
    by: str | None = None
    at: datetime | None = None


class Kept(NamedTuple):
    """A record, whether it is in force, and how often it was written."""

    record: Record
    active: bool
    revision: int

    @property
    def owned(self) -> bool:
        """Whether it is in force for a file of a folder."""
        return self.active and self.record.by is None


def kept(store: Store) -> dict[str, Kept]:
    """All that *store* keeps, retired ones too, by name."""
    found = store.documents(KIND, limit=ALL)
    return {document.id: Kept(_read(document.body), document.state == ACTIVE, document.revision) for document in found}


def in_force(store: Store) -> dict[str, DataSLO]:
    """The definitions that *store* keeps in force, by name."""
    return {name: definition(each.record) for name, each in kept(store).items() if each.active}


def definition(record: Record) -> DataSLO:
    """The SLO of *record* as it is in force."""
    return define(msgspec.json.decode(record.definition)).since(record.since)


def dated(slo: DataSLO, record: Record | None) -> DataSLO:
    """*slo* as it is in force where *record* knows it already: since then, with the schedules that held before."""
    return slo if record is None else rescheduled(slo, record, None).since(record.since)


def rescheduled(slo: DataSLO, record: Record, now: datetime | None) -> DataSLO:
    """*slo* with the schedules that held before it, as *record* knows them: what fell due keeps its own."""
    earlier = msgspec.json.decode(record.definition).get("spec", {}).get("schedule")
    if earlier is None or slo.spec.schedule is None:
        return slo
    try:
        schedule = Schedule.model_validate(earlier)
    except ValidationError:  # of a version that understood other words
        return slo
    return slo.scheduled(slo.spec.schedule.after(schedule, now))


def made(source: Source, before: Kept | None, now: datetime, by: str | None = None) -> Change | None:
    """The write that brings *source* into force from *now*, applied *by* somebody; None: it is so already."""
    record = None if before is None else before.record
    slo = source.slo if record is None else rescheduled(source.slo, record, now)
    own = msgspec.Raw(slo.model_dump_json(by_alias=True, exclude_none=True).encode())
    since = now if record is None else record.since
    new = Record(own, source.text, source.place, since, by, now if by else None)
    if before is not None and before.active and before.record.by is not None and by is not None:
        same = bytes(own) == bytes(before.record.definition)
    else:
        same = before is not None and before.owned and _written(before.record) == _written(new)
    return None if same else Change(KIND, source.slo.name, _written(new), ACTIVE)


def retired(name: str, before: Kept) -> Change:
    """The write that takes *name* out of force and keeps its history."""
    return Change(KIND, name, _written(before.record), RETIRED)


def stamps(found: Mapping[str, Kept]) -> frozenset[tuple[str, int]]:
    """What differs whenever a record was written."""
    return frozenset((name, each.revision) for name, each in found.items())


def _read(body: bytes) -> Record:
    return msgspec.json.decode(body, type=Record)


def _written(record: Record) -> bytes:
    return msgspec.json.encode(record)
