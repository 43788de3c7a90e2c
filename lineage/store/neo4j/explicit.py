"""What jobs said explicitly that they made a dataset of: how the words on it are found, for now and at a cut.

One round trip where nothing was said of any that are asked about; else some more for the names of targets and sources.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from neo4j import ManagedTransaction

from lineage.model import NodeId
from lineage.store._cut import Cut
from lineage.store._explicit import Asked, Word
from lineage.store._identity import Component
from lineage.store.neo4j.hidden import hidden
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import node_of

_ANY: Final = "RETURN EXISTS { MATCH ()-[m:MADE]->() }"
_HOLDS: Final = """
    RETURN j.key, t.key,
        CASE WHEN m.at < j.taken_back_at OR (m.at = j.taken_back_at AND m.event < j.taken_back_event)
            THEN null ELSE m.sources END
"""
_NOW: Final = "UNWIND $pairs AS pair MATCH (j:Thing {key: pair[0]})-[m:MADE]->(t:Thing {key: pair[1]})" + _HOLDS
_EVER: Final = "UNWIND $jobs AS job MATCH (j:Thing {key: job})-[m:MADE]->(t:Thing)" + _HOLDS
_NEWEST: Final = """
    UNWIND $asked AS a UNWIND [a.target, ''] AS target
    CALL (a, target) {
        MATCH (e:Event)-[s:SAYS]->()
        WHERE s.of = a.job AND s.target = target AND a.since <= s.at AND s.at <= a.until
            AND e.received <= $known_at AND s.at - e.received <= $lead AND (a.run IS NULL OR e.run = a.run)
        RETURN s.at AS at, e.digest AS event, s.sources AS sources
        ORDER BY s.of DESC, s.target DESC, s.at DESC, event DESC LIMIT 1
    }
    RETURN a.nth, at, event, target <> '', sources
"""

Pair = tuple[str, str]  # job and target


class Said:
    """What the graph knows of explicit statements, at one cut."""

    def __init__(self, transaction: ManagedTransaction, at: Cut) -> None:
        self._transaction = transaction
        self.at = at

    def any(self) -> bool:
        """Whether anything was ever said: as a rule nothing was, and then nothing more is asked."""
        return bool(self._transaction.run(_ANY).value()[0])

    def spoken(self, pairs: Collection[Pair], jobs: Collection[str]) -> list[tuple[str, str, str | None]]:
        """What was ever spoken of, with the sources that hold now."""
        rows = self._transaction.run(_NOW, pairs=sorted(map(list, pairs))).values() if pairs else []
        rows += self._transaction.run(_EVER, jobs=sorted(jobs)).values() if jobs else []
        return [(job, target, sources) for job, target, sources in rows]

    def words(self, asked: Sequence[Asked[str]]) -> list[Word | None]:
        """The newest word on each, within the cut."""
        rows = [{"nth": nth, **each._asdict()} for nth, each in enumerate(asked)]
        found = (
            self._transaction.run(_NEWEST, asked=rows, known_at=self.at.known_at, lead=self.at.lead).values()
            if rows
            else []
        )
        said: dict[int, Word] = {}
        for nth, at, digest, own, sources in found:
            word = Word(at, bytes.fromhex(digest), own, sources)
            said[nth] = max(said.get(nth, word), word, key=lambda each: each[:3])
        return [said.get(nth) for nth in range(len(asked))]

    def components(self, names: Collection[str]) -> Mapping[str, Component[str]]:
        """The component of each of *names*, at the cut."""
        return components(self._transaction, names, self.at)

    def hidden(self, names: Collection[str]) -> Mapping[str, int]:
        """Those of *names* that are hidden, and since when."""
        return hidden(self._transaction, names, self.at)

    def called(self, names: Collection[str]) -> Mapping[str, NodeId]:
        """Who they are."""
        return {name: node_of(name) for name in names}
