"""A segment: the entries of one append as the bytes of one object. Pure.

It begins with four bytes, the length of the head that follows them; then come the head and the bodies, each a zlib
stream. Who only wants to know what is in it reads the head alone. Retention takes out the bodies of events; the head,
which the chain is over, and what people stated stay.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Final, Literal

import msgspec

from lineage.ledger.chain import link
from lineage.model import Entry

FORMAT: Final = 1
LENGTH_BYTES: Final = 4
LEVEL: Final = 6


class SegmentBroken(Exception):
    """The bytes are no segment, or not any more; the message says which part of them."""


class _Line(msgspec.Struct, frozen=True, array_like=True):
    """One entry, as far as its head says; *size* is of its body, in bytes."""

    kind: Literal["event", "statement"]
    digest: bytes
    received_at: datetime
    principal: str
    redaction: str | None
    size: int


class _Head(msgspec.Struct, frozen=True):
    format: int
    writer: str
    first: int
    before: bytes
    after: bytes
    lines: tuple[_Line, ...]
    gone: bool = False


_DECODER: Final = msgspec.msgpack.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Segment:
    """What a head says: *entries* of one writer without a gap; the chain *before* the first and *after* the last.

    *sizes* are of their bodies in bytes; *gone*: those of the events were taken out.
    """

    writer: str
    before: bytes
    after: bytes
    entries: tuple[Entry, ...]
    sizes: tuple[int, ...]
    gone: bool = False

    @property
    def held(self) -> tuple[int | None, ...]:
        """The sizes of the bodies that are there, None for one that is gone."""
        return tuple(
            None if self.gone and entry.kind == "event" else size
            for entry, size in zip(self.entries, self.sizes, strict=True)
        )

    @property
    def first(self) -> int:
        """The seq of the first entry."""
        return self.entries[0].seq

    @property
    def last(self) -> int:
        """The seq of the last entry."""
        return self.entries[-1].seq

    @property
    def linked(self) -> bytes:
        """What *after* must be: *before* with all entries linked (32 bytes)."""
        return linked(self.before, self.entries)


def linked(chain: bytes, entries: Iterable[Entry]) -> bytes:
    """The *chain* once *entries* follow it (32 bytes)."""
    for entry in entries:
        chain = link(chain, entry)
    return chain


def written(before: bytes, entries: Sequence[Entry], bodies: Sequence[bytes]) -> bytes:
    """The segment of *entries*, at least one, all of one writer and without a gap, and their *bodies*."""
    assert entries, "a segment holds at least one entry"
    sizes = tuple(map(len, bodies))
    return _written(Segment(entries[0].writer, before, linked(before, entries), tuple(entries), sizes), bodies)


def joined(segments: Sequence[bytes]) -> bytes:
    """One segment of *segments*, each of which goes on where the one before it ended. Raises SegmentBroken."""
    heads = [read_head(segment) for segment in segments]
    for one, following in pairwise(heads):
        if (following.writer, following.first, following.before, following.gone) != (
            *(one.writer, one.last + 1, one.after, one.gone),
        ):
            raise SegmentBroken(f"what begins at {following.first} does not go on where the one before it ended")
    entries = tuple(entry for head in heads for entry in head.entries)
    sizes = tuple(size for head in heads for size in head.sizes)
    whole = replace(heads[0], after=heads[-1].after, entries=entries, sizes=sizes)
    return _written(whole, [body for segment in segments for body in read_bodies(segment)])


def stripped(segment: bytes) -> bytes:
    """*segment* without the bodies of its events. Raises SegmentBroken."""
    return _written(replace(read_head(segment), gone=True), read_bodies(segment))


def _written(said: Segment, bodies: Sequence[bytes | None]) -> bytes:
    lines = tuple(
        _Line(entry.kind, entry.digest, entry.received_at, entry.principal, entry.redaction, size)
        for entry, size in zip(said.entries, said.sizes, strict=True)
    )
    head = msgspec.msgpack.encode(_Head(FORMAT, said.writer, said.first, said.before, said.after, lines, said.gone))
    packed = zlib.compress(head, LEVEL)
    kept = [body for body, size in zip(bodies, said.held, strict=True) if body is not None and size is not None]
    return len(packed).to_bytes(LENGTH_BYTES, "big") + packed + zlib.compress(b"".join(kept), LEVEL)


def head_bytes(start: bytes) -> int:
    """How many bytes from its beginning hold the head of a segment that begins with *start*. Raises SegmentBroken."""
    if len(start) < LENGTH_BYTES:
        raise SegmentBroken("it is shorter than the length of its head")
    return LENGTH_BYTES + int.from_bytes(start[:LENGTH_BYTES], "big")


def read_head(segment: bytes) -> Segment:
    """What the head says; *segment* may end behind it. Raises SegmentBroken."""
    try:
        head = _DECODER.decode(zlib.decompress(segment[LENGTH_BYTES : head_bytes(segment)]))
    except (zlib.error, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SegmentBroken("its head cannot be read") from error
    if head.format != FORMAT:
        raise SegmentBroken(f"it is of format {head.format}; this Headwater reads format {FORMAT}")
    if not head.lines:
        raise SegmentBroken("it has no entry")
    entries = tuple(
        Entry(head.writer, seq, line.kind, line.digest, line.received_at, line.principal, line.redaction)
        for seq, line in enumerate(head.lines, head.first)
    )
    sizes = tuple(line.size for line in head.lines)
    return Segment(head.writer, head.before, head.after, entries, sizes, head.gone)


def read_bodies(segment: bytes) -> list[bytes | None]:
    """The bodies of all entries, in order; None for those that are gone. Raises SegmentBroken."""
    held = read_head(segment).held
    unpacker = zlib.decompressobj()
    try:
        whole = unpacker.decompress(segment[head_bytes(segment) :])
    except zlib.error as error:
        raise SegmentBroken("its bodies cannot be read") from error
    ends = list(accumulate((size or 0 for size in held), initial=0))
    if not unpacker.eof or unpacker.unused_data or len(whole) != ends[-1]:
        raise SegmentBroken("its bodies are cut short, or there is more behind them")
    return [None if size is None else whole[start:end] for size, (start, end) in zip(held, pairwise(ends), strict=True)]
