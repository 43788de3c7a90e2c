"""Segments as objects: how their places are called, and the few things that are asked of the store that has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote, unquote

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from lineage.errors import StoreUnavailable
from lineage.ledger.segments import LENGTH_BYTES, Segment, head_bytes, read_head

WRITTEN: Final = "segments"  # the folder of what writers wrote: WRITER/FIRST
PACKED: Final = "packed"  # of what was made of several of those: WRITER/FIRST-LAST
HEAD_GUESS_BYTES: Final = 64 * 1024  # most heads are shorter, and then one request reads one
LISTED_AT_ONCE: Final = 1_000  # places that one request lists, in all stores that we know

REFUSED: Final = re.compile(r"status code: (4\d\d [A-Z][A-Za-z ]+)(?:.*?<Code>(\w+)</Code>)?", re.DOTALL)
CAUSE: Final = re.compile(r'(?:message|error): "([^"\n]+)"')  # of many lines the one that tells

_NAME: Final = re.compile(rf"(?:{WRITTEN}|{PACKED})/([^/]+)/(\d{{16}})(?:-(\d{{16}}))?")

T = TypeVar("T")


class Place(NamedTuple):
    """Where a segment stands, and since when by the store's clock; *last* is None where the name leaves it out."""

    path: str
    writer: str
    first: int
    last: int | None
    since: datetime


def written_at(writer: str, first: int) -> str:
    """Where *writer* puts the segment that begins with entry *first*."""
    return f"{_folder(WRITTEN, writer)}/{first:016d}"


def packed_at(writer: str, first: int, last: int) -> str:
    """Where the segment stands that was made of those of *writer* from *first* to *last*."""
    return f"{_folder(PACKED, writer)}/{first:016d}-{last:016d}"


class Shelf:
    """The segments in *store*. Every question raises StoreUnavailable when the store does not answer."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def create(self, path: str, segment: bytes) -> bool:
        """Put *segment* there; False when the place is taken, by whatever it may be."""
        try:
            self._ask(lambda: obstore.put(self._store, path, segment, mode="create"))
        except AlreadyExistsError:
            return False
        except FileNotFoundError as error:
            raise StoreUnavailable(_what(error)) from error
        return True

    def replace(self, path: str, segment: bytes) -> None:
        """Put *segment* in the place of what is there, at once."""
        try:
            self._ask(lambda: obstore.put(self._store, path, segment))
        except FileNotFoundError as error:
            raise StoreUnavailable(_what(error)) from error

    def delete(self, path: str) -> None:
        """Take away what is there, if anything is."""
        try:
            self._ask(lambda: obstore.delete(self._store, path))
        except FileNotFoundError:
            return

    def fetch(self, path: str) -> bytes | None:
        """The segment that is there; None where nothing is."""
        try:
            return bytes(self._ask(lambda: obstore.get(self._store, path).bytes()))
        except FileNotFoundError:
            return None

    def head(self, path: str) -> Segment | None:
        """What the head of the segment there says; None where nothing is. Raises SegmentBroken."""
        try:
            start = self._begin(path, HEAD_GUESS_BYTES)
            wanted = head_bytes(start[:LENGTH_BYTES])
            return read_head(start if wanted <= len(start) else self._begin(path, wanted))
        except FileNotFoundError:
            return None

    def places(self) -> list[Place]:
        """All places that are taken, packed ones first; what is packed meanwhile is there once or twice, never not."""
        written = list(self._listed(WRITTEN))
        return [*self._listed(PACKED), *written]

    def packed(self, writer: str) -> list[Place]:
        """The places of *writer* that hold what was packed."""
        return list(self._listed(_folder(PACKED, writer)))

    def places_after(self, ends: Mapping[str, int]) -> list[Place]:
        """The places of segments of every writer behind its entry in *ends*, and all that is packed, packed ones first.

        A question more for each writer than `places` asks, and far fewer where much was written.
        """
        folders = self._ask(lambda: obstore.list_with_delimiter(self._store, WRITTEN))["common_prefixes"]
        writers = [unquote(folder.rpartition("/")[2]) for folder in folders]
        written = [
            place
            for writer in writers
            for place in self._listed(_folder(WRITTEN, writer), written_at(writer, ends.get(writer, 0)))
        ]
        return [*self._listed(PACKED), *written]

    def _listed(self, folder: str, after: str | None = None) -> Iterator[Place]:
        found: list[Any] = self._ask(
            lambda: [meta for some in obstore.list(self._store, folder, offset=after) for meta in some]
        )
        for meta in sorted(found, key=lambda meta: str(meta["path"])):
            if named := _NAME.fullmatch(meta["path"]):  # what else lies there is none of ours
                writer, first, last = named.groups()
                span = int(first), int(last) if last else None
                yield Place(meta["path"], unquote(writer), *span, meta["last_modified"])

    def _begin(self, path: str, length: int) -> bytes:
        return bytes(self._ask(lambda: obstore.get_range(self._store, path, start=0, length=length)))

    def _ask(self, question: Callable[[], T]) -> T:
        """The answer, or Python's own FileNotFoundError, which obstore raises where nothing is."""
        try:
            return question()
        except (AlreadyExistsError, FileNotFoundError):
            raise
        except BaseError as error:
            raise StoreUnavailable(_what(error)) from error


def _folder(kind: str, writer: str) -> str:
    return f"{kind}/{quote(writer, safe='')}"


def _what(error: Exception) -> str:
    """One sentence of what obstore tells in a hundred lines, with neither the signature nor the key of the request."""
    told = str(error)
    if refused := REFUSED.search(told):
        why = ", ".join(filter(None, refused.groups()))
        return (
            f"the ledger's object store refuses ({why}); see that the bucket exists, and that the credentials in the "
            "environment may read and write it"
        )
    cause = CAUSE.search(told)
    why = cause.group(1) if cause else told.partition("\n")[0].rpartition(": ")[2]
    return f"the ledger's object store does not answer ({why}); see that it runs and that its endpoint is right"
