"""What a speaker had come to by a cut that divides its events: the same conclusion, drawn from fewer observations.

A speaker whose events all lie within a cut came to what its row says; one with none is unknown. The few between are
concluded again here, each at the cost of its own listings and not of its events.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from sqlite3 import Connection
from typing import Any, Final

from lineage.model import NodeId
from lineage.store._codes import CLAIMED, LAST_DECIDING
from lineage.store._conclusions import deciding
from lineage.store._cut import Cut
from lineage.store._observations import Listed
from lineage.store._speakers import NEVER, ListingRow, Newest, Speaker
from lineage.store._told import Told, told
from lineage.store.base import Resolve
from lineage.store.sqlite.nodes import names

WITHIN: Final = "speaker.last_seen <= :as_of AND speaker.last_received <= :known_at AND speaker.lead <= :lead"
DIVIDED: Final = f"speaker.first_seen <= :as_of AND speaker.first_received <= :known_at AND NOT ({WITHIN})"

_MOMENT: Final = """
    FROM moment JOIN event ON event.id = moment.event
    WHERE speaker = :speaker AND moment.type = :type AND moment.at <= :as_of AND received <= :known_at
        AND moment.at - received <= :lead
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
        AND moment.at - received <= :lead
    ORDER BY moment.at, digest
"""
_TOUCH: Final = """
    FROM touch JOIN event ON event.id = touch.event
    WHERE touch.speaker = :speaker AND touch.dataset = listing.dataset AND touch.side = listing.side
        AND touch.type = kind.column1 AND touch.at <= :as_of AND received <= :known_at AND touch.at - received <= :lead
"""
_LISTINGS: Final = f"""
    SELECT found.dataset, side, of_type, explicitly, first_at, event.at, event.id, event.digest FROM (
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
    heard = [each for number in speakers if (each := _heard(connection, number, at)) is not None]
    wanted = {number for each in heard for number in (each.id, *(dataset for dataset, _ in each.listings))}
    called = _Called(names(connection, wanted))
    return {each.id: told(each, called, resolve) for each in heard}


class _Called:
    """Who some nodes are."""

    def __init__(self, called: Mapping[int, NodeId]) -> None:
        self.name = called.__getitem__
        self.node = {node: number for number, node in called.items()}.__getitem__


def _heard(connection: Connection, speaker: int, at: Cut) -> Speaker[int] | None:
    """The speaker as it would stand had it heard no more than the cut."""
    asked: dict[str, Any] = {"speaker": speaker, **at._asdict()}
    spans = {kind: connection.execute(_SPAN, asked | {"type": kind}).fetchone() for kind in range(CLAIMED + 1)}
    heard = {kind: span for kind, span in spans.items() if span[0] is not None}
    if not heard:
        return None
    if heard.keys() != {CLAIMED}:
        heard.pop(CLAIMED, None)
    job, parent, nominal = (_newest(connection, statement, asked, heard) for statement in _NEWEST.values())
    found = Speaker(
        speaker,
        types=sum(1 << kind for kind in heard if kind != CLAIMED),
        first_at=min(first for first, _ in heard.values()),
        last_at=max(last for _, last in heard.values()),
        job=job,
        parent=parent,
        nominal=nominal,
    )
    for dataset, side, kind, explicitly, first_at, last_at, event, digest in connection.execute(_LISTINGS, asked):
        newest = Listed(speaker, dataset, side, kind, last_at, event, digest, bool(explicitly))
        row = found.listings.get((dataset, side)) or ListingRow.before(newest)
        found.listings[dataset, side] = row.with_touch(newest)._replace(first_at=min(row.first_at, first_at))
    rows = connection.execute(_DECIDING, asked | {"type": LAST_DECIDING})
    found.deciding = [deciding(*row) for row in rows]
    return found


def _newest(connection: Connection, statement: str, asked: Mapping[str, Any], kinds: Collection[int]) -> Newest[int]:
    rows = (connection.execute(statement, {**asked, "type": kind}).fetchone() for kind in kinds)
    newest = max((row for row in rows if row is not None), key=lambda row: row[:2], default=None)
    return NEVER if newest is None else Newest(newest[0], newest[1], None, tuple(newest[2:]))
