"""What a Neo4j database is prepared with, so that every lookup is one in an index and no two nodes have one key.

Community has unique constraints, range and full-text indexes and nothing else; a unique constraint is an index too.
"""

from __future__ import annotations

from typing import Final, LiteralString

from neo4j import ManagedTransaction
from neo4j.exceptions import ClientError

from lineage.errors import StoreUnusable
from lineage.store.neo4j.bolt import Bolt

RECORDS: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT headwater_schema IF NOT EXISTS FOR (n:Headwater) REQUIRE n.key IS UNIQUE",
    "CREATE CONSTRAINT headwater_document IF NOT EXISTS FOR (n:Document) REQUIRE n.key IS UNIQUE",
    "CREATE INDEX headwater_document_kind IF NOT EXISTS FOR (n:Document) ON (n.kind, n.id)",
    "CREATE INDEX headwater_document_state IF NOT EXISTS FOR (n:Document) ON (n.kind, n.state, n.id)",
    "CREATE CONSTRAINT headwater_lease IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT headwater_book IF NOT EXISTS FOR (n:VerdictBook) REQUIRE n.slo IS UNIQUE",
    "CREATE CONSTRAINT headwater_page IF NOT EXISTS FOR (n:VerdictPage) REQUIRE (n.slo, n.day) IS UNIQUE",
)
GRAPH: Final[tuple[LiteralString, ...]] = (
    "CREATE CONSTRAINT headwater_thing IF NOT EXISTS FOR (n:Thing) REQUIRE n.key IS UNIQUE",
    "CREATE CONSTRAINT headwater_speaker IF NOT EXISTS FOR (n:Speaker) REQUIRE n.key IS UNIQUE",
    "CREATE CONSTRAINT headwater_event IF NOT EXISTS FOR (n:Event) REQUIRE n.digest IS UNIQUE",
    "CREATE CONSTRAINT headwater_body IF NOT EXISTS FOR (n:Body) REQUIRE n.digest IS UNIQUE",
    "CREATE CONSTRAINT headwater_column_body IF NOT EXISTS FOR (n:ColumnBody) REQUIRE n.digest IS UNIQUE",
    "CREATE CONSTRAINT headwater_statement IF NOT EXISTS FOR (n:Statement) REQUIRE n.digest IS UNIQUE",
    "CREATE CONSTRAINT headwater_writer IF NOT EXISTS FOR (n:Writer) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT headwater_news IF NOT EXISTS FOR (n:News) REQUIRE n.number IS UNIQUE",
    "CREATE INDEX headwater_news_ripe IF NOT EXISTS FOR (n:News) ON (n.ripe_at)",
    "CREATE INDEX headwater_thing_name IF NOT EXISTS FOR (n:Thing) ON (n.namespace, n.name, n.kind)",
    """CREATE FULLTEXT INDEX headwater_search IF NOT EXISTS FOR (n:Thing) ON EACH [n.pieces]
        OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}""",
    "CREATE INDEX headwater_component IF NOT EXISTS FOR (n:Thing) ON (n.component)",
    "CREATE INDEX headwater_speaker_job IF NOT EXISTS FOR (n:Speaker) ON (n.job, n.began)",
    "CREATE INDEX headwater_speaker_parent IF NOT EXISTS FOR (n:Speaker) ON (n.parent_run, n.began)",
    "CREATE INDEX headwater_speaker_state IF NOT EXISTS FOR (n:Speaker) ON (n.state, n.began)",
    "CREATE INDEX headwater_speaker_began IF NOT EXISTS FOR (n:Speaker) ON (n.began)",
    "CREATE INDEX headwater_statement_about IF NOT EXISTS FOR (n:Statement) ON (n.kind, n.namespace, n.name)",
    "CREATE INDEX headwater_statement_hides IF NOT EXISTS FOR (n:Statement) ON (n.hides)",
    "CREATE INDEX headwater_statement_at IF NOT EXISTS FOR (n:Statement) ON (n.at)",
    "CREATE INDEX headwater_statement_received IF NOT EXISTS FOR (n:Statement) ON (n.received)",
    "CREATE INDEX headwater_event_at IF NOT EXISTS FOR (n:Event) ON (n.at)",
    "CREATE INDEX headwater_event_lead IF NOT EXISTS FOR (n:Event) ON (n.lead)",
    "CREATE INDEX headwater_event_received IF NOT EXISTS FOR (n:Event) ON (n.received)",
    "CREATE INDEX headwater_mention IF NOT EXISTS FOR ()-[m:MENTIONS]-() ON (m.of, m.at)",
    "CREATE INDEX headwater_says IF NOT EXISTS FOR ()-[s:SAYS]-() ON (s.of, s.target, s.at)",
    "CREATE INDEX headwater_listing IF NOT EXISTS FOR ()-[l:LISTS]-() ON (l.of, l.last_at)",
    "CREATE INDEX headwater_listing_job IF NOT EXISTS FOR ()-[l:LISTS]-() ON (l.job, l.last_at)",
    "CREATE INDEX headwater_version IF NOT EXISTS FOR ()-[l:LISTS]-() ON (l.of, l.written_at)",
)
LAYOUT: Final = 2  # of these; raise it with them, and each older database gets what it lacks
SCRIPTS: Final = (*((),) * (LAYOUT - 1), RECORDS + GRAPH)

SEEN: Final = """
    OPTIONAL MATCH (h:Headwater {key: 'schema'})
    RETURN h.version AS version, EXISTS { MATCH (n) WHERE NOT n:Headwater } AS occupied
"""
ADVANCE: Final = """
    MERGE (h:Headwater {key: 'schema'}) ON CREATE SET h.version = 0
    SET h.version = CASE WHEN h.version < $version THEN $version ELSE h.version END
"""
AWAIT_S: Final = 3_600  # an index over a grown graph is filled in minutes
AWAIT: Final = "CALL db.awaitIndexes($seconds)"
ALREADY: Final = {
    "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists",
    "Neo.ClientError.Schema.ConstraintAlreadyExists",
    "Neo.ClientError.Schema.IndexAlreadyExists",
}


def versions(bolt: Bolt) -> dict[str, int]:
    """Up to which script the database is, as one room; none before the first."""
    seen, _ = bolt.read(_seen)
    return {"graph": seen} if seen else {}


def migrate(bolt: Bolt) -> None:
    """Bring the schema up to date; two starters at once come to the same.

    Raises StoreUnusable when it is of a newer Headwater, or the database holds what is not of Headwater.
    """
    seen, occupied = bolt.read(_seen)
    if occupied and not seen:  # another starter may have come between the two halves of the question
        seen, _ = bolt.read(_seen)
        if not seen:
            raise StoreUnusable(f"{bolt.address}: holds something else; give Headwater a database of its own")
    if seen > len(SCRIPTS):
        raise StoreUnusable(
            f"{bolt.address}: written by a newer Headwater (schema {seen}, this one knows {len(SCRIPTS)}); "
            "use that version, or another --store"
        )
    if seen == len(SCRIPTS):
        return
    for script in SCRIPTS[seen:]:
        for statement in script:
            _once(bolt, statement)
    bolt.write(lambda transaction: transaction.run(AWAIT, seconds=AWAIT_S).consume(), AWAIT_S)
    bolt.write(lambda transaction: transaction.run(ADVANCE, version=len(SCRIPTS)).consume())


def _seen(transaction: ManagedTransaction) -> tuple[int, bool]:
    version, occupied = transaction.run(SEEN).single(strict=True)
    return version or 0, occupied


def _once(bolt: Bolt, statement: LiteralString) -> None:
    try:
        bolt.write(lambda transaction: transaction.run(statement).consume())
    except ClientError as error:
        if error.code not in ALREADY:  # the other starter was quicker
            raise
