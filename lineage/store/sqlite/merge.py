"""One transaction from deltas to graph: what is new, as rows; then what follows for every run that they touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from sqlite3 import Connection

from lineage.database.times import microseconds
from lineage.model import Delta, Entry, NodeId
from lineage.store._news import Touched
from lineage.store._observations import Batch, Fresh, earliest, named, others, subject
from lineage.store.base import Resolve
from lineage.store.sqlite import conclusions, explicit, joining, news, observations, search
from lineage.store.sqlite.ids import Ids
from lineage.store.sqlite.sql import ADVANCE, COUNT, HEARD_LAST, each_of

AT_ONCE = 500  # parameters of one statement

WIDEN_NODE = """
    UPDATE node SET
        first_at = min(coalesce(first_at, ?2), ?2), last_at = max(coalesce(last_at, ?3), ?3),
        first_received = min(coalesce(first_received, ?4), ?4), last_received = max(coalesce(last_received, ?5), ?5)
    WHERE id = ?1
"""
UNMENTIONED = "SELECT id FROM node WHERE id IN (SELECT value FROM json_each(?)) AND last_at IS NULL"
RECEIVED_BY_NODE = """
    UPDATE node SET (first_received, last_received) = (
        SELECT min(received), max(received) FROM mention JOIN event ON event.id = mention.event
        WHERE mention.node = node.id
    ) WHERE id = ?
"""
RECEIVED_BY_SPEAKER = """
    UPDATE speaker SET (first_received, last_received, lead) = (
        SELECT min(received), max(received), max(moment.at - received) FROM moment JOIN event ON event.id = moment.event
        WHERE moment.speaker = speaker.id
    ) WHERE id IN (SELECT speaker FROM moment WHERE event = ?1 AND speaker IN (?2, ?3, ?4))
"""
NEWEST_COLUMNS = """
    INSERT INTO column_now
    SELECT derived.dataset, derived.job, derived.at, event, body FROM derived JOIN event ON event.id = derived.event
    WHERE derived.dataset = ? AND derived.job = ? ORDER BY derived.at DESC, digest DESC LIMIT 1
    ON CONFLICT (dataset, job) DO UPDATE SET at = excluded.at, event = excluded.event, body = excluded.body
"""
WIDEN_NAMESPACE = """
    INSERT INTO namespace VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
        datasets = datasets + excluded.datasets, jobs = jobs + excluded.jobs,
        first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
"""

Span = list[int]  # first and last event time, first and last receipt


def merge(
    connection: Connection, ids: Ids, resolve: Resolve, entries: Sequence[Entry], deltas: Sequence[Delta]
) -> None:
    """Keep the promise of `Store.merge` within the transaction of *connection*."""
    ids.begin(connection)
    pairs = earliest(entries, deltas)
    known = _known(connection, pairs)
    fresh = [
        Fresh(ids.next("event"), received, microseconds(delta.at), delta)
        for digest, (received, delta) in pairs.items()
        if digest not in known
    ]
    touched: Touched[int] = Touched()
    if fresh:
        _merge_fresh(connection, ids, resolve, fresh, touched)
    for digest, (event, stands) in known.items():
        received, delta = pairs[digest]
        if received < stands:
            _received_earlier(connection, ids, event, received, delta)
            touched.nodes = None  # who asked about the time between the two receipts knew nothing of it
            touched.by(microseconds(delta.at), stands, ())
    last: dict[str, int] = {}
    for entry in entries:
        last[entry.writer] = max(last.get(entry.writer, 0), entry.seq)
    connection.executemany(ADVANCE, last.items())
    news.note(connection, pairs, touched)


def _known(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, tuple[int, int]]:
    found: dict[bytes, tuple[int, int]] = {}
    wanted = iter(digests)
    while some := tuple(islice(wanted, AT_ONCE)):
        marks = ",".join("?" * len(some))
        rows = connection.execute(f"SELECT digest, id, received FROM event WHERE digest IN ({marks})", some)  # noqa: S608 - marks only
        found |= {digest: (event, received) for digest, event, received in rows}
    return found


def _merge_fresh(
    connection: Connection, ids: Ids, resolve: Resolve, fresh: Sequence[Fresh[int]], touched: Touched[int]
) -> None:
    new = ids.nodes(chain.from_iterable(named(event.delta) for event in fresh))
    spans = _spans(fresh)
    first = _first_mentioned(connection, ids, spans)
    batch = Batch(ids)
    for event in fresh:
        batch.add(event)
    observations.write(connection, batch)
    explicit.settle(connection, batch.spoken)
    connection.executemany(WIDEN_NODE, [(ids.node(node), *span) for node, span in spans.items()])
    _widen_namespaces(connection, (*first, *(node for node in new if node.kind == "run")), spans)
    search.index(connection, new)
    used = conclusions.draw(connection, ids, resolve, batch.moments, batch.listed, set(new.values()))
    for event in fresh:
        touched.by(event.at, event.received, (ids.node(node) for node in event.delta.nodes if node.kind != "run"))
    touched.by_used(fresh, used)
    awoken = {number for node, number in first.items() if node not in new}
    touched.joined |= joining.declare(
        connection, ids, (same for event in fresh for same in event.delta.aliases), awoken
    )
    connection.executemany(
        NEWEST_COLUMNS,
        {
            (ids.node(seen.dataset), ids.node(job) if job else 0)
            for event in fresh
            for job in (subject(event.delta)[1],)
            for seen in event.delta.columns
        },
    )
    connection.execute(COUNT, ("events", len(fresh)))
    connection.execute(HEARD_LAST, (max(event.received for event in fresh),))


def _spans(fresh: Sequence[Fresh[int]]) -> dict[NodeId, Span]:
    spans: dict[NodeId, Span] = {}
    for event in fresh:
        at, received = event.at, event.received
        for node in event.delta.nodes:
            span = spans.get(node)
            if span is None:
                spans[node] = [at, at, received, received]
                continue
            span[0], span[1] = min(span[0], at), max(span[1], at)
            span[2], span[3] = min(span[2], received), max(span[3], received)
    return spans


def _first_mentioned(connection: Connection, ids: Ids, mentioned: Iterable[NodeId]) -> dict[NodeId, int]:
    """Those of *mentioned* that no event named before; a rule may have."""
    numbers = {ids.node(node): node for node in mentioned}
    rows = connection.execute(UNMENTIONED, (each_of(numbers),))
    return {numbers[number]: number for (number,) in rows}


def _widen_namespaces(connection: Connection, new: Iterable[NodeId], spans: dict[NodeId, Span]) -> None:
    found: dict[str, Span] = {}
    for node, (first, last, _, _) in spans.items():
        widest = found.setdefault(node.namespace, [0, 0, first, last])
        widest[2], widest[3] = min(widest[2], first), max(widest[3], last)
    counts = {"dataset": 0, "job": 0, "run": 0}
    for node in new:
        counts[node.kind] += 1
        if node.kind != "run":
            found[node.namespace][node.kind == "job"] += 1
    connection.executemany(WIDEN_NAMESPACE, [(name, *widest) for name, widest in found.items()])
    connection.executemany(COUNT, [(f"{kind}s", count) for kind, count in counts.items() if count])


def _received_earlier(connection: Connection, ids: Ids, event: int, received: int, delta: Delta) -> None:
    """Another entry of an event that is here already came first: its time is the event's (DECISIONS 3)."""
    connection.execute("UPDATE event SET received = ? WHERE id = ?", (received, event))
    ids.nodes(named(delta))
    connection.executemany(RECEIVED_BY_NODE, [(ids.node(node),) for node in delta.nodes])
    run = delta.run
    speakers = (run.run, run.parent_run, run.root_run) if run else (subject(delta)[1], None, None)
    connection.execute(RECEIVED_BY_SPEAKER, (event, *(ids.node(node) if node else None for node in speakers)))
    connection.executemany(RECEIVED_BY_SPEAKER, [(event, ids.node(job), None, None) for job in others(delta)])
