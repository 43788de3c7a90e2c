"""An installation moved to other homes: its ledger and its documents as they are, its graph made anew from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

from collectors.journal import UNPROJECTED
from collectors.rebuild import catch_up
from lineage.errors import Conflict, StoreUnusable
from lineage.homes import Homes
from lineage.ledger.objects import ObjectLedger
from lineage.model import Draft, Entry
from lineage.normal import PLAIN, Rules
from lineage.store.base import Change, Document, Store
from lineage.store.making import VERSION_KIND

MADE_ANEW: Final = frozenset({VERSION_KIND, UNPROJECTED})  # with the graph
SECRET: Final = ("secret", "server")  # what makes an installation this one
PLACES: Final = ("copy", "places")  # how far a file has the chains that it was copied from
AT_ONCE: Final = 500
BYTES_AT_ONCE: Final = 4 * 1024 * 1024

Show = Callable[[str, int, int], None]  # what is copied, how many are done, of how many
Adopting = Callable[[str], ObjectLedger]  # the ledger that goes on with a writer's chain


class Copied(NamedTuple):
    """How much was brought over this time."""

    entries: int
    documents: int
    merged: int
    unprojected: int


def copy(source: Homes, target: Homes, adopting: Adopting | None, show: Show, rules: Rules = PLAIN) -> Copied:
    """Bring all of *source* to *target*, which is empty or has a part of it already: then only the rest.

    *adopting* opens the target's ledger for a writer; None: both homes share one, which has everything. Entries keep
    the time of their receipt, in an object store also place and chain. Verdicts are judged anew, leases are not taken
    along. Raises Conflict when *target* holds something else, or has gone on by itself, StoreUnusable when retention
    took bodies, and StoreUnavailable: then it can be run again.
    """
    _require_room(source, target, shared=adopting is None)
    documents = _copy_documents(source.store, target.store, show)
    if adopting is None:
        entries = 0
    elif target.apart:
        entries = _adopt(source, target, adopting, show)
    else:
        entries = _append(source, target, show)
    tally = catch_up(target.ledger, target.store, rules, lambda done, of: show("graph", done, of))
    return Copied(entries, documents, tally.merged, tally.unprojected)


def _require_room(source: Homes, target: Homes, *, shared: bool) -> None:
    if target.apart and not shared:
        ends = {head.writer: head.seq for head in source.ledger.heads()}
        own = [head.writer for head in target.ledger.heads() if head.seq > ends.get(head.writer, 0)]
        if own:
            raise Conflict(f"the target has entries of its own, by {own[0]!r}; name a ledger that is empty")
    ours, theirs = (homes.store.document(*SECRET) for homes in (source, target))
    if ours is not None and theirs is not None and ours.body == theirs.body:
        return
    begun = any(head.seq for head in target.ledger.heads()) and not shared
    if theirs is not None or begun or target.store.watermark() or set(target.store.kinds()) - MADE_ANEW:
        raise Conflict("the target holds another installation already; name a store and a ledger that are empty")


# ── Documents. ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _copy_documents(source: Store, target: Store, show: Show) -> int:
    """The secret first: from then on the target is known as this installation."""
    if (secret := source.document(*SECRET)) is not None:
        target.put([_change(secret)])
    done = 0
    for kind in sorted({*source.kinds(), *target.kinds()} - MADE_ANEW - {PLACES[0]}):
        found: set[str] = set()
        for page in _pages(source, kind):
            target.put([_change(document) for document in page])
            found |= {document.id for document in page}
        done += len(found)
        show("documents", done, done)
        gone = [document.id for page in _pages(target, kind) for document in page if document.id not in found]
        target.put([Change(kind, name, None) for name in gone])  # since an earlier copy
    return done


def _pages(store: Store, kind: str) -> Iterator[list[Document]]:
    after = None
    while page := store.documents(kind, after=after, limit=AT_ONCE):
        yield page
        after = page[-1].id


def _change(document: Document) -> Change:
    return Change(document.kind, document.id, document.body, document.state, document.due)


# ── The ledger. ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _adopt(source: Homes, target: Homes, adopting: Adopting, show: Show) -> int:
    """Each chain as it is, in segments as large as may be; and the chains must come out the same."""
    heads = {head.writer: head for head in source.ledger.heads()}
    begun = {head.writer: head.seq for head in target.ledger.heads()}
    everything = sum(max(head.seq - begun.get(writer, 0), 0) for writer, head in heads.items())
    done = 0
    for writer, head in heads.items():
        if head.seq <= begun.get(writer, 0):
            continue
        ledger = adopting(writer)
        try:
            for batch in _batches(_of(source, writer, begun, head.seq)):
                ledger.adopt(batch)
                done += len(batch)
                show("ledger", done, everything)
        finally:
            ledger.close()
    made = {head.writer: head for head in target.ledger.heads()}
    if other := [writer for writer, head in heads.items() if head.seq and made[writer].chain != head.chain]:
        raise StoreUnusable(
            f"the chain of {other[0]!r} is not the same in the copy; `headwater audit verify` tells why"
        )
    return done


def _of(source: Homes, writer: str, begun: dict[str, int], last: int) -> Iterator[tuple[Entry, bytes]]:
    """Entries of *writer* in the order of its chain: they are read by receipt, and a clock may have been set back."""
    after = {head.writer: head.seq for head in source.ledger.heads()} | {writer: begun.get(writer, 0)}
    early: dict[int, tuple[Entry, bytes]] = {}
    wanted = begun.get(writer, 0) + 1
    for entry, body in _whole(source.ledger.read(after)):
        if entry.writer == writer and entry.seq <= last:
            early[entry.seq] = entry, body
        while wanted in early:
            yield early.pop(wanted)
            wanted += 1


class _Places:
    """How far a file has each chain, and how long its own was then."""

    def __init__(self, target: Homes) -> None:
        document = target.store.document(*PLACES)
        self.done: dict[str, int] = {}
        self._ahead: set[tuple[str, int]] = set()
        length = 0
        if document is not None:
            self.done, length = json.loads(document.body)
        if (own := _length(target) - length) != 0:
            raise Conflict(f"the target has taken {own} entries of its own; name another")

    def pass_(self, entry: Entry) -> None:
        """Note that *entry* was copied; what a clock set back brings too early is not passed over."""
        self._ahead.add((entry.writer, entry.seq))
        while (entry.writer, (after := self.done.get(entry.writer, 0) + 1)) in self._ahead:
            self._ahead.discard((entry.writer, after))
            self.done[entry.writer] = after

    def change(self, target: Homes) -> Change:
        """What keeps it."""
        return Change(*PLACES, json.dumps([self.done, _length(target)]).encode())


def _append(source: Homes, target: Homes, show: Show) -> int:
    """All chains as the one of a file, by receipt; an event that several writers have is there once."""
    places = _Places(target)
    everything = sum(max(head.seq - places.done.get(head.writer, 0), 0) for head in source.ledger.heads())
    done = 0
    for batch in _batches(_whole(source.ledger.read(dict(places.done)))):
        for entry, _ in batch:
            places.pass_(entry)
        target.store.together(partial(_keep, target, batch, places))
        done += len(batch)
        show("ledger", done, everything)
    return done


def _keep(target: Homes, batch: Iterable[tuple[Entry, bytes]], places: _Places) -> None:
    for received_at, some in groupby(batch, key=lambda pair: pair[0].received_at):
        drafts = [Draft(entry.kind, body, entry.digest, entry.principal, entry.redaction) for entry, body in some]
        target.ledger.append(drafts, received_at)
    target.store.put([places.change(target)])


def _length(target: Homes) -> int:
    return sum(head.seq for head in target.ledger.heads())


def _whole(entries: Iterable[tuple[Entry, bytes | None]]) -> Iterator[tuple[Entry, bytes]]:
    for entry, body in entries:
        if body is None:
            raise StoreUnusable(
                "retention took bodies out of this ledger, and a copy without them proves nothing; copy the objects "
                "as they are, by the store's own tools, and name that copy as --to-ledger and as --ledger"
            )
        yield entry, body


def _batches(entries: Iterable[tuple[Entry, bytes]]) -> Iterator[list[tuple[Entry, bytes]]]:
    batch: list[tuple[Entry, bytes]] = []
    size = 0
    for entry, body in entries:
        if batch and (len(batch) == AT_ONCE or size + len(body) > BYTES_AT_ONCE):
            yield batch
            batch, size = [], 0
        batch.append((entry, body))
        size += len(body)
    if batch:
        yield batch
