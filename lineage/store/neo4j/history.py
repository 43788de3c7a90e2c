"""What happened: events, and the dated rows of every facet."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString

from neo4j import ManagedTransaction

from lineage.database.times import instant
from lineage.model import EventRecord, FacetRecord, NodeId, Page
from lineage.store._codes import EVER, KINDS, OWN, SIDES, STATED, TYPES
from lineage.store._cut import Cut
from lineage.store._events import Question, Source
from lineage.store.neo4j.bodies import bodies
from lineage.store.neo4j.identity import components
from lineage.store.neo4j.keys import key_of, node_of
from lineage.store.neo4j.said import Facet, begins, read_facets

# Where to look first, by which time it is ordered, and what that order begins with so that an index has it.
_SOURCES: Final[Mapping[Source, tuple[LiteralString, LiteralString, LiteralString]]] = {
    "event": ("MATCH (e:Event) WHERE ", "e.at", ""),
    "ahead": ("MATCH (e:Event) WHERE e.lead > $ahead AND ", "e.at", ""),
    "run": ("MATCH (:Speaker {key: $run})<-[m:DECIDES|TELLS]-(e:Event) WHERE m.type < $stated AND ", "m.at", ""),
    "job": ("MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = $job AND m.own AND ", "m.at", "m.of"),
    "dataset": ("MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = $dataset AND ", "m.at", "m.of"),
    "datasets": ("MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of IN $datasets AND ", "m.at", ""),
}
_RECORD: Final = " RETURN e.digest, e.kind, e.type, e.at, e.received, e.producer, e.run, e.job, e.dataset, e.warnings"
_NAMED: Final = """
    (e.job STARTS WITH $of_jobs OR e.job IS NULL AND e.dataset STARTS WITH $of_datasets)
"""
_OF_THING: Final = """
    MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of = $of[0] AND m.facets IS NOT NULL
"""
_OF_SEVERAL: Final = """
    MATCH (e:Event)-[m:MENTIONS]->() WHERE m.of IN $of AND m.facets IS NOT NULL
"""
_OF_RUN: Final = """
    MATCH (:Speaker {key: $of[0]})<-[m:DECIDES|TELLS]-(e:Event) WHERE m.facets IS NOT NULL
"""
_FACETS: Final = """
    AND m.at > $since AND m.at <= $until AND e.received <= $known_at AND m.at - e.received <= $lead
    AND ($spelled IS NULL OR any(each IN $spelled WHERE m.facets CONTAINS each))
    RETURN m.facets, m.at, e.received, e.digest, e.run ORDER BY %s m.at DESC, e.digest DESC
"""
ALL_SIDES: Final = (*range(len(SIDES)), OWN)


def events(
    transaction: ManagedTransaction, asked: Question[str], *, newest_first: bool, limit: int, offset: int
) -> Page:
    """Keep the promise of `Store.events`."""
    source = asked.source
    match, at, first = _SOURCES[source]
    conditions = [*_spans(asked, at), *_beyond(asked, source)]
    found = match + " AND ".join(conditions) + (" WITH DISTINCT e" if source == "datasets" else "")
    # How many events there are in all is known without reading any.
    counted = "MATCH (e:Event)" if source == "event" and len(conditions) == 1 and asked.since == -EVER else found
    by = "e.at" if source == "datasets" else at
    way: LiteralString = " DESC" if newest_first else ""
    order = ", ".join(each + way for each in (first, by, "e.digest") if each)
    values = _values(asked)
    total = transaction.run(counted + " RETURN count(*)", values).single(strict=True).value()
    page = found + _RECORD + " ORDER BY " + order + " SKIP $offset LIMIT $limit"
    rows = transaction.run(page, {**values, "limit": limit, "offset": offset}).values()
    return Page(tuple(_record(row) for row in rows), total)


def _spans(asked: Question[str], at: LiteralString) -> Iterator[LiteralString]:
    yield at + " > $since"  # also when it is open: an index of two properties is used where both are asked for
    if asked.until < EVER:
        yield at + " <= $until"
    if asked.known_at < EVER:
        yield "e.received <= $known_at"
    if asked.lead < EVER:
        yield "e.at - e.received <= $lead"


def _beyond(asked: Question[str], source: Source) -> Iterator[LiteralString]:
    """The conditions that the source does not see to."""
    if asked.digests is not None:
        yield "e.digest IN $digests"
    if asked.job is not None and source != "job":
        yield "e.job = $job"
    if asked.namespace is not None:
        yield _NAMED
    if asked.run is not None and source == "ahead":
        yield "EXISTS { MATCH (e)-[told:DECIDES|TELLS]->(:Speaker {key: $run}) WHERE told.type < $stated }"
    if asked.members is not None and source in {"run", "ahead"}:
        yield "EXISTS { MATCH (e)-[named:MENTIONS]->() WHERE named.of IN $datasets }"


def _values(asked: Question[str]) -> dict[str, Any]:
    namespace = asked.namespace or ""
    members = asked.members or ()
    return {
        **asked._asdict(),
        "stated": STATED,
        "datasets": list(members),
        "dataset": next(iter(members), None),
        "of_jobs": key_of(NodeId("job", namespace, "")),
        "of_datasets": key_of(NodeId("dataset", namespace, "")),
    }


def _record(row: Sequence[Any]) -> EventRecord:
    digest, kind, type_, at, received, producer, run, job, dataset, warnings = row
    return EventRecord(
        digest=digest,
        kind=KINDS[kind],
        type=None if type_ is None else TYPES[type_],
        at=instant(at),
        received_at=instant(received),
        producer=producer,
        run=None if run is None else node_of(run).name,
        job=None if job is None else node_of(job),
        dataset=None if dataset is None else node_of(dataset),
        warnings=tuple(json.loads(warnings)) if warnings else (),
    )


def facet_history(  # noqa: PLR0913, PLR0917 - the promise's own filter
    transaction: ManagedTransaction,
    of: NodeId,
    names: Collection[str] | None,
    sides: Collection[int],
    window: Mapping[str, int],
    limit: int,
) -> list[FacetRecord]:
    """Keep the promise of `Store.facet_history`; *window* is since, until, known_at and lead."""
    key = key_of(of)
    part = components(transaction, [key], Cut())[key]
    narrow = names is not None or len(sides) < len(ALL_SIDES)
    spelled = [begins(side, name) for side in sides for name in (names or (None,))] if narrow else None
    if of.kind == "run":
        statement = _OF_RUN + _FACETS.replace("%s", "")
    elif len(part.members) == 1:
        statement = _OF_THING + _FACETS.replace("%s", "m.of DESC,")
    else:
        statement = _OF_SEVERAL + _FACETS.replace("%s", "")
    rows = transaction.run(statement, {"of": part.members, "spelled": spelled, **window})
    found: list[tuple[Facet, int, int, str, str | None]] = []
    for text, at, received, digest, run in rows:
        if len(found) >= limit and (at, digest) != (found[-1][1], found[-1][3]):
            break
        said = (facet for facet in read_facets(text) if facet.side in sides and (names is None or facet.name in names))
        found += [(facet, at, received, digest, run) for facet in said]
    rows.consume()
    found.sort(key=lambda row: (row[0].name, row[0].side, row[0].body or ""))  # of two names of a dataset, by body
    found.sort(key=lambda row: (row[1], row[3]), reverse=True)
    known = bodies(transaction, (facet.body for facet, *_ in found[:limit]))
    return [
        FacetRecord(
            of=node_of(part.canonical),
            name=facet.name,
            side=None if facet.side == OWN else SIDES[facet.side],
            body=known.get(facet.body, b""),
            at=instant(at),
            received_at=instant(received),
            digest=digest,
            run=None if run is None else node_of(run).name,
        )
        for facet, at, received, digest, run in found[:limit]
    ]
