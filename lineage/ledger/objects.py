"""The ledger in an object store: one append, one object, created only where none is; every writer has its own chain."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from threading import RLock
from typing import Final, TypeVar
from urllib.parse import quote

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from lineage.database.times import microseconds
from lineage.errors import InvalidInput, StoreUnavailable, StoreUnusable, UnknownPart
from lineage.ledger.base import Head, Problem
from lineage.ledger.catalogue import Catalogue, Placed
from lineage.ledger.chain import GENESIS
from lineage.ledger.segments import (
    LENGTH_BYTES,
    Segment,
    SegmentBroken,
    head_bytes,
    read_bodies,
    read_head,
    written,
)
from lineage.model import Draft, Entry

SCHEMES: Final = ("s3", "gs", "az", "file")
FOLDER: Final = "segments"
HEAD_GUESS_BYTES: Final = 64 * 1024  # most heads are shorter, and then one request reads one
ENTRIES_AT_ONCE: Final = 256
SEGMENTS_KEPT: Final = 8  # unpacked, for who reads one entry after the other
FIRST: Final = (-(2**63), "", 0)  # before any entry

T = TypeVar("T")


class ObjectLedger:
    """A ledger in *store*, to which this process appends as *writer*.

    What others append is seen when it is asked for. Two processes under one writer's name are safe: a place is taken
    once, and who comes second reads on and takes the next.
    """

    def __init__(self, store: ObjectStore, writer: str, catalogue: Catalogue | None = None) -> None:
        self._store = store
        self._writer = writer
        self._catalogue = catalogue or Catalogue()
        self._lock = RLock()
        self._unpacked: OrderedDict[str, list[bytes]] = OrderedDict()
        self._refresh()

    def append(self, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        """Append *drafts* as `Ledger.append` promises; a duplicate is what this writer has already."""
        with self._lock:
            while True:
                head = self._head()
                entries, fresh = self._numbered(drafts, head, received_at)
                if not fresh or self._put(head, fresh):
                    return entries
                self._refresh()

    def read(self, after: Mapping[str, int] | None = None) -> Iterator[tuple[Entry, bytes]]:
        """The entries that are there when the first is asked for, as `Ledger.read` promises."""
        self._refresh()
        seen = after or {}
        last = {head.writer: head.seq for head in self._catalogue.heads()}
        place = FIRST
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

    def verify(self) -> Iterator[Problem]:
        """Read everything and yield every place that was changed since.

        That the end of a chain was cut shows only against a head that was kept elsewhere.
        """
        for head in self.heads():
            seq, chain = 0, GENESIS
            for place in self._catalogue.segments(head.writer):
                try:
                    data = self._fetch(place)
                    segment = read_head(data)
                except (NotFoundError, SegmentBroken) as error:
                    yield Problem(head.writer, seq + 1, f"{place}: {error if str(error) else 'it is gone'}")
                    continue
                if segment.writer != head.writer or segment.first != seq + 1 or segment.before != chain:
                    yield Problem(head.writer, seq + 1, f"{place} does not go on where the one before it ended")
                yield from _wrong(place, segment, data)
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
        place = f"{FOLDER}/{quote(self._writer, safe='')}/{head.seq + 1:016d}"
        try:
            self._ask(lambda: obstore.put(self._store, place, data, mode="create"))
        except AlreadyExistsError:
            if self._fetch(place) != data:
                return False
        self._catalogue.add(place, read_head(data))
        return True

    def _refresh(self) -> None:
        """Note the segments that appeared since."""
        known = self._catalogue.places()
        for place in sorted(self._places() - known):
            self._catalogue.add(place, self._read_head(place))

    def _places(self) -> set[str]:
        listed = self._ask(lambda: [meta for chunk in obstore.list(self._store, FOLDER) for meta in chunk])
        return {meta["path"] for meta in listed}

    def _read_head(self, place: str) -> Segment:
        start = bytes(self._ask(lambda: obstore.get_range(self._store, place, start=0, length=HEAD_GUESS_BYTES)))
        try:
            wanted = head_bytes(start[:LENGTH_BYTES])
            if wanted > len(start):
                start = bytes(self._ask(lambda: obstore.get_range(self._store, place, start=0, length=wanted)))
            return read_head(start)
        except SegmentBroken as error:
            raise StoreUnusable(f"the ledger's {place}: {error}; bring it back from a copy") from error

    def _head(self) -> Head:
        mine = (head for head in self._catalogue.heads() if head.writer == self._writer)
        return next(mine, Head(self._writer, 0, GENESIS))

    def _find(self, digest: bytes) -> Placed | None:
        found = self._catalogue.find(digest)
        if found is None:
            self._refresh()
            found = self._catalogue.find(digest)
        return found

    def _body(self, found: Placed) -> bytes:
        with self._lock:
            bodies = self._unpacked.get(found.place)
            if bodies is None:
                try:
                    bodies = read_bodies(self._fetch(found.place))
                except (NotFoundError, SegmentBroken) as error:
                    raise StoreUnusable(f"the ledger's {found.place}: {error}; bring it back from a copy") from error
                self._unpacked[found.place] = bodies
                while len(self._unpacked) > SEGMENTS_KEPT:
                    self._unpacked.popitem(last=False)
            self._unpacked.move_to_end(found.place)
            return bodies[found.at]

    def _fetch(self, place: str) -> bytes:
        return bytes(self._ask(lambda: obstore.get(self._store, place).bytes()))

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except (AlreadyExistsError, NotFoundError):
            raise
        except BaseError as error:
            raise StoreUnavailable(f"the ledger's object store does not answer: {error}") from error


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
        raise StoreUnusable(f"{url}: {error}") from error
    return ObjectLedger(store, writer)


def _wrong(place: str, segment: Segment, data: bytes) -> Iterator[Problem]:
    if segment.after != segment.linked:
        yield Problem(segment.writer, segment.first, f"{place}: a field or the order of its entries is not what it was")
    try:
        bodies = read_bodies(data)
    except SegmentBroken as error:
        yield Problem(segment.writer, segment.first, f"{place}: {error}")
        return
    for entry, body in zip(segment.entries, bodies, strict=True):
        if sha256(body).digest() != entry.digest:
            yield Problem(segment.writer, entry.seq, "the body is not the one whose digest was chained")
