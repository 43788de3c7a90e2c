"""What an event said of a thing or a run beside naming it, as text on the relationship that names it.

Touches: `[[speaker, side, type, rows, bytes, files, version, windowed, told], …]`. Facets: `[[side, name, body], …]`, a
deletion with null for the body's digest. And of all facets of an entity itself the newest, as text on its node:
`{name: [at, event, body], …}`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec
from neo4j import ManagedTransaction

from lineage.store._codes import CLAIMED, OWN
from lineage.store.neo4j.writing import Named, put


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

_TOUCHES: Final = msgspec.json.Decoder(list[Touch])
_FACETS: Final = msgspec.json.Decoder(list[Facet])
_NEWEST: Final = msgspec.json.Decoder(Newest)

_THINGS: Final = "UNWIND $keys AS key MATCH (n:Thing {key: key}) RETURN key, n.facets"
_RUNS: Final = "UNWIND $keys AS key MATCH (n:Speaker {key: key}) RETURN key, n.facets"
_KEEP_THINGS: Final = "UNWIND $rows AS r MATCH (n:Thing {key: r.key}) SET n.facets = r.facets"
_KEEP_RUNS: Final = "UNWIND $rows AS r MATCH (n:Speaker {key: r.key}) SET n.facets = r.facets"


def mentions(rows: Mapping[str, Iterable[Named]]) -> list[Named]:
    """The rows of `mention`, each with what its event said of the thing."""
    touches = _text_by(rows["touch"], "dataset", OF_TOUCH)
    facets = _text_by((row for row in rows["facet"] if not _of_run(row)), "node", OF_FACET)
    found = []
    for row in rows["mention"]:
        key = (row["event"], row["node"])
        found.append({**row, "touches": touches.pop(key, None), "facets": facets.pop(key, None)})
    assert not {**touches, **facets}, "an event names whatever it says anything of"
    return found


def moments(rows: Mapping[str, Iterable[Named]]) -> list[Named]:
    """The rows of `moment`; that of the event's own run with the run's facets."""
    facets = _text_by(filter(_of_run, rows["facet"]), "node", OF_FACET)
    found = []
    for row in rows["moment"]:
        own = row["type"] != CLAIMED
        found.append({**row, "facets": facets.pop((row["event"], row["speaker"]), None) if own else None})
    assert not facets, "an event carries no facets of runs but its own"
    return found


def keep_newest(transaction: ManagedTransaction, facets: Iterable[Named]) -> None:
    """Let the rows of *facets* count on the nodes that they are of, where they are newer."""
    own: dict[str, Newest] = {}
    for row in facets:
        if row["side"] == OWN:
            _newer(own.setdefault(row["node"], {}), {row["name"]: (row["at"], row["event"], row["body"])})
    of_runs = {key: own.pop(key) for key in [key for key in own if key[0] == "r"]}
    for said, ask, keep in ((own, _THINGS, _KEEP_THINGS), (of_runs, _RUNS, _KEEP_RUNS)):
        if not said:
            continue
        known = {key: text for key, text in transaction.run(ask, keys=sorted(said)).values() if text is not None}
        kept = {key: _newer(read_newest(known.get(key)), said[key]) for key in sorted(said)}
        changed = ((key, msgspec.json.encode(newest).decode()) for key, newest in kept.items())
        put(transaction, keep, [{"key": key, "facets": text} for key, text in changed if text != known.get(key)])


def read_touches(text: str | None) -> list[Touch]:
    """The touches of a mention; whose dataset, event and time these are is the mention's to say."""
    return _TOUCHES.decode(text) if text else []


def read_facets(text: str | None) -> list[Facet]:
    """The facets of a mention or moment, likewise; the body's digest is None where it was deleted."""
    return _FACETS.decode(text) if text else []


def read_newest(text: str | None) -> Newest:
    """The newest facets of a node."""
    return _NEWEST.decode(text) if text else {}


def _of_run(row: Named) -> bool:
    return bool(row["node"][0] == "r")


def _text_by(rows: Iterable[Named], of: str, columns: Iterable[str]) -> dict[tuple[str, str], str]:
    found: defaultdict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for row in rows:
        found[row["event"], row[of]].append([row[column] for column in columns])
    return {key: msgspec.json.encode(listed).decode() for key, listed in found.items()}


def _newer(known: Newest, said: Newest) -> Newest:
    for name, newest in said.items():
        if name not in known or newest[:2] > known[name][:2]:
            known[name] = newest
    return known
