"""What observations of one use come to: its statistics, its explicit version, the schema that was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sqlite3 import Connection
from typing import Final, NamedTuple

from lineage.model import Statistics
from lineage.store._codes import OWN
from lineage.store.sqlite.sql import Cut, each_of

# Where one event counts a dataset under two of its names, the counts decide the order: row ids never do.
_TOUCHES: Final = """
    SELECT touch.speaker, touch.dataset, touch.side, touch.at, rows, bytes, files, version, windowed
    FROM json_each(:keys) AS asked CROSS JOIN touch
        ON touch.speaker = json_extract(asked.value, '$[0]') AND touch.dataset = json_extract(asked.value, '$[1]')
        AND touch.side = json_extract(asked.value, '$[2]')
    JOIN event ON event.id = touch.event
    WHERE touch.at <= :as_of AND received <= :known_at AND coalesce(rows, bytes, files, version, windowed) IS NOT NULL
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
    WHERE touch.at <= :as_of AND received <= :known_at
    ORDER BY touch.at, event.digest, body.digest
"""

Key = tuple[int, int, int]  # speaker, dataset and side


class Figures(NamedTuple):
    """What was counted and named in one use; None where nobody said."""

    statistics: Statistics
    version: str | None
    schema_digest: str | None


class _Count:
    """What the observations of one use come to, taken in oldest first.

    The last word on each figure, never their sum; but of windows that add up, the last word on each window, summed
    (DECISIONS 11).
    """

    __slots__ = ("at", "last", "sums", "version", "window", "windowed")

    def __init__(self) -> None:
        self.at: int | None = None
        self.last: list[int | None] = [None, None, None]
        self.sums: list[int | None] = [None, None, None]
        self.window: list[int | None] = [None, None, None]  # the one at *at*, not yet in *sums*
        self.version: str | None = None
        self.windowed: int | None = None

    def take(self, at: int, counts: tuple[int | None, ...], version: str | None, windowed: int | None) -> None:
        """Take in the next observation."""
        if at != self.at:
            self._close(at)
        for figure, count in enumerate(counts):
            if count is not None:
                self.last[figure] = self.window[figure] = count
        self.version = version if version is not None else self.version
        self.windowed = windowed if windowed is not None else self.windowed

    def statistics(self) -> Statistics:
        """What was counted in all."""
        self._close(None)
        return Statistics(*(self.sums if self.windowed else self.last))

    def _close(self, at: int | None) -> None:
        for figure, count in enumerate(self.window):
            if count is not None:
                self.sums[figure] = count + (self.sums[figure] or 0)
                self.window[figure] = None
        self.at = at


def figures(
    connection: Connection, wanted: Mapping[Key, Iterable[int]], at: Cut, *, schemas: bool = True
) -> dict[Key, Figures]:
    """The figures of each of *wanted*: (speaker, canonical dataset, side) with the names it was listed under.

    Without *schemas* nobody looks for them.
    """
    asked = {(key[0], dataset, key[2]): key for key, raw in wanted.items() for dataset in raw}
    parameters = {"keys": each_of(asked), "own": OWN, **at._asdict()}
    counts = {key: _Count() for key in wanted}
    for speaker, dataset, side, time, *counted, version, windowed in connection.execute(_TOUCHES, parameters):
        counts[asked[speaker, dataset, side]].take(time, tuple(counted), version, windowed)
    written: dict[Key, str] = {}
    for speaker, dataset, side, digest in connection.execute(_SCHEMAS, parameters) if schemas else ():
        written[asked[speaker, dataset, side]] = digest.hex()
    return {key: Figures(count.statistics(), count.version, written.get(key)) for key, count in counts.items()}
