"""What jobs said explicitly that they made a dataset of: for each job and dataset the newest event that speaks decides.

It speaks of the dataset under whichever of its names. A statement of every target of a job (target 0) takes back what
was said of each before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from json import loads
from sqlite3 import Connection
from typing import Final, NamedTuple, TypeVar

from lineage.model import NodeId
from lineage.store._codes import EVER, EVERY
from lineage.store._cut import Cut
from lineage.store._identity import all_names, hidden_since
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import hidden

_NEWEST: Final = """
    SELECT made_of.at, digest, target, sources FROM made_of JOIN event ON event.id = made_of.event
    WHERE made_of.job = :job AND target = :target AND made_of.at BETWEEN :since AND :as_of AND received <= :known_at
        AND (:run IS NULL OR run = :run)
    ORDER BY made_of.at DESC, digest DESC LIMIT 1
"""
_KEEP: Final = """
    INSERT INTO made_of_now VALUES (?, ?, ?) ON CONFLICT (job, target) DO UPDATE SET sources = excluded.sources
"""
_SPOKEN: Final = "SELECT job, target FROM made_of_now WHERE job = ?"
_NOW: Final = """
    SELECT job, target, sources FROM json_each(?) AS asked CROSS JOIN made_of_now
        ON job = json_extract(asked.value, '$[0]') AND target = json_extract(asked.value, '$[1]')
"""
_EVER: Final = """
    SELECT job, target, sources FROM made_of_now WHERE job IN (SELECT value FROM json_each(?)) AND target <> ?
"""

Pair = tuple[int, int]  # job and target
Key = TypeVar("Key")
Sources = frozenset[int]


class Use(NamedTuple):
    """A use of an output, *target* by its canonical name, by a run or by a job that spoke without one."""

    speaker: int
    job: int
    target: int
    first_at: int
    last_at: int


class _Word(NamedTuple):
    """What an event says of one target, or of every one."""

    at: int
    digest: bytes
    target: int
    sources: str | None


def settle(connection: Connection, spoken: Iterable[Pair]) -> None:
    """Bring what holds now up to date, once the rows of *spoken* are written."""
    doubtful: set[Pair] = set()
    for job, target in spoken:
        everything = connection.execute(_SPOKEN, (job,)).fetchall() if target == EVERY else ()
        doubtful.update([(job, target), *everything])
    newest = {pair: _said(connection, pair, Cut()) for pair in doubtful}
    connection.executemany(_KEEP, [(*pair, word and word.sources) for pair, word in newest.items()])


def statements(connection: Connection, pairs: set[Pair], at: Cut) -> dict[Pair, tuple[NodeId, ...]]:
    """What the jobs of *pairs* say at the cut that these targets, by their canonical names, are made of.

    What was hidden is left out.
    """
    found: dict[Pair, Sources | None] = {}
    for pair, now in _spoken(connection, pairs, at).items():
        if at.whole and len(now) == 1:
            found[pair] = _read(*now.values())
        else:
            found[pair] = _newest([_said(connection, (pair[0], name), at) for name in now])
    unseen = _hidden(connection, {source for sources in found.values() for source in sources or ()}, at)
    shown = {pair: None if sources is None else sources - unseen for pair, sources in found.items()}
    return _canonical(connection, shown, at)


def statements_of_runs(connection: Connection, uses: Collection[Use], at: Cut) -> dict[Use, tuple[NodeId, ...]]:
    """What each of *uses* made its target of: as the run's own events say, else as its job had said by then."""
    spoken = _spoken(connection, {(use.job, use.target) for use in uses}, at)
    found: dict[Use, Sources | None] = {}
    for use in uses:
        then = Cut(min(use.last_at, at.as_of), at.known_at)
        under = [(use.job, name) for name in spoken.get((use.job, use.target), ())]
        own = [_said(connection, pair, then, since=use.first_at, run=use.speaker) for pair in under]
        found[use] = _newest(own if any(own) else [_said(connection, pair, then) for pair in under])
    return _canonical(connection, found, at)


def _spoken(connection: Connection, pairs: set[Pair], at: Cut) -> dict[Pair, dict[int, str | None]]:
    """Under which names of *pairs* anything was ever said, and what holds of each now."""
    if not pairs or not connection.execute("SELECT EXISTS (SELECT 1 FROM made_of_now)").fetchone()[0]:
        return {}
    parts = components(connection, {target for _, target in pairs}, at)
    alone = {pair for pair in pairs if len(parts[pair[1]].members) == 1}
    rows = connection.execute(_NOW, (each_of(alone),)).fetchall()
    if jobs := {job for job, _ in pairs - alone}:
        rows += connection.execute(_EVER, (each_of(jobs), EVERY)).fetchall()
        parts |= components(connection, {target for _, target, _ in rows}, at)
    found: dict[Pair, dict[int, str | None]] = {}
    for job, target, sources in rows:
        if (pair := (job, parts[target].canonical)) in pairs:
            found.setdefault(pair, {})[target] = sources
    return found


def _said(connection: Connection, pair: Pair, at: Cut, *, since: int = -EVER, run: int | None = None) -> _Word | None:
    """The newest word on *pair*, or on every target of its job: what one event says of the target itself wins."""
    job, target = pair
    asked = {"job": job, "since": since, "run": run, **at._asdict()}
    rows = [connection.execute(_NEWEST, asked | {"target": each}).fetchone() for each in {target, EVERY}]
    return max((_Word(*row) for row in rows if row is not None), key=lambda word: word[:3], default=None)


def _newest(words: Iterable[_Word | None]) -> Sources | None:
    """What the newest of *words* says; what one event says of several names of a dataset, together."""
    said = [word for word in words if word is not None]
    last = max((word[:2] for word in said), default=None)
    told = [word for word in said if word[:2] == last]
    own = [_read(word.sources) for word in told if word.target != EVERY]
    kept = [sources for sources in own if sources is not None]
    return frozenset().union(*kept) if kept and len(kept) == len(own) else None


def _read(sources: str | None) -> Sources | None:
    return None if sources is None else frozenset(loads(sources))


def _hidden(connection: Connection, sources: Collection[int], at: Cut) -> set[int]:
    parts = components(connection, sources, at)
    hid = hidden(connection, all_names(parts), at)
    return {source for source, part in parts.items() if hidden_since(part, hid) is not None}


def _canonical(connection: Connection, found: Mapping[Key, Sources | None], at: Cut) -> dict[Key, tuple[NodeId, ...]]:
    listed = {key: sources for key, sources in found.items() if sources is not None}
    parts = components(connection, {source for sources in listed.values() for source in sources}, at)
    called = names(connection, {part.canonical for part in parts.values()})
    return {
        key: tuple(sorted({called[parts[source].canonical] for source in sources})) for key, sources in listed.items()
    }
