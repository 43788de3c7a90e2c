"""One hop of lineage from many nodes at once: from the edges of now, or from the listings for any cut.

A hop of now is one round trip: it begins at all names of what is asked for, and answers who speaks for what it found.
More are made only where people hid something, jobs said explicitly what they made, or a job names one dataset twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.database.times import MICROSECOND
from lineage.model import Direction, Edge, NodeId
from lineage.store._codes import EVER, INPUT, OUTPUT
from lineage.store._cut import Cut
from lineage.store._edges import OF_DATASET, OF_JOB, Asked, Found, Key, drawn, newest, retell, shown
from lineage.store._explicit import statements
from lineage.store._identity import Component, all_names
from lineage.store.base import Resolve
from lineage.store.neo4j import cuts, told
from lineage.store.neo4j.explicit import Said
from lineage.store.neo4j.hidden import hidden
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.told import DIVIDED, WITHIN

_NAMES: Final = """
    UNWIND $datasets AS key MATCH (asked:Thing {key: key})
    WITH DISTINCT asked.component AS component, CASE WHEN asked.component IS NULL THEN key END AS alone
    CALL (component, alone) {
        MATCH (d:Thing {key: alone}) RETURN d UNION ALL MATCH (d:Thing {component: component}) RETURN d
    }
"""
_ON: Final[Mapping[int, LiteralString]] = {INPUT: "READS", OUTPUT: "WRITES"}
_EDGE: Final = """
    OPTIONAL MATCH (h:Thing {key: d.component})
    RETURN j.key AS job, %s AS side, d.key AS dataset, e.first_at AS first_at, e.last_at AS last_at, e.runs AS runs,
        e.proofs AS proofs, coalesce(h.canonical, d.key) AS canonical
"""
_OF_DATASETS: Final[Mapping[int, LiteralString]] = {
    side: _NAMES + " MATCH (d)<-[e:" + on + "]-(j:Thing)" + _EDGE.replace("%s", str(side)) for side, on in _ON.items()
}
_OF_JOBS: Final[Mapping[int, LiteralString]] = {
    side: "UNWIND $jobs AS key MATCH (j:Thing {key: key})-[e:" + on + "]->(d:Thing)" + _EDGE.replace("%s", str(side))
    for side, on in _ON.items()
}
# As a rule nobody hid anything, and no job said explicitly what it made: then nothing more is asked.
_NOW: Final[Mapping[Direction, LiteralString]] = {
    way: """
    WITH EXISTS { MATCH (s:Statement) WHERE s.hides = true } AS hidden, EXISTS { MATCH ()-[:MADE]->() } AS spoken
    CALL () {
    """
    + " UNION ALL ".join([*(_OF_DATASETS[side] for side in OF_DATASET[way]), *(_OF_JOBS[side] for side in OF_JOB[way])])
    + "} RETURN hidden, spoken, job, side, dataset, first_at, last_at, runs, proofs, canonical"
    for way in OF_DATASET
}
_LISTED: Final[Mapping[str, LiteralString]] = {
    "dataset": "UNWIND $keys AS key MATCH (s:Speaker)-[l:LISTS]->(:Thing {key: key}) WHERE l.side IN $sides AND ",
    # That a run began, as all did, lets it be found in the index by job and beginning.
    "job": """
        UNWIND $keys AS key MATCH (s:Speaker {job: key})-[l:LISTS]->(:Thing)
        WHERE s.began IS NOT NULL AND l.side IN $sides AND
    """,
}
_SPEAKING: Final = WITHIN + " AND s.last_at > $after"
# One event may be the newest of two listings, of a run and of a job that it tells of beside: of four, three differ.
_THEN: Final = (
    "l.effective = 1 AND "
    + _SPEAKING
    + """
    WITH l, s ORDER BY l.last_at DESC, l.last_event DESC
    RETURN l.job, l.side, l.of, min(l.first_at), max(l.last_at), count(s.state),
        collect(toString(l.last_at) + ':' + l.last_event)[..4]
"""
)
_DIVIDED: Final = DIVIDED + " RETURN DISTINCT s.key"
_MOVED: Final = "UNWIND $keys AS key MATCH (:Thing {key: key})<-[:NAMED]-(s:Speaker) WHERE " + _DIVIDED
_RUNS: Final = (
    """
    MATCH (s:Speaker {job: $job})-[l:LISTS {side: $side, effective: 1}]->(:Thing)
    WHERE s.began IS NOT NULL AND l.of IN $datasets AND s.state IS NOT NULL AND """
    + _SPEAKING
    + " RETURN DISTINCT s.key"
)


def neighbours(  # noqa: PLR0913, PLR0917 - the promise's own question
    transaction: ManagedTransaction,
    resolve: Resolve,
    ids: Iterable[NodeId],
    direction: Direction,
    at: Cut,
    lookback: timedelta | None,
) -> list[Edge]:
    """Keep the promise of `Store.neighbours`. Without as_of, *lookback* counts back from the newest event."""
    wanted = [*ids]
    datasets = {key_of(node) for node in wanted if node.kind == "dataset"}
    jobs = {key_of(node) for node in wanted if node.kind == "job"}
    if at.whole and lookback is None:
        return _now(transaction, Asked(datasets, jobs, direction, at))
    after = -EVER if lookback is None else cuts.newest(transaction, at) - lookback // MICROSECOND
    asked = Asked(all_names(components(transaction, datasets, at)), jobs, direction, at, after)
    return _then(transaction, resolve, asked)


def _now(transaction: ManagedTransaction, asked: Asked[str]) -> list[Edge]:
    rows = transaction.run(_NOW[asked.direction], datasets=sorted(asked.datasets), jobs=sorted(asked.jobs)).values()
    if not rows:
        return []
    any_hidden, any_spoken = rows[0][:2]
    found = dict(_read(row) for _, _, *row, _ in rows)
    parts = {dataset: Component(canonical, (dataset,)) for _, _, _, _, dataset, *_, canonical in rows}
    hid = hidden(transaction, {key.job for key in found} | parts.keys(), asked.at) if any_hidden else {}
    if not hid.keys().isdisjoint(parts):  # a dataset is hidden once all its names are
        parts = components(transaction, parts, asked.at)
        hid |= hidden(transaction, all_names(parts), asked.at)
    return _drawn(transaction, shown(found, parts, hid), asked, spoken=any_spoken)


def _then(transaction: ManagedTransaction, resolve: Resolve, asked: Asked[str]) -> list[Edge]:
    found: dict[Key[str], Found[str]] = {}
    divided: set[str] = set()
    for kind, parameters in _parameters(asked):
        found |= map(_read, transaction.run(_LISTED[kind] + _THEN, parameters).values())
        divided.update(transaction.run(_LISTED[kind] + _DIVIDED, parameters).value())
        if kind == "job":
            divided.update(transaction.run(_MOVED, parameters).value())
    retell(found, told.retell(transaction, resolve, divided, asked.at).values(), asked)
    parts = components(transaction, {key.dataset for key in found}, asked.at)
    hid = hidden(transaction, {key.job for key in found} | all_names(parts), asked.at)
    return _drawn(transaction, shown(found, parts, hid), asked, spoken=True)


def _parameters(asked: Asked[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the statements for datasets and those for jobs are asked with, where any are asked for."""
    for kind, keys, sides in (
        ("dataset", asked.datasets, OF_DATASET[asked.direction]),
        ("job", asked.jobs, OF_JOB[asked.direction]),
    ):
        if keys:
            yield kind, {"keys": sorted(keys), "sides": list(sides), "after": asked.after, **asked.at._asdict()}


def _read(row: list[Any]) -> tuple[Key[str], Found[str]]:
    job, side, dataset, first_at, last_at, runs, proofs = row
    pairs = (proof.split(":") for proof in proofs)
    evidence = newest(*((int(at), digest) for at, digest in pairs))
    return Key(job, side, dataset), Found(first_at, last_at, runs, evidence)


def _drawn(
    transaction: ManagedTransaction,
    together: Mapping[Key[str], Mapping[str, Found[str]]],
    asked: Asked[str],
    *,
    spoken: bool,
) -> list[Edge]:
    runs = {key: _runs(transaction, key, raw, asked) for key, raw in together.items() if len(raw) > 1}
    written = {(key.job, key.dataset) for key in together if key.side == OUTPUT}
    said = statements(Said(transaction, asked.at), written) if spoken else {}
    called = {end: node_of(end) for key in together for end in (key.job, key.dataset)}
    return drawn(together, runs, said, called)


def _runs(transaction: ManagedTransaction, key: Key[str], raw: Collection[str], asked: Asked[str]) -> set[str]:
    # A run that lists a dataset under two of its names used it once.
    parameters = {
        "job": key.job, "side": key.side, "datasets": sorted(raw), "after": asked.after, **asked.at._asdict()
    }  # fmt: skip
    return set(transaction.run(_RUNS, parameters).value())
