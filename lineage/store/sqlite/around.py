"""What stands round runs and jobs, for many at once: their newest runs and facets, their beats, what waits for what."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from lineage.database import Database
from lineage.database.times import instant, microseconds
from lineage.model import NodeId, Run, RunState, Use, run_id
from lineage.store import _runs, _uses
from lineage.store._codes import EVER, OWN, STATED
from lineage.store._cut import Cut, cut
from lineage.store.base import Resolve
from lineage.store.sqlite import runs, uses
from lineage.store.sqlite.codes import unpack
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of

# Type by type, as `moment` is ordered, so that a run of forty thousand windows costs no more than one of four.
_BEATS: Final = " UNION ALL ".join(
    f"""
    SELECT * FROM (
        SELECT moment.at FROM moment JOIN event ON event.id = moment.event
        WHERE speaker = :run AND moment.type = {kind} AND moment.at <= :as_of AND received <= :known_at
            AND moment.at - received <= :lead
        ORDER BY moment.at DESC LIMIT :most
    )
    """  # noqa: S608 - of constants
    for kind in range(STATED)
)
_FACETS: Final = """
    SELECT facet.node, word.text, body.data FROM json_each(:nodes) AS asked
    CROSS JOIN json_each(:names) AS name
    CROSS JOIN word ON word.text = name.value
    CROSS JOIN facet ON facet.node = asked.value AND facet.side = :own AND facet.name = word.id
    JOIN event ON event.id = facet.event
    LEFT JOIN body ON body.id = facet.body
    WHERE facet.at <= :as_of AND received <= :known_at AND facet.at - received <= :lead
    ORDER BY facet.at, event.digest
"""
_DEPENDS: Final = """
    SELECT DISTINCT upstream, downstream FROM depends JOIN event ON event.id = depends.event
    WHERE {end} IN (SELECT value FROM json_each(:jobs)) AND at <= :as_of AND received <= :known_at
"""


class Around:
    """The part of the store that answers what stands round runs and jobs."""

    _database: Database
    _resolve: Resolve
    _lead: int

    def newest_runs(
        self,
        of: Iterable[NodeId],
        *,
        states: Iterable[RunState] | None = None,
        until: datetime | None = None,
        known_at: datetime | None = None,
        limit: int = 1,
    ) -> dict[NodeId, list[Run]]:
        """The newest runs of each job, and the newest children of each run, among *of*."""
        wanted = None if states is None else list(states)
        with self._database.read() as connection:
            found: dict[NodeId, list[Run]] = {}
            for node, number in look_up(connection, dict.fromkeys(of)).items():
                asked = _runs.Question(
                    job=number if node.kind == "job" else None,
                    parent=number if node.kind == "run" else None,
                    states=wanted,
                    until=EVER if until is None else microseconds(until),
                    known_at=EVER if known_at is None else microseconds(known_at),
                    lead=self._lead,
                )
                if page := runs.newest(connection, self._resolve, asked, limit):
                    found[node] = page
            return found

    def newest_facets(
        self,
        of: Iterable[NodeId],
        names: Iterable[str],
        *,
        until: datetime | None = None,
        known_at: datetime | None = None,
    ) -> dict[NodeId, dict[str, bytes]]:
        """The newest body of each facet of each run and job that has one."""
        at = cut(until, known_at, self._lead)
        with self._database.read() as connection:
            return _facets(connection, look_up(connection, dict.fromkeys(of)), list(names), at)

    def beats(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None, limit: int = 20
    ) -> dict[str, list[datetime]]:
        """The times of the newest events of each run, newest first."""
        at = cut(until, known_at, self._lead)
        with self._database.read() as connection:
            found: dict[str, list[datetime]] = {}
            for node, number in look_up(connection, map(run_id, dict.fromkeys(of))).items():
                asked = {"run": number, "most": limit, **at._asdict()}
                if times := sorted((time for (time,) in connection.execute(_BEATS, asked)), reverse=True)[:limit]:
                    found[node.name] = [instant(time) for time in times]
            return found

    def uses_of(
        self, of: Iterable[str], *, until: datetime | None = None, known_at: datetime | None = None
    ) -> dict[str, list[Use]]:
        """What each run used, newest first."""
        at = cut(until, known_at, self._lead)
        with self._database.read() as connection:
            found: dict[str, list[Use]] = {}
            for node, number in look_up(connection, map(run_id, dict.fromkeys(of))).items():
                asked = _uses.Question(speaker=number, until=at.as_of, known_at=at.known_at, lead=at.lead)
                if used := uses.uses(connection, self._resolve, asked, EVER):
                    found[node.name] = used
            return found

    def dependencies(
        self, jobs: Iterable[NodeId], *, as_of: datetime | None = None, known_at: datetime | None = None
    ) -> list[tuple[NodeId, NodeId]]:
        """Which jobs wait for which: (upstream, downstream) pairs that touch *jobs*, sorted."""
        with self._database.read() as connection:
            asked: dict[str, Any] = {
                "jobs": each_of(look_up(connection, jobs).values()), **cut(as_of, known_at)._asdict()
            }  # fmt: skip
            pairs: set[tuple[int, int]] = set()
            for end in ("upstream", "downstream"):
                pairs.update(connection.execute(_DEPENDS.format(end=end), asked))
            called = names(connection, {number for pair in pairs for number in pair})
            return sorted((called[upstream], called[downstream]) for upstream, downstream in pairs)


def _facets(
    connection: Connection, nodes: dict[NodeId, int], wanted: Collection[str], at: Cut
) -> dict[NodeId, dict[str, bytes]]:
    asked = {"nodes": each_of(nodes.values()), "names": each_of(wanted), "own": OWN, **at._asdict()}
    newest: dict[int, dict[str, bytes | None]] = {}
    for number, name, data in connection.execute(_FACETS, asked):
        newest.setdefault(number, {})[name] = data
    bodies = {
        node: {name: unpack(data) for name, data in newest.get(number, {}).items() if data is not None}
        for node, number in nodes.items()
    }
    return {node: found for node, found in bodies.items() if found}
