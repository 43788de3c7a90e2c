"""One hop of lineage from many nodes at once: from the summary for now, from the listings for any cut."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from sqlite3 import Connection
from typing import Final

from lineage.database.times import MICROSECOND
from lineage.model import Direction, Edge, NodeId
from lineage.store._codes import EVER, OUTPUT
from lineage.store._cut import Cut
from lineage.store._edges import OF_DATASET, OF_JOB, Asked, Found, Key, drawn, retell, shown
from lineage.store._explicit import statements
from lineage.store._identity import all_names
from lineage.store.base import Resolve
from lineage.store.sqlite import told
from lineage.store.sqlite.explicit import Said
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import look_up, names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import hidden
from lineage.store.sqlite.told import DIVIDED, WITHIN

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
    jobs = {number for node, number in numbered.items() if node.kind == "job"}
    after = -EVER if lookback is None else _newest(connection, at) - lookback // MICROSECOND
    asked = Asked(all_names(components(connection, datasets, at)), jobs, direction, at, after)
    found = _now(connection, asked) if asked.now else _then(connection, resolve, asked)
    return _canonical(connection, found, asked)


def _newest(connection: Connection, at: Cut) -> int:
    if at.as_of < EVER:
        return at.as_of
    row = connection.execute(_NEWEST_EVENT, (at.known_at,)).fetchone()
    return int(row[0]) if row else 0


def _now(connection: Connection, asked: Asked[int]) -> dict[Key[int], Found[int]]:
    found: dict[Key[int], Found[int]] = {}
    for kind, parameters in _parameters(asked):
        found |= _read(connection.execute(_NOW_ASKED[kind], (parameters["asked"], parameters["sides"])))
    return found


def _then(connection: Connection, resolve: Resolve, asked: Asked[int]) -> dict[Key[int], Found[int]]:
    found: dict[Key[int], Found[int]] = {}
    divided: set[int] = set()
    for kind, parameters in _parameters(asked):
        found |= _read(connection.execute(_THEN[kind], parameters))
        divided |= {speaker for (speaker,) in connection.execute(_DIVIDED[kind], parameters)}
    retell(found, told.retell(connection, resolve, divided, asked.at).values(), asked)
    return found


def _parameters(asked: Asked[int]) -> Iterator[tuple[str, dict[str, int | str]]]:
    """What the statements for datasets and those for jobs are asked with, where any are asked for."""
    for kind, ids, sides in (
        ("dataset", asked.datasets, OF_DATASET[asked.direction]),
        ("job", asked.jobs, OF_JOB[asked.direction]),
    ):
        if ids:
            yield kind, {"asked": each_of(ids), "sides": each_of(sides), "after": asked.after, **asked.at._asdict()}


def _read(rows: Iterable[tuple[int, int, int, int, int, int, str]]) -> dict[Key[int], Found[int]]:
    found: dict[Key[int], Found[int]] = {}
    for job, side, dataset, first_at, last_at, runs, proof in rows:
        pairs = (each.split(":") for each in proof.split(" "))
        found[Key(job, side, dataset)] = Found(first_at, last_at, runs, [(int(at), digest) for at, digest in pairs])
    return found


def _canonical(connection: Connection, found: Mapping[Key[int], Found[int]], asked: Asked[int]) -> list[Edge]:
    parts = components(connection, {key.dataset for key in found}, asked.at)
    hid = hidden(connection, {key.job for key in found} | all_names(parts), asked.at)
    together = shown(found, parts, hid)
    runs = {key: _runs(connection, key, raw, asked) for key, raw in together.items() if len(raw) > 1}
    written = {(key.job, key.dataset) for key in together if key.side == OUTPUT}
    said = statements(Said(connection, asked.at), written)
    called = names(connection, {number for key in together for number in (key.job, key.dataset)})
    return drawn(together, runs, said, called)


def _runs(connection: Connection, key: Key[int], raw: Collection[int], asked: Asked[int]) -> set[int]:
    # A run that lists a dataset under two of its names used it once.
    parameters = {
        "job": key.job, "side": key.side, "datasets": each_of(raw), "after": asked.after, **asked.at._asdict()
    }  # fmt: skip
    return {speaker for (speaker,) in connection.execute(_RUNS, parameters)}
