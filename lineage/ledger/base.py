"""The promises of a ledger. Every docstring is a specification that one contract suite holds for all ledgers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from lineage.model import Draft, Entry


@dataclass(frozen=True, slots=True)
class Head:
    """The end of one writer's chain: how many entries, and the hash over all of them (32 bytes)."""

    writer: str
    seq: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """A place at which the ledger is not what it was."""

    writer: str
    seq: int
    what: str  # one sentence


class Ledger(Protocol):
    """Append-only, hash-chained. Safe to use from any thread."""

    def append(self, drafts: Sequence[Draft], received_at: datetime) -> list[Entry]:
        """Append *drafts* in order and answer their entries; all are durable when it returns, or none was taken.

        An event whose digest is already there, also earlier in the same call, becomes no new entry: the old one is
        answered, marked `duplicate`. Raises StoreUnavailable.
        """

    def read(self, after: Mapping[str, int] | None = None) -> Iterator[tuple[Entry, bytes | None]]:
        """All entries with their bodies, by (received_at, writer, seq); *after* gives the last seq already seen.

        A body that retention took out is None.
        """

    def entry(self, digest: bytes) -> Entry | None:
        """The entry of an event or statement, or None."""

    def raw(self, digest: bytes) -> bytes | None:
        """The stored bytes of an entry, or None: there is no such entry, or retention took them out."""

    def heads(self) -> list[Head]:
        """The end of every chain, by writer."""

    def verify(self) -> Iterator[Problem]:
        """Read everything and yield every place where a body, a field, an order or a chain was changed since."""

    def close(self) -> None:
        """Let go of what is this ledger's alone. Calling it twice is harmless."""
