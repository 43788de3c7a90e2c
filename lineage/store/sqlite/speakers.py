"""The rows of speakers and their listings."""

from __future__ import annotations

from collections.abc import Collection
from sqlite3 import Connection
from typing import Any

from lineage.store._conclusions import COLUMNS
from lineage.store._speakers import NEVER, ListingRow, Newest, Speaker
from lineage.store.sqlite.sql import each_of

SPEAKERS = f"""
    SELECT {", ".join(f"speaker.{column}" for column in COLUMNS)},
        job.at, job.digest, parent.at, parent.digest, nominal.at, nominal.digest
    FROM speaker
    LEFT JOIN event AS job ON job.id = job_event
    LEFT JOIN event AS parent ON parent.id = parent_event
    LEFT JOIN event AS nominal ON nominal.id = nominal_event
    WHERE speaker.id IN (SELECT value FROM json_each(?))
"""  # noqa: S608 - of constants
LISTINGS = """
    SELECT speaker, listing.dataset, side, listing.job, types, first_at, last_at, last_event, digest, told,
        effective, written_at
    FROM listing JOIN event ON event.id = last_event WHERE speaker IN (SELECT value FROM json_each(?))
"""


def load(connection: Connection, wanted: Collection[int]) -> dict[int, Speaker[int]]:
    """The speakers *wanted* as they are known, with their listings; unknown ones as blank."""
    speakers = {number: Speaker(number) for number in wanted}
    asked = (each_of(wanted),)
    for row in connection.execute(SPEAKERS, asked):
        speakers[row[0]] = _speaker(row)
    for speaker, dataset, side, *rest in connection.execute(LISTINGS, asked):
        speakers[speaker].listings[dataset, side] = ListingRow(*rest)
    return speakers


def _speaker(row: tuple[Any, ...]) -> Speaker[int]:
    job, parent, nominal = (
        NEVER if event is None else Newest(at, digest, event, value)
        for event, (at, digest), value in (
            (row[16], row[24:26], row[1:2]),
            (row[17], row[26:28], row[10:14]),
            (row[18], row[28:30], row[14:16]),
        )
    )
    return Speaker(
        id=row[0],
        types=row[9],
        first_at=row[6],
        last_at=row[7],
        first_seen=row[19],
        last_seen=row[20],
        first_received=row[21],
        last_received=row[22],
        lead=row[23],
        job=job,
        parent=parent,
        nominal=nominal,
    )
