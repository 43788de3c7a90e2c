"""The ledger in an object store: one append, one object, created only where none is; every writer has its own chain."""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from threading import RLock
from typing import Final

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from lineage.database.times import microseconds
from lineage.errors import Conflict, InvalidInput, StoreUnusable, UnknownPart
from lineage.ledger.base import Head, Problem
from lineage.ledger.catalogue import Catalogue, Placed
from lineage.ledger.chain import GENESIS
from lineage.ledger.retention import Acts, read_acts
from lineage.ledger.segments import Segment, SegmentBroken, read_bodies, read_head, written
from lineage.ledger.shelf import LISTED_AT_ONCE, Place, Shelf, written_at
from lineage.model import Draft, Entry

SCHEMES: Final = ("s3", "gs", "az", "file")
ENTRIES_AT_ONCE: Final = 256
HEADS_AT_ONCE: Final = 16  # questions under way while heads are read
SEGMENTS_KEPT: Final = 16  # unpacked, of 8 MiB at most: who reads by receipt goes from writer to writer
SLEPT_S: Final = 600  # compaction leaves alone what is younger than six times as much
FIRST: Final = (-(2**63), "", 0)  # before any entry


class ObjectLedger:
    """A ledger in *store*, to which this process appends as *writer*.

    What others append is seen when it is asked for. Two processes under one writer's name are safe: a place is taken
    once, and who comes second reads on and takes the next; who slept meanwhile, by *clock*, looks whether its place
    has been packed away. Raises StoreUnavailable, StoreUnusable.
    """

    def __init__(self, store: ObjectStore, writer: str, clock: Callable[[], float] = time.time) -> None:
        self.shelf = Shelf(store)
        self._writer = writer
        self._clock = clock
        self._catalogue = Catalogue()
        self._lock = RLock()
        self._looked_at = clock()
        self._unpacked: OrderedDict[str, list[bytes | None]] = OrderedDict()
        self._refresh()

    def append(self, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        """Append *drafts* as `Ledger.append` promises; a duplicate is what this writer has already."""
        with self._lock:
            while True:
                head = self._head(self._writer)
                entries, fresh = self._numbered(drafts, head, received_at)
                if not fresh or self._put(head, fresh):
                    return entries
                self._refresh()

    def adopt(self, entries: Sequence[tuple[Entry, bytes]]) -> None:
        """Go on with *entries* of this writer's, as another ledger has them: places and times stay, and so the chain.

        All or none. Raises Conflict when they do not begin where the chain ends.
        """
        with self._lock:
            head = self._head(self._writer)
            first = entries[0][0]
            if (first.writer, first.seq) != (self._writer, head.seq + 1) or not self._put(head, entries):
                raise Conflict(
                    f"the chain of {self._writer!r} does not end before {first.seq}; nobody else may write to it"
                )

    def read(self, after: Mapping[str, int] | None = None) -> Iterator[tuple[Entry, bytes | None]]:
        """The entries that are there when the first is asked for, as `Ledger.read` promises."""
        self._refresh()
        seen = after or {}
        last = {head.writer: head.seq for head in self._catalogue.heads()}
        begins = [self._catalogue.earliest(writer, seen.get(writer, 0)) for writer in last]
        place = (min((begin for begin in begins if begin is not None), default=FIRST[0]), "", 0)
        while page := list(self._catalogue.after(place, ENTRIES_AT_ONCE)):
            for found in page:
                entry = found.entry
                if seen.get(entry.writer, 0) < entry.seq <= last.get(entry.writer, 0):
                    yield entry, self._body(found)
            newest = page[-1].entry
            place = (microseconds(newest.received_at), newest.writer, newest.seq)

    def entry(self, digest: bytes) -> Entry | None:
        """The entry of an event, the earliest received; or of a statement; or None."""
        found = self._find(digest)
        return found.entry if found else None

    def raw(self, digest: bytes) -> bytes | None:
        """The stored bytes of an entry, or None."""
        found = self._find(digest)
        return self._body(found) if found else None

    def heads(self) -> list[Head]:
        """The end of every chain, by writer; one that has written nothing yet is at 0."""
        self._refresh()
        heads = {head.writer: head for head in self._catalogue.heads()}
        heads.setdefault(self._writer, Head(self._writer, 0, GENESIS))
        return [heads[writer] for writer in sorted(heads)]

    def acts(self) -> Acts:
        """What people decided about the ledger itself: holds, and what was to go."""
        self._refresh()
        found = [(placed.entry, self._body(placed)) for placed in self._catalogue.statements()]
        return read_acts((entry, body) for entry, body in found if body is not None)

    def verify(self) -> Iterator[Problem]:
        """Read everything and yield every place that was changed since.

        Bodies that are gone are a change, unless somebody stated that they should go. That the end of a chain was cut
        shows only against a head that was kept elsewhere.
        """
        try:
            acts = self.acts()
        except StoreUnusable:
            acts = Acts()  # a statement cannot be read: that, too, is told of below
        for writer in [head.writer for head in self.heads()]:
            while True:
                places = self._catalogue.segments(writer)
                found = list(self._unproven(self._head(writer), places, acts))
                if found:
                    self._refresh()
                if not found or set(places) <= self._catalogue.places():
                    break  # else some were packed meanwhile
            yield from found

    def _unproven(self, head: Head, places: Sequence[str], acts: Acts) -> Iterator[Problem]:
        seq, chain = 0, GENESIS
        for place in places:
            try:
                data = self.shelf.fetch(place)
                if data is None:
                    yield Problem(head.writer, seq + 1, f"{place}: it is gone")
                    continue
                segment = read_head(data)
            except SegmentBroken as error:
                yield Problem(head.writer, seq + 1, f"{place}: {error}")
                continue
            if segment.writer != head.writer or segment.first != seq + 1 or segment.before != chain:
                yield Problem(head.writer, seq + 1, f"{place} does not go on where the one before it ended")
            yield from _wrong(place, segment, data, acts)
            seq, chain = segment.last, segment.after
        if (seq, chain) != (head.seq, head.chain):
            yield Problem(head.writer, seq, "the chain has changed since this process read it")

    def close(self) -> None:
        """Let go of what is remembered."""
        self._catalogue.close()

    def _numbered(
        self, drafts: Sequence[Draft], head: Head, received_at: datetime
    ) -> tuple[list[Entry], list[tuple[Entry, bytes]]]:
        known = self._catalogue.known(self._writer, [draft.digest for draft in drafts if draft.kind == "event"])
        entries: list[Entry] = []
        fresh: list[tuple[Entry, bytes]] = []
        for draft in drafts:
            if draft.kind == "event" and (old := known.get(draft.digest)):
                entries.append(replace(old, duplicate=True))
                continue
            seq = head.seq + len(fresh) + 1
            entry = Entry(self._writer, seq, draft.kind, draft.digest, received_at, draft.principal, draft.redaction)
            if draft.kind == "event":
                known[draft.digest] = entry
            entries.append(entry)
            fresh.append((entry, draft.body))
        return entries, fresh

    def _put(self, head: Head, fresh: Sequence[tuple[Entry, bytes]]) -> bool:
        """Whether the next place was free, or holds these bytes: an answer that was lost is no other writer."""
        entries = [entry for entry, _ in fresh]
        data = written(head.chain, entries, [body for _, body in fresh])
        place = written_at(self._writer, head.seq + 1)
        if not self.shelf.create(place, data) and self.shelf.fetch(place) != data:
            return False
        if self._packed_away(head.seq + 1):
            self.shelf.delete(place)
            return False
        self._catalogue.add(place, read_head(data))
        return True

    def _packed_away(self, seq: int) -> bool:
        """Whether *seq* was written before, and its place only seemed free because it was packed since."""
        now = self._clock()
        if abs(now - self._looked_at) <= SLEPT_S:
            return False
        packed = self.shelf.packed(self._writer)
        self._looked_at = now
        return any(place.first <= seq <= (place.last or 0) for place in packed)

    def _refresh(self) -> None:
        """Note the segments that appeared since."""
        with self._lock:
            began, fresh = self._clock(), self._fresh()
            while fresh:
                with ThreadPoolExecutor(HEADS_AT_ONCE) as pool:
                    for place, head in zip(fresh, pool.map(self._read_head, fresh), strict=True):
                        if head is not None:
                            self._catalogue.add(place.path, head)
                        else:  # packed between the listing and the look at it
                            break
                    else:
                        break
                fresh = self._fresh()
            self._looked_at = began

    def _fresh(self) -> list[Place]:
        """What is there and was not noted, packed ones first."""
        known = self._catalogue.places()
        ends = {head.writer: head.seq for head in self._catalogue.heads()}
        many = len(known) > LISTED_AT_ONCE * (1 + len(ends))
        listed = self.shelf.places_after(ends) if many else self.shelf.places()
        return [
            place
            for place in listed
            if place.path not in known
            and not self._catalogue.covers(place.writer, place.first, place.last or place.first)
        ]

    def _read_head(self, place: Place) -> Segment | None:
        try:
            return self.shelf.head(place.path)
        except SegmentBroken as error:
            raise _broken(place.path, error) from error

    def _head(self, writer: str) -> Head:
        found = (head for head in self._catalogue.heads() if head.writer == writer)
        return next(found, Head(writer, 0, GENESIS))

    def _find(self, digest: bytes) -> Placed | None:
        found = self._catalogue.find(digest)
        if found is None:
            self._refresh()
            found = self._catalogue.find(digest)
        return found

    def _body(self, found: Placed) -> bytes | None:
        with self._lock:
            bodies = self._unpacked.get(found.place)
            if bodies is None:
                data = self.shelf.fetch(found.place)
                if data is None:
                    return self._body(self._moved(found))
                try:
                    bodies = read_bodies(data)
                except SegmentBroken as error:
                    raise _broken(found.place, error) from error
                self._unpacked[found.place] = bodies
                while len(self._unpacked) > SEGMENTS_KEPT:
                    self._unpacked.popitem(last=False)
            self._unpacked.move_to_end(found.place)
            return bodies[found.at]

    def _moved(self, found: Placed) -> Placed:
        """Where the entry is now that its place is empty: it was packed."""
        self._refresh()
        again = self._catalogue.at(found.entry.writer, found.entry.seq)
        if again is None or again.place == found.place:
            raise _broken(found.place, "it is gone")
        return again


def open_ledger(url: str, writer: str) -> ObjectLedger:
    """The ledger at *url*, to which this process appends as *writer*.

    `s3://BUCKET/FOLDER`, `gs://…`, `az://…` take credentials and endpoint from the environment, as the cloud's own
    tools do (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …); `file:///FOLDER` is a folder, made if need be. Raises
    UnknownPart, InvalidInput, StoreUnusable, StoreUnavailable.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise UnknownPart(f"no ledger {scheme!r}; write one of {', '.join(f'{word}://…' for word in SCHEMES)}")
    if not rest.strip("/"):
        raise InvalidInput(f"{url}: name a bucket or a folder, as in s3://bucket/ledger")
    try:
        if scheme == "file":
            store: ObjectStore = LocalStore(f"/{rest.lstrip('/')}", mkdir=True)
        else:
            endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
            store = from_url(url, client_options={"allow_http": endpoint.startswith("http:")})
    except (BaseError, ValueError, OSError) as error:
        raise StoreUnusable(f"{url}: {str(error).splitlines()[0]}") from error
    return ObjectLedger(store, writer)


def _broken(place: str, why: SegmentBroken | str) -> StoreUnusable:
    return StoreUnusable(f"the ledger's {place}: {why}; bring it back from a copy")


def _wrong(place: str, segment: Segment, data: bytes, acts: Acts) -> Iterator[Problem]:
    if segment.after != segment.linked:
        yield Problem(segment.writer, segment.first, f"{place}: a field or the order of its entries is not what it was")
    if segment.gone and not acts.may_go(segment):
        yield Problem(
            segment.writer, segment.first, f"{place}: its bodies are gone, and nobody stated that they should"
        )
    try:
        bodies = read_bodies(data)
    except SegmentBroken as error:
        yield Problem(segment.writer, segment.first, f"{place}: {error}")
        return
    for entry, body in zip(segment.entries, bodies, strict=True):
        if body is not None and sha256(body).digest() != entry.digest:
            yield Problem(segment.writer, entry.seq, "the body is not the one whose digest was chained")
