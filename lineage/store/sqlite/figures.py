"""What observations of one use come to: its statistics, its explicit version, the schema that was written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from lineage.model import Statistics
from lineage.store.sqlite.codes import OWN
from lineage.store.sqlite.sql import Cut, numbers

# Names of one dataset in one event are told apart by name, never by row id.
_TOUCHES: Final = """
    SELECT touch.speaker, touch.dataset, touch.side, touch.at, rows, bytes, files, version, windowed
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    WHERE touch.at <= :as_of AND received <= :known_at
    ORDER BY touch.at, digest, (SELECT namespace || char(10) || name FROM node WHERE id = touch.dataset)
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
    WHERE touch.at <= :as_of AND received <= :known_at
    ORDER BY touch.at, event.digest, body.digest
"""

Key = tuple[int, int, int]  # speaker, dataset and side


class Figures(NamedTuple):
    """What was counted and named in one use; None where nobody said."""

    statistics: Statistics
    version: str | None
    schema_digest: str | None


class _Touch(NamedTuple):
    at: int
    rows: int | None
    bytes: int | None
    files: int | None
    version: str | None
    windowed: int | None


def figures(connection: Connection, wanted: Mapping[Key, Iterable[int]], at: Cut) -> dict[Key, Figures]:
    """The figures of each of *wanted*: (speaker, canonical dataset, side) with the names it was listed under."""
    asked = {(key[0], dataset, key[2]): key for key, raw in wanted.items() for dataset in raw}
    parameters = {"keys": numbers(asked), "own": OWN, **at._asdict()}
    touches: defaultdict[Key, list[_Touch]] = defaultdict(list)
    for speaker, dataset, side, *touch in connection.execute(_TOUCHES, parameters):
        touches[asked[speaker, dataset, side]].append(_Touch(*touch))
    schemas: dict[Key, str] = {}
    for speaker, dataset, side, digest in connection.execute(_SCHEMAS, parameters):
        schemas[asked[speaker, dataset, side]] = digest.hex()
    return {
        key: Figures(_statistics(touches[key]), _last(touch.version for touch in touches[key]), schemas.get(key))
        for key in wanted
    }


def _statistics(touches: Sequence[_Touch]) -> Statistics:
    """The last word, oldest first; of windows that add up, the last word on each, summed (DECISIONS 11)."""
    if not _last(touch.windowed for touch in touches):
        return _counts(touches)
    windows: defaultdict[int, list[_Touch]] = defaultdict(list)
    for touch in touches:
        windows[touch.at].append(touch)
    counted = [_counts(window) for window in windows.values()]
    return Statistics(
        _sum(counts.rows for counts in counted),
        _sum(counts.bytes for counts in counted),
        _sum(counts.files for counts in counted),
    )


def _counts(touches: Sequence[_Touch]) -> Statistics:
    return Statistics(
        _last(touch.rows for touch in touches),
        _last(touch.bytes for touch in touches),
        _last(touch.files for touch in touches),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _last(values: Iterable[Any]) -> Any:
    last = None
    for value in values:
        if value is not None:
            last = value
    return last
