"""A segment: the entries of one append as the bytes of one object. Pure.

It begins with four bytes, the length of the head that follows them; then come the head and the bodies, each a zlib
stream. Who only wants to know what is in it reads the head alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


_DECODER: Final = msgspec.msgpack.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class Segment:
    """What a head says: *entries* of one writer without a gap; the chain *before* the first and *after* the last."""

    writer: str
    before: bytes
    after: bytes
    entries: tuple[Entry, ...]
    sizes: tuple[int, ...]

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
    lines = tuple(
        _Line(entry.kind, entry.digest, entry.received_at, entry.principal, entry.redaction, len(body))
        for entry, body in zip(entries, bodies, strict=True)
    )
    head = msgspec.msgpack.encode(
        _Head(FORMAT, entries[0].writer, entries[0].seq, before, linked(before, entries), lines)
    )
    packed = zlib.compress(head, LEVEL)
    return len(packed).to_bytes(LENGTH_BYTES, "big") + packed + zlib.compress(b"".join(bodies), LEVEL)


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
    return Segment(head.writer, head.before, head.after, entries, tuple(line.size for line in head.lines))


def read_bodies(segment: bytes) -> list[bytes]:
    """The bodies of all entries, in order. Raises SegmentBroken."""
    head = read_head(segment)
    unpacker = zlib.decompressobj()
    try:
        whole = unpacker.decompress(segment[head_bytes(segment) :])
    except zlib.error as error:
        raise SegmentBroken("its bodies cannot be read") from error
    if not unpacker.eof or unpacker.unused_data or len(whole) != sum(head.sizes):
        raise SegmentBroken("its bodies are cut short, or there is more behind them")
    return [whole[start:end] for start, end in pairwise(accumulate(head.sizes, initial=0))]
