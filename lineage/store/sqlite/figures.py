"""What observations of one use come to: its statistics, its explicit version, the schema that was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sqlite3 import Connection
from typing import Final

from lineage.store._codes import OWN
from lineage.store._cut import Cut
from lineage.store._figures import Count, Figures, Key
from lineage.store.sqlite.sql import each_of

# Where one event counts a dataset under two of its names, the counts decide the order: row ids never do.
_TOUCHES: Final = """
    SELECT touch.speaker, touch.dataset, touch.side, touch.at, rows, bytes, files, version, windowed
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    WHERE touch.at <= :as_of AND received <= :known_at AND touch.at - received <= :lead
        AND coalesce(rows, bytes, files, version, windowed) IS NOT NULL
    ORDER BY touch.at, digest, rows, bytes, files, version
"""
_SCHEMAS: Final = """
    SELECT touch.speaker, touch.dataset, touch.side, body.digest
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    CROSS JOIN facet ON facet.node = touch.dataset AND facet.side = :own
        AND facet.name = (SELECT id FROM word WHERE text = 'schema')
        AND facet.at = touch.at AND facet.event = touch.event
    JOIN body ON body.id = facet.body
    WHERE touch.at <= :as_of AND received <= :known_at AND touch.at - received <= :lead
    ORDER BY touch.at, event.digest, body.digest
"""


def figures(
    connection: Connection, wanted: Mapping[Key[int], Iterable[int]], at: Cut, *, schemas: bool = True
) -> dict[Key[int], Figures]:
    """The figures of each of *wanted*: (speaker, canonical dataset, side) with the names it was listed under.

    Without *schemas* nobody looks for them.
    """
    asked = {(key[0], dataset, key[2]): key for key, raw in wanted.items() for dataset in raw}
    parameters = {"keys": each_of(asked), "own": OWN, **at._asdict()}
    counts = {key: Count() for key in wanted}
    for speaker, dataset, side, time, *counted, version, windowed in connection.execute(_TOUCHES, parameters):
        counts[asked[speaker, dataset, side]].take(time, tuple(counted), version, windowed)
    written: dict[Key[int], str] = {}
    for speaker, dataset, side, digest in connection.execute(_SCHEMAS, parameters) if schemas else ():
        written[asked[speaker, dataset, side]] = digest.hex()
    return {key: Figures(count.statistics(), count.version, written.get(key)) for key, count in counts.items()}
