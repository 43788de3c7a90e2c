"""What several statements share: lists as one parameter, and the cut that `as_of` and `known_at` make."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from sqlite3 import Connection
from typing import NamedTuple

from lineage.database.times import microseconds
from lineage.store.sqlite.codes import EVER

COUNT = "INSERT INTO tally VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET number = number + excluded.number"
HEARD_LAST = """
    INSERT INTO tally VALUES ('heard last', ?)
    ON CONFLICT (what) DO UPDATE SET number = max(number, excluded.number)
"""
_BEYOND = """
    SELECT (SELECT max(at) FROM event) <= ? AND (SELECT number FROM tally WHERE what = 'heard last') <= ?
"""


def each_of(rows: Iterable[object]) -> str:
    """*rows*, numbers or tuples, as the one parameter of `json_each(?)`: any number of them, one statement."""
    return json.dumps(list(rows))


class Cut(NamedTuple):
    """The events with event time <= *as_of* that were received by *known_at*; both in microseconds."""

    as_of: int = EVER
    known_at: int = EVER

    @property
    def whole(self) -> bool:
        """True when no event is cut off."""
        return self == (EVER, EVER)


def cut(as_of: datetime | None, known_at: datetime | None) -> Cut:
    """The cut that a question asks for; None cuts nothing."""
    return Cut(EVER if as_of is None else microseconds(as_of), EVER if known_at is None else microseconds(known_at))


def trimmed(connection: Connection, at: Cut) -> Cut:
    """*at*, or the whole when all that is stored lies within it: then the summaries for now answer it."""
    if at.whole:
        return at
    ((beyond,),) = connection.execute(_BEYOND, at)
    return Cut() if beyond else at
