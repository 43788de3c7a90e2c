"""What a speaker had come to by a cut that divides its events: the same conclusion, drawn from fewer observations.

A speaker whose events all lie within a cut came to what its row says; one with none is unknown. The few between are
concluded again here, each at the cost of its own listings and not of its events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from sqlite3 import Connection
from typing import Any, Final

from lineage.database.times import instant, microseconds
from lineage.model import Listing, NodeId, RunObserved
from lineage.model import Moment as Deciding
from lineage.store._codes import CLAIMED, LAST_DECIDING, OUTPUT, SIDES, STATED, TYPE_SETS, TYPES
from lineage.store._cut import Cut
from lineage.store._told import Listed, Told
from lineage.store.base import Resolve
from lineage.store.sqlite.nodes import names

WITHIN: Final = "speaker.last_seen <= :as_of AND speaker.last_received <= :known_at"
DIVIDED: Final = f"speaker.first_seen <= :as_of AND speaker.first_received <= :known_at AND NOT ({WITHIN})"

_MOMENT: Final = """
    FROM moment JOIN event ON event.id = moment.event
    WHERE speaker = :speaker AND moment.type = :type AND moment.at <= :as_of AND received <= :known_at
"""
_SPAN: Final = f"""
    SELECT
        (SELECT moment.at {_MOMENT} ORDER BY moment.at LIMIT 1),
        (SELECT moment.at {_MOMENT} ORDER BY moment.at DESC LIMIT 1)
"""
_NEWEST: Final = {
    said: f"SELECT moment.at, digest, {said} {_MOMENT} AND {spoken} ORDER BY moment.at DESC, digest DESC LIMIT 1"
    for said, spoken in (
        ("moment.job", "moment.job IS NOT NULL"),
        (
            "parent_run, parent_job, root_run, root_job",
            "coalesce(parent_run, parent_job, root_run, root_job) IS NOT NULL",
        ),
        ("nominal_start, nominal_end", "coalesce(nominal_start, nominal_end) IS NOT NULL"),
    )
}
_DECIDING: Final = """
    SELECT moment.type, moment.at, digest FROM moment JOIN event ON event.id = moment.event
    WHERE speaker = :speaker AND moment.type <= :type AND moment.at <= :as_of AND received <= :known_at
    ORDER BY moment.at, digest
"""
_TOUCH: Final = """
    FROM touch JOIN event ON event.id = touch.event
    WHERE touch.speaker = :speaker AND touch.dataset = listing.dataset AND touch.side = listing.side
        AND touch.type = kind.column1 AND touch.at <= :as_of AND received <= :known_at
"""
_LISTINGS: Final = f"""
    SELECT found.dataset, side, of_type, explicitly, first_at, event.at, event.digest FROM (
        SELECT listing.dataset, listing.side, kind.column1 AS of_type,
            listing.told AND EXISTS (SELECT 1 {_TOUCH} AND touch.told) AS explicitly,
            (SELECT touch.at {_TOUCH} ORDER BY touch.at LIMIT 1) AS first_at,
            (SELECT event {_TOUCH} ORDER BY touch.at DESC, digest DESC LIMIT 1) AS last_event
        FROM listing, (VALUES (0), (1), (2), (3), (4), (5), (6)) AS kind
        WHERE listing.speaker = :speaker AND listing.types >> kind.column1 & 1
    ) AS found JOIN event ON event.id = last_event
"""  # noqa: S608 - of constants


def retell(connection: Connection, resolve: Resolve, speakers: Collection[int], at: Cut) -> dict[int, Told[int]]:
    """What each of *speakers* had come to at the cut; those of which nothing lies within are absent."""
    told = {number: each for number in speakers if (each := _told(connection, number, at)) is not None}
    wanted = {number for each in told.values() for number in (each.id, *(dataset for dataset, _ in each.listings))}
    called = names(connection, wanted)
    for each in told.values():
        if each.types >> STATED & 1:
            each.state = None
            for listed in each.listings.values():
                listed.effective = True
        elif each.types:
            _conclude(connection, resolve, each, called, at)
    return told


def _told(connection: Connection, speaker: int, at: Cut) -> Told[int] | None:
    asked: dict[str, Any] = {"speaker": speaker, **at._asdict()}
    spans = {kind: connection.execute(_SPAN, asked | {"type": kind}).fetchone() for kind in range(CLAIMED + 1)}
    heard = {kind: span for kind, span in spans.items() if span[0] is not None}
    if not heard:
        return None
    if heard.keys() != {CLAIMED}:
        heard.pop(CLAIMED, None)
    job, parent, nominal = (_newest(connection, statement, asked, heard) for statement in _NEWEST.values())
    told = Told(
        id=speaker,
        job=job[0] if job else None,
        types=sum(1 << kind for kind in heard if kind != CLAIMED),
        first_at=min(first for first, _ in heard.values()),
        last_at=max(last for _, last in heard.values()),
        parent=parent or (None,) * 4,
        nominal=nominal or (None,) * 2,
    )
    for dataset, side, kind, explicitly, first_at, *last in connection.execute(_LISTINGS, asked):
        found = told.listings.setdefault((dataset, side), Listed(0, first_at, (last[0], last[1])))
        found.types |= 1 << kind
        found.told = found.told or bool(explicitly)
        found.first_at = min(found.first_at, first_at)
        found.last = max(found.last, (last[0], last[1]))
    return told


def _newest(
    connection: Connection, statement: str, asked: Mapping[str, Any], kinds: Collection[int]
) -> tuple[int | None, ...] | None:
    rows = (connection.execute(statement, {**asked, "type": kind}).fetchone() for kind in kinds)
    newest = max((row for row in rows if row is not None), key=lambda row: row[:2], default=None)
    return None if newest is None else tuple(newest[2:])


def _conclude(connection: Connection, resolve: Resolve, told: Told[int], called: Mapping[int, NodeId], at: Cut) -> None:
    rows = connection.execute(_DECIDING, {"speaker": told.id, "type": LAST_DECIDING, **at._asdict()})
    listings = {
        key: Listing(
            called[key[0]],
            SIDES[key[1]],
            TYPE_SETS[listed.types],
            instant(listed.first_at),
            instant(listed.last[0]),
            listed.told,
        )
        for key, listed in told.listings.items()
    }
    concluded = resolve(
        RunObserved(
            run=called[told.id],
            moments=tuple(Deciding(TYPES[kind], instant(time), digest) for kind, time, digest in rows),
            first_at=instant(told.first_at),
            last_at=instant(told.last_at),
            listings=tuple(sorted(listings.values())),
            types=TYPE_SETS[told.types],
        )
    )
    told.state, told.conflict = concluded.state, concluded.conflict
    told.started = None if concluded.started_at is None else microseconds(concluded.started_at)
    told.ended = None if concluded.ended_at is None else microseconds(concluded.ended_at)
    for key, listed in told.listings.items():
        listed.effective = (listings[key].dataset, listings[key].side) in concluded.effective
        if listed.effective and key[1] == OUTPUT:
            listed.written_at = told.ended if told.state == "COMPLETE" else listed.last[0]
