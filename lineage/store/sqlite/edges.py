"""One hop of lineage from many nodes at once: from the summary for now, from the listings for any cut."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from sqlite3 import Connection
from typing import Final, NamedTuple

from lineage.database.times import MICROSECOND, instant
from lineage.model import Direction, Edge, NodeId
from lineage.store._codes import EVER, INPUT, OUTPUT
from lineage.store._cut import Cut
from lineage.store._identity import all_names, hidden_since
from lineage.store.base import Resolve
from lineage.store.sqlite import explicit
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import hidden
from lineage.store.sqlite.told import DIVIDED, WITHIN, retell

EVIDENCE_MOST: Final = 3

# The newest event of each of the newest listings: three runs prove more than three events of one. An event may be the
# newest of two, of a run and of a job of which it tells beside.
_PROOF: Final = """
    SELECT group_concat(proof, ' ') FROM (
        SELECT DISTINCT listing.last_at || ':' || lower(hex(digest)) AS proof
        FROM listing JOIN event ON event.id = last_event {join}
        WHERE listing.job = {edge}.job AND listing.side = {edge}.side AND listing.dataset = {edge}.dataset
            AND listing.effective = 1 {within}
        ORDER BY listing.last_at DESC, digest DESC LIMIT 3
    )
"""
_NOW: Final = f"""
    SELECT job, side, dataset, first_at, last_at, runs, ({_PROOF.format(edge="edge", join="", within="")}) FROM edge
"""  # noqa: S608 - of constants
_NOW_ASKED: Final = {
    kind: f"""
        {_NOW} WHERE {kind} IN (SELECT value FROM json_each(?1)) AND side IN (SELECT value FROM json_each(?2))
    """  # noqa: S608 - of constants
    for kind in ("dataset", "job")
}
_SPEAKER: Final = "JOIN speaker ON speaker.id = listing.speaker"
_SPEAKING: Final = f"{WITHIN} AND speaker.last_at > :after"
_ASKED: Final = """
    FROM listing JOIN speaker ON speaker.id = listing.speaker
    WHERE listing.{kind} IN (SELECT value FROM json_each(:asked))
        AND listing.side IN (SELECT value FROM json_each(:sides))
"""
_THEN: Final = {
    kind: f"""
        SELECT job, side, dataset, first_at, last_at, runs,
            ({_PROOF.format(edge="whole", join=_SPEAKER, within=f"AND {_SPEAKING}")})
        FROM (
            SELECT listing.job, side, dataset, min(listing.first_at) AS first_at, max(listing.last_at) AS last_at,
                sum(state IS NOT NULL) AS runs {_ASKED.format(kind=kind)} AND effective = 1 AND {_SPEAKING}
            GROUP BY listing.job, side, dataset
        ) AS whole
    """  # noqa: S608 - of constants
    for kind in ("dataset", "job")
}
_DIVIDED: Final = {
    "dataset": f"SELECT DISTINCT listing.speaker {_ASKED.format(kind='dataset')} AND {DIVIDED}",
    "job": f"""
        SELECT DISTINCT listing.speaker {_ASKED.format(kind="job")} AND {DIVIDED}
        UNION SELECT moved.speaker FROM moved JOIN speaker ON speaker.id = moved.speaker
        WHERE node IN (SELECT value FROM json_each(:asked)) AND {DIVIDED}
    """,  # noqa: S608 - of constants
}
_RUNS: Final = f"""
    SELECT DISTINCT listing.speaker FROM listing JOIN speaker ON speaker.id = listing.speaker
    WHERE listing.job = :job AND side = :side AND dataset IN (SELECT value FROM json_each(:datasets))
        AND effective = 1 AND state IS NOT NULL AND {_SPEAKING}
"""  # noqa: S608 - of constants
_NEWEST_EVENT: Final = "SELECT at FROM event WHERE received <= ? ORDER BY at DESC LIMIT 1"

Key = tuple[int, int, int]  # job, side, dataset
Proof = tuple[int, str]  # event time and hex digest


@dataclass(slots=True)
class _Found:
    first_at: int
    last_at: int
    runs: int
    proofs: list[Proof]
    retold: set[int] = field(default_factory=set)  # runs that are counted apart from *runs*

    def join(self, first_at: int, last_at: int, proofs: Iterable[Proof]) -> None:
        """Widen by what another listing or edge says."""
        self.first_at, self.last_at = min(self.first_at, first_at), max(self.last_at, last_at)
        self.proofs = sorted({*self.proofs, *proofs}, reverse=True)[:EVIDENCE_MOST]


class _Asked(NamedTuple):
    """The edges that are wanted: those of these datasets and jobs on these sides, of speakers seen after *after*."""

    ids: Mapping[str, Collection[int]]
    sides: Mapping[str, Collection[int]]
    at: Cut
    after: int

    @property
    def now(self) -> bool:
        return self.at.whole and self.after == -EVER

    def parameters(self, kind: str) -> dict[str, int | str]:
        return {
            "asked": each_of(self.ids[kind]), "sides": each_of(self.sides[kind]), "after": self.after,
            **self.at._asdict(),
        }  # fmt: skip

    def want(self, job: int | None, side: int, dataset: int) -> bool:
        by_dataset = dataset in self.ids["dataset"] and side in self.sides["dataset"]
        return by_dataset or (job in self.ids["job"] and side in self.sides["job"])


def neighbours(  # noqa: PLR0913, PLR0917 - the promise's own question
    connection: Connection,
    resolve: Resolve,
    ids: Iterable[NodeId],
    direction: Direction,
    at: Cut,
    lookback: timedelta | None,
) -> list[Edge]:
    """Keep the promise of `Store.neighbours`. Without as_of, *lookback* counts back from the newest event."""
    numbered = look_up(connection, ids)
    datasets = [number for node, number in numbered.items() if node.kind == "dataset"]
    members = all_names(components(connection, datasets, at))
    asked = _Asked(
        {"dataset": members, "job": {number for node, number in numbered.items() if node.kind == "job"}},
        {
            "dataset": {"up": (OUTPUT,), "down": (INPUT,), "both": (INPUT, OUTPUT)}[direction],
            "job": {"up": (INPUT,), "down": (OUTPUT,), "both": (INPUT, OUTPUT)}[direction],
        },
        at,
        -EVER if lookback is None else _newest(connection, at) - lookback // MICROSECOND,
    )
    found = _now(connection, asked) if asked.now else _then(connection, resolve, asked)
    return _canonical(connection, found, asked)


def _newest(connection: Connection, at: Cut) -> int:
    if at.as_of < EVER:
        return at.as_of
    row = connection.execute(_NEWEST_EVENT, (at.known_at,)).fetchone()
    return int(row[0]) if row else 0


def _now(connection: Connection, asked: _Asked) -> dict[Key, _Found]:
    found: dict[Key, _Found] = {}
    for kind, statement in _NOW_ASKED.items():
        if asked.ids[kind]:
            rows = connection.execute(statement, (each_of(asked.ids[kind]), each_of(asked.sides[kind])))
            found |= _read(rows)
    return found


def _then(connection: Connection, resolve: Resolve, asked: _Asked) -> dict[Key, _Found]:
    found: dict[Key, _Found] = {}
    divided: set[int] = set()
    for kind, statement in _THEN.items():
        if asked.ids[kind]:
            found |= _read(connection.execute(statement, asked.parameters(kind)))
            divided |= {speaker for (speaker,) in connection.execute(_DIVIDED[kind], asked.parameters(kind))}
    for told in retell(connection, resolve, divided, asked.at).values():
        if told.last_at <= asked.after:
            continue
        for (dataset, side), listed in told.listings.items():
            if not listed.effective or told.job is None or not asked.want(told.job, side, dataset):
                continue
            proof = (listed.last[0], listed.last[1].hex())
            edge = found.setdefault((told.job, side, dataset), _Found(listed.first_at, listed.last[0], 0, []))
            edge.join(listed.first_at, listed.last[0], [proof])
            if told.state is not None:
                edge.retold.add(told.id)
    return found


def _read(rows: Iterable[tuple[int, int, int, int, int, int, str]]) -> dict[Key, _Found]:
    found: dict[Key, _Found] = {}
    for job, side, dataset, first_at, last_at, runs, proof in rows:
        pairs = (each.split(":") for each in proof.split(" "))
        found[job, side, dataset] = _Found(first_at, last_at, runs, [(int(at), digest) for at, digest in pairs])
    return found


def _canonical(connection: Connection, found: Mapping[Key, _Found], asked: _Asked) -> list[Edge]:
    parts = components(connection, {dataset for _, _, dataset in found}, asked.at)
    ends = {job for job, *_ in found} | all_names(parts)
    hid = hidden(connection, ends, asked.at)
    together: dict[Key, dict[int, _Found]] = {}
    for (job, side, dataset), edge in found.items():
        if job in hid or hidden_since(parts[dataset], hid) is not None:
            continue
        together.setdefault((job, side, parts[dataset].canonical), {})[dataset] = edge
    called = names(connection, {number for job, _, dataset in together for number in (job, dataset)})
    written = {(job, dataset) for job, side, dataset in together if side == OUTPUT}
    said = explicit.statements(connection, written, asked.at)
    edges: list[Edge] = []
    for (job, side, dataset), raw in together.items():
        edge, *others = raw.values()
        for other in others:
            edge.join(other.first_at, other.last_at, other.proofs)
        runs = edge.runs + len(edge.retold) if not others else _distinct_runs(connection, (job, side), raw, asked)
        by, of = called[job], called[dataset]
        source, target = (by, of) if side == OUTPUT else (of, by)
        evidence = tuple(digest for _, digest in edge.proofs)
        made_of = said.get((job, dataset)) if side == OUTPUT else None
        times = instant(edge.first_at), instant(edge.last_at)
        edges.append(Edge(source, target, *times, runs, evidence, made_of=made_of))
    return sorted(edges, key=lambda edge: (edge.source, edge.target))


def _distinct_runs(connection: Connection, key: tuple[int, int], raw: Mapping[int, _Found], asked: _Asked) -> int:
    # A run that lists a dataset under two of its names used it once.
    parameters = {
        "job": key[0], "side": key[1], "datasets": each_of(raw), "after": asked.after, **asked.at._asdict()
    }  # fmt: skip
    runs = {speaker for (speaker,) in connection.execute(_RUNS, parameters)}
    return len(runs.union(*(edge.retold for edge in raw.values())))
