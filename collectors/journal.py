"""The one way in: append to the ledger, then merge into the graph; a fault of the second never costs the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

from lineage.database import Database
from lineage.errors import HeadwaterError
from lineage.ledger.base import Ledger
from lineage.model import Delta, Draft, Entry
from lineage.store.base import Change, Store
from lineage.telemetry import COMMIT_EVENTS, COMMIT_S, logger

UNPROJECTED = "unprojected"  # the kind of document that names an entry which the graph lacks

log = logger(__name__)


class Admitted(NamedTuple):
    """An event that is good enough to be kept. *fault* says why it could not be projected, then *delta* is None."""

    draft: Draft
    delta: Delta | None
    fault: str = ""


class Journal:
    """Commits to a ledger and a store that share a database, in one transaction (DECISIONS 12)."""

    def __init__(self, ledger: Ledger, store: Store, database: Database) -> None:
        self._ledger = ledger
        self._store = store
        self._database = database

    def commit(self, batch: Sequence[Admitted], letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        """Keep *batch* and the dead *letters*, all or none; durable when it returns the entries, in order.

        What the store cannot merge is kept all the same and listed as unprojected, for `headwater rebuild`. Raises
        StoreUnavailable, nothing being kept.
        """
        began = perf_counter()
        entries = self._database.submit(lambda: self._commit(batch, letters, received_at)).result()
        COMMIT_S.observe(perf_counter() - began)
        COMMIT_EVENTS.observe(len(batch))
        return entries

    def _commit(self, batch: Sequence[Admitted], letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        with self._database.transaction():
            entries = self._ledger.append([admitted.draft for admitted in batch], received_at)
            fresh = [(entry, admitted) for entry, admitted in zip(entries, batch, strict=True) if not entry.duplicate]
            faults = [*letters, *self._project(fresh)]
            if faults:
                self._store.put(faults)
        return entries

    def _project(self, fresh: Sequence[tuple[Entry, Admitted]]) -> list[Change]:
        whole = [(entry, admitted.delta) for entry, admitted in fresh if admitted.delta is not None]
        unprojected = [_note(entry, admitted.fault) for entry, admitted in fresh if admitted.delta is None]
        if self._merge(whole) is None:
            return unprojected
        faults = ((entry, self._merge([(entry, delta)])) for entry, delta in whole)
        return unprojected + [_note(entry, fault) for entry, fault in faults if fault]

    def _merge(self, pairs: Sequence[tuple[Entry, Delta]]) -> str | None:
        """What went wrong with the merge, in a word, or None. A failure that we foresaw goes on upward."""
        try:
            with self._database.savepoint():
                self._store.merge([entry for entry, _ in pairs], [delta for _, delta in pairs])
        except HeadwaterError:
            raise
        except Exception as error:
            log.exception("merge_failed", extra={"events": len(pairs)})
            return f"{type(error).__name__}: {error}"
        return None


def _note(entry: Entry, fault: str) -> Change:
    body = {"writer": entry.writer, "seq": entry.seq, "at": entry.received_at.isoformat(), "reason": fault}
    return Change(UNPROJECTED, entry.digest.hex(), json.dumps(body).encode())
