"""What follows for the speakers that a batch touched: states, effective listings, versions and the summary edges.

All of it is a function of the set of observations; an edge changes by what became of its listings.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from sqlite3 import Connection
from typing import Any

from lineage.database.times import instant, microseconds
from lineage.model import Listing, RunObserved
from lineage.model import Moment as Deciding
from lineage.store._codes import LAST_DECIDING, OUTPUT, SIDE, SIDES, TYPE_SETS, TYPES
from lineage.store.base import Resolve
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.observations import Listed, Moment
from lineage.store.sqlite.speakers import COLUMNS, ListingRow, Speaker, load
from lineage.store.sqlite.sql import each_of

KEEP_SPEAKER = f"""
    INSERT INTO speaker ({COLUMNS}) VALUES ({", ".join("?" * len(COLUMNS.split(", ")))})
    ON CONFLICT (id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in COLUMNS.split(", ")[1:])}
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


Listings = Mapping[tuple[int, int, int], ListingRow]  # by speaker, dataset and side
EdgeKey = tuple[int, int, int]  # job, side and dataset


class Conclusions:
    """Draws the conclusions of one batch, once its observations are written."""

    def __init__(self, connection: Connection, ids: Ids, resolve: Resolve) -> None:
        self._connection = connection
        self._ids = ids
        self._resolve = resolve

    def draw(self, moments: Sequence[Moment], listed: Sequence[Listed], new: Collection[int]) -> None:
        """Bring up to date all that follows for the speakers of *moments*; of the *new* ones these are all."""
        speakers = {moment.speaker: Speaker(moment.speaker) for moment in moments}
        speakers |= load(self._connection, speakers.keys() - new)
        before = {(s.id, *key): row for s in speakers.values() for key, row in s.listings.items()}
        moved = {(node, moment.speaker) for moment in moments for node in speakers[moment.speaker].hear(moment)}
        for touch in listed:
            known = speakers[touch.speaker].listings
            row = known.get((touch.dataset, touch.side)) or ListingRow(
                0, 0, touch.at, touch.at, touch.event, touch.digest, 0, 0, None
            )
            known[touch.dataset, touch.side] = row.with_touch(touch)
        self._find_deciding(speakers, moments, new)
        self._connection.executemany(KEEP_SPEAKER, [self._concluded(speaker) for speaker in speakers.values()])
        after = {(s.id, *key): row for s in speakers.values() for key, row in s.listings.items()}
        changed = {key: row for key, row in after.items() if before.get(key) != row}
        self._connection.executemany(
            KEEP_LISTING, [(*key, *row[:5], row.told, row.effective, row.written_at) for key, row in changed.items()]
        )
        self._connection.executemany("INSERT OR IGNORE INTO moved VALUES (?, ?)", moved)
        self._draw_edges(speakers, before, changed)

    def _find_deciding(self, speakers: dict[int, Speaker], moments: Sequence[Moment], new: Collection[int]) -> None:
        for moment in sorted(moments, key=attrgetter("at", "digest")):
            if moment.speaker in new and moment.type <= LAST_DECIDING:
                said = Deciding(TYPES[moment.type], instant(moment.at), moment.digest)
                speakers[moment.speaker].deciding.append(said)
        known = each_of(speakers.keys() - new)
        for speaker, kind, at, digest in self._connection.execute(DECIDING, (known, LAST_DECIDING)):
            speakers[speaker].deciding.append(Deciding(TYPES[kind], instant(at), digest))

    def _concluded(self, speaker: Speaker) -> tuple[Any, ...]:
        """The row of *speaker*; its listings are brought up to date on the way."""
        job = speaker.job.value[0] if speaker.job.value else None
        state: str | None = None if speaker.stated else "NEW"
        started = ended = None
        conflict = False
        effective = set(speaker.listings) if speaker.stated else set()
        if speaker.types and not speaker.stated:
            concluded = self._resolve(self._observed(speaker))
            state, conflict = concluded.state, concluded.conflict
            started, ended = (
                None if at is None else microseconds(at) for at in (concluded.started_at, concluded.ended_at)
            )
            effective = {(self._ids.node(dataset), SIDE[side]) for dataset, side in concluded.effective}
        for key, row in speaker.listings.items():
            assert job is not None, "a speaker that lists a dataset spoke, and named its job"
            made = key[1] == OUTPUT and key in effective and not speaker.stated
            written_at = (ended if state == "COMPLETE" else row.last_at) if made else None
            speaker.listings[key] = row._replace(job=job, effective=int(key in effective), written_at=written_at)
        return (
            *(speaker.id, job, state, started, ended, speaker.first_at if started is None else started),
            *(speaker.first_at, speaker.last_at, conflict, speaker.types),
            *(speaker.parent.value or (None,) * 4),
            *(speaker.nominal.value or (None,) * 2),
            *(newest.event or None for newest in (speaker.job, speaker.parent, speaker.nominal)),
            *(speaker.first_seen, speaker.last_seen, speaker.first_received, speaker.last_received),
        )

    def _observed(self, speaker: Speaker) -> RunObserved:
        return RunObserved(
            run=self._ids.name(speaker.id),
            moments=tuple(speaker.deciding),
            first_at=instant(speaker.first_at),
            last_at=instant(speaker.last_at),
            listings=tuple(
                sorted(
                    Listing(
                        self._ids.name(dataset),
                        SIDES[side],
                        TYPE_SETS[row.types],
                        instant(row.first_at),
                        instant(row.last_at),
                        bool(row.told),
                    )
                    for (dataset, side), row in speaker.listings.items()
                )
            ),
            types=TYPE_SETS[speaker.types],
        )

    def _draw_edges(self, speakers: Mapping[int, Speaker], before: Listings, changed: Listings) -> None:
        joined: dict[EdgeKey, list[int]] = {}
        left: dict[EdgeKey, list[int]] = {}
        for key, now in changed.items():
            speaker, dataset, side = key
            stated = speakers[speaker].stated
            then = before.get(key)
            stays = then is not None and then.effective and now.effective and then.job == now.job
            if now.effective:
                edge = joined.setdefault((now.job, side, dataset), [now.first_at, now.last_at, 0, 0])
                edge[0], edge[1] = min(edge[0], now.first_at), max(edge[1], now.last_at)
                edge[2 + stated] += not stays
            if then is not None and then.effective and not stays:
                left.setdefault((then.job, side, dataset), [0, 0])[stated] += 1
        self._connection.executemany(WIDEN_EDGE, [(*key, *edge) for key, edge in joined.items()])
        self._connection.executemany(LEAVE_EDGE, [(*key, *lost) for key, lost in left.items()])
        self._connection.executemany(DROP_EDGE, list(left))
