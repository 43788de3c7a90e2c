"""What jobs said explicitly that they made a dataset of: how the words on it are found, and what holds now is kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Final

from lineage.model import NodeId
from lineage.store._codes import EVERY
from lineage.store._cut import Cut
from lineage.store._explicit import Asked, Word
from lineage.store._identity import Component
from lineage.store.sqlite.identity import components
from lineage.store.sqlite.nodes import names
from lineage.store.sqlite.sql import each_of
from lineage.store.sqlite.stated import hidden

_NEWEST: Final = """
    SELECT made_of.at, digest, target <> :every, sources FROM made_of JOIN event ON event.id = made_of.event
    WHERE made_of.job = :job AND target = :target AND made_of.at BETWEEN :since AND :until AND received <= :known_at
        AND made_of.at - received <= :lead AND (:run IS NULL OR run = :run)
    ORDER BY made_of.at DESC, digest DESC LIMIT 1
"""
_KEEP: Final = """
    INSERT INTO made_of_now VALUES (?, ?, ?) ON CONFLICT (job, target) DO UPDATE SET sources = excluded.sources
"""
_SPOKEN: Final = "SELECT job, target FROM made_of_now WHERE job = ?"
_NOW: Final = """
    SELECT job, target, sources FROM json_each(?) AS asked CROSS JOIN made_of_now
        ON job = json_extract(asked.value, '$[0]') AND target = json_extract(asked.value, '$[1]')
"""
_EVER: Final = """
    SELECT job, target, sources FROM made_of_now WHERE job IN (SELECT value FROM json_each(?)) AND target <> ?
"""

Pair = tuple[int, int]  # job and target


def settle(connection: Connection, spoken: Iterable[Pair]) -> None:
    """Bring what holds now up to date, once the rows of *spoken* are written."""
    doubtful: set[Pair] = set()
    for job, target in spoken:
        everything = connection.execute(_SPOKEN, (job,)).fetchall() if target == EVERY else ()
        doubtful.update([(job, target), *everything])
    said, asked = Said(connection, Cut()), [Asked(job, target, Cut().as_of) for job, target in doubtful]
    newest = zip(asked, said.words(asked), strict=True)
    connection.executemany(_KEEP, [(of.job, of.target, word and word.sources) for of, word in newest])


class Said:
    """What the file knows of explicit statements, at one cut."""

    def __init__(self, connection: Connection, at: Cut) -> None:
        self._connection = connection
        self.at = at

    def any(self) -> bool:
        """Whether anything was ever said: as a rule nothing was, and then nothing more is asked."""
        return bool(self._connection.execute("SELECT EXISTS (SELECT 1 FROM made_of_now)").fetchone()[0])

    def spoken(self, pairs: Collection[Pair], jobs: Collection[int]) -> list[tuple[int, int, str | None]]:
        """What was ever spoken of, with the sources that hold now."""
        rows = self._connection.execute(_NOW, (each_of(pairs),)).fetchall()
        return rows + (self._connection.execute(_EVER, (each_of(jobs), EVERY)).fetchall() if jobs else [])

    def words(self, asked: Sequence[Asked[int]]) -> list[Word | None]:
        """The newest word on each, within the cut."""
        return [self._word(each) for each in asked]

    def components(self, names: Collection[int]) -> Mapping[int, Component[int]]:
        """The component of each of *names*, at the cut."""
        return components(self._connection, names, self.at)

    def hidden(self, names: Collection[int]) -> Mapping[int, int]:
        """Those of *names* that are hidden, and since when."""
        return hidden(self._connection, names, self.at)

    def called(self, wanted: Collection[int]) -> Mapping[int, NodeId]:
        """Who they are."""
        return names(self._connection, wanted)

    def _word(self, asked: Asked[int]) -> Word | None:
        known: dict[str, int | None] = {
            **asked._asdict(),
            "known_at": self.at.known_at,
            "lead": self.at.lead,
            "every": EVERY,
        }
        rows = (
            self._connection.execute(_NEWEST, known | {"target": each}).fetchone() for each in {asked.target, EVERY}
        )
        return max((Word(*row) for row in rows if row is not None), key=lambda word: word[:3], default=None)
