"""What follows for the speakers that a batch touched, written as properties, listings and the edges of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.store._codes import INPUT, OUTPUT
from lineage.store._conclusions import COLUMNS, concluded, deciding, edges, hear, listings, recall
from lineage.store._observations import Listed, Moment
from lineage.store._speakers import NEVER, ListingRow, Newest, Speaker
from lineage.store.base import Resolve
from lineage.store.neo4j.keys import Keys
from lineage.store.neo4j.proofs import Listings, revised
from lineage.store.neo4j.said import Newest as NewestFacets
from lineage.store.neo4j.said import newer
from lineage.store.neo4j.writing import places, put, sets

_STAMPS: Final = ("job_at", "parent_at", "nominal_at")
_SPEAKER: Final = (*(column for column in COLUMNS if column != "id"), *_STAMPS, "facets")
_LISTING: Final = ("job", "types", "first_at", "last_at", "last_event", "told", "effective", "written_at")

_LOAD: Final = """
    UNWIND $keys AS key MATCH (s:Speaker {key: key})
    RETURN properties(s) AS row,
        [(s)-[l:LISTS]->(d:Thing) | [d.key, l.side, l.job, l.types, l.first_at, l.last_at, l.last_event, l.told,
            l.effective, l.written_at]] AS listings,
        [(s)<-[m:DECIDES]-(e:Event) | [m.type, m.at, e.digest]] AS deciding
"""
_NEW: Final = "UNWIND $rows AS r CREATE (s:Speaker {" + places(("key", *_SPEAKER)) + "})"
_KEEP: Final = "UNWIND $rows AS r MATCH (s:Speaker {key: r[0]}) SET " + sets("s", _SPEAKER, first=1)
_LIST_FIRST: Final = (
    "UNWIND $rows AS r MATCH (s:Speaker {key: r[0]}) MATCH (d:Thing {key: r[1]}) CREATE (s)-[:LISTS {"
    + places(("by", "of", "side", *_LISTING))
    + "}]->(d)"
)
_LIST_AGAIN: Final = (
    "UNWIND $rows AS r MATCH (s:Speaker {key: r[0]})-[l:LISTS {side: r[2]}]->(d:Thing {key: r[1]}) SET "
    + sets("l", _LISTING, first=3)
)
_MOVED_THING: Final = """
    UNWIND $rows AS r MATCH (s:Speaker {key: r.by}) MATCH (n:Thing {key: r.node}) MERGE (s)-[:NAMED]->(n)
"""
_MOVED_RUN: Final = """
    UNWIND $rows AS r MATCH (s:Speaker {key: r.by}) MATCH (n:Speaker {key: r.node}) MERGE (s)-[:NAMED]->(n)
"""
_PROVEN: Final = """
    UNWIND $rows AS r MATCH (j:Thing {key: r.job})-[e:%s]->(d:Thing {key: r.dataset})
    RETURN r.job, r.side, r.dataset, e.proofs
"""
_JOIN: Final = """
    UNWIND $rows AS r MATCH (j:Thing {key: r.job}) MATCH (d:Thing {key: r.dataset})
    MERGE (j)-[e:%s]->(d) ON CREATE SET e.first_at = r.first_at, e.last_at = r.last_at, e.runs = 0, e.stated = 0
    SET e.first_at = CASE WHEN r.first_at < e.first_at THEN r.first_at ELSE e.first_at END,
        e.last_at = CASE WHEN r.last_at > e.last_at THEN r.last_at ELSE e.last_at END,
        e.runs = e.runs + r.runs, e.stated = e.stated + r.stated, e.proofs = r.proofs
"""
_LEAVE: Final = """
    UNWIND $rows AS r MATCH (j:Thing {key: r.job})-[e:%s]->(d:Thing {key: r.dataset})
    SET e.runs = e.runs - r.runs, e.stated = e.stated - r.stated
    WITH r, e, d OPTIONAL MATCH (d)<-[l:LISTS {side: r.side, effective: 1}]-(:Speaker) WHERE l.job = r.job
    WITH e, l ORDER BY l.last_at DESC, l.last_event DESC
    WITH e, min(l.first_at) AS first_at, max(l.last_at) AS last_at,
        collect(toString(l.last_at) + ':' + l.last_event)[..4] AS proofs
    SET e.first_at = coalesce(first_at, 0), e.last_at = coalesce(last_at, 0), e.proofs = proofs
    WITH e WHERE e.runs = 0 AND e.stated = 0 DELETE e
"""
_ON: Final[Mapping[int, tuple[LiteralString, LiteralString, LiteralString]]] = {
    side: (_PROVEN.replace("%s", name), _JOIN.replace("%s", name), _LEAVE.replace("%s", name))
    for side, name in ((INPUT, "READS"), (OUTPUT, "WRITES"))
}


def draw(
    transaction: ManagedTransaction,
    resolve: Resolve,
    moments: Sequence[Moment[str]],
    listed: Sequence[Listed[str]],
    facets: Mapping[str, NewestFacets],
) -> set[str]:
    """Write what follows for the speakers of *moments* from these and what was known before.

    Things are there already, and of the moments none. *facets* are the newest of nodes, runs among them. Answers the
    datasets that these speakers used.
    """
    speakers = {key: Speaker(key) for key in sorted({moment.speaker for moment in moments})}
    known = _load(transaction, speakers)
    before = listings(speakers.values())
    moved = hear(speakers, moments, listed)
    recall(speakers, moments)
    new: list[list[Any]] = []
    kept: list[list[Any]] = []
    for key, speaker in speakers.items():
        row = [*_row(speaker, resolve), newer(known.get(key), facets.get(key) if key[0] == "r" else None)]
        (kept if key in known else new).append(row)
    put(transaction, _NEW, new)
    put(transaction, _KEEP, kept)
    after = listings(speakers.values())
    changed = {key: row for key, row in after.items() if before.get(key) != row}
    put(transaction, _LIST_FIRST, [_listing(key, changed[key]) for key in sorted(changed) if key not in before])
    put(transaction, _LIST_AGAIN, [_listing(key, changed[key]) for key in sorted(changed) if key in before])
    rows = [{"node": node, "by": by} for node, by in sorted(moved)]
    put(transaction, _MOVED_THING, [row for row in rows if row["node"][0] != "r"])
    put(transaction, _MOVED_RUN, [row for row in rows if row["node"][0] == "r"])
    _draw_edges(transaction, speakers, before, changed)
    return {dataset for _, dataset, _ in after}


def _load(transaction: ManagedTransaction, speakers: dict[str, Speaker[str]]) -> dict[str, str | None]:
    """Fill in those of *speakers* that the graph holds. Answers their newest facets, by key."""
    facets: dict[str, str | None] = {}
    if not speakers:
        return facets
    for row, known, decided in transaction.run(_LOAD, keys=list(speakers)):
        speaker = speakers[row["key"]] = _speaker(row)
        facets[speaker.id] = row.get("facets")
        for dataset, side, job, types, first_at, last_at, event, *rest in known:
            digest = bytes.fromhex(event)
            speaker.listings[dataset, side] = ListingRow(job, types, first_at, last_at, event, digest, *rest)
        speaker.deciding = [deciding(kind, at, bytes.fromhex(digest)) for kind, at, digest in decided]
    return facets


def _draw_edges(
    transaction: ManagedTransaction, speakers: Mapping[str, Speaker[str]], before: Listings, changed: Listings
) -> None:
    joined, left = edges(speakers, before, changed)
    for on, (prove, join, leave) in _ON.items():
        joins = [_edge(key, joined[key]) for key in sorted(joined) if key[1] == on]
        known = transaction.run(prove, rows=joins).values() if joins else []
        of_side = {key: row for key, row in changed.items() if key[2] == on}
        proofs = revised({(job, side, dataset): texts for job, side, dataset, texts in known}, before, of_side)
        put(transaction, join, [row | {"proofs": proofs[row["job"], on, row["dataset"]]} for row in joins])
        put(transaction, leave, [_edge(key, [0, 0, *left[key]]) for key in sorted(left) if key[1] == on])


def _speaker(row: Mapping[str, Any]) -> Speaker[str]:
    def newest(what: str, *columns: str) -> Newest[str]:
        event = row.get(f"{what}_event")
        if event is None:
            return NEVER
        return Newest(row[f"{what}_at"], bytes.fromhex(event), event, tuple(row.get(column) for column in columns))

    spans = ("types", "first_at", "last_at", "first_seen", "last_seen", "first_received", "last_received", "lead")
    return Speaker(
        row["key"],
        **{name: row[name] for name in spans},
        job=newest("job", "job"),
        parent=newest("parent", "parent_run", "parent_job", "root_run", "root_job"),
        nominal=newest("nominal", "nominal_start", "nominal_end"),
    )


def _row(speaker: Speaker[str], resolve: Resolve) -> list[Any]:
    said = (speaker.job, speaker.parent, speaker.nominal)
    stamps = (newest.at if newest.event is not None else None for newest in said)
    return [*concluded(speaker, Keys(), resolve), *stamps]


def _listing(key: tuple[str, str, int], row: ListingRow[str]) -> list[Any]:
    return [*key, *(getattr(row, name) for name in _LISTING)]


def _edge(key: tuple[str, int, str], spans: Sequence[int]) -> dict[str, Any]:
    counted = dict(zip(("first_at", "last_at", "runs", "stated"), spans, strict=True))
    return {"job": key[0], "side": key[1], "dataset": key[2], **counted}
