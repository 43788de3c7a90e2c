"""Names: a run id in its one spelling, and the node ids that people and Marquez's clients write."""

from __future__ import annotations

import re
from typing import Final, cast

from lineage.model import Kind, NodeId, run_id

_CANONICAL_RUN: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BARE_RUN: Final = re.compile(r"[0-9a-f]{32}")

# Marquez's own rule (MARQUEZ 3, trap 4): a colon before `//` or a digit belongs to an address, as in `postgres://dw:5432`.
_BORDER: Final = re.compile(r":(?!//|\d)")


def run_key(text: str) -> str | None:
    """The identity of a run: a UUID of any version in lower case with dashes; 32 hex digits will do. Otherwise None."""
    if _CANONICAL_RUN.fullmatch(text):
        return text
    low = text.lower()
    if _CANONICAL_RUN.fullmatch(low):
        return low
    if _BARE_RUN.fullmatch(low):
        return f"{low[:8]}-{low[8:12]}-{low[12:16]}-{low[16:20]}-{low[20:]}"
    return None


def split_node_id(text: str) -> list[NodeId]:
    """All ids that *text* may mean, the likeliest first; empty when it means none.

    *text* is `dataset:NAMESPACE:NAME`, `job:NAMESPACE:NAME` or `run:UUID`. Namespaces and names may hold colons, so the
    caller tries the candidates against what is known. The first one is where Marquez would split.
    """
    kind, colon, rest = text.partition(":")
    if kind == "run":
        key = run_key(rest)
        return [] if key is None else [run_id(key)]
    if kind not in ("dataset", "job") or not colon:
        return []
    likely = [match.start() for match in _BORDER.finditer(rest)]
    others = [at for at, letter in enumerate(rest) if letter == ":" and at not in likely]
    return [
        NodeId(cast(Kind, kind), rest[:at], rest[at + 1 :])  # the line above checked the kind
        for at in (*likely, *others)
        if rest[:at] and rest[at + 1 :]
    ]


def split_version(text: str) -> tuple[str, str | None]:
    """A node id and the version behind its last `#`; None without one. Names may hold `#`: try the whole text first."""
    whole, mark, version = text.rpartition("#")
    return (whole, version) if mark and whole and version else (text, None)
