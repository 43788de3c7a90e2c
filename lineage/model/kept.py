"""What the ledger keeps and the doors answer: drafts, entries, receipts, principals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class Draft:
    """Something to be appended; *digest* is the SHA-256 of *body*.

    *redaction* marks that the body was changed at the door: the hex HMAC of what was received, under the server's key
    (DECISIONS 2).
    """

    kind: Literal["event", "statement"]
    body: bytes
    digest: bytes
    principal: str
    redaction: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One place in the ledger. *duplicate* is True when an append found the same event already there."""

    writer: str
    seq: int
    kind: Literal["event", "statement"]
    digest: bytes
    received_at: datetime
    principal: str
    redaction: str | None = None
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the door answers for one body. `accepted` and `duplicate` mean: durable. *digest* is hex.

    A dead-lettered body was refused with *reason*, and so was a forbidden one, of which nothing is kept;
    *field* names the place in the event where there is one.
    """

    status: Literal["accepted", "duplicate", "dead-lettered", "forbidden"]
    digest: str
    reason: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: the name of a key, or `anonymous` while no key exists; scopes are ingest, read and admin.

    *namespaces* are those whose events it may bring (see `lineage.auth.may_bring`); None: all.
    """

    name: str
    scopes: frozenset[str]
    namespaces: tuple[str, ...] | None = None
