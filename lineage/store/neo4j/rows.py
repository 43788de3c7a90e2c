"""What each event said, written as relationships from its node: one for every thing that it names, and every moment.

What it said of a thing stands on its mention: the touches as one text, the facets as another (`said`).

Only one merge at a time holds the lock of the head (`merge`), and it knows that its events are new, so that nothing
here needs to look before it creates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.store._codes import LAST_DECIDING, spelled
from lineage.store._observations import Batch, Row
from lineage.store.neo4j import said
from lineage.store.neo4j.keys import Keys, key_of
from lineage.store.neo4j.writing import Named, newest, put

_BY_EVENT: Final = "UNWIND $rows AS r MATCH (e:Event {digest: r.event}) MATCH "
_MOMENT: Final = """(s:Speaker {key: r.speaker})
    CREATE (e)-[m:%s {type: r.type, at: r.at, job: r.job, parent_run: r.parent_run, parent_job: r.parent_job,
        root_run: r.root_run, root_job: r.root_job, nominal_start: r.nominal_start, nominal_end: r.nominal_end,
        facets: r.facets}]->(s)
"""

CREATE: Final[Mapping[str, LiteralString]] = {
    "event": "UNWIND $rows AS r CREATE (e:Event) SET e = r",
    "mention": _BY_EVENT
    + """(t:Thing {key: r.node}) CREATE (e)-[:MENTIONS {of: r.node, own: r.own, at: r.at, listed: r.listed,
        touches: r.touches, facets: r.facets}]->(t)
    """,
    "decides": _BY_EVENT + _MOMENT.replace("%s", "DECIDES"),
    "tells": _BY_EVENT + _MOMENT.replace("%s", "TELLS"),
    "body": "UNWIND $rows AS r MERGE (b:Body {digest: r.digest}) ON CREATE SET b.data = r.data",
    "column body": "UNWIND $rows AS r CREATE (:ColumnBody {digest: r.digest})",
    "derivation": """
        UNWIND $rows AS r MATCH (b:ColumnBody {digest: r.body}) MATCH (d:Thing {key: r.source_dataset})
        CREATE (b)-[:COMES_FROM {target: r.target, source: r.source, transformations: r.transformations}]->(d)
    """,
    "derived": _BY_EVENT + "(d:Thing {key: r.dataset}) CREATE (e)-[:DERIVES {job: r.job, at: r.at, body: r.body}]->(d)",
    "derived now": """
        UNWIND $rows AS r MATCH (d:Thing {key: r.dataset}) MATCH (b:ColumnBody {digest: r.body})
        OPTIONAL MATCH (d)<-[old:SPEAKS_OF {job: r.job}]-(:ColumnBody)
        WITH r, d, b, old WHERE old IS NULL OR r.at > old.at OR (r.at = old.at AND r.event > old.event)
        DELETE old CREATE (b)-[:SPEAKS_OF {job: r.job, at: r.at, event: r.event}]->(d)
    """,
    "made_of": _BY_EVENT
    + "(j:Thing {key: r.job}) CREATE (e)-[:SAYS {target: r.target, at: r.at, sources: r.sources}]->(j)",
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
    "event": "event digest kind type at received producer run job dataset warnings",
    "mention": "node own at event listed",
    "moment": "speaker type at event job parent_run parent_job root_run root_job nominal_start nominal_end",
    "touch": "speaker dataset side type at event rows bytes files version windowed told",
    "facet": "node side name at event body",
    "derived": "dataset job at event body",
    "made_of": "job target at event sources",
    "same_as": "alias why at event dataset",
    "tombstone": "dataset at event dropped",
    "depends": "upstream downstream event",
}
_KNOWN_COLUMNS: Final = "UNWIND $digests AS digest MATCH (b:ColumnBody {digest: digest}) RETURN digest"


def write(transaction: ManagedTransaction, batch: Batch[str], keys: Keys) -> list[Named]:
    """Create all that *batch* observed, and the bodies that *keys* met; things and speakers are there already.

    Answers the rows that declare that two names are one.
    """
    rows = {table: _named(table, found) for table, found in batch.rows().items() if table in _COLUMNS}
    known = set(transaction.run(_KNOWN_COLUMNS, digests=sorted(keys.column_bodies)).value())
    fresh = {digest: seen for digest, seen in keys.column_bodies.items() if digest not in known}
    derived = [row | {"job": row["job"] or ""} for row in rows["derived"]]
    made_of = [row | {"target": row["target"] or ""} for row in rows["made_of"]]
    moments = said.moments(rows)
    tables = {
        "event": [{key: value for key, value in row.items() if key != "event"} for row in rows["event"]],
        "mention": said.mentions(rows),
        "decides": [row for row in moments if row["type"] <= LAST_DECIDING],
        "tells": [row for row in moments if row["type"] > LAST_DECIDING],
        "body": [{"digest": digest, "data": body} for digest, body in sorted(keys.bodies.items())],
        "column body": [{"digest": digest} for digest in sorted(fresh)],
        "derivation": [row for digest, seen in fresh.items() for row in _derivations(digest, seen.edges)],
        "derived": derived,
        "derived now": newest(derived, "dataset", "job"),
        "made_of": made_of,
        "made of now": newest([row for row in made_of if row["target"]], "job", "target"),
        "taken back now": newest([row for row in made_of if not row["target"]], "job"),
        "same_as": rows["same_as"],
        "tombstone": rows["tombstone"],
        "depends": rows["depends"],
    }
    for table, statement in CREATE.items():
        put(transaction, statement, tables[table])
    said.keep_newest(transaction, rows["facet"])
    return rows["same_as"]


def _named(table: str, rows: Iterable[Row]) -> list[Named]:
    columns = _COLUMNS[table].split()
    found = [dict(zip(columns, row, strict=True)) for row in rows]
    if table == "event":
        return [row | {"digest": row["event"]} for row in found]
    return found


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
