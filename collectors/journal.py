"""The one way in: append to the ledger, then merge into the graph; a fault of the second never costs the first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

from collectors.commits import Commits, Together
from lineage.errors import HeadwaterError
from lineage.ledger.base import Ledger
from lineage.letters import KIND, bound, counted
from lineage.model import Delta, Draft, Entry
from lineage.settings import Ingest
from lineage.store.base import Change, Store
from lineage.telemetry import COMMIT_EVENTS, COMMIT_S, logger

LETTERS_KEPT = Ingest().dead_letters_kept
UNPROJECTED = "unprojected"  # the kind of document that names an entry which the graph lacks

log = logger(__name__)


class Admitted(NamedTuple):
    """An event that is good enough to be kept. *fault* says why it could not be projected; then *delta* is None."""

    draft: Draft
    delta: Delta | None
    fault: str = ""


class Journal:
    """Commits to a ledger and a store: without *commits* in one transaction of the database that they share."""

    def __init__(
        self, ledger: Ledger, store: Store, letters_kept: int = LETTERS_KEPT, commits: Commits | None = None
    ) -> None:
        self._ledger = ledger
        self._store = store
        self._commits = commits or Together(store)
        self._letters_kept = letters_kept
        self._letters_written = letters_kept  # since they were last counted: at the first one they are

    def commit(self, batch: Sequence[Admitted], letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        """Keep *batch* and the dead *letters*, all or none; durable when it returns the entries, in order.

        What the store cannot merge is kept all the same and noted as unprojected, for `headwater rebuild`. Raises
        StoreUnavailable, nothing being kept.
        """
        began = perf_counter()
        entries = self._commits.commit(
            lambda: self._append(batch, letters, received_at), lambda entries: self._project(batch, entries)
        )
        COMMIT_S.observe(perf_counter() - began)
        COMMIT_EVENTS.observe(len(batch))
        return entries

    def _append(self, batch: Sequence[Admitted], letters: Sequence[Change], received_at: datetime) -> list[Entry]:
        if letters:
            self._store.put(counted(self._store, letters))
            self._bound(sum(letter.kind == KIND for letter in letters))
        return self._ledger.append([admitted.draft for admitted in batch], received_at) if batch else []

    def _project(self, batch: Sequence[Admitted], entries: Sequence[Entry]) -> None:
        fresh = [(entry, admitted) for entry, admitted in zip(entries, batch, strict=True) if not entry.duplicate]
        unread = [note(entry, admitted.fault) for entry, admitted in fresh if admitted.delta is None]
        unmerged = merge([(entry, admitted.delta) for entry, admitted in fresh if admitted.delta], self._store)
        if notes := [*unread, *unmerged]:
            self._store.put(notes)

    def _bound(self, written: int) -> None:
        """Keep to `ingest.dead_letters_kept` and a tenth, counting only so often."""
        self._letters_written += written
        if self._letters_written > self._letters_kept / 10:
            bound(self._store, self._letters_kept)
            self._letters_written = 0


def merge(pairs: Sequence[tuple[Entry, Delta]], store: Store) -> list[Change]:
    """Merge *pairs* into *store*; when they fail together, each is tried alone. Answers notes of those that failed.

    Raises StoreUnavailable: then it is the store that fails, not an event.
    """
    if not pairs:
        return []
    try:
        store.together(lambda: store.merge([entry for entry, _ in pairs], [delta for _, delta in pairs]))
    except HeadwaterError:
        raise
    except Exception as error:
        if len(pairs) > 1:
            return [change for pair in pairs for change in merge([pair], store)]
        entry = pairs[0][0]
        log.exception("merge_failed", extra={"digest": entry.digest.hex()})
        return [note(entry, fault(error))]
    return []


def note(entry: Entry, why: str) -> Change:
    """The record that *entry* is in the ledger and not in the graph."""
    body = {"writer": entry.writer, "seq": entry.seq, "at": entry.received_at.isoformat(), "reason": why}
    return Change(UNPROJECTED, entry.digest.hex(), json.dumps(body).encode())


def fault(error: Exception) -> str:
    """An unforeseen error in a few words, for a note."""
    return f"{type(error).__name__}: {error}"
