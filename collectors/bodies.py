"""From what a client sends to the events in it: undo gzip within a cap, split arrays and lines."""

from __future__ import annotations

import zlib

from lineage.errors import InvalidEvent, InvalidInput, TooLarge
from lineage.events import salvage_array, split_array, split_lines

COUNTED_FROM = 1_000_000  # commas; so many elements take 100 MB when they are split, 10 MB of events have a third of it
DEPTH_MAX = 200  # levels of brackets; the deepest of our captured events has 11, and parsers give up at a thousand
BOM = b"\xef\xbb\xbf"  # before a batch it is no event's; before a single event it is part of what was sent
GZIP = 16 + zlib.MAX_WBITS  # zlib's word for "with a gzip header": https://docs.python.org/3/library/zlib.html


def inflate(body: bytes, limit: int) -> bytes:
    """Undo gzip, of several members too; never make more than *limit* bytes of it.

    Raises TooLarge as soon as the limit is passed, InvalidInput for what is no gzip or ends too early.
    """
    parts: list[bytes] = []
    room, rest = limit, body
    while rest:
        member = zlib.decompressobj(GZIP)
        try:
            part = member.decompress(rest, room + 1)
        except zlib.error as error:
            raise InvalidInput(f"the body is not gzip, although Content-Encoding says so: {error}") from None
        room -= len(part)
        if room < 0:
            raise TooLarge(f"the body inflates to more than {limit} bytes; send smaller batches")
        if not member.eof:
            raise InvalidInput("the gzip body ends too early; send it again")
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)


def elements(body: bytes, most: int | None = None) -> list[bytes]:
    """The elements of a JSON array, each the very bytes that were sent.

    An array that is broken is split as far as it goes, and the rest is the last element, for the dead letters
    (DECISIONS 14). Raises InvalidEvent for what is no array at all, TooLarge for more than *most* elements.
    """
    body = body.removeprefix(BOM)
    is_array = body.lstrip().startswith(b"[")
    if most is not None and is_array and body.count(b",") > max(most, COUNTED_FROM):
        _bounded(salvage_array(body, most + 1)[0], most)  # slower, and never more in memory than is wanted
    try:
        return _bounded(split_array(body), most)
    except InvalidEvent:
        if not is_array:
            raise
        found, rest = salvage_array(body, None if most is None else most + 1)
        return _bounded([*found, rest] if rest else found, most)


def lines(body: bytes, most: int | None = None) -> list[bytes]:
    """The lines of NDJSON without blank ones. Raises TooLarge for more than *most*."""
    return _bounded(split_lines(body.removeprefix(BOM), None if most is None else most + 1), most)


def _bounded(found: list[bytes], most: int | None) -> list[bytes]:
    if most is not None and len(found) > most:
        raise TooLarge(f"a batch of more than {most} events; send smaller batches")
    return found


_QUOTES_WITHIN = (b"\\\\", b'\\"')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def is_too_deep(body: bytes) -> bool:
    """True when JSON objects and arrays stand in each other over DEPTH_MAX times; asks no parser, which might fall."""
    if body.count(b"{") + body.count(b"[") <= DEPTH_MAX:
        return False  # nearly every event: 3 µs
    for within in _QUOTES_WITHIN:
        body = body.replace(within, b"")
    depth = 0
    for bracket in b"".join(body.split(b'"')[::2]).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


__all__ = ["elements", "inflate", "is_too_deep", "lines"]
