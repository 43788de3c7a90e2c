"""What proves an edge of now, kept on it: the newest event of each of its newest listings, as `at:digest`.

Four are kept, so that three differ: one event may be the newest of two listings, of a run's and of that of the job
which it tells of beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lineage.store._speakers import ListingRow

MOST: Final = 4

EdgeKey = tuple[str, int, str]  # job, side, dataset
Listings = Mapping[tuple[str, str, int], ListingRow[str]]  # by speaker, dataset, side


def revised(known: Mapping[EdgeKey, Iterable[str]], before: Listings, changed: Listings) -> dict[EdgeKey, list[str]]:
    """The proofs of the edges that *changed* listings hold up, newest first.

    *known* are those of the edges before, and hold one of each listing; a listing that left an edge is not looked for.
    """
    found: dict[EdgeKey, list[str]] = {}
    for key, now in changed.items():
        if not now.effective or now.job is None:
            continue
        _, dataset, side = key
        edge = now.job, side, dataset
        proofs = found.setdefault(edge, list(known.get(edge, ())))
        then = before.get(key)
        if then is not None and then.effective and then.job == now.job and _proof(then) in proofs:
            proofs.remove(_proof(then))
        proofs.append(_proof(now))
    return {edge: sorted(proofs, key=_age, reverse=True)[:MOST] for edge, proofs in found.items()}


def _proof(row: ListingRow[str]) -> str:
    return f"{row.last_at}:{row.last_event}"


def _age(proof: str) -> tuple[int, str]:
    at, _, digest = proof.partition(":")
    return int(at), digest
