"""The ledger read again: the whole graph made anew, or only what an earlier end left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

from collectors.commits import Apart, Commits, Together
from collectors.decisions import state_all
from collectors.journal import UNPROJECTED, fault, merge, note
from collectors.producers import understand
from lineage.events import parse_event
from lineage.homes import Homes
from lineage.ledger.base import Ledger
from lineage.model import Delta, Entry
from lineage.normal import PLAIN, Rules
from lineage.store.base import Change, Document, Store
from lineage.store.making import UNFINISHED, VERSION_KIND
from lineage.telemetry import logger

VERSION = 5  # of what `understand` and `resolve` make of an event; raise it with them, and each store is rebuilt once
BATCH_EVENTS = 500

Progress = Callable[[int, int], None]

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of reading events: *merged* into the graph, *unprojected* left out with a note why."""

    merged: int = 0
    unprojected: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.merged + other.merged, self.unprojected + other.unprojected)


def rebuild(ledger: Ledger, store: Store, progress: Progress = lambda _done, _all: None, rules: Rules = PLAIN) -> Tally:
    """Forget graph and verdicts of *store* and merge all of *ledger* anew, as far as possible in one step for others.

    What retention took out of the ledger is not in the new graph.
    On SQLite readers see the graph as it was until it ends, and go on to if it does not; other writers wait as long,
    and the door answers 503 meanwhile. On a server readers see it grow, nothing is judged meanwhile, and if it does not
    end, `catch_up` begins again. *progress* is told how many entries are done, of how many. Raises StoreUnavailable.
    """

    def run() -> Tally:
        store.put([UNFINISHED])
        store.clear()
        store.put([_forgotten(document) for document in _documents(store, UNPROJECTED)])
        tally = _merge_all(ledger.read(), store, _counted(progress, ledger, {}), rules)
        store.put([_stamp(rules)])
        return tally

    tally = store.anew(run)
    log.info("graph_rebuilt", extra={"merged": tally.merged, "unprojected": tally.unprojected})
    return tally


def catch_up(
    ledger: Ledger, store: Store, rules: Rules = PLAIN, progress: Progress = lambda _done, _all: None
) -> Tally:
    """Merge what *store* has not seen of *ledger*, and try again what it could not take before.

    Rebuilds instead when the graph was made by another version of the projection or under other *rules*. *progress* is
    told how many entries are done, of how many. Raises StoreUnavailable.
    """
    stamp = store.document(VERSION_KIND, "graph")
    if stamp is not None and stamp.body != _stamp(rules).body:
        return rebuild(ledger, store, progress, rules)
    if stamp is None:
        store.put([_stamp(rules)])
    again = sum((_retry(document, ledger, store, rules) for document in _documents(store, UNPROJECTED)), Tally())
    seen = store.watermark()
    return again + _merge_all(ledger.read(seen), store, _counted(progress, ledger, seen), rules)


def commits(homes: Homes, rules: Rules = PLAIN) -> Commits:
    """How *homes* take what is appended into their graph; entries are read under *rules* where it has to follow."""
    if homes.apart:
        return Apart(homes.store, lambda: catch_up(homes.ledger, homes.store, rules))
    return Together(homes.store)


def _merge_all(
    entries: Iterable[tuple[Entry, bytes | None]], store: Store, done: Callable[[int], None], rules: Rules
) -> Tally:
    tally = Tally()
    for batch in _batches(entries):
        tally += store.together(partial(_merge_read, _read(batch, rules), store))
        done(len(batch))
    return tally


class _Read(NamedTuple):
    """What a batch of entries says, and notes of those that cannot be read."""

    pairs: list[tuple[Entry, Delta]]
    notes: list[Change]
    decided: list[tuple[Entry, bytes]]


def _read(batch: Iterable[tuple[Entry, bytes | None]], rules: Rules) -> _Read:
    read = _Read([], [], [])
    for entry, body in batch:
        if body is None:
            continue
        if entry.kind == "statement":
            read.decided.append((entry, body))
            continue
        delta = _delta(entry, body, rules)
        if isinstance(delta, Delta):
            read.pairs.append((entry, delta))
        else:
            read.notes.append(note(entry, delta))
    return read


def _merge_read(read: _Read, store: Store) -> Tally:
    """Within one transaction: the watermark passes none that is neither in the graph nor noted."""
    refused = merge(read.pairs, store)
    if notes := [*read.notes, *refused]:
        store.put(notes)
    state_all(read.decided, store)
    return Tally(len(read.pairs) - len(refused), len(notes))


def _retry(document: Document, ledger: Ledger, store: Store, rules: Rules) -> Tally:
    digest = bytes.fromhex(document.id)
    entry, body = ledger.entry(digest), ledger.raw(digest)
    if entry is not None and body is not None:
        delta = _delta(entry, body, rules)
        if not isinstance(delta, Delta) or merge([(entry, delta)], store):
            return Tally(unprojected=1)
    store.put([_forgotten(document)])
    return Tally(merged=1)


def _delta(entry: Entry, body: bytes, rules: Rules) -> Delta | str:
    """What *entry* says, or why that cannot be told."""
    try:
        return understand(parse_event(body), entry.digest, rules)
    except Exception as error:
        log.exception("projection_failed", extra={"digest": entry.digest.hex()})
        return fault(error)


def _batches(entries: Iterable[tuple[Entry, bytes | None]]) -> Iterator[list[tuple[Entry, bytes | None]]]:
    left = iter(entries)
    while batch := list(islice(left, BATCH_EVENTS)):
        yield batch


def _counted(progress: Progress, ledger: Ledger, seen: Mapping[str, int]) -> Callable[[int], None]:
    everything, done = sum(max(head.seq - seen.get(head.writer, 0), 0) for head in ledger.heads()), 0

    def count(entries: int) -> None:
        nonlocal done
        done += entries
        progress(done, everything)

    return count


def _documents(store: Store, kind: str) -> Iterator[Document]:
    after = None
    while page := store.documents(kind, after=after):
        yield from page
        after = page[-1].id


def _forgotten(document: Document) -> Change:
    return Change(document.kind, document.id, None)


def _stamp(rules: Rules) -> Change:
    return Change(VERSION_KIND, "graph", f"{VERSION}{rules.word}".encode())
