"""Facets' bodies, each kept once and found by its digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from neo4j import ManagedTransaction

_BODIES: Final = "UNWIND $digests AS digest MATCH (b:Body {digest: digest}) RETURN digest, b.data"


def bodies(transaction: ManagedTransaction, digests: Iterable[str | None]) -> dict[str | None, bytes]:
    """The bodies that *digests* name; None, which a deletion has instead of one, names none."""
    wanted = sorted({digest for digest in digests if digest is not None})
    return dict(transaction.run(_BODIES, digests=wanted).values()) if wanted else {}
