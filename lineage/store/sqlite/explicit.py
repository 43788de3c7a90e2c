"""What jobs said explicitly that they made a dataset of: for each job and target the newest statement decides.

A statement of every target of a job (target 0) takes back what was said of each before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from json import loads
from sqlite3 import Connection
from typing import Final, NamedTuple, TypeVar

from lineage.model import NodeId
from lineage.store.sqlite.codes import EVER, EVERY
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import Cut, each_of

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

Pair = tuple[int, int]  # job and target
Key = TypeVar("Key")
Said = Mapping[Pair, frozenset[NodeId]]  # canonical sources; whoever is absent said nothing, or took it back


class Use(NamedTuple):
    """Some listing of an output by a run, or by a job that spoke without one; under which name, *target* tells."""

    speaker: int
    job: int
    target: int
    first_at: int
    last_at: int


def settle(connection: Connection, spoken: Iterable[Pair]) -> None:
    """Bring what holds now up to date, once the rows of *spoken* are written."""
    doubtful: set[Pair] = set()
    for job, target in spoken:
        everything = connection.execute(_SPOKEN, (job,)).fetchall() if target == EVERY else ()
        doubtful.update([(job, target), *everything])
    connection.executemany(_KEEP, [(*pair, _newest(connection, pair, Cut())) for pair in doubtful])


def statements(connection: Connection, pairs: Collection[Pair], at: Cut) -> Said:
    """What the jobs of *pairs* say at the cut that their targets are made of."""
    found = {(job, target): sources for job, target, sources in _ever(connection, pairs)}
    if not at.whole:
        found = {pair: _newest(connection, pair, at) for pair in found}
    return _canonical(connection, found, at)


def statements_of_runs(connection: Connection, uses: Collection[Use], at: Cut) -> Mapping[Use, frozenset[NodeId]]:
    """What each of *uses* made its target of: as the run's own events say, else as its job had said by then."""
    ever = {row[:2] for row in _ever(connection, {(use.job, use.target) for use in uses})}
    found: dict[Use, str | None] = {}
    for use in uses:
        if (pair := (use.job, use.target)) in ever:
            then = Cut(min(use.last_at, at.as_of), at.known_at)
            own = _said(connection, pair, then, since=use.first_at, run=use.speaker)
            found[use] = own[-1] if own else _newest(connection, pair, then)
    return _canonical(connection, found, at)


def union(parts: Iterable[frozenset[NodeId] | None]) -> tuple[NodeId, ...] | None:
    """What a dataset of several names was made of; None when of one of them nothing was said."""
    known = [*parts]
    said = [part for part in known if part is not None]
    return tuple(sorted(frozenset().union(*said))) if said and len(said) == len(known) else None


def _ever(connection: Connection, pairs: Collection[Pair]) -> list[tuple[int, int, str | None]]:
    """Those of *pairs* of which anything was ever said, with what holds now."""
    if not pairs or not connection.execute("SELECT EXISTS (SELECT 1 FROM made_of_now)").fetchone()[0]:
        return []
    return connection.execute(_NOW, (each_of(pairs),)).fetchall()


def _newest(connection: Connection, pair: Pair, at: Cut) -> str | None:
    said = _said(connection, pair, at)
    return said[-1] if said else None


def _said(
    connection: Connection, pair: Pair, at: Cut, *, since: int = -EVER, run: int | None = None
) -> tuple[int, bytes, int, str | None] | None:
    """The newest statement of *pair*, or of every target of its job: what one event says of the target itself wins."""
    job, target = pair
    asked = {"job": job, "since": since, "run": run, **at._asdict()}
    rows = [connection.execute(_NEWEST, asked | {"target": each}).fetchone() for each in {target, EVERY}]
    return max((row for row in rows if row is not None), key=lambda row: row[:3], default=None)


def _canonical(connection: Connection, found: Mapping[Key, str | None], at: Cut) -> dict[Key, frozenset[NodeId]]:
    listed = {key: loads(sources) for key, sources in found.items() if sources is not None}
    parts = components(connection, {source for sources in listed.values() for source in sources}, at)
    called = names(connection, {part.canonical for part in parts.values()})
    return {key: frozenset(called[parts[source].canonical] for source in sources) for key, sources in listed.items()}
