"""What several statements share: lists as one parameter, what lies within a cut, what is noted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from sqlite3 import Connection

from lineage.store._cut import Cut

COUNT = "INSERT INTO tally VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET number = number + excluded.number"
HEARD_LAST = """
    INSERT INTO tally VALUES ('heard last', ?)
    ON CONFLICT (what) DO UPDATE SET number = max(number, excluded.number)
"""
ADVANCE = "INSERT INTO watermark VALUES (?, ?) ON CONFLICT (writer) DO UPDATE SET seq = max(seq, excluded.seq)"
_BEYOND = """
    SELECT (SELECT max(at) FROM event) <= ?1 AND (SELECT number FROM tally WHERE what = 'heard last') <= ?2
        AND NOT EXISTS (SELECT 1 FROM statement WHERE hides IS NOT NULL AND (at > ?1 OR received > ?2))
        AND NOT EXISTS (SELECT 1 FROM ruling JOIN statement USING (digest) WHERE at > ?1 OR received > ?2)
"""


def each_of(rows: Iterable[object]) -> str:
    """*rows*, numbers or tuples, as the one parameter of `json_each(?)`: any number of them, one statement."""
    return json.dumps(list(rows))


def trimmed(connection: Connection, at: Cut) -> Cut:
    """*at*, or the whole when all that is stored lies within it: then the summaries for now answer it."""
    if at.whole:
        return at
    ((beyond,),) = connection.execute(_BEYOND, at.clocks)
    return Cut(lead=at.lead) if beyond else at


def note_revision(connection: Connection, digests: Iterable[bytes]) -> tuple[int, int]:
    """Let `Store.revision` change, now that the entries of these *digests* are in; answers its two numbers."""
    # The digest keeps a restored backup from counting to the same word.
    connection.execute(COUNT, ("merges", 1))
    last = int.from_bytes(max(digests, default=b"\0" * 4)[:4], "big")
    connection.execute(
        "INSERT INTO tally VALUES ('last', ?) ON CONFLICT (what) DO UPDATE SET number = excluded.number", (last,)
    )
    ((number,),) = connection.execute("SELECT number FROM tally WHERE what = 'merges'")
    return number, last
