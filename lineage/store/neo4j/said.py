"""What an event said of a thing or a run beside naming it, as text on the relationship that names it.

Touches: `[[speaker, side, type, rows, bytes, files, version, windowed, told], …]`. Facets: `[[side, name, body], …]`, a
deletion with null for the body's digest. And of all facets of an entity itself the newest, as text on its node:
`{name: [at, event, body], …}`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import msgspec

from lineage.store._codes import OWN
from lineage.store._observations import Row


class Touch(NamedTuple):
    """One touch of a dataset by the run or job *speaker*: codes as in `_codes`, and the columns of SQLite's `touch`."""

    speaker: str
    side: int
    type: int
    rows: int | None
    bytes: int | None
    files: int | None
    version: str | None
    windowed: bool | None
    told: bool


class Facet(NamedTuple):
    """One facet; *body* is the digest of its body, None where it was deleted."""

    side: int
    name: str
    body: str | None


OF_TOUCH: Final = Touch._fields
OF_FACET: Final = Facet._fields
Newest = dict[str, tuple[int, str, str | None]]  # by facet: event time, event digest, digest of the body
Of = tuple[str, str]  # an event, and a thing or run

_TOUCHES: Final = msgspec.json.Decoder(list[Touch])
_FACETS: Final = msgspec.json.Decoder(list[Facet])
_NEWEST: Final = msgspec.json.Decoder(Newest)


def touches(rows: Iterable[Row]) -> dict[Of, str]:
    """The rows of `touch` as texts, by event and dataset."""
    found: defaultdict[Of, list[Touch]] = defaultdict(list)
    for speaker, dataset, side, kind, _, event, *rest in rows:
        found[event, dataset].append(Touch(speaker, side, kind, *rest))
    return {key: _text(listed) for key, listed in found.items()}


def facets(rows: Iterable[Row]) -> dict[Of, str]:
    """The rows of `facet` as texts, by event and node."""
    found: defaultdict[Of, list[Facet]] = defaultdict(list)
    for node, side, name, _, event, body in rows:
        found[event, node].append(Facet(side, name, body))
    return {key: _text(listed) for key, listed in found.items()}


def newest_facets(rows: Iterable[Row]) -> dict[str, Newest]:
    """By node the newest of its own facets among the rows of `facet`."""
    found: defaultdict[str, Newest] = defaultdict(dict)
    for node, side, name, *said in rows:
        if side == OWN:
            _keep(found[node], name, tuple(said))
    return found


def newer(text: str | None, news: Newest | None) -> str | None:
    """The newest facets of a node that had those in *text*, with *news* among them."""
    if not news:
        return text
    known = read_newest(text)
    for name, said in news.items():
        _keep(known, name, said)
    return _text(known)


def read_touches(text: str | None) -> list[Touch]:
    """The touches of a mention; whose dataset, event and time these are is the mention's to say."""
    return _TOUCHES.decode(text) if text else []


def read_facets(text: str | None) -> list[Facet]:
    """The facets of a mention or moment, likewise; the body's digest is None where it was deleted."""
    return _FACETS.decode(text) if text else []


def begins(side: int, name: str | None) -> str:
    """How one facet of *name* on *side* begins in the text, and any on that side without *name*.

    A statement may look for it: within the text's own strings no quote stands without a backslash.
    """
    return f'[{side},"' if name is None else f"[{side},{msgspec.json.encode(name).decode()},"


def read_newest(text: str | None) -> Newest:
    """The newest facets of a node."""
    return _NEWEST.decode(text) if text else {}


def _keep(known: Newest, name: str, said: tuple[int, str, str | None]) -> None:
    if name not in known or said[:2] > known[name][:2]:
        known[name] = said


def _text(of: Any) -> str:
    return msgspec.json.encode(of).decode()
