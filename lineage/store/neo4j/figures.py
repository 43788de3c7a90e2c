"""What observations of one use come to: they are read from the mentions of its run's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from neo4j import ManagedTransaction

from lineage.store._codes import CLAIMED, OWN
from lineage.store._cut import Cut
from lineage.store._figures import Count, Figures, Key
from lineage.store.neo4j.said import Touch, read_facets, read_touches

_TOLD: Final = """
    UNWIND $asked AS asked
    MATCH (s:Speaker {key: asked[0]})<-[told:DECIDES|TELLS]-(e:Event)
    WHERE told.type <> $claimed AND told.at <= $as_of AND e.received <= $known_at
        AND told.at - e.received <= $lead
    MATCH (e)-[m:MENTIONS]->(d:Thing) WHERE m.touches IS NOT NULL AND m.of IN asked[1]
    RETURN s.key, m.of, m.at, e.digest, m.touches, m.facets
"""


def figures(
    transaction: ManagedTransaction, wanted: Mapping[Key[str], Iterable[str]], at: Cut
) -> dict[Key[str], Figures]:
    """The figures of each of *wanted*: (speaker, canonical dataset, side) with the names it was listed under."""
    names: dict[str, set[str]] = {}
    for (speaker, *_), raw in wanted.items():
        names.setdefault(speaker, set()).update(raw)
    by_name = {(key[0], dataset, key[2]): key for key, raw in wanted.items() for dataset in raw}
    observed: dict[Key[str], list[tuple[int, str, Touch, str]]] = {key: [] for key in wanted}
    values = {"asked": [[speaker, sorted(raw)] for speaker, raw in names.items()], "claimed": CLAIMED, **at._asdict()}
    for speaker, dataset, time, event, touches, facets in transaction.run(_TOLD, values) if names else ():
        schema = next((each.body for each in read_facets(facets) if each.side == OWN and each.name == "schema"), None)
        for touch in read_touches(touches):
            key = by_name.get((speaker, dataset, touch.side))
            if key is not None and touch.speaker == speaker:
                observed[key].append((time, event, touch, schema or ""))
    return {key: _figures(several) for key, several in observed.items()}


def _figures(observed: list[tuple[int, str, Touch, str]]) -> Figures:
    count = Count()
    schema: str | None = None
    for time, _, touch, digest in sorted(observed, key=_order):
        count.take(time, (touch.rows, touch.bytes, touch.files), touch.version, touch.windowed)
        schema = digest or schema
    return Figures(count.statistics(), count.version, schema)


def _order(seen: tuple[int, str, Touch, str]) -> tuple[Any, ...]:
    # Where one event counts a dataset under two of its names, the counts decide the order, as in every store.
    time, event, touch, schema = seen
    counts = (touch.rows, touch.bytes, touch.files)
    return time, event, *((count is not None, count or 0) for count in counts), touch.version or "", schema
