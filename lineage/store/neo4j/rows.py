"""What each event said, written as relationships from its node: one for every thing that it names, and every moment.

What it said of a thing stands on its mention: the touches as one text, the facets as another (`said`).

Only one merge at a time holds the lock of the head (`merge`), and it knows that its events are new, so that nothing
here needs to look before it creates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.store._codes import CLAIMED, LAST_DECIDING, spelled
from lineage.store._observations import Batch, Row
from lineage.store.neo4j import said
from lineage.store.neo4j.keys import Keys, key_of
from lineage.store.neo4j.writing import Named, newest, places, put

_EVENT: Final = ("digest", "kind", "type", "at", "received", "producer", "run", "job", "dataset", "warnings")
_MENTION: Final = ("of", "own", "listed", "touches", "facets")
_MOMENT: Final = (
    *("type", "job", "parent_run", "parent_job", "root_run", "root_job", "nominal_start", "nominal_end"),
    "facets",
)
_EVENTS: Final = f"""
    UNWIND $rows AS r CREATE (e:Event {{{places(_EVENT)}, lead: CASE WHEN r[3] > r[4] THEN r[3] - r[4] END}})
    WITH e, r
    CALL (e, r) {{
        UNWIND r[10] AS m MATCH (t:Thing {{key: m[0]}})
        CREATE (e)-[:MENTIONS {{at: r[3], {places(_MENTION, "m")}}}]->(t)
    }}
    CALL (e, r) {{
        UNWIND r[11] AS m MATCH (s:Speaker {{key: m[0]}})
        CREATE (e)-[:DECIDES {{at: r[3], {places(_MOMENT, "m", 1)}}}]->(s)
    }}
    CALL (e, r) {{
        UNWIND r[12] AS m MATCH (s:Speaker {{key: m[0]}})
        CREATE (e)-[:TELLS {{at: r[3], {places(_MOMENT, "m", 1)}}}]->(s)
    }}
"""
_BY_EVENT: Final = "UNWIND $rows AS r MATCH (e:Event {digest: r.event}) MATCH "

_CREATE: Final[Mapping[str, LiteralString]] = {
    "column body": "UNWIND $rows AS r CREATE (:ColumnBody {digest: r.digest})",
    "derivation": """
        UNWIND $rows AS r MATCH (b:ColumnBody {digest: r.body}) MATCH (d:Thing {key: r.source_dataset})
        CREATE (b)-[:COMES_FROM {target: r.target, source: r.source, transformations: r.transformations}]->(d)
    """,
    "derived": _BY_EVENT + "(d:Thing {key: r.dataset}) CREATE (e)-[:DERIVES {job: r.job, at: r.at, body: r.body}]->(d)",
    "derived now": """
        UNWIND $rows AS r MATCH (d:Thing {key: r.dataset}) MATCH (b:ColumnBody {digest: r.body})
        MERGE (b)-[s:SPEAKS_OF {job: r.job}]->(d)
        WITH r, s WHERE s.at IS NULL OR r.at > s.at OR (r.at = s.at AND r.event > s.event)
        SET s.at = r.at, s.event = r.event
    """,
    "made_of": _BY_EVENT
    + "(j:Thing {key: r.job}) CREATE (e)-[:SAYS {of: r.job, target: r.target, at: r.at, sources: r.sources}]->(j)",
    "made of now": """
        UNWIND $rows AS r MATCH (j:Thing {key: r.job}) MATCH (t:Thing {key: r.target})
        MERGE (j)-[m:MADE]->(t)
        WITH r, m WHERE m.at IS NULL OR r.at > m.at OR (r.at = m.at AND r.event > m.event)
        SET m.at = r.at, m.event = r.event, m.sources = r.sources
    """,
    "taken back now": """
        UNWIND $rows AS r MATCH (j:Thing {key: r.job})
        WITH r, j WHERE j.taken_back_at IS NULL OR r.at > j.taken_back_at
            OR (r.at = j.taken_back_at AND r.event > j.taken_back_event)
        SET j.taken_back_at = r.at, j.taken_back_event = r.event
    """,
    "same_as": """
        UNWIND $rows AS r MATCH (a:Thing {key: r.alias}) MATCH (d:Thing {key: r.dataset})
        CREATE (a)-[:SAME_AS {why: r.why, at: r.at, event: r.event}]->(d)
    """,
    "tombstone": _BY_EVENT + "(d:Thing {key: r.dataset}) CREATE (e)-[:DROPS {at: r.at, dropped: r.dropped}]->(d)",
    "depends": """
        UNWIND $rows AS r MATCH (a:Thing {key: r.upstream}) MATCH (b:Thing {key: r.downstream})
        CREATE (a)-[:BEFORE {event: r.event}]->(b)
    """,
}

_COLUMNS: Final = {
    "derived": "dataset job at event body",
    "made_of": "job target at event sources",
    "same_as": "alias why at event dataset",
    "tombstone": "dataset at event dropped",
    "depends": "upstream downstream event",
}
_KNOWN_BODIES: Final = "UNWIND $digests AS digest MATCH (b:Body {digest: digest}) RETURN digest"
_KNOWN_COLUMNS: Final = "UNWIND $digests AS digest MATCH (b:ColumnBody {digest: digest}) RETURN digest"
_BODIES: Final = "UNWIND $rows AS r CREATE (:Body {digest: r[0], data: r[1]})"


def write(transaction: ManagedTransaction, batch: Batch[str], keys: Keys) -> list[Named]:
    """Create all that *batch* observed, and the bodies that *keys* met; things and speakers are there already.

    Answers the rows that declare that two names are one.
    """
    found = batch.rows()
    put(transaction, _EVENTS, _events(found))
    bodies = _unknown(transaction, _KNOWN_BODIES, keys.bodies)
    put(transaction, _BODIES, [[digest, keys.bodies[digest]] for digest in bodies])
    tables = _declarations(found)
    fresh = _unknown(transaction, _KNOWN_COLUMNS, keys.column_bodies)
    tables["column body"] = [{"digest": digest} for digest in fresh]
    tables["derivation"] = [row for digest in fresh for row in _derivations(digest, keys.column_bodies[digest].edges)]
    for table, statement in _CREATE.items():
        put(transaction, statement, tables[table])
    return tables["same_as"]


def _events(rows: Mapping[str, Iterable[Row]]) -> list[list[Any]]:
    touches, facets = said.touches(rows["touch"]), said.facets(rows["facet"])
    mentions: defaultdict[str, list[list[Any]]] = defaultdict(list)
    for node, own, _, event, listed in rows["mention"]:
        key = event, node
        mentions[event].append([node, own, listed, touches.pop(key, None), facets.pop(key, None)])
    decides: defaultdict[str, list[list[Any]]] = defaultdict(list)
    tells: defaultdict[str, list[list[Any]]] = defaultdict(list)
    for speaker, kind, _, event, *rest in rows["moment"]:
        of_run = facets.pop((event, speaker), None) if kind != CLAIMED else None
        moments = decides if kind <= LAST_DECIDING else tells
        moments[event].append([speaker, kind, *rest, of_run])
    assert not {**touches, **facets}, "an event names whatever it says anything of"
    return [[event, *row, mentions[event], decides[event], tells[event]] for event, _, *row in rows["event"]]


def _declarations(found: Mapping[str, Iterable[Row]]) -> dict[str, list[Named]]:
    rows = {
        table: [dict(zip(columns.split(), row, strict=True)) for row in found[table]]
        for table, columns in _COLUMNS.items()
    }
    derived = [row | {"job": row["job"] or ""} for row in rows["derived"]]
    made_of = [row | {"target": row["target"] or ""} for row in rows["made_of"]]
    return rows | {
        "derived": derived,
        "derived now": newest(derived, "dataset", "job", "body"),
        "made_of": made_of,
        "made of now": newest([row for row in made_of if row["target"]], "job", "target"),
        "taken back now": newest([row for row in made_of if not row["target"]], "job"),
    }


def _unknown(transaction: ManagedTransaction, ask: LiteralString, digests: Iterable[str]) -> list[str]:
    asked = sorted(digests)
    known = set(transaction.run(ask, digests=asked).value()) if asked else set()
    return [digest for digest in asked if digest not in known]


def _derivations(digest: str, edges: Iterable[Any]) -> Iterable[Named]:
    found: dict[tuple[str, str, str], Named] = {}
    for edge in edges:
        of = key_of(edge.source.dataset)
        row = {
            "body": digest,
            "target": edge.target.name,
            "source_dataset": of,
            "source": edge.source.name,
            "transformations": spelled(edge.transformations),
        }
        found.setdefault((edge.target.name, of, edge.source.name), row)
    return found.values()
