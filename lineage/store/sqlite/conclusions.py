"""What follows for the speakers that a batch touched, written as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from sqlite3 import Connection

from lineage.store._codes import LAST_DECIDING
from lineage.store._conclusions import COLUMNS, concluded, decides, deciding, edges, hear, listings
from lineage.store._observations import Listed, Moment
from lineage.store._speakers import Speaker
from lineage.store.base import Resolve
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.speakers import load
from lineage.store.sqlite.sql import each_of

KEEP_SPEAKER = f"""
    INSERT INTO speaker ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in COLUMNS[1:])}
"""  # noqa: S608 - of constants
KEEP_LISTING = """
    INSERT INTO listing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (speaker, dataset, side) DO UPDATE SET
        job = excluded.job, types = excluded.types, first_at = excluded.first_at, last_at = excluded.last_at,
        last_event = excluded.last_event, told = excluded.told, effective = excluded.effective,
        written_at = excluded.written_at
"""
DECIDING = """
    SELECT speaker, moment.type, moment.at, digest FROM moment JOIN event ON event.id = moment.event
    WHERE speaker IN (SELECT value FROM json_each(?)) AND moment.type <= ? ORDER BY moment.at, digest
"""
WIDEN_EDGE = """
    INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job, side, dataset) DO UPDATE SET
        first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
        runs = runs + excluded.runs, stated = stated + excluded.stated
"""
LEAVE_EDGE = """
    UPDATE edge SET runs = runs - ?4, stated = stated - ?5, (first_at, last_at) = (
        SELECT coalesce(min(first_at), 0), coalesce(max(last_at), 0) FROM listing
        WHERE job = ?1 AND side = ?2 AND dataset = ?3 AND effective
    ) WHERE job = ?1 AND side = ?2 AND dataset = ?3
"""
DROP_EDGE = "DELETE FROM edge WHERE job = ? AND side = ? AND dataset = ? AND runs = 0 AND stated = 0"


def draw(  # noqa: PLR0913, PLR0917 - what a conclusion is drawn from
    connection: Connection,
    ids: Ids,
    resolve: Resolve,
    moments: Sequence[Moment[int]],
    listed: Sequence[Listed[int]],
    new: Collection[int],
) -> set[int]:
    """Bring up to date all that follows for the speakers of *moments*; of the *new* ones these are all.

    Answers the datasets that these speakers used.
    """
    speakers = {moment.speaker: Speaker(moment.speaker) for moment in moments}
    speakers |= load(connection, speakers.keys() - new)
    before = listings(speakers.values())
    moved = hear(speakers, moments, listed)
    _find_deciding(connection, speakers, moments, new)
    connection.executemany(KEEP_SPEAKER, [concluded(speaker, ids, resolve) for speaker in speakers.values()])
    after = listings(speakers.values())
    changed = {key: row for key, row in after.items() if before.get(key) != row}
    connection.executemany(
        KEEP_LISTING, [(*key, *row[:5], row.told, row.effective, row.written_at) for key, row in changed.items()]
    )
    connection.executemany("INSERT OR IGNORE INTO moved VALUES (?, ?)", moved)
    joined, left = edges(speakers, before, changed)
    connection.executemany(WIDEN_EDGE, [(*key, *edge) for key, edge in joined.items()])
    connection.executemany(LEAVE_EDGE, [(*key, *lost) for key, lost in left.items()])
    connection.executemany(DROP_EDGE, list(left))
    return {dataset for _, dataset, _ in after}


def _find_deciding(
    connection: Connection, speakers: Mapping[int, Speaker[int]], moments: Sequence[Moment[int]], new: Collection[int]
) -> None:
    for moment in sorted(moments, key=attrgetter("at", "digest")):
        if moment.speaker in new and decides(moment):
            speakers[moment.speaker].deciding.append(deciding(moment.type, moment.at, moment.digest))
    known = each_of(speakers.keys() - new)
    for speaker, *said in connection.execute(DECIDING, (known, LAST_DECIDING)):
        speakers[speaker].deciding.append(deciding(*said))
