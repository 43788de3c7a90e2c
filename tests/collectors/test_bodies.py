"""From a request's body to its events: gzip within a cap, arrays and lines."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from collectors.bodies import COUNTED_FROM, DEPTH_MAX, elements, inflate, is_too_deep, lines
from lineage.errors import InvalidEvent, InvalidInput, TooLarge


def test_gzip_is_undone() -> None:
    """A gzip body is the bytes that were packed."""
    assert inflate(gzip.compress(b"event"), 100) == b"event"


def test_members_of_gzip_follow_each_other() -> None:
    """A gzip body of several members is all of them."""
    assert inflate(gzip.compress(b"one ") + gzip.compress(b"two"), 100) == b"one two"


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    """The limit itself is within."""
    assert inflate(gzip.compress(b"x" * 100), 100) == b"x" * 100


@pytest.mark.parametrize("members", [1, 3])
def test_a_bomb_is_refused_once_it_passes_the_limit(members: int) -> None:
    """What inflates to more than the limit is refused, in one member or over several."""
    with pytest.raises(TooLarge, match="more than 1000 bytes"):
        inflate(gzip.compress(b"\0" * 400_000) * members, 1000)


@pytest.mark.parametrize(
    "body", [gzip.compress(b"event" * 100, mtime=0)[:-9], gzip.compress(b"one", mtime=0)[:5], b"\x1f\x8b"]
)
def test_gzip_that_ends_too_early_is_refused(body: bytes) -> None:
    """A cut body is never taken for a shorter one."""
    with pytest.raises(InvalidInput, match="ends too early"):
        inflate(body, 10_000)


@pytest.mark.parametrize("body", [b"{}", zlib.compress(b"event")])
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    """Content-Encoding: gzip is held to its word."""
    with pytest.raises(InvalidInput, match="not gzip"):
        inflate(body, 100)


def test_elements_keep_their_own_bytes() -> None:
    """An element is the slice that was sent: its space and order are part of its identity."""
    assert elements(b' [ {"b":1 , "a":2} ,[3]\n] ') == [b'{"b":1 , "a":2}', b"[3]"]


def test_a_broken_element_leaves_its_neighbours_whole() -> None:
    """An array is split as far as it goes; what is broken stays for the dead letters."""
    assert elements(b'[{"a":1},{"b":},{"c":3}]') == [b'{"a":1}', b'{"b":}', b'{"c":3}']


def test_the_rest_of_a_cut_array_is_its_last_element() -> None:
    """Nothing that was sent disappears."""
    assert elements(b'[{"a":1},{"b":"cut he') == [b'{"a":1}', b'{"b":"cut he']


def test_an_object_is_no_batch() -> None:
    """A single event at the batch's door is told where to go."""
    with pytest.raises(InvalidEvent, match="/api/v1/lineage"):
        elements(b'{"a":1}')


def nested(levels: int, within: bytes = b"1") -> bytes:
    """Objects and arrays in turn."""
    pairs = [(b"[", b"]") if level % 2 else (b'{"a":', b"}") for level in range(levels)]
    return b"".join(begin for begin, _ in pairs) + within + b"".join(end for _, end in reversed(pairs))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (nested(DEPTH_MAX), False),
        (nested(DEPTH_MAX + 1), True),
        (b"[" * 1_000_000, True),
        (b'{"a":' * 1_000_000, True),
        (b"[" + b"[],{}," * 1_000 + b"1]", False),
        (b'["' + b"[" * 1_000 + b'"]', False),
        (nested(DEPTH_MAX, rb'["\"[", "[[[["]'), True),
        (nested(DEPTH_MAX, rb'"\"[[\\\"[["'), False),
        (b'["]",' * 1_000 + b"1" + b"]" * 1_000, True),
    ],
)
def test_depth_counts_brackets_and_no_texts(body: bytes, expected: bool) -> None:  # noqa: FBT001
    """The limit is our own: what stands in a text neither counts nor hides anything."""
    assert is_too_deep(body) is expected


MANY = COUNTED_FROM + 2


@pytest.mark.parametrize(
    ("split", "body"),
    [
        (elements, b"[" + b"1," * MANY + b"1]"),
        (elements, b"[" + b"{}," * 40_000 + b"{}]"),
        (elements, b"[" + b"{}," * 40_000 + b"{"),
        (lines, b"1\n" * MANY),
        (lines, b"\n" * 64 * MANY + b"1\n" * 40_000),
    ],
)
def test_a_batch_of_too_many_elements_is_refused_in_little_memory(
    split: Callable[[bytes, int], list[bytes]], body: bytes
) -> None:
    """A million of junk costs a few times its bytes: it is refused before there is a list of it."""
    tracemalloc.start()

    with pytest.raises(TooLarge, match="more than 30000 events"):
        split(body, 30_000)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20


def test_a_batch_of_exactly_the_limit_is_taken() -> None:
    """The limit itself is within, of arrays whole and broken, and of lines."""
    assert [3, 3, 3] == [len(elements(b"[1,2,3]", 3)), len(elements(b"[1,2,", 3)) + 1, len(lines(b"1\n2\n3", 3))]


def test_a_batch_with_many_commas_keeps_its_bytes() -> None:
    """Counting what is within first changes nothing of what comes out."""
    event = b'{"a": "],[", "b": [' + b"1," * 999 + b"1]}"

    assert [event] * 1100 == elements(b"[" + b", ".join([event] * 1100) + b"]", 1100)
