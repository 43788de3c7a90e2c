"""What makes the ledger tamper-evident: the canonical words of an entry, its leaf, and the chain over all leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from lineage.model import Entry

GENESIS = bytes(32)  # the chain of a writer that has written nothing

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def canonical(entry: Entry) -> bytes:
    """The bytes that stand for *entry*: a JSON array of its fields as RFC 8785 writes it, the body by its digest.

    The same entry gives the same bytes for ever: `[writer, seq, kind, digest, received_at, principal, redaction]`,
    digest in hex, time in UTC with six decimals and `Z`.
    """
    fields = (
        entry.writer,
        entry.seq,
        entry.kind,
        entry.digest.hex(),
        _spelled(entry.received_at),
        entry.principal,
        entry.redaction,
    )
    return _encode(fields).encode()


@lru_cache(8)  # entries of one commit share theirs
def _spelled(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def leaf(entry: Entry) -> bytes:
    """The leaf hash of *entry*, as RFC 9162 section 2.1.1 makes it: SHA-256 of a zero byte and the canonical bytes."""
    return sha256(b"\x00" + canonical(entry)).digest()


def link(chain: bytes, entry: Entry) -> bytes:
    """The chain after *entry*: SHA-256 of the *chain* before it (32 bytes) and its leaf."""
    return sha256(chain + leaf(entry)).digest()
